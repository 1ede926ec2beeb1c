/** One table of two states: what its rows on the pages that were written were, and are. */

import {
  type Cell,
  cellsOf,
  countRows,
  Malformed,
  overflowOf,
  type Pages,
  recordOf,
} from "../sqlite/btree.ts";
import { keyOf, type Value } from "../sqlite/record.ts";
import { giveTurn } from "../turn.ts";
import type { DiffInput } from "./diff.ts";
import { Shape, type StoredColumn } from "./shape.ts";
import { encodingOf, type SchemaObject, type Touched } from "./touched.ts";

/** A row that differs: its values before and after, in the order of the table's columns. */
export interface RowChange {
  kind: "added" | "removed" | "changed";
  /** Undefined where it was added, or the columns of then are not known. */
  before: Value[] | undefined;
  /** Undefined where it was removed. */
  after: Value[] | undefined;
}

export interface TableDiff {
  table: string;
  /** How many rows differ; undefined where only that the table was written to is known: it has too many rows, or none that can be told apart. */
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

/** Rows of a table that are held against each other at most, and bytes of rows that do not lie on one page. */
const MOST_ROWS = 50_000;
const MOST_BYTES = 64 << 20;

type Key = bigint | string;
type Rows = Map<Key, { rowid: bigint | undefined; record: Uint8Array }>;

export class TableReader {
  readonly key: string;
  readonly #input: DiffInput;
  readonly #touched: Touched;
  readonly #now: SchemaObject | undefined;
  readonly #was: SchemaObject | undefined;
  readonly #before: Rows = new Map();
  readonly #after: Rows = new Map();
  /** Of a table without rowids: how many values at the beginning of its records are the key. */
  readonly #keys: number | undefined;
  #bytes = 0;
  #uncounted = false;

  constructor(
    input: DiffInput,
    touched: Touched,
    now: SchemaObject | undefined,
    was: SchemaObject | undefined,
  ) {
    this.key = touched.key;
    this.#input = input;
    this.#touched = touched;
    this.#now = now;
    this.#was = was;
    const columns = now ? input.columnsOf(now, "after") : was && input.columnsOf(was, "before");
    this.#keys = columns?.filter(({ pk }) => pk > 0).length;
  }

  /** Reads its rows; pages that they overflow to are `loose` no more. */
  async read(loose: Set<number>, signal: AbortSignal | undefined): Promise<void> {
    const { before, after } = this.#input;
    if (!before) {
      this.#uncounted = true;
      return;
    }
    for (const [pages, numbers, rows] of [
      [before, this.#touched.before, this.#before],
      [after, this.#touched.after, this.#after],
    ] as const) {
      for (const page of numbers) {
        await giveTurn();
        signal?.throwIfAborted();
        if (this.#uncounted) return;
        this.#guard(() => {
          for (const cell of cellsOf(pages, page)) {
            this.#add(pages, rows, cell);
            for (const more of overflowOf(pages, cell)) loose.delete(more);
          }
        });
      }
    }
  }

  /** Takes a row of which but an overflow page was written: it stands on the same page before and after. */
  addLoose(cell: Cell): void {
    this.#guard(() => {
      this.#add(this.#input.before!, this.#before, cell);
      this.#add(this.#input.after, this.#after, cell);
    });
  }

  #add(pages: Pages, rows: Rows, cell: Cell): void {
    const record = recordOf(pages, cell);
    if (cell.overflow !== 0) this.#bytes += record.length;
    const key = cell.rowid ?? keyOf(record, this.#keys ?? Number.POSITIVE_INFINITY);
    rows.set(key, { rowid: cell.rowid, record });
    if (rows.size > MOST_ROWS || this.#bytes > MOST_BYTES) this.#uncounted = true;
  }

  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof Malformed || error instanceof RangeError)) throw error;
      this.#uncounted = true;
    }
  }

  /** Undefined: nothing differs. */
  result(): TableDiff | undefined {
    const { name: table } = (this.#now ?? this.#was)!;
    if (this.#uncounted) {
      const { before, after } = this.#input;
      const [rowsBefore, rowsAfter] = [rowsOf(before, this.#was), rowsOf(after, this.#now)];
      return { table, counts: undefined, rowsBefore, rowsAfter, columns: [], *changes() {} };
    }
    const kinds: [RowChange["kind"], Key][] = [];
    for (const [key, { record }] of this.#after) {
      const old = this.#before.get(key);
      if (!old) kinds.push(["added", key]);
      else if (!equal(old.record, record)) kinds.push(["changed", key]);
    }
    for (const key of this.#before.keys()) if (!this.#after.has(key)) kinds.push(["removed", key]);
    if (kinds.length === 0) return undefined;
    kinds.sort(([, a], [, b]) => (a < b ? -1 : a > b ? 1 : 0));
    const counts = { added: 0, removed: 0, changed: 0 };
    for (const [kind] of kinds) counts[kind]++;
    const { columns, shapes } = this.#shapes();
    const [before, after] = [this.#before, this.#after];
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
    const { columnsOf, after } = this.#input;
    const now = this.#now && columnsOf(this.#now, "after");
    const was = this.#was && (this.#now?.sql === this.#was.sql ? now : columnsOf(this.#was, "before"));
    const columns = (now ?? was ?? []).map(({ name }) => name);
    const shape = (of: StoredColumn[] | undefined) => of && new Shape(of, columns, encodingOf(after));
    return { columns, shapes: { before: shape(was), after: shape(now) } };
  }
}

/** Undefined where that state, or its table, cannot be read; none where it has no such table. */
function rowsOf(pages: Pages | undefined, object: SchemaObject | undefined): number | undefined {
  if (!pages) return undefined;
  if (!object || object.root === 0) return 0;
  try {
    return countRows(pages, object.root);
  } catch (error) {
    if (!(error instanceof Malformed || error instanceof RangeError)) throw error;
    return undefined;
  }
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
