/** One table of two states: what its rows on the pages that were written were, and are. */

import { type Cell, cellsOf, recordOf } from "../sqlite/btree.ts";
import { Malformed } from "../sqlite/malformed.ts";
import type { SchemaObject } from "../sqlite/schema.ts";
import { keyOf, type Value } from "../sqlite/values.ts";
import { giveTurn } from "../turn.ts";
import { Shape, type StoredColumn } from "./shape.ts";
import type { State } from "./state.ts";
import type { Touched } from "./touched.ts";

/** A row that differs: its values before and after, in the order of {@link TableDiff.columns}. */
export interface RowChange {
  kind: "added" | "removed" | "changed";
  /** Undefined where it was added, or the columns of then are not known. */
  before: Value[] | undefined;
  /** Undefined where it was removed. */
  after: Value[] | undefined;
}

export interface TableDiff {
  table: string;
  /**
   * How many rows differ. Undefined where only that the table was written to is known: it has too many rows, its rows cannot be
   * read, or the state before is not known.
   */
  counts: Record<RowChange["kind"], number> | undefined;
  /** How many rows it had and has, where `counts` is undefined; undefined where that cannot be had either. */
  rowsBefore: number | undefined;
  rowsAfter: number | undefined;
  /** Names of the columns that it stores; none where they are not known, or `counts` is undefined. */
  columns: string[];
  /**
   * The rows that differ, by key, each decoded as it is asked for; none where `columns` has none.
   *
   * @throws Malformed of a row that cannot be read
   */
  changes(): Generator<RowChange>;
}

/**
 * The columns that a table stores, in their order, in the state before or after; undefined where they are not known. Asked for
 * the same table more than once.
 */
export type ColumnsOf = (object: SchemaObject, side: "before" | "after") => StoredColumn[] | undefined;

/** What of a table is held in memory at most. */
export interface TableLimits {
  /** Rows of either state. */
  mostRows: number;
  /** Bytes of rows that do not lie on one page, of both states. */
  mostBytes: number;
}

type Key = bigint | string;
type Rows = Map<Key, { rowid: bigint | undefined; record: Uint8Array }>;

/** Two states of a database, and what is known of both. */
export interface Sides extends TableLimits {
  /** Undefined where that state cannot be had. */
  before: State | undefined;
  after: State;
  columnsOf: ColumnsOf;
}

export class TableReader {
  readonly #sides: Sides;
  readonly #touched: Touched;
  readonly #was: SchemaObject | undefined;
  readonly #now: SchemaObject | undefined;
  readonly #before: Rows = new Map();
  readonly #after: Rows = new Map();
  #keys: number | undefined;
  #bytes = 0;
  #uncounted = false;

  /** Of a table that is in one of the states, at least. */
  constructor(sides: Sides, touched: Touched) {
    this.#sides = sides;
    this.#touched = touched;
    this.#was = sides.before?.schema.get(touched.tree);
    this.#now = sides.after.schema.get(touched.tree);
  }

  get tree(): string {
    return this.#touched.tree;
  }

  /** Reads its rows; pages that they overflow to are `loose` no more. */
  async read(loose: Set<number>, signal: AbortSignal | undefined): Promise<void> {
    const { before, after } = this.#sides;
    if (!before) this.#giveUp();
    else {
      await this.#readSide(before, this.#touched.before, this.#before, loose, signal);
      await this.#readSide(after, this.#touched.after, this.#after, loose, signal);
    }
  }

