import {
  close,
  closeSync,
  constants,
  type Dirent,
  fstat,
  fstatSync,
  lstatSync,
  open,
  openSync,
  read,
  readlinkSync,
  readSync,
  type Stats,
  statSync,
} from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { WalkitError } from "../errors.ts";
import type { Remedy } from "../remedy.ts";
import { giveTurn } from "../turn.ts";
import { notFound } from "./memory.ts";
import type { Entry, ReadOptions, Storage } from "./storage.ts";
import { cannotRead } from "./system.ts";

/** Bytes read at a time: a small file is one piece. Twice as much takes 6 MB more of memory, and no less time. */
const PIECE = 1 << 20;

/** Buffers that the next file can have: fresh memory costs more than reading into it (0.25 s a GB, where a file is cached). */
const idle: Uint8Array[] = [];
const MOST_IDLE = 16;

function borrow(size: number): Uint8Array {
  return size < PIECE ? new Uint8Array(size) : (idle.pop() ?? new Uint8Array(PIECE));
}

function giveBack(...buffers: Uint8Array[]): void {
  for (const buffer of buffers) if (buffer.length === PIECE && idle.length < MOST_IDLE) idle.push(buffer);
}

/**
 * Ranges up to this size, as the headers of thousands of files are, get no more memory than that: whoever asks for one leaves it
 * early, and its buffer with it. 3,000 headers take 0.15 s, in place of 0.6 s.
 */
const RANGE = 1 << 16;

/**
 * Files up to this size are opened and read in this thread, which is sooner done than to ask for it: 20,000 of them in
 * 0.13 s, in place of 0.9 s. Not where the disk turns out to be slow: then several should be on their way at a time.
 */
const SMALL = 1 << 20;
/** What takes longer, in milliseconds, is slow; so often it may be. */
const SLOW = 2;
const PATIENCE = 10;

const inPool = { open: promisify(open), fstat: promisify(fstat), close: promisify(close) };

function readInPool(file: number, into: Uint8Array, size: number, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    read(file, into, 0, size, position, (error, bytesRead) => (error ? reject(error) : resolve(bytesRead)));
  });
}

/** Not to wait for the other end of what turns out to be a pipe. */
const READ = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/** Below `generations/` a replica is two folders deep; what lies deeper is none of it, and may be a loop of links. */
const MAX_DEPTH = 3;

/** A directory on disk. Times are exact to the nanosecond where the file system keeps them. */
export class DirectoryStorage implements Storage {
  readonly root: string;
  /** How often it was slow. */
  #slow = 0;

  constructor(root: string) {
    this.root = root;
  }

