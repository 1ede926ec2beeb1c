/**
 * Pages that are free: a chain of trunk pages, each with the numbers of others.
 * {@link https://www.sqlite.org/fileformat2.html#the_freelist}
 *
 * ```
 * 0  4  the next trunk page; 0: it is the last
 * 4  4  how many numbers follow
 * 8     numbers of free pages, 4 bytes each
 * ```
 */

import { readUint32BE } from "../bytes.ts";
import type { DatabasePages } from "./pages.ts";

/** Where the database header has the number of the first trunk page. */
const FIRST_TRUNK = 32;

/**
 * The pages of the freelist, trunk pages included. Numbers of pages that are not there are left out; where it runs in circles it ends.
 *
 * @throws Malformed where a trunk page is not there
 */
export function freePages(pages: DatabasePages): Set<number> {
  const free = new Set<number>();
  let trunk = readUint32BE(pages.get(1), FIRST_TRUNK);
  while (trunk !== 0 && !free.has(trunk)) {
    const data = pages.get(trunk);
    free.add(trunk);
    const count = Math.min(readUint32BE(data, 4), Math.floor(pages.usable / 4) - 2);
    for (let i = 0; i < count; i++) {
      const page = readUint32BE(data, 8 + 4 * i);
      if (page >= 1 && page <= pages.count) free.add(page);
    }
    trunk = readUint32BE(data, 0);
  }
  return free;
}
