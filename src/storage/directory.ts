import { constants, type Dirent } from "node:fs";
import { type FileHandle, open, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { WalkitError } from "../errors.ts";
import { notFound } from "./memory.ts";
import type { Entry, ReadOptions, Storage } from "./storage.ts";

/** Bytes read at a time. */
const PIECE = 1 << 20;

/** Buffers that the next file can have: fresh memory costs more than reading into it (0.25 s a GB, where a file is cached). */
const idle: Uint8Array[] = [];
const MOST_IDLE = 16;

function borrow(): Uint8Array {
  return idle.pop() ?? new Uint8Array(PIECE);
}

function giveBack(...buffers: Uint8Array[]): void {
  for (const buffer of buffers) if (idle.length < MOST_IDLE) idle.push(buffer);
}

/** Not to wait for the other end of what turns out to be a pipe. */
const READ = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** Below `generations/` a replica is two folders deep; what lies deeper is none of it, and may be a loop of links. */
const MAX_DEPTH = 3;

/** A directory on disk. Times are exact to the nanosecond where the file system keeps them. */
export class DirectoryStorage implements Storage {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
  }

  async *list(prefix: string, options: { signal?: AbortSignal | undefined } = {}): AsyncGenerator<Entry> {
    // The folder part of the prefix is where the walk begins; the rest of it is a filter on names.
    const folder = prefix.slice(0, prefix.lastIndexOf("/") + 1);
    yield* this.#walk(folder, prefix, 0, options.signal);
  }

  async *#walk(
    folder: string,
    prefix: string,
    depth: number,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Entry> {
    signal?.throwIfAborted();
    let names: Dirent[];
    try {
      names = await readdir(join(this.root, folder), { withFileTypes: true });
    } catch (error) {
      // A folder that vanished between its listing and its turn held nothing that is still there.
      if (isGone(error)) return;
      if (depth === 0) throw unreadable(folder, error);
      yield { path: folder, unreadable: unreadable(folder, error) };
      return;
    }
    if (names.length === 0 && folder.startsWith(prefix) && folder !== "") yield { path: folder };
    for (let at = 0; at < names.length; at += 64) {
      const batch = await Promise.all(
        names.slice(at, at + 64).map(async (name) => {
          const path = folder + name.name;
          if (!(path.startsWith(prefix) || prefix.startsWith(path + "/"))) return undefined;
          if (name.isDirectory()) return { path, directory: true as const };
          try {
            const info = await stat(join(this.root, path), { bigint: true });
            if (info.isDirectory()) return { path, directory: true as const };
            return { path, size: Number(info.size), modified: info.mtimeNs };
          } catch (error) {
            if (isGone(error)) return undefined;
            return { path, unreadable: unreadable(path, error) };
          }
        }),
      );
      for (const found of batch) {
        if (!found) continue;
        if (!("directory" in found)) yield found;
        else if (depth < MAX_DEPTH) yield* this.#walk(found.path + "/", prefix, depth + 1, signal);
      }
    }
  }

  async *read(path: string, options: ReadOptions = {}): AsyncGenerator<Uint8Array> {
    const { signal, start = 0, end = Number.POSITIVE_INFINITY } = options;
    signal?.throwIfAborted();
    let file: FileHandle | undefined;
    try {
      file = await open(join(this.root, path), READ);
      const info = await file.stat();
      if (!info.isFile()) throw new Error("it is no regular file");
      const size = Math.min(end, info.size) - start;
      // Two buffers take turns, so that the next piece is on its way while this one is worked on.
      const buffers = size > PIECE ? [borrow(), borrow()] : [borrow()];
      let position = start;
      const next = (turn: number) => {
        const want = Math.min(buffers[turn]!.length, end - position);
        return want > 0 ? file!.read(buffers[turn]!, 0, want, position) : undefined;
      };
      let turn = 0;
      let pending = next(turn);
      while (pending) {
        const { bytesRead } = await pending;
        if (bytesRead === 0) break;
        signal?.throwIfAborted();
        const piece = buffers[turn]!.subarray(0, bytesRead);
        position += bytesRead;
        if (size > PIECE) turn ^= 1;
        const more = size > PIECE;
        if (more) {
          pending = next(turn);
          // An early return of the consumer leaves this read to itself: it must not become an unhandled rejection.
          pending?.catch(() => {});
        }
        yield piece;
        if (!more) pending = position < start + size ? next(turn) : undefined;
      }
      // A consumer that leaves early may still look at its piece, and a read may still be on its way into the other.
      giveBack(...buffers);
    } catch (error) {
      if (error instanceof WalkitError || signal?.aborted) throw error;
      throw isGone(error) ? notFound(path, error) : unreadable(path, error);
    } finally {
      await file?.close();
    }
  }
}

function isGone(error: unknown): boolean {
  const code = (error as { code?: string }).code;
  return code === "ENOENT" || code === "ENOTDIR";
}

function unreadable(path: string, cause: unknown): WalkitError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new WalkitError("storage/unreadable", `Cannot read ${path || "the folder"}: ${reason}`, {
    path,
    cause,
    hint: "Check that the file exists and that you may read it",
  });
}
