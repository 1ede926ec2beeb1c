/** The shape of a table's rows: from the values that a record holds to those of the columns. */

import { type Encoding, type Value, valuesOf } from "../sqlite/values.ts";

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
  /** For each column that is wanted: its number here, or -1. */
  readonly #wanted: readonly number[];
  readonly #encoding: Encoding;
  /** Per column: where it stands in the records of a table without rowids, which have the key first. */
  readonly #keyFirst: readonly number[];
  /** The column that stands for the rowid, and is not stored itself. */
  readonly #alias: number;

  /** `wanted`: names of the columns that are wanted, which may be those of another time. */
  constructor(columns: readonly StoredColumn[], wanted: readonly string[], encoding: Encoding) {
    this.#columns = columns;
    this.#wanted = wanted.map((name) => columns.findIndex((column) => column.name === name));
    this.#encoding = encoding;
    const keys = columns.map((_, i) => i).filter((i) => columns[i]!.pk > 0);
    keys.sort((a, b) => columns[a]!.pk - columns[b]!.pk);
    const order = [...keys, ...columns.map((_, i) => i).filter((i) => columns[i]!.pk === 0)];
    this.#keyFirst = columns.map((_, i) => order.indexOf(i));
    const [only] = keys;
    this.#alias = keys.length === 1 && /^integer$/i.test(columns[only!]!.type) ? only! : -1;
  }

  /** The values of the columns that are wanted: null for a column that the table does not have. */
  values({ rowid, record }: { rowid: bigint | undefined; record: Uint8Array }): Value[] {
    const stored = valuesOf(record, this.#encoding);
    const values = this.#columns.map((column, i): Value => {
      const value = stored[rowid === undefined ? this.#keyFirst[i]! : i];
      return value === undefined ? column.fallback : value;
    });
    if (rowid !== undefined && this.#alias >= 0) {
      const near = Number(rowid);
      values[this.#alias] ??= Number.isSafeInteger(near) ? near : rowid;
    }
    return this.#wanted.map((i) => (i < 0 ? null : values[i]!));
  }
}
