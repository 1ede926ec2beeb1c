/**
 * B-trees of a database, by their pages: which belong to a table, and what the rows on some of them hold, byte for byte. What
 * is malformed is {@link Malformed}, never an endless walk.
 * {@link https://www.sqlite.org/fileformat2.html#b_tree_pages}
 */

import { readUint32BE } from "../bytes.ts";
import { mostLocal, readCell } from "./cell.ts";
import { Malformed } from "./malformed.ts";
import {
  cellStart,
  childOf,
  INDEX_INTERIOR,
  INDEX_LEAF,
  isInterior,
  type PageHeader,
  readPageHeader,
  TABLE_INTERIOR,
  TABLE_LEAF,
} from "./page.ts";
import { type DatabasePages, Visits } from "./pages.ts";

import { readSignedVarint, readVarint } from "./varint.ts";

/** Levels of a b-tree, root and leaves included. SQLite itself follows no more than 20. */
const MOST_LEVELS = 40;

function headerOf(page: number, data: Uint8Array): PageHeader {
  const header = readPageHeader(page, data);
  if (!header) throw new Malformed(`page ${page} is none of a b-tree`);
  return header;
}

/** Whether a b-tree is an index: those of tables WITHOUT ROWID are, as well. */
export function isIndexTree(pages: DatabasePages, root: number): boolean {
  const { type } = headerOf(root, pages.get(root));
  return type === INDEX_INTERIOR || type === INDEX_LEAF;
}

/**
 * Tells `visit` of every page of the b-tree at `root`, but those that rows overflow to: a page before its children, and these in
 * the order of their keys. Of the leaves, which are by far the most, nothing is read but the first.
 *
 * @param visit returns false where the page's children are not to be visited
 * @param visits pages that may be visited; as many as there are by default
 * @throws Malformed where the b-tree has other pages in it, is uneven, too deep, or visits a page too often
 */
export function walkTree(
  pages: DatabasePages,
  root: number,
  visit: (page: number) => unknown,
  visits: Visits = new Visits(pages),
): void {
  let leaves = 0;
  for (let page = root; ; leaves++) {
    const data = pages.get(page);
    const header = headerOf(page, data);
    if (!isInterior(header.type)) break;
    if (leaves + 1 === MOST_LEVELS) throw new Malformed(`the b-tree at page ${root} is too deep`);
    page = childOf(data, header, 0);
  }
  const walk = (page: number, depth: number): void => {
    if (!visits.take()) throw new Malformed(`the b-tree at page ${root} runs in circles`);
    if (!(page >= 1 && page <= pages.count)) throw new Malformed(`there is no page ${page}`);
    if (visit(page) === false || depth === leaves) return;
    const data = pages.get(page);
    const header = headerOf(page, data);
    if (!isInterior(header.type)) throw new Malformed(`page ${page} is a leaf too high up`);
    for (let i = 0; i <= header.cells; i++) walk(childOf(data, header, i), depth + 1);
  };
  walk(root, 0);
}

/**
 * The rows of a table, or the entries of an index, by what its pages say of their number.
 *
 * @throws Malformed as {@link walkTree}
 */
export function countRows(pages: DatabasePages, root: number, visits?: Visits): number {
  let rows = 0;
  const count = (page: number) => {
    const { type, cells } = headerOf(page, pages.get(page));
    if (type !== TABLE_INTERIOR) rows += cells;
  };
  walkTree(pages, root, count, visits);
  return rows;
}

/** A row, or an entry of an index, on a page. */
export interface Cell {
  /** Undefined in an index, and in a table without rowids. */
  rowid: bigint | undefined;
  /** Bytes of the record. */
  size: number;
  /** What of the record is on the page: a part of it. */
  local: Uint8Array;
  /** The first page that the rest is on; 0: none. */
  overflow: number;
}

/**
 * The cells of a page that hold rows: none on an interior page of a table with rowids. `overflowing`: those alone that have
 * not all of their record there.
 *
 * @throws Malformed where it is no page of a b-tree, or its cells reach past its end or have more bytes than it has
 */
export function cellsOf(pages: DatabasePages, page: number, overflowing = false): Cell[] {
  const data = pages.get(page);
  const header = headerOf(page, data);
  const { type } = header;
  const found: Cell[] = [];
  if (type === TABLE_INTERIOR) return found;
  const most = mostLocal(type, pages.usable);
  let bytes = 0;
  for (let i = 0; i < header.cells; i++) {
    const at = cellStart(data, header, i);
    if (overflowing) {
      // Most cells are whole: their size tells, and nothing else is read of them.
      const size = readVarint(data, isInterior(type) ? at + 4 : at);
      if (size && size.value <= most) continue;
    }
    const place = readCell(data, type, at, pages.usable);
    if (!place) throw new Malformed(`a cell of page ${page} reaches past its end`);
    const { rowid, record, size, local, end } = place;
    // No cells of SQLite's share bytes. A page of 64 KiB has room for 32,000 that are all of it: 2 GB to read.
    bytes += local;
    if (bytes > data.length) throw new Malformed(`cells of page ${page} overlap`);
    found.push({
      rowid: type === TABLE_LEAF ? readSignedVarint(data, rowid)! : undefined,
      size,
      local: data.subarray(record, record + local),
      overflow: local < size ? readUint32BE(data, end - 4) : 0,
    });
  }
  return found;
}

/**
 * The pages that a cell's record overflows to, in order.
 *
 * @param visits pages that may be met
 * @throws Malformed where one is not there, or the database has fewer pages than the record needs, or `visits` is used up
 */
export function overflowOf(
  pages: DatabasePages,
  { size, local, overflow }: Cell,
  visits: Visits = new Visits(pages),
): number[] {
  if (size > pages.count * pages.pageSize) throw new Malformed(`a row has ${size} bytes`);
  const found: number[] = [];
  let page = overflow;
  for (let rest = size - local.length; rest > 0; rest -= pages.usable - 4) {
    if (!visits.take()) throw new Malformed("rows overflow to the same pages");
    found.push(page);
    page = readUint32BE(pages.get(page), 0);
  }
  return found;
}

/**
 * The whole record of a cell: a part of its page, where it does not overflow.
 *
 * @param overflow what {@link overflowOf} found
 */
export function recordOf(
  pages: DatabasePages,
  { size, local }: Cell,
  overflow: readonly number[],
): Uint8Array {
  if (overflow.length === 0) return local;
  const whole = new Uint8Array(size);
  whole.set(local);
  let at = local.length;
  for (const page of overflow) {
    const end = 4 + Math.min(size - at, pages.usable - 4);
    whole.set(pages.get(page).subarray(4, end), at);
    at += end - 4;
  }
  return whole;
}
