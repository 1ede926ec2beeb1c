/**
 * A number of 32 bits for each of many pages: 4 bytes a page in a database of any size, wherever its pages are near each
 * other, and not much more than a hostile file has to spend where their numbers lie far apart.
 */

/** Pages in a chunk, in parts of which only those exist that were written to, until a fourth of them do. */
const CHUNK = 2048;
const PART = 64;
const DENSE = CHUNK / PART / 4;

type Chunk = { parts: (Uint32Array | undefined)[]; count: number } | Uint32Array;

/** 0 stands for nothing. */
export class PageMap {
  readonly #chunks = new Map<number, Chunk>();

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
    if (chunk === undefined) this.#chunks.set(number, (chunk = { parts: [], count: 0 }));
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
    for (const number of this.#chunks.keys()) {
      const first = number * CHUNK;
      for (let page = Math.max(first, count + 1); page < first + CHUNK; page++) {
        const value = this.get(page);
        if (value === 0) continue;
        each?.(value);
        this.set(page, 0);
      }
      if (first > count) this.#chunks.delete(number);
    }
  }

  clear(): void {
    this.#chunks.clear();
  }
}

function join(parts: readonly (Uint32Array | undefined)[]): Uint32Array {
  const chunk = new Uint32Array(CHUNK);
  for (const [i, part] of parts.entries()) if (part) chunk.set(part, i * PART);
  return chunk;
}
