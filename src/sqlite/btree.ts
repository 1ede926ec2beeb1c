/**
 * B-trees of a database in memory, by their pages: which belong to a table, which are free, and what the rows on some of
 * them hold, byte for byte. What is malformed is {@link Malformed}, never an endless walk.
 * {@link https://www.sqlite.org/fileformat2.html#b_tree_pages}
 */

import { readUint16BE, readUint32BE, readVarint } from "../bytes.ts";

const INDEX_INTERIOR = 0x02;
const TABLE_INTERIOR = 0x05;
const INDEX_LEAF = 0x0a;
const TABLE_LEAF = 0x0d;

export class Malformed extends Error {
  override readonly name = "Malformed";
}

/** A state of a database, page by page, numbered from 1. */
export interface Pages {
  pageSize: number;
  /** Bytes of a page that are used. */
  usable: number;
  count: number;
  /** @throws Malformed where there is no such page */
  get(page: number): Uint8Array;
}

/** The pages of `bytes`, those of `over` in the place of its own. */
export function pagesOf(
  bytes: Uint8Array,
  pageSize: number,
  count: number = bytes.length / pageSize,
  over: ReadonlyMap<number, Uint8Array> = new Map(),
): Pages {
  const get = (page: number): Uint8Array => {
    const at = (page - 1) * pageSize;
    if (!(page >= 1 && page <= count)) throw new Malformed(`there is no page ${page}`);
    const data = over.get(page) ?? bytes.subarray(at, at + pageSize);
    if (data.length !== pageSize) throw new Malformed(`page ${page} is not known`);
    return data;
  };
  const pages: Pages = { pageSize, usable: pageSize, count, get };
  return { ...pages, usable: pageSize - (count > 0 ? get(1)[20]! : 0) };
}

interface Header {
  type: number;
  /** Where the page's b-tree header begins. */
  start: number;
  /** Where its cell pointers begin, and how many there are. */
  pointers: number;
  cells: number;
}

function headerOf(page: number, data: Uint8Array): Header {
  const start = page === 1 ? 100 : 0;
  const type = data[start]!;
  if (![INDEX_INTERIOR, TABLE_INTERIOR, INDEX_LEAF, TABLE_LEAF].includes(type)) {
    throw new Malformed(`page ${page} is none of a b-tree`);
  }
  const pointers = start + (isInterior(type) ? 12 : 8);
  const cells = readUint16BE(data, start + 3);
  if (pointers + 2 * cells > data.length) throw new Malformed(`page ${page} has ${cells} cells`);
  return { type, start, pointers, cells };
}

function isInterior(type: number): boolean {
  return type === INDEX_INTERIOR || type === TABLE_INTERIOR;
}

/**
 * Tells `visit` of every page of the b-tree at `root`, but those that rows overflow to. Of the leaves, which are by far the
 * most, nothing is read but the first.
 */
export function walkTree(pages: Pages, root: number, visit: (page: number) => void): void {
  let leaves = 0;
  for (let page = root; ; leaves++) {
    const data = pages.get(page);
    const { type, pointers, cells, start } = headerOf(page, data);
    if (!isInterior(type)) break;
    page = readUint32BE(data, cells > 0 ? readUint16BE(data, pointers) : start + 8);
    if (leaves > 40) throw new Malformed(`the b-tree at page ${root} is too deep`);
  }
  let left = pages.count;
  const walk = (page: number, depth: number): void => {
    if (left-- === 0) throw new Malformed(`the b-tree at page ${root} runs in circles`);
    if (!(page >= 1 && page <= pages.count)) throw new Malformed(`there is no page ${page}`);
    visit(page);
    if (depth === leaves) return;
    const data = pages.get(page);
    const { type, pointers, cells, start } = headerOf(page, data);
    if (!isInterior(type)) throw new Malformed(`page ${page} is a leaf too high up`);
    for (let i = 0; i < cells; i++) walk(readUint32BE(data, readUint16BE(data, pointers + 2 * i)), depth + 1);
    walk(readUint32BE(data, start + 8), depth + 1);
  };
  walk(root, 0);
}

/** The rows of a table, by what its pages say of their number. */
export function countRows(pages: Pages, root: number): number {
  let rows = 0;
  walkTree(pages, root, (page) => {
    const { type, cells } = headerOf(page, pages.get(page));
    if (type !== TABLE_INTERIOR) rows += cells;
  });
  return rows;
}

