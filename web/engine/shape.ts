/** The shape of a table's rows: from the values that a record holds to those of the columns. */

import type { Cell as CellView } from "../protocol.ts";
import { cellOf, type Encoding, type Value, valuesOf } from "./record.ts";

/** A column whose values are stored, unlike those that are generated as they are read. */
export interface StoredColumn {
  name: string;
  type: string;
  /** Its place in the primary key, from 1; 0: it is not part of it. */
  pk: number;
  /** Of rows that were written before the column was added. */
  fallback: Value;
}

export class Shape {
  readonly #columns: readonly StoredColumn[];
  /** For each column that is shown: its number here, or -1. */
  readonly #shown: readonly number[];
  readonly #encoding: Encoding;
  /** Where the columns stand in the records of a table without rowids: the key first. */
  readonly #keyFirst: readonly number[];
  /** The column that stands for the rowid, and is not stored itself. */
  readonly #alias: number;

  /** `shown`: names of the columns that are wanted, which may be those of another time. */
  constructor(columns: readonly StoredColumn[], shown: readonly string[], encoding: Encoding) {
    this.#columns = columns;
    this.#shown = shown.map((name) => columns.findIndex((column) => column.name === name));
    this.#encoding = encoding;
    const keys = columns.map((_, i) => i).filter((i) => columns[i]!.pk > 0);
    keys.sort((a, b) => columns[a]!.pk - columns[b]!.pk);
    this.#keyFirst = [...keys, ...columns.map((_, i) => i).filter((i) => columns[i]!.pk === 0)];
    const [only] = keys;
    this.#alias = keys.length === 1 && /^integer$/i.test(columns[only!]!.type) ? only! : -1;
  }

  cells({ rowid, record }: { rowid: bigint | undefined; record: Uint8Array }): CellView[] {
    const stored = valuesOf(record, this.#encoding);
    const order = rowid === undefined ? this.#keyFirst : undefined;
    const values = this.#columns.map((column, i): Value => {
      const value = stored[order ? order.indexOf(i) : i];
      return value === undefined ? column.fallback : value;
    });
    if (rowid !== undefined && this.#alias >= 0) values[this.#alias] ??= rowid;
    return this.#shown.map((i) => (i < 0 ? null : cellOf(values[i]!)));
  }
}
