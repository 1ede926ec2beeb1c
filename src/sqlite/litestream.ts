/**
 * Litestream's own counter as evidence: the one row of `_litestream_seq` is raised by 1 with every checkpoint that it
 * tries, mostly as the first transaction of an index, so its values go on by 1 from index to index.
 *
 * Evidence only: an application may have edited the table, and where the schema is too deep to follow, or changes, the
 * counter is given up rather than guessed.
 */

import { cellStart, childOf, type PageHeader, readPageHeader, TABLE_INTERIOR, TABLE_LEAF } from "./page.ts";
import { readFields, readInteger } from "./record.ts";
import { readVarint } from "./varint.ts";

const NAME = "_litestream_seq";

/** A hostile file may have many pages that look like the table. */
const MOST_SEEN = 4096;

/** Pages of the schema that are followed. One page of a hostile file may name 32,000. */
const MOST_SCHEMA = 65536;

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
      if (this.#root === undefined && data[100] === TABLE_INTERIOR) this.#root = root;
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
    const header = readPageHeader(page, data);
    if (header?.type === TABLE_INTERIOR) {
      for (let i = 0; i <= header.cells && this.#schema.size < MOST_SCHEMA; i++)
        this.#schema.add(childOf(data, header, i));
    } else if (header?.type === TABLE_LEAF) {
      for (let i = 0; i < header.cells; i++) this.#root = schemaRoot(data, header, i) ?? this.#root;
    }
  }
}

/** The record in cell `i` of a table's leaf, behind its size and rowid, and what follows it on the page. */
function recordAt(data: Uint8Array, header: PageHeader, i: number): Uint8Array {
  const size = readVarint(data, cellStart(data, header, i));
  const rowid = size && readVarint(data, size.next);
  return data.subarray(rowid?.next ?? data.length);
}

/** The root page in a row of the schema (type, name, tbl_name, rootpage, sql), if it is the row of the counter's table. */
function schemaRoot(data: Uint8Array, header: PageHeader, i: number): number | undefined {
  const record = recordAt(data, header, i);
  const [, name, , root] = readFields(record, 4) ?? [];
  // A text of as many bytes.
  if (!root || name!.type !== 13 + 2 * NAME.length) return undefined;
  const text = String.fromCharCode(...record.subarray(name!.at, name!.at + name!.size));
  return text === NAME ? readInteger(record, root) : undefined;
}

/** The counter, where `data` is its table's page: one leaf cell, columns (id, seq). 0 where there is no row yet. */
export function sequenceValue(data: Uint8Array): number | undefined {
  // First of all: it is asked of each page of a WAL.
  if (data[0] !== TABLE_LEAF) return undefined;
  const header = readPageHeader(0, data);
  if (header?.cells !== 1) return header?.cells === 0 ? 0 : undefined;
  const record = recordAt(data, header, 0);
  const fields = readFields(record, 3);
  return fields?.length === 2 ? readInteger(record, fields[1]!) : undefined;
}
