/**
 * One page of a b-tree by itself: its header, its children, where its cells begin.
 * {@link https://www.sqlite.org/fileformat2.html#b_tree_pages}
 *
 * ```
 *  0  1  type: 2 index interior, 5 table interior, 10 index leaf, 13 table leaf
 *  1  2  first free block
 *  3  2  number of cells
 *  5  2  where the cells begin
 *  7  1  fragmented free bytes
 *  8  4  on interior pages: the right-most child
 *  8 or 12: an offset of 2 bytes for each cell, in the order of their keys
 * ```
 *
 * All integers are big-endian. Page 1 has the database header first: there all this begins at 100.
 */

import { readUint16BE, readUint32BE } from "../bytes.ts";

export const INDEX_INTERIOR = 2;
export const TABLE_INTERIOR = 5;
export const INDEX_LEAF = 10;
export const TABLE_LEAF = 13;

const TYPES: readonly number[] = [INDEX_INTERIOR, TABLE_INTERIOR, INDEX_LEAF, TABLE_LEAF];

export interface PageHeader {
  type: number;
  /** Offset of the cell pointers in the page. */
  pointers: number;
  /** How many cells there are. */
  cells: number;
}

/** The header of page number `page`. Undefined where it is no page of a b-tree: the type is another, or the cell pointers have no room. */
export function readPageHeader(page: number, data: Uint8Array): PageHeader | undefined {
  const start = page === 1 ? 100 : 0;
  const type = data[start]!;
  if (!TYPES.includes(type)) return undefined;
  const pointers = start + (isInterior(type) ? 12 : 8);
  const cells = readUint16BE(data, start + 3);
  return pointers + 2 * cells <= data.length ? { type, pointers, cells } : undefined;
}

/** Whether b-tree pages of this type have children. */
export function isInterior(type: number): boolean {
  return type < INDEX_LEAF;
}

/** The offset of cell `i`, from 0, in the page: any number of 16 bits. */
export function cellStart(data: Uint8Array, { pointers }: PageHeader, i: number): number {
  return readUint16BE(data, pointers + 2 * i);
}

/** The page number of child `i` of an interior page, from 0 up to its number of cells: any number of 32 bits. Bytes past the page's end are 0. */
export function childOf(data: Uint8Array, header: PageHeader, i: number): number {
  const at = i < header.cells ? cellStart(data, header, i) : header.pointers - 4;
  return readUint32BE(data, at);
}
