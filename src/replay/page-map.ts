/**
 * A number of 32 bits for each of many pages: 4 bytes a page in a database of any size, wherever its pages are near each
 * other, and not much more than a hostile file has to spend where their numbers lie far apart.
 */

import { MaxHeap } from "./max-heap.ts";

/** Pages in a chunk, in parts of which only those exist that were written to, until a fourth of them do. */
const CHUNK_BITS = 11;
const CHUNK = 1 << CHUNK_BITS;
const PART_BITS = 6;
const PART = 1 << PART_BITS;
const DENSE = CHUNK / PART / 4;

/** One shape for both forms: with it, and shifts in place of divisions, `get` and `set` take two thirds of the time. */
interface Chunk {
  /** All of the chunk, once it is dense; then there are no parts. */
  values: Uint32Array | undefined;
  parts: (Uint32Array | undefined)[];
  count: number;
}

/** Pages are numbers below 2^32. 0 stands for nothing. */
export class PageMap {
  readonly #chunks = new Map<number, Chunk>();
  /** Their numbers: a database that shrinks at each commit must not cost a look at all of it. */
  readonly #numbers = new MaxHeap();

  get(page: number): number {
    const chunk = this.#chunks.get(page >>> CHUNK_BITS);
    if (chunk === undefined) return 0;
    const at = page & (CHUNK - 1);
    if (chunk.values !== undefined) return chunk.values[at]!;
    return chunk.parts[at >> PART_BITS]?.[at & (PART - 1)] ?? 0;
  }

  set(page: number, value: number): void {
    const chunk = this.#chunks.get(page >>> CHUNK_BITS) ?? this.#add(page >>> CHUNK_BITS);
    const at = page & (CHUNK - 1);
    if (chunk.values !== undefined) {
      chunk.values[at] = value;
      return;
    }
    const part = at >> PART_BITS;
    let values = chunk.parts[part];
    if (values === undefined) {
      if (++chunk.count === DENSE) {
        chunk.values = join(chunk.parts);
        chunk.values[at] = value;
        chunk.parts = [];
        return;
      }
      chunk.parts[part] = values = new Uint32Array(PART);
    }
    values[at & (PART - 1)] = value;
  }

  #add(number: number): Chunk {
    const chunk = { values: undefined, parts: [], count: 0 };
    this.#chunks.set(number, chunk);
    this.#numbers.push(number);
    return chunk;
  }

  /** Forgets every page past `count`; `each` is told of what these had. */
  truncate(count: number, each?: (value: number) => void): void {
    while (this.#numbers.max * CHUNK > count) {
      const number = this.#numbers.pop();
      forget(this.#chunks.get(number)!, 0, each);
      this.#chunks.delete(number);
    }
    const last = this.#chunks.get(count >>> CHUNK_BITS);
    if (last) forget(last, (count & (CHUNK - 1)) + 1, each);
  }

  clear(): void {
    this.#chunks.clear();
    this.#numbers.clear();
  }
}

/** Empties a chunk from `start` on. */
function forget(chunk: Chunk, start: number, each: ((value: number) => void) | undefined): void {
  const parts = chunk.values ? [chunk.values] : chunk.parts;
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
