/** A hash of the newest version of each page: what verify keeps of a database of any size, 4 bytes a page. */

import { PageMap } from "./page-map.ts";

export class PageHashes {
  /** Hashes, with 0 for a page that never came; a hash that is 0 counts as 1. */
  readonly #pages = new PageMap();
  #highest = 0;

  /** The hash of `page` (numbered from 1); 0 where it never came. */
  get(page: number): number {
    return this.#pages.get(page);
  }

  set(page: number, hash: number): void {
    this.#pages.set(page, hash || 1);
    if (page > this.#highest) this.#highest = page;
  }

  /** Forgets every page past `count`. */
  truncate(count: number): void {
    if (this.#highest <= count) return;
    this.#pages.truncate(count);
    this.#highest = count;
  }

  clear(): void {
    this.#pages.clear();
    this.#highest = 0;
  }
}
