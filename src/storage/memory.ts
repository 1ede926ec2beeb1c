import { GoneError } from "../errors.ts";
import type { Entry, ReadOptions, Storage } from "./storage.ts";

/** A file in memory. */
export interface MemoryFile {
  data: Uint8Array;
  /** Nanoseconds since 1970. */
  modified?: bigint | undefined;
}

/** Files in memory. `files` may be changed at any time: what is listed and read is what is there at that moment. */
export class MemoryStorage implements Storage {
  readonly files: Map<string, MemoryFile>;

  constructor(files: Iterable<readonly [path: string, file: MemoryFile]> = []) {
    this.files = new Map(files);
  }

  async *list(prefix: string): AsyncGenerator<Entry> {
    for (const [path, { data, modified }] of this.files) {
      if (path.startsWith(prefix)) yield { path, size: data.length, modified };
    }
  }

  async *read(path: string, options: ReadOptions = {}): AsyncGenerator<Uint8Array> {
    options.signal?.throwIfAborted();
    const file = this.files.get(path);
    if (!file || path.endsWith("/")) throw notFound(path);
    yield file.data.subarray(options.start ?? 0, options.end);
  }
}

/** The error for a path that is not there, the same from every storage. */
export function notFound(path: string, cause?: unknown): GoneError {
  return new GoneError(`Expected a file at ${path}, found nothing there`, {
    path,
    cause,
    remedy: { do: "run-again", because: "deleted" },
  });
}
