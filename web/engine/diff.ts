/**
 * What a commit changed, row by row. Only the pages that it wrote are looked at: rows on others are as they were. So a few
 * rows of a table are found among millions.
 */

import { giveTurn } from "../../src/turn.ts";
import type { ChangesView, TableChanges } from "../protocol.ts";
import {
  type Cell,
  cellsOf,
  countRows,
  Malformed,
  overflowOf,
  type Pages,
  recordOf,
  walkTree,
} from "./btree.ts";
import { keyOf } from "./record.ts";
import { Shape, type StoredColumn } from "./shape.ts";
import { encodingOf, readSchema, type SchemaObject, type Touched, touchedTrees } from "./trees.ts";

export interface DiffInput {
  after: Pages;
  /** Undefined where that state cannot be had. */
  before: Pages | undefined;
  /** The pages that the commit wrote. */
  written: ReadonlySet<number>;
  /** The columns that a table stores, in their order. */
  columnsOf: (object: SchemaObject, side: "before" | "after") => StoredColumn[] | undefined;
}

export type Diff = Pick<ChangesView, "tables" | "schema" | "isOwn">;

/** Rows of a table that are held against each other at most, and bytes of rows that do not lie on one page. */
const MOST_ROWS = 50_000;
const MOST_BYTES = 64 << 20;
/** Changes of a table that are given at most, and characters in all of them. */
const SAMPLES = 1000;
const SAMPLE_CHARACTERS = 1 << 20;

type Key = bigint | string;
type Rows = Map<Key, { rowid: bigint | undefined; record: Uint8Array }>;

export async function diff(input: DiffInput, signal: AbortSignal | undefined): Promise<Diff> {
  const after = { pages: input.after, schema: readSchema(input.after) };
  const before = input.before && { pages: input.before, schema: readSchema(input.before) };
  const { trees, loose } = touchedTrees(before, after, input.written);
  const schema = before ? schemaChanges(before.schema, after.schema) : NO_CHANGES;
  const tables: TableDiff[] = [];
  for (const touched of trees) {
    const [now, was] = [after.schema.get(touched.key), before?.schema.get(touched.key)];
    if ((now ?? was)?.type !== "table") continue;
    tables.push(new TableDiff(input, touched, now, was));
  }
  for (const table of tables) await table.read(loose, signal);
  signal?.throwIfAborted();
  if (loose.size > 0 && input.before) await findLoose(input, after.schema, tables, loose, signal);
  const changes = tables.map((table) => table.result()).filter((table) => table !== undefined);
  const all = [...changes.map(({ table }) => `table ${table}`), ...Object.values(schema).flat()];
  return {
    tables: changes.sort((a, b) => (a.table < b.table ? -1 : 1)),
    schema,
    isOwn: all.length > 0 && all.every((name) => /^table _litestream_(seq|lock)$/.test(name)),
  };
}

const NO_CHANGES: ChangesView["schema"] = { added: [], removed: [], changed: [] };

/** By `<type> <name>`; the indexes that SQLite makes for itself say nothing that their table does not. */
function schemaChanges(
  before: ReadonlyMap<string, SchemaObject>,
  after: ReadonlyMap<string, SchemaObject>,
): ChangesView["schema"] {
  const isNamed = (key: string) => !/^\w+ sqlite_autoindex_/.test(key);
  const names = (all: Iterable<string>) => [...all].filter(isNamed).sort();
  return {
    added: names([...after.keys()].filter((key) => !before.has(key))),
    removed: names([...before.keys()].filter((key) => !after.has(key))),
    changed: names(
      [...after.keys()].filter(
        (key) => (before.get(key)?.sql ?? after.get(key)!.sql) !== after.get(key)!.sql,
      ),
    ),
  };
}

/** One table: what its rows on the pages that were written were, and are. */
class TableDiff {
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

