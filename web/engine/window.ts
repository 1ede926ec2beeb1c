/** A file that many small things are read of, one beside the other, in a few large pieces. */

import type { BlobLike } from "../../src/storage/blob.ts";

/** Read at a time: a piece is a call to another process, and half a millisecond, however small it is. */
const WINDOW = 1 << 16;
/** Kept: a replica's files are read several at a time, and in order. */
const KEPT = 32;

/** Of all slices of one file. */
class Windows {
  readonly #blob: BlobLike;
  /** By number; those that were read last come last. */
  readonly #windows = new Map<number, Promise<ArrayBuffer>>();

  constructor(blob: BlobLike) {
    this.#blob = blob;
  }

  async read(start: number, end: number): Promise<ArrayBuffer> {
    if (end - start >= WINDOW) return await this.#blob.slice(start, end).arrayBuffer();
    const bytes = new Uint8Array(end - start);
    for (let at = start; at < end; ) {
      const number = Math.floor(at / WINDOW);
      const from = at - number * WINDOW;
      const part = new Uint8Array(await this.#window(number)).subarray(from, from + end - at);
      // The file has become shorter: what is given back is too, and whoever asked says so.
      if (part.length === 0) return bytes.slice(0, at - start).buffer;
      bytes.set(part, at - start);
      at += part.length;
    }
    return bytes.buffer;
  }

  #window(number: number): Promise<ArrayBuffer> {
    const at = number * WINDOW;
    const window =
      this.#windows.get(number) ?? this.#blob.slice(at, Math.min(at + WINDOW, this.#blob.size)).arrayBuffer();
    this.#windows.delete(number);
    this.#windows.set(number, window);
    // One that could not be read is asked for anew.
    window.catch(() => this.#windows.delete(number));
    for (const oldest of this.#windows.keys()) {
      if (this.#windows.size <= KEPT) break;
      this.#windows.delete(oldest);
    }
    return window;
  }
}

/**
 * The same bytes as `blob`, and slices of it that share what is read for them: of an archive of a hundred thousand small files
 * each would else be asked for by itself.
 */
export function inWindows(blob: BlobLike): BlobLike {
  return sliceOf(new Windows(blob), 0, blob.size);
}

function sliceOf(windows: Windows, from: number, to: number): BlobLike {
  const size = to - from;
  const within = (at: number) => from + Math.min(Math.max(at < 0 ? size + at : at, 0), size);
  return {
    size,
    slice: (start = 0, end = size) => sliceOf(windows, within(start), Math.max(within(start), within(end))),
    arrayBuffer: () => windows.read(from, to),
  };
}
