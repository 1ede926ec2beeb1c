/** The cells of a b-tree page, as hashes: what two versions of a page have in common where both were written to. */

import { xxh32 } from "../../lz4/index.ts";
import { readCell } from "../../sqlite/cell.ts";
import { cellStart, readPageHeader } from "../../sqlite/page.ts";

/** Hashes of the page's cells; empty where it is no b-tree page, or its cells overlap. */
export function cellsOf(number: number, page: Uint8Array): Set<number> {
  const header = readPageHeader(number, page);
  const cells = new Set<number>();
  if (!header) return cells;
  let bytes = 0;
  for (let i = 0; i < header.cells; i++) {
    const start = cellStart(page, header, i);
    const end = readCell(page, header.type, start, page.length)?.end;
    if (end === undefined) continue;
    bytes += end - start;
    // A page of 64 KiB has room for 32,000 cells that are all of it: 2 GB to hash.
    if (bytes > page.length) return new Set();
    cells.add(xxh32(page.subarray(start, end)));
  }
  return cells;
}

/** Whether a page holds something that another database would hardly hold as well: no empty table, no zeros. */
export function isTelling(number: number, page: Uint8Array): boolean {
  if (number === 1) return false;
  const header = readPageHeader(number, page);
  return header ? header.cells > 0 : page.some((byte) => byte !== 0);
}