  /** Undefined: nothing has changed. */
  result(): TableChanges | undefined {
    const { name } = (this.#now ?? this.#was)!;
    const none = { table: name, added: 0, removed: 0, changed: 0, samples: [], columns: [] };
    if (this.#uncounted) {
      const { before, after } = this.#input;
      const [rowsBefore, rowsAfter] = [rowsOf(before, this.#was), rowsOf(after, this.#now)];
      return { ...none, uncounted: true, rowsBefore, rowsAfter };
    }
    const kinds: [TableChanges["samples"][number]["kind"], Key][] = [];
    for (const [key, { record }] of this.#after) {
      const old = this.#before.get(key);
      if (!old) kinds.push(["added", key]);
      else if (!equal(old.record, record)) kinds.push(["changed", key]);
    }
    for (const key of this.#before.keys()) if (!this.#after.has(key)) kinds.push(["removed", key]);
    if (kinds.length === 0) return undefined;
    const count = (kind: string) => kinds.filter((one) => one[0] === kind).length;
    kinds.sort(([, a], [, b]) => (a < b ? -1 : a > b ? 1 : 0));
    const counts = { added: count("added"), removed: count("removed"), changed: count("changed") };
    return { table: name, ...counts, ...this.#samples(kinds.slice(0, SAMPLES)), ...COUNTED };
  }

  #samples(
    kinds: readonly [TableChanges["samples"][number]["kind"], Key][],
  ): Pick<TableChanges, "samples" | "columns"> {
    const { columnsOf, after } = this.#input;
    const now = this.#now && columnsOf(this.#now, "after");
    const was = this.#was && (this.#now?.sql === this.#was.sql ? now : columnsOf(this.#was, "before"));
    const columns = (now ?? was)?.map(({ name }) => name);
    if (!columns) return { samples: [], columns: [] };
    const shape = (of: StoredColumn[] | undefined) => of && new Shape(of, columns, encodingOf(after));
    const shapes = { before: shape(was), after: shape(now) };
    try {
      const samples: TableChanges["samples"] = [];
      let characters = 0;
      for (const [kind, key] of kinds) {
        const [old, fresh] = [this.#before.get(key), this.#after.get(key)];
        const [before, after] = [old && shapes.before?.cells(old), fresh && shapes.after?.cells(fresh)];
        for (const cell of [...(before ?? []), ...(after ?? [])])
          if (typeof cell === "string") characters += cell.length;
        if (samples.length > 0 && characters > SAMPLE_CHARACTERS) break;
        samples.push({ kind, before, after });
      }
      return { samples, columns };
    } catch (error) {
      if (error instanceof Malformed) return { samples: [], columns };
      throw error;
    }
  }
}

const COUNTED = { uncounted: false, rowsBefore: undefined, rowsAfter: undefined };

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

/**
 * Finds the rows of which an overflow page was written and nothing else, as SQLite does where a value is replaced by one of
 * the same size. What has no such row is an index's.
 */
async function findLoose(
  input: DiffInput,
  schema: ReadonlyMap<string, SchemaObject>,
  tables: TableDiff[],
  loose: Set<number>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { after: pages } = input;
  for (const object of schema.values()) {
    if (object.type !== "table" || object.root === 0) continue;
    const key = `table ${object.name}`;
    let table = tables.find((one) => one.key === key);
    const numbers: number[] = [];
    walkTree(pages, object.root, (page) => numbers.push(page));
    for (const page of numbers) {
      await giveTurn();
      signal?.throwIfAborted();
      for (const cell of cellsOf(pages, page, true)) {
        const hit = [...overflowOf(pages, cell)].filter((one) => loose.has(one));
        if (hit.length === 0) continue;
        for (const one of hit) loose.delete(one);
        if (!table)
          tables.push((table = new TableDiff(input, { key, before: [], after: [] }, object, object)));
        table.addLoose(cell);
      }
      if (loose.size === 0) return;
    }
  }
}