  async #readSide(
    state: State,
    numbers: readonly number[],
    rows: Rows,
    loose: Set<number>,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    for (const page of numbers) {
      await giveTurn();
      signal?.throwIfAborted();
      if (this.#uncounted) return;
      this.#guard(() => {
        for (const cell of cellsOf(state.pages, page)) {
          const overflow = state.overflowOf(cell);
          this.#add(state, rows, cell, overflow);
          for (const more of overflow) loose.delete(more);
        }
      });
    }
  }

  /** Takes a row of which but an overflow page was written: it stands on the same page before and after. */
  addLoose(cell: Cell, overflow: readonly number[]): void {
    const { before, after } = this.#sides;
    this.#guard(() => {
      this.#add(before!, this.#before, cell, before!.overflowOf(cell));
      this.#add(after, this.#after, cell, overflow);
    });
  }

  #add({ pages }: State, rows: Rows, cell: Cell, overflow: readonly number[]): void {
    const { mostRows, mostBytes } = this.#sides;
    if (overflow.length > 0) this.#bytes += cell.size;
    if (rows.size >= mostRows || this.#bytes > mostBytes) this.#giveUp();
    if (this.#uncounted) return;
    const record = recordOf(pages, cell, overflow);
    rows.set(cell.rowid ?? keyOf(record, this.#keyCount), { rowid: cell.rowid, record });
  }

  /** Of a table without rowids: how many values at the beginning of its records are the key; all where that is not known. */
  get #keyCount(): number {
    if (this.#keys === undefined) {
      const columns = this.#columnsAfter() ?? this.#columnsBefore();
      this.#keys = columns?.filter(({ pk }) => pk > 0).length ?? Number.POSITIVE_INFINITY;
    }
    return this.#keys;
  }

  #giveUp(): void {
    this.#uncounted = true;
    this.#before.clear();
    this.#after.clear();
  }

  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      // A RangeError: there is no memory for a row.
      if (!(error instanceof Malformed || error instanceof RangeError)) throw error;
      this.#giveUp();
    }
  }

  /** Undefined: nothing differs. */
  result(): TableDiff | undefined {
    const { name: table } = (this.#now ?? this.#was)!;
    if (this.#uncounted) {
      const { before, after } = this.#sides;
      const [rowsBefore, rowsAfter] = [before?.countRows(this.#was), after.countRows(this.#now)];
      return { table, counts: undefined, rowsBefore, rowsAfter, columns: [], *changes() {} };
    }
    const [before, after] = [this.#before, this.#after];
    const kinds: [RowChange["kind"], Key][] = [];
    for (const [key, { record }] of after) {
      const old = before.get(key);
      if (!old) kinds.push(["added", key]);
      else if (!isEqual(old.record, record)) kinds.push(["changed", key]);
    }
    for (const key of before.keys()) if (!after.has(key)) kinds.push(["removed", key]);
    if (kinds.length === 0) return undefined;
    kinds.sort(([, a], [, b]) => (a < b ? -1 : a > b ? 1 : 0));
    const counts = { added: 0, removed: 0, changed: 0 };
    for (const [kind] of kinds) counts[kind]++;
    const { columns, shapes } = this.#shapes();
    return {
      ...{ table, counts, rowsBefore: undefined, rowsAfter: undefined, columns },
      *changes() {
        if (columns.length === 0) return;
        for (const [kind, key] of kinds) {
          const [old, now] = [before.get(key), after.get(key)];
          yield { kind, before: old && shapes.before?.values(old), after: now && shapes.after?.values(now) };
        }
      },
    };
  }

  /** The columns by name, and how rows of either state are read for these. */
  #shapes(): {
    columns: string[];
    shapes: { before: Shape | undefined; after: Shape | undefined };
  } {
    const { before, after } = this.#sides;
    const now = this.#columnsAfter();
    const was = this.#now?.sql === this.#was?.sql ? now : this.#columnsBefore();
    const columns = (now ?? was ?? []).map(({ name }) => name);
    const shape = (of: StoredColumn[] | undefined, state: State | undefined) =>
      of && state && new Shape(of, columns, state.encoding);
    return { columns, shapes: { before: shape(was, before), after: shape(now, after) } };
  }

  #columnsBefore(): StoredColumn[] | undefined {
    return this.#was && this.#sides.columnsOf(this.#was, "before");
  }

  #columnsAfter(): StoredColumn[] | undefined {
    return this.#now && this.#sides.columnsOf(this.#now, "after");
  }
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
