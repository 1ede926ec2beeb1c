/** Databases that no SQLite makes: cut, with bytes changed, and forged from pages made by hand. */

import { cellsOf, countRows, overflowOf, recordOf, walkTree } from "../../src/sqlite/btree.ts";
import { Malformed } from "../../src/sqlite/malformed.ts";
import { PageOwners } from "../../src/sqlite/owners.ts";
import { type DatabasePages, pagesOf, Visits } from "../../src/sqlite/pages.ts";
import { encodingOf, readSchema, treesOf } from "../../src/sqlite/schema.ts";
import { keyOf, type Value, valuesOf } from "../../src/sqlite/values.ts";

/** Reads all that there is of a database: every value of every row of every b-tree. */
export function readAll(pages: DatabasePages): Map<string, Value[][]> {
  const schema = readSchema(pages);
  const encoding = encodingOf(pages);
  const owners = new PageOwners(pages, schema);
  const visits = new Visits(pages);
  const found = new Map<string, Value[][]>();
  for (let page = 1; page <= pages.count; page++) {
    const tree = owners.treeOf(page);
    if (!tree) continue;
    let rows = found.get(tree.name);
    if (!rows) found.set(tree.name, (rows = []));
    for (const cell of cellsOf(pages, page)) {
      const record = recordOf(pages, cell, overflowOf(pages, cell, visits));
      keyOf(record, 2);
      rows.push(valuesOf(record, encoding));
    }
  }
  const counted = new Visits(pages);
  for (const { root } of treesOf(pages, schema)) countRows(pages, root, counted);
  return found;
}

/** Milliseconds that one small database may take at most, on a busy machine as well. */
const MOST_TIME = 2000;

/** Runs `work`, which may throw nothing but {@link Malformed}, and soon. Whether it did. */
export function isRefused(work: () => unknown): boolean {
  const began = performance.now();
  let refused = false;
  try {
    work();
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    refused = true;
  }
  const time = performance.now() - began;
  if (time > MOST_TIME) throw new Error(`Expected at most ${MOST_TIME} ms, found ${time}`);
  return refused;
}

/** Tells `each` of `bytes` cut at every length. */
export function forEachCut(bytes: Uint8Array, each: (cut: Uint8Array, length: number) => void): void {
  for (let length = 0; length < bytes.length; length++) each(bytes.subarray(0, length), length);
}

/** Tells `each` of `bytes` with each byte in turn changed: to 0, to 255, and by one bit. `each` must not keep them. */
export function forEachFlip(bytes: Uint8Array, each: (changed: Uint8Array, at: number) => void): void {
  const changed = bytes.slice();
  for (const [at, byte] of bytes.entries()) {
    for (const other of new Set([0, 255, byte ^ (1 << (at % 8))])) {
      if (other === byte) continue;
      changed[at] = other;
      each(changed, at);
    }
    changed[at] = byte;
  }
}

/** A varint of up to five bytes. */
export function varintOf(value: number): number[] {
  const bytes = [value & 127];
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128))
    bytes.unshift((rest & 127) | 128);
  return bytes;
}

const word = (value: number) => [value >>> 8, value & 255];
const long = (value: number) => [...word(value >>> 16), ...word(value & 65535)];

/** A page of a b-tree with `cells` at its end; `times` pointers to each of them. */
export function forgePage(
  pageSize: number,
  type: number,
  cells: readonly number[][],
  { right = 0, start = 0, times = 1 }: { right?: number; start?: number; times?: number } = {},
): Uint8Array {
  const page = new Uint8Array(pageSize);
  const pointers: number[] = [];
  let end = pageSize;
  for (const cell of cells) {
    end -= cell.length;
    page.set(cell, end);
    for (let i = 0; i < times; i++) pointers.push(...word(end));
  }
  const isInterior = type < 10;
  page.set([type, 0, 0, ...word(pointers.length / 2), 0, 0, 0], start);
  if (isInterior) page.set(long(right), start + 8);
  const at = start + (isInterior ? 12 : 8);
  if (at + pointers.length > end) throw new Error(`${pointers.length} bytes of pointers, cells at ${end}`);
  page.set(pointers, at);
  return page;
}

/** A cell of an interior page of a table. */
export const childCell = (child: number, rowid: number): number[] => [...long(child), ...varintOf(rowid)];

/** A cell of a table's leaf that overflows: `size` bytes of record, of which `local` are here. */
export const overflowCell = (
  rowid: number,
  size: number,
  local: readonly number[],
  first: number,
): number[] => [...varintOf(size), ...varintOf(rowid), ...local, ...long(first)];

/** A cell of a table's leaf. */
export const rowCell = (rowid: number, record: readonly number[]): number[] => [
  ...varintOf(record.length),
  ...varintOf(rowid),
  ...record,
];

/** A record of texts, ASCII, and integers of up to 32 bits. */
export function forgeRecord(values: readonly (string | number | null)[]): number[] {
  const types: number[] = [];
  const body: number[] = [];
  for (const value of values) {
    if (value === null) types.push(0);
    else if (typeof value === "number") {
      types.push(4);
      body.push(...long(value));
    } else {
      types.push(...varintOf(13 + 2 * value.length));
      for (let i = 0; i < value.length; i++) body.push(value.charCodeAt(i));
    }
  }
  return [types.length + 1, ...types, ...body];
}

/** A row of the schema. */
export const schemaCell = (rowid: number, name: string, root: number): number[] =>
  rowCell(rowid, forgeRecord(["table", name, name, root, "CREATE"]));

/** A database of pages made by hand; the first has room for a header of 100 bytes, which is all zeros. */
export function forge(pages: readonly Uint8Array[]): DatabasePages {
  const pageSize = pages[0]!.length;
  const bytes = new Uint8Array(pageSize * pages.length);
  for (const [i, page] of pages.entries()) bytes.set(page, i * pageSize);
  return pagesOf(bytes, pageSize);
}

/** All pages of a b-tree. */
export function pagesIn(pages: DatabasePages, root: number): number[] {
  const found: number[] = [];
  walkTree(pages, root, (page) => found.push(page));
  return found;
}

/** `count` tables, each of which has a root of its own above the same 400 pages: to walk each of them takes `count` times as long. */
export function forgeShared(count: number): DatabasePages {
  const leaves = Array.from({ length: 400 }, (_, i) => forgePage(4096, 13, [rowCell(i, forgeRecord([i]))]));
  const cells = leaves.slice(1).map((_, i) => childCell(2 + i, i));
  const roots = Array.from({ length: count }, () => forgePage(4096, 5, cells, { right: 2 + cells.length }));
  const first = 2 + leaves.length + count;
  const rows = Array.from({ length: count }, (_, i) => schemaCell(i, `t${i}`, 2 + leaves.length + i));
  const schema = Array.from({ length: Math.ceil(count / 50) }, (_, i) =>
    forgePage(4096, 13, rows.slice(50 * i, 50 * i + 50)),
  );
  const children = schema.slice(1).map((_, i) => childCell(first + i, 50 * i));
  const top = forgePage(4096, 5, children, { start: 100, right: first + children.length });
  return forge([top, ...leaves, ...roots, ...schema]);
}
