/**
 * The cells of a b-tree page, as hashes: what two versions of a page have in common where both were written to.
 * {@link https://www.sqlite.org/fileformat2.html#b_tree_pages}
 */

import { readUint16BE, readVarint } from "../../bytes.ts";
import { xxh32 } from "../../lz4/index.ts";

const INTERIOR_INDEX = 2;
const INTERIOR_TABLE = 5;
const LEAF_INDEX = 10;
const LEAF_TABLE = 13;

/** Hashes of the page's cells; empty where it is no b-tree page. */
export function cellsOf(number: number, page: Uint8Array): Set<number> {
  const header = headerOf(number, page);
  const cells = new Set<number>();
  if (!header) return cells;
  for (let i = 0; i < header.count; i++) {
    const start = readUint16BE(page, header.pointers + 2 * i);
    const end = cellEnd(page, header.type, start);
    if (end !== undefined && end <= page.length) cells.add(xxh32(page.subarray(start, end)));
  }
  return cells;
}

/** Whether a page holds something that another database would hardly hold as well: no empty table, no zeros. */
export function isTelling(number: number, page: Uint8Array): boolean {
  if (number === 1) return false;
  const header = headerOf(number, page);
  return header ? header.count > 0 : page.some((byte) => byte !== 0);
}

function headerOf(
  number: number,
  page: Uint8Array,
): { type: number; pointers: number; count: number } | undefined {
  const start = number === 1 ? 100 : 0;
  const type = page[start]!;
  const isInterior = type === INTERIOR_INDEX || type === INTERIOR_TABLE;
  if (!isInterior && type !== LEAF_INDEX && type !== LEAF_TABLE) return undefined;
  const count = readUint16BE(page, start + 3);
  const pointers = start + (isInterior ? 12 : 8);
  return pointers + 2 * count <= page.length ? { type, pointers, count } : undefined;
}

/** Where a cell ends, as far as it lies on this page. */
function cellEnd(page: Uint8Array, type: number, start: number): number | undefined {
  const at = type === INTERIOR_INDEX || type === INTERIOR_TABLE ? start + 4 : start;
  const first = readVarint(page, at);
  if (!first || type === INTERIOR_TABLE) return first?.next;
  const rowid = type === LEAF_TABLE ? readVarint(page, first.next) : first;
  return rowid && rowid.next + localSize(page.length, first.value, type === LEAF_TABLE);
}

/**
 * Bytes of a payload that are stored in its cell, with the number of the first overflow page.
 * {@link https://www.sqlite.org/fileformat2.html#cell_payload_overflow_pages}
 */
function localSize(usable: number, payload: number, isTable: boolean): number {
  const most = isTable ? usable - 35 : Math.floor(((usable - 12) * 64) / 255) - 23;
  if (payload <= most) return payload;
  const least = Math.floor(((usable - 12) * 32) / 255) - 23;
  const wanted = least + ((payload - least) % (usable - 4));
  return (wanted <= most ? wanted : least) + 4;
}
