/**
 * A cell of a b-tree page by itself: where its record is, and how much of it. {@link https://www.sqlite.org/fileformat2.html#b_tree_pages}
 *
 * ```
 * table leaf       size of the record (varint), rowid (varint), record, first overflow page (4 bytes, where there is one)
 * table interior   child (4 bytes), rowid (varint)
 * index leaf       size of the record (varint), record, first overflow page
 * index interior   child (4 bytes), size of the record (varint), record, first overflow page
 * ```
 */

import { isInterior, TABLE_INTERIOR, TABLE_LEAF } from "./page.ts";
import { readVarint } from "./varint.ts";

/** Where a cell has what. All offsets are in the page. */
export interface CellPlace {
  /** Offset of the rowid, a varint, on pages of tables. On pages of indexes: of the record. */
  rowid: number;
  /** Offset of the record. On interior pages of tables, which have none: the cell's end. */
  record: number;
  /** Bytes of the record, and how many of them are on this page: the others are on overflow pages. */
  size: number;
  local: number;
  /** Offset after the cell. Where the record overflows, its last four bytes are the number of the first overflow page. */
  end: number;
}

/** The cell at offset `at` of a page of type `type`, of which `usable` bytes are used, at least 480. Undefined where it reaches past the page's end. */
export function readCell(data: Uint8Array, type: number, at: number, usable: number): CellPlace | undefined {
  const begin = isInterior(type) ? at + 4 : at;
  if (type === TABLE_INTERIOR) {
    const end = readVarint(data, begin)?.next;
    return end === undefined ? undefined : { rowid: begin, record: end, size: 0, local: 0, end };
  }
  const first = readVarint(data, begin);
  const last = first && type === TABLE_LEAF ? readVarint(data, first.next) : first;
  if (!first || !last) return undefined;
  const { value: size, next: rowid } = first;
  const { next: record } = last;
  const local = localSize(size, type, usable);
  const end = record + local + (local < size ? 4 : 0);
  return end <= data.length ? { rowid, record, size, local, end } : undefined;
}

/** How many bytes of a record stay on its page. {@link https://www.sqlite.org/fileformat2.html#cell_payload_overflow_pages} */
function localSize(size: number, type: number, usable: number): number {
  const most = mostLocal(type, usable);
  if (size <= most) return size;
  const least = Math.floor(((usable - 12) * 32) / 255) - 23;
  const local = least + ((size - least) % (usable - 4));
  return local <= most ? local : least;
}

/** Bytes of the largest record that does not overflow. */
export function mostLocal(type: number, usable: number): number {
  return type === TABLE_LEAF ? usable - 35 : Math.floor(((usable - 12) * 64) / 255) - 23;
}