  get #isQuick(): boolean {
    return this.#slow < PATIENCE;
  }

  #atOnce<T>(work: () => T): T {
    const began = performance.now();
    const result = work();
    if (performance.now() - began > SLOW) this.#slow++;
    return result;
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
      const fault = this.#faultOf(folder, error);
      if (!fault) return;
      if (depth === 0) throw fault;
      yield { path: folder, unreadable: fault };
      return;
    }
    if (names.length === 0 && folder.startsWith(prefix) && folder !== "") yield { path: folder };
    for (let at = 0; at < names.length; at += 64) {
      await giveTurn();
      signal?.throwIfAborted();
      const batch = await Promise.all(
        names.slice(at, at + 64).map(async (entry) => {
          const path = folder + entry.name;
          if (!(path.startsWith(prefix) || prefix.startsWith(path + "/"))) return undefined;
          if (entry.isDirectory()) return { path, directory: true as const };
          try {
            const name = join(this.root, path);
            const info = this.#isQuick
              ? this.#atOnce(() => statSync(name, { bigint: true }))
              : await stat(name, { bigint: true });
            if (info.isDirectory()) return { path, directory: true as const };
            if (!info.isFile()) return { path, unreadable: unreadable(path, new Error(kindOf(info))) };
            return { path, size: Number(info.size), modified: info.mtimeNs };
          } catch (error) {
            const fault = this.#faultOf(path, error);
            return fault && { path, unreadable: fault };
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

  /** What an error of the system means for `path`; undefined where there is nothing of that name (any more). */
  #faultOf(path: string, error: unknown): WalkitError | undefined {
    if (!isGone(error)) return unreadable(path, error);
    // With a slash at its end the system would follow the link.
    const name = join(this.root, path).replace(/(?<=.)\/+$/, "");
    try {
      if (!lstatSync(name).isSymbolicLink()) return undefined;
      const reason = `it is a link to ${readlinkSync(name)}, where there is nothing`;
      return unreadable(path, new Error(reason, { cause: error }), { do: "bring-back", what: "linked-file" });
    } catch {
      return undefined;
    }
  }

  async *read(path: string, options: ReadOptions = {}): AsyncGenerator<Uint8Array> {
    const { signal, start = 0, end = Number.POSITIVE_INFINITY } = options;
    await giveTurn();
    signal?.throwIfAborted();
    const here = this.#isQuick;
    let file: number | undefined;
    let pending: Promise<number> | number | undefined;
    try {
      const name = join(this.root, path);
      file = here ? this.#atOnce(() => openSync(name, READ)) : await inPool.open(name, READ);
      const info = here ? fstatSync(file) : await inPool.fstat(file);
      if (!info.isFile()) throw new Error(kindOf(info));
      const size = Math.min(end, info.size) - start;
      const isSmall = here && size <= SMALL;
      // Two buffers take turns, so that the next piece is on its way while this one is worked on.
      const piece = end - start <= RANGE ? Math.max(0, end - start) : PIECE;
      const buffers = size > PIECE ? [borrow(piece), borrow(piece)] : [borrow(piece)];
      let position = start;
      const next = (turn: number) => {
        const want = Math.min(piece, end - position);
        if (want <= 0) return undefined;
        if (isSmall) return this.#atOnce(() => readSync(file!, buffers[turn]!, 0, want, position));
        const reading = readInPool(file!, buffers[turn]!, want, position);
        // It is awaited when its turn comes; an early return of the consumer leaves it to itself.
        reading.catch(() => {});
        return reading;
      };
      let turn = 0;
      pending = next(turn);
      while (pending !== undefined) {
        const bytesRead: number = await pending;
        pending = undefined;
        if (bytesRead === 0) break;
        signal?.throwIfAborted();
        const piece = buffers[turn]!.subarray(0, bytesRead);
        position += bytesRead;
        const more = size > PIECE;
        if (more) {
          turn ^= 1;
          pending = next(turn);
        }
        yield piece;
        if (!more && position < start + size) pending = next(turn);
      }
      // A consumer that leaves early may still look at its piece, and a read may still be on its way into the other.
      giveBack(...buffers);
    } catch (error) {
      if (error instanceof WalkitError || signal?.aborted) throw error;
      throw this.#faultOf(path, error) ?? notFound(path, error);
    } finally {
      // The number of a closed file may be another's at once: a read on its way must have come to its end.
      if (typeof pending === "object") await pending.catch(() => {});
      if (file !== undefined) {
        if (here) closeSync(file);
        else await inPool.close(file);
      }
    }
  }
}

function isGone(error: unknown): boolean {
  const code = (error as { code?: string }).code;
  return code === "ENOENT" || code === "ENOTDIR";
}

function kindOf(info: Pick<Stats, "isDirectory" | "isFIFO" | "isSocket">): string {
  const kind = info.isDirectory() ? "folder" : info.isFIFO() ? "pipe" : info.isSocket() ? "socket" : "device";
  return `it is a ${kind}, no file`;
}

function unreadable(path: string, cause: unknown, remedy?: Remedy): WalkitError {
  return cannotRead(path, cause, remedy ?? { do: "check", what: "file" });
}
