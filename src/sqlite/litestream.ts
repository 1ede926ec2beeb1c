/**
 * Litestream's own counter as evidence: the one row of `_litestream_seq` is raised by 1 with every checkpoint that it
 * tries, mostly as the first transaction of an index, so its values go on by 1 from index to index.
 *
 * Evidence only: an application may have edited the table, and where the schema is too deep to follow, or changes, the
 * counter is given up rather than guessed.
 */

import { readUint16BE, readUint32BE, readVarint } from "../bytes.ts";

const NAME = "_litestream_seq";
const INTERIOR_TABLE = 0x05;
const LEAF_TABLE = 0x0d;

/** A hostile file may have many pages that look like the table. */
const MOST_SEEN = 4096;

export class LitestreamSequence {
  /** Pages of the schema's b-tree, as far as they are known. */
  #schema = new Set<number>([1]);
  #root: number | undefined;
  /** Pages that may be the table, with what they say, until the schema tells which one it is. */
  readonly #seen = new Map<number, number>();
  #value: number | undefined;
  #index = -1;
  #first: { value: number; expected: number } | undefined;

  /** Looks at a page of the snapshot of `index`, in ascending order: where is the table, and what does it say? */
  addSnapshotPage(index: number, page: number, data: Uint8Array): void {
    if (page === 1) {
      this.#schema = new Set([1]);
      this.#root = undefined;
      this.#seen.clear();
    }
    if (page === this.#root) this.#take(index, sequenceValue(data));
    if (this.#root === undefined) this.#look(index, page, data);
  }

  /** With the table not known yet: a page of the schema may tell of it, any other be it. */
  #look(index: number, page: number, data: Uint8Array): void {
    if (!this.#schema.has(page)) {
      // Where the schema has several pages, the table may lie before the one that tells of it.
      const value = this.#seen.size < MOST_SEEN || this.#seen.has(page) ? sequenceValue(data) : undefined;
      if (value !== undefined) this.#seen.set(page, value);
      return;
    }
    this.#readSchema(page, data);
    if (this.#root !== undefined) this.#take(index, this.#seen.get(this.#root));
  }

  #take(index: number, value: number | undefined): void {
    if (this.#value !== undefined || value === undefined) return;
    this.#value = value;
    this.#index = index;
  }

  /** The page of the counter's table, where the schema tells. */
  get page(): number | undefined {
    return this.#root;
  }

  /** The counter as last seen. */
  get value(): number | undefined {
    return this.#value;
  }

  /** Forgets the counter: after a gap it may stand anywhere. */
  reset(): void {
    this.#value = undefined;
  }

  /** Looks at a page from the WAL of `index`. */
  addFrame(index: number, page: number, data: Uint8Array): void {
    if (page === 1) {
      const root = this.#root;
      this.#root = undefined;
      this.#schema = new Set([1]);
      this.#readSchema(1, data);
      // A schema of several pages says nothing of the table on page 1 itself; what was known stays.
      if (this.#root === undefined && data[100] === INTERIOR_TABLE) this.#root = root;
      if (this.#root !== root) this.#value = undefined;
      if (this.#root === undefined) this.#seen.clear();
    } else if (this.#root === undefined) this.#look(index, page, data);
    if (page !== this.#root) return;
    const value = sequenceValue(data);
    if (value === undefined) return;
    if (index !== this.#index && this.#value !== undefined) {
      this.#first = { value, expected: this.#value + 1 };
    }
    this.#index = index;
    this.#value = value;
  }

  /**
   * At the end of an index: what its first value was, and what would have followed from the index before; undefined
   * where either is not known.
   */
  endIndex(): { value: number; expected: number } | undefined {
    const first = this.#first;
    this.#first = undefined;
    return first;
  }

  #readSchema(page: number, data: Uint8Array): void {
    const start = page === 1 ? 100 : 0;
    const type = data[start];
    const cells = readUint16BE(data, start + 3);
    const pointers = start + (type === INTERIOR_TABLE ? 12 : 8);
    if (pointers + 2 * cells > data.length) return;
    if (type === INTERIOR_TABLE) {
      for (let i = 0; i < cells; i++) {
        const cell = readUint16BE(data, pointers + 2 * i);
        if (cell + 4 <= data.length) this.#schema.add(readUint32BE(data, cell));
      }
      this.#schema.add(readUint32BE(data, start + 8));
    } else if (type === LEAF_TABLE) {
      for (let i = 0; i < cells; i++) {
        const root = schemaRoot(data, readUint16BE(data, pointers + 2 * i));
        if (root !== undefined) this.#root = root;
      }
    }
  }
}

interface Column {
  /** Serial type. {@link https://www.sqlite.org/fileformat2.html#record_format} */
  type: number;
  at: number;
  size: number;
}

const INTEGER_SIZES = [0, 1, 2, 3, 4, 6, 8, 8, 0, 0];

/** The columns of the record of the table leaf cell at `cell`, as far as they lie on this page. */
function readRecord(data: Uint8Array, cell: number): Column[] | undefined {
  const payload = readVarint(data, cell);
  const rowid = payload && readVarint(data, payload.next);
  const header = rowid && readVarint(data, rowid.next);
  if (!rowid || !header) return undefined;
  const end = rowid.next + header.value;
  const columns: Column[] = [];
  let at = header.next;
  let body = end;
  while (at < end && columns.length < 8) {
    const type = readVarint(data, at);
    if (!type) return undefined;
    const size = type.value < 10 ? INTEGER_SIZES[type.value]! : Math.floor((type.value - 12) / 2);
    if (size < 0) return undefined;
    columns.push({ type: type.value, at: body, size });
    body += size;
    at = type.next;
  }
  return columns;
}

function readInteger(data: Uint8Array, { type, at, size }: Column): number | undefined {
  if (type === 8 || type === 9) return type - 8;
  if (type < 1 || type > 6 || at + size > data.length) return undefined;
  let value = (data[at]! << 24) >> 24;
  for (let i = 1; i < size; i++) value = value * 256 + data[at + i]!;
  return Number.isSafeInteger(value) ? value : undefined;
}

/** The root page in a row of the schema (type, name, tbl_name, rootpage, sql), if it is the row of the counter's table. */
function schemaRoot(data: Uint8Array, cell: number): number | undefined {
  const columns = readRecord(data, cell);
  const name = columns?.[1];
  const root = columns?.[3];
  if (!name || !root || name.type !== 13 + 2 * NAME.length) return undefined;
  for (let i = 0; i < NAME.length; i++) if (data[name.at + i] !== NAME.charCodeAt(i)) return undefined;
  return readInteger(data, root);
}

/** The counter, where `data` is its table's page: one leaf cell, columns (id, seq). 0 where there is no row yet. */
export function sequenceValue(data: Uint8Array): number | undefined {
  if (data[0] !== LEAF_TABLE) return undefined;
  const cells = readUint16BE(data, 3);
  if (cells !== 1) return cells === 0 ? 0 : undefined;
  const columns = readRecord(data, readUint16BE(data, 8));
  return columns?.length === 2 ? readInteger(data, columns[1]!) : undefined;
}
