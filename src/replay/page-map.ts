/**
 * A number of 32 bits for each of many pages: 4 bytes a page in a database of any size, wherever its pages are near each
 * other, and not much more than a hostile file has to spend where their numbers lie far apart.
 */

import { MaxHeap } from "./max-heap.ts";

/** Pages in a chunk, in parts of which only those exist that were written to, until a fourth of them do. */
const CHUNK = 2048;
const PART = 64;
const DENSE = CHUNK / PART / 4;

type Chunk = { parts: (Uint32Array | undefined)[]; count: number } | Uint32Array;

/** 0 stands for nothing. */
export class PageMap {
  readonly #chunks = new Map<number, Chunk>();
  /** Their numbers: a database that shrinks at each commit must not cost a look at all of it. */
  readonly #numbers = new MaxHeap();

  get(page: number): number {
    const chunk = this.#chunks.get(Math.floor(page / CHUNK));
    if (chunk === undefined) return 0;
    const at = page % CHUNK;
    if (chunk instanceof Uint32Array) return chunk[at]!;
    return chunk.parts[(at / PART) | 0]?.[at % PART] ?? 0;
  }

  set(page: number, value: number): void {
    const number = Math.floor(page / CHUNK);
    const at = page % CHUNK;
    let chunk = this.#chunks.get(number);
    if (chunk === undefined) {
      this.#chunks.set(number, (chunk = { parts: [], count: 0 }));
      this.#numbers.push(number);
    }
    if (!(chunk instanceof Uint32Array)) {
      const part = (at / PART) | 0;
      const values = chunk.parts[part];
      if (values !== undefined) {
        values[at % PART] = value;
        return;
      }
      if (++chunk.count < DENSE) {
        chunk.parts[part] = new Uint32Array(PART);
        chunk.parts[part][at % PART] = value;
        return;
      }
      this.#chunks.set(number, (chunk = join(chunk.parts)));
    }
    chunk[at] = value;
  }

  /** Forgets every page past `count`; `each` is told of what these had. */
  truncate(count: number, each?: (value: number) => void): void {
    while (this.#numbers.max * CHUNK > count) {
      const number = this.#numbers.pop();
      forget(this.#chunks.get(number)!, 0, each);
      this.#chunks.delete(number);
    }
    const last = this.#chunks.get(Math.floor(count / CHUNK));
    if (last) forget(last, (count % CHUNK) + 1, each);
  }

  clear(): void {
    this.#chunks.clear();
    this.#numbers.clear();
  }
}

/** Empties a chunk from `start` on. */
function forget(chunk: Chunk, start: number, each: ((value: number) => void) | undefined): void {
  const parts = chunk instanceof Uint32Array ? [chunk] : chunk.parts;
  for (const [i, values] of parts.entries()) {
    if (!values) continue;
    for (let at = Math.max(0, start - i * PART); at < values.length; at++) {
      if (values[at] !== 0) each?.(values[at]!);
      values[at] = 0;
    }
  }
}

function join(parts: readonly (Uint32Array | undefined)[]): Uint32Array {
  const chunk = new Uint32Array(CHUNK);
  for (const [i, part] of parts.entries()) if (part) chunk.set(part, i * PART);
  return chunk;
}
