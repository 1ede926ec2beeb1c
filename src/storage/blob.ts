/** Bytes that a browser holds, in memory or on disk: read in pieces, told apart when they cannot be read, put together. */

import { WalkitError } from "../errors.ts";
import type { Remedy } from "../remedy.ts";
import { giveTurn } from "../turn.ts";
import { notFound } from "./memory.ts";
import type { ReadOptions } from "./storage.ts";

/** What is needed of a `Blob`. */
export interface BlobLike {
  /** In bytes. */
  readonly size: number;
  slice(start?: number, end?: number): BlobLike;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** What is needed of a `File`. */
export interface FileLike extends BlobLike {
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly lastModified: number;
  /** From an `<input webkitdirectory>`: the path, the picked folder's name first. Else empty, or not there. */
  readonly webkitRelativePath?: string;
}

/** Makes a WalkitError of what a browser throws, for the file at `path`. */
export type FaultOf = (path: string, cause: unknown) => WalkitError;

/** Bytes read at a time: a call to another process each, so not too few. */
const PIECE = 1 << 21;

/**
 * The bytes of `blob` from `start` to `end`, in pieces of 2 MiB: the next one is on its way while this one is worked on.
 *
 * @throws WalkitError what `faultOf` makes of the browser's error
 */
export async function* readBlob(
  blob: BlobLike,
  path: string,
  options: ReadOptions = {},
  faultOf: FaultOf = fileFault,
): AsyncGenerator<Uint8Array> {
  const { signal, start = 0, end = Number.POSITIVE_INFINITY } = options;
  await giveTurn();
  signal?.throwIfAborted();
  const stop = Math.min(end, blob.size);
  const load = (at: number): Promise<ArrayBuffer> | undefined => {
    if (at >= stop) return undefined;
    const loading = blob.slice(at, Math.min(at + PIECE, stop)).arrayBuffer();
    // It is awaited when its turn comes; an early return of the consumer leaves it to itself.
    loading.catch(() => {});
    return loading;
  };
  let position = start;
  for (let next = load(position); next; ) {
    let piece: Uint8Array;
    try {
      piece = new Uint8Array(await next);
    } catch (error) {
      throw faultOf(path, error);
    }
    signal?.throwIfAborted();
    const wanted = Math.min(PIECE, stop - position);
    if (piece.length !== wanted) {
      throw faultOf(path, new Error(`expected ${wanted} bytes at byte ${position}, found ${piece.length}`));
    }
    position += piece.length;
    next = load(position);
    yield piece;
    await giveTurn();
  }
}

/** What a browser throws of a file or folder that was picked, dropped, or is its own. */
export function fileFault(path: string, cause: unknown): WalkitError {
  if (cause instanceof WalkitError) return cause;
  const { name, message } = asError(cause);
  if (name === "NotFoundError") return notFound(path, cause);
  return unreadable(path, `Cannot read ${path || "the folder"}: ${message || name}`, {
    cause,
    remedy: { do: "make-readable", failure: name, otherwise: { do: "check", what: "file" } },
  });
}

export function asError(cause: unknown): { name: string; message: string } {
  if (typeof cause !== "object" || cause === null) return { name: "", message: String(cause) };
  const { name = "", message = "" } = cause as { name?: string; message?: string };
  return { name, message };
}

export function unreadable(
  path: string,
  message: string,
  details: { remedy?: Remedy; cause?: unknown; offset?: number } = {},
): WalkitError {
  return new WalkitError("storage/unreadable", message, { ...details, path: path || undefined });
}

/** Nanoseconds since 1970 of a `lastModified`, which is in milliseconds; undefined where it is no time. */
export function nanosOf(milliseconds: number): bigint | undefined {
  return Number.isFinite(milliseconds) ? BigInt(Math.trunc(milliseconds)) * 1_000_000n : undefined;
}

/** Bytes of a part: a browser may keep on disk what is in a Blob, and does so with large ones. */
const PART = 1 << 22;

/** Puts a Blob together from pieces of any size. No more than 4 MiB of them are in memory that is ours. */
export class BlobParts {
  readonly #parts: Blob[] = [];
  #pending: Uint8Array<ArrayBuffer>[] = [];
  #pendingSize = 0;
  #size = 0;

  /** Bytes added. */
  get size(): number {
    return this.#size;
  }

  /** Takes a copy of `piece`. */
  add(piece: Uint8Array<ArrayBuffer>): void {
    this.#size += piece.length;
    if (this.#pendingSize === 0 && piece.length >= PART) {
      this.#parts.push(new Blob([piece]));
      return;
    }
    this.#pending.push(piece.slice());
    this.#pendingSize += piece.length;
    if (this.#pendingSize >= PART) this.#settle();
  }

  /** All that was added, of the media type `type`. More may be added. */
  blob(type = ""): Blob {
    this.#settle();
    return new Blob(this.#parts, { type });
  }

  #settle(): void {
    if (this.#pendingSize === 0) return;
    this.#parts.push(new Blob(this.#pending));
    this.#pending = [];
    this.#pendingSize = 0;
  }
}