/** A row, or an entry of an index, on a page. */
export interface Cell {
  /** Undefined in an index, and in a table without rowids. */
  rowid: bigint | undefined;
  /** Bytes of the record, and how many of them are here. */
  size: number;
  local: Uint8Array;
  /** The first page that the rest is on; 0: none. */
  overflow: number;
}

/**
 * The cells of a page that hold rows: none on an interior page of a table with rowids. `overflowing`: those alone that have
 * not all of their record there, which are soon told apart.
 */
export function cellsOf(pages: Pages, page: number, overflowing = false): Cell[] {
  const data = pages.get(page);
  const { type, pointers, cells } = headerOf(page, data);
  const found: Cell[] = [];
  if (type === TABLE_INTERIOR) return found;
  for (let i = 0; i < cells; i++) {
    let at = readUint16BE(data, pointers + 2 * i) + (type === INDEX_INTERIOR ? 4 : 0);
    const size = readVarint(data, at);
    if (!size) throw new Malformed(`a cell of page ${page} has no end`);
    const here = localSize(size.value, pages.usable, type === TABLE_LEAF);
    if (overflowing && here === size.value) continue;
    at = size.next;
    let rowid: bigint | undefined;
    if (type === TABLE_LEAF) {
      const id = varint(data, at);
      rowid = BigInt.asIntN(64, id.value);
      at = id.next;
    }
    if (at + here > data.length) throw new Malformed(`a cell of page ${page} reaches past its end`);
    const overflow = here < size.value ? readUint32BE(data, at + here) : 0;
    found.push({ rowid, size: size.value, local: data.subarray(at, at + here), overflow });
  }
  return found;
}

/** How many bytes of a record stay on its page. {@link https://www.sqlite.org/fileformat2.html#cell_payload} */
function localSize(size: number, usable: number, isTable: boolean): number {
  const most = isTable ? usable - 35 : Math.floor(((usable - 12) * 64) / 255) - 23;
  if (size <= most) return size;
  const least = Math.floor(((usable - 12) * 32) / 255) - 23;
  const here = least + ((size - least) % (usable - 4));
  return here <= most ? here : least;
}

/** The pages that a cell's record overflows to, in order. */
export function* overflowOf(pages: Pages, { size, local, overflow }: Cell): Generator<number> {
  let rest = size - local.length;
  for (let page = overflow; rest > 0; rest -= pages.usable - 4) {
    yield page;
    page = readUint32BE(pages.get(page), 0);
  }
}

/** The whole record of a cell: a part of its page, where it does not overflow. */
export function recordOf(pages: Pages, cell: Cell): Uint8Array {
  const { size, local, overflow } = cell;
  if (overflow === 0) return local;
  if (size > pages.count * pages.pageSize) throw new Malformed(`a row has ${size} bytes`);
  const whole = new Uint8Array(size);
  whole.set(local);
  let at = local.length;
  for (const page of overflowOf(pages, cell)) {
    const end = 4 + Math.min(size - at, pages.usable - 4);
    whole.set(pages.get(page).subarray(4, end), at);
    at += end - 4;
  }
  return whole;
}

/** The pages of the freelist. */
export function freePages(pages: Pages): Set<number> {
  const free = new Set<number>();
  const first = pages.get(1);
  let trunk = readUint32BE(first, 32);
  while (trunk !== 0 && !free.has(trunk)) {
    free.add(trunk);
    const data = pages.get(trunk);
    const count = Math.min(readUint32BE(data, 4), pages.usable / 4 - 2);
    for (let i = 0; i < count; i++) free.add(readUint32BE(data, 8 + 4 * i));
    trunk = readUint32BE(data, 0);
  }
  return free;
}

/** Up to nine bytes, seven bits each, the ninth with all eight. */
export function varint(data: Uint8Array, at: number): { value: bigint; next: number } {
  let small = 0;
  for (let i = 0; i < 4; i++) {
    const byte = data[at + i]!;
    small = small * 128 + (byte & 127);
    if (byte < 128) return { value: BigInt(small), next: at + i + 1 };
  }
  let value = BigInt(small);
  for (let i = 4; i < 9; i++) {
    const byte = data[at + i];
    if (byte === undefined) throw new Malformed("a number reaches past the end");
    value = i === 8 ? (value << 8n) | BigInt(byte) : (value << 7n) | BigInt(byte & 127);
    if (byte < 128 || i === 8) return { value, next: at + i + 1 };
  }
  throw new Malformed("a number has no end");
}
