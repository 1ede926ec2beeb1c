/** A hash of the newest version of each page: what verify keeps of a database of any size, a few bytes a page. */

/** Small, so that hostile page numbers that lie far apart cost little each. */
const TABLE = 64;

export class PageHashes {
  /** Hashes, with 0 for a page that never came; a hash that is 0 counts as 1. */
  readonly #tables = new Map<number, Uint32Array>();
  #highest = 0;

  /** The hash of `page` (numbered from 1); 0 where it never came. */
  get(page: number): number {
    return this.#tables.get(Math.floor(page / TABLE))?.[page % TABLE] ?? 0;
  }

  set(page: number, hash: number): void {
    const number = Math.floor(page / TABLE);
    let table = this.#tables.get(number);
    if (!table) this.#tables.set(number, (table = new Uint32Array(TABLE)));
    table[page % TABLE] = hash || 1;
    if (page > this.#highest) this.#highest = page;
  }

  /** Forgets every page past `count`. */
  truncate(count: number): void {
    if (this.#highest <= count) return;
    for (const [number, table] of this.#tables) {
      const first = number * TABLE;
      if (first > count) this.#tables.delete(number);
      else if (first + TABLE - 1 > count) table.fill(0, count + 1 - first);
    }
    this.#highest = count;
  }

  clear(): void {
    this.#tables.clear();
    this.#highest = 0;
  }
}
