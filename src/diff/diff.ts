/**
 * What differs between two states of a database, row by row. Only the pages that were written in between are looked at: rows
 * on others are as they were. So a few rows of a table are found among millions.
 */

import { cellsOf, overflowOf } from "../sqlite/btree.ts";
import { type DatabasePages, Visits } from "../sqlite/pages.ts";
import { giveTurn } from "../turn.ts";
import { diffSchemas, type SchemaDiff } from "./schema.ts";
import { State } from "./state.ts";
import { type ColumnsOf, type Sides, type TableDiff, type TableLimits, TableReader } from "./table.ts";
import { type Touches, touchedTrees } from "./touched.ts";

export interface DiffInput {
  after: DatabasePages;
  /** Undefined where that state cannot be had: then only the tables that were written to are told. */
  before: DatabasePages | undefined;
  /** Numbers of the pages that were written between the two states. */
  written: ReadonlySet<number>;
  columnsOf: ColumnsOf;
}

export interface DiffOptions extends Partial<TableLimits> {
  signal?: AbortSignal | undefined;
}

export interface Diff {
  /** Tables whose rows differ, or may differ, by name. */
  tables: TableDiff[];
  /** Nothing where the state before is not known. */
  schema: SchemaDiff;
  /** Nothing that an application sees differs: Litestream's own tables alone. */
  isOwn: boolean;
}

/** Of a table: more rows or bytes are not held against each other. */
const LIMITS: TableLimits = { mostRows: 50_000, mostBytes: 64 << 20 };

/**
 * Nothing is copied but rows that overflow: the pages have to stay as they are for as long as the changes are read.
 *
 * @throws Malformed where a state's schema or b-trees cannot be followed; the signal's reason once it is aborted
 */
export async function diff(input: DiffInput, { signal, ...limits }: DiffOptions = {}): Promise<Diff> {
  const after = new State(input.after);
  const before = input.before && new State(input.before);
  const sides: Sides = { ...LIMITS, ...limits, before, after, columnsOf: input.columnsOf };
  const touches = touchedTrees(before, after, input.written);
  const readers = new Map<string, TableReader>();
  for (const touched of touches.trees) {
    const object = after.schema.get(touched.tree) ?? before?.schema.get(touched.tree);
    if (object?.type === "table") readers.set(touched.tree, new TableReader(sides, touched));
  }
  for (const reader of readers.values()) await reader.read(touches.loose, signal);
  signal?.throwIfAborted();
  if (before) await findLoose(sides, touches, readers, signal);
  const tables = [...readers.values()]
    .map((reader) => reader.result())
    .filter((table) => table !== undefined);
  const schema = before ? diffSchemas(before.schema, after.schema) : NO_CHANGES;
  const all = [...tables.map(({ table }) => `table ${table}`), ...Object.values(schema).flat()];
  return {
    tables: tables.sort((a, b) => (a.table < b.table ? -1 : 1)),
    schema,
    isOwn: all.length > 0 && all.every((name) => /^table _litestream_(seq|lock)$/.test(name)),
  };
}

const NO_CHANGES: SchemaDiff = { added: [], removed: [], changed: [] };

/**
 * Finds the rows of which an overflow page was written and nothing else, as SQLite does where a value is replaced by one of
 * the same size: all pages of all tables are read for it. What has no such row is an index's.
 */
async function findLoose(
  sides: Sides,
  { loose, owners }: Touches,
  readers: Map<string, TableReader>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { pages, schema } = sides.after;
  const visits = new Visits(pages);
  for (let page = 1; page <= pages.count && loose.size > 0; page++) {
    const tree = owners.treeOf(page)?.name;
    if (tree === undefined || schema.get(tree)?.type !== "table") continue;
    await giveTurn();
    signal?.throwIfAborted();
    for (const cell of cellsOf(pages, page, true)) {
      const overflow = overflowOf(pages, cell, visits);
      const hit = overflow.filter((one) => loose.has(one));
      if (hit.length === 0) continue;
      for (const one of hit) loose.delete(one);
      let reader = readers.get(tree);
      if (!reader) readers.set(tree, (reader = new TableReader(sides, { tree, before: [], after: [] })));
      reader.addLoose(cell, overflow);
    }
  }
}
