import type { WalkitError } from "../errors.ts";
import { giveTurn } from "../turn.ts";
import { notFound } from "./memory.ts";
import type { Entry, ReadOptions, Storage } from "./storage.ts";

/** A file of an {@link IndexedStorage}. */
export interface IndexedFile {
  /** In bytes. */
  size?: number | undefined;
  /** Nanoseconds since 1970. */
  modified?: bigint | undefined;
  /** Why it cannot be read, where that is known from the start. */
  unreadable?: WalkitError | undefined;
  /** Not there: it is an empty folder, its path ends with `/`. */
  read?: ((options: ReadOptions) => AsyncIterable<Uint8Array>) | undefined;
}

/** Files that are all known from the start. */
export class IndexedStorage implements Storage {
  readonly #files: ReadonlyMap<string, IndexedFile>;

  constructor(files: ReadonlyMap<string, IndexedFile>) {
    this.#files = files;
  }

  async *list(prefix: string, options: { signal?: AbortSignal | undefined } = {}): AsyncGenerator<Entry> {
    for (const [path, { size, modified, unreadable }] of this.#files) {
      const turn = giveTurn();
      if (turn) await turn;
      options.signal?.throwIfAborted();
      if (path.startsWith(prefix)) yield { path, size, modified, unreadable };
    }
  }

  async *read(path: string, options: ReadOptions = {}): AsyncGenerator<Uint8Array> {
    options.signal?.throwIfAborted();
    const file = this.#files.get(path);
    if (file?.unreadable) throw file.unreadable;
    if (!file?.read) throw notFound(path);
    yield* file.read(options);
  }
}
