/**
 * What differs between two states of a database, row by row. Only the pages that were written in between are looked at: rows
 * on others are as they were. So a few rows of a table are found among millions.
 */

import { cellsOf, overflowOf, type Pages, walkTree } from "../sqlite/btree.ts";
import { giveTurn } from "../turn.ts";
import type { StoredColumn } from "./shape.ts";
import { type TableDiff, TableReader } from "./table.ts";
import { readSchema, type SchemaObject, touchedTrees } from "./touched.ts";

export interface DiffInput {
  after: Pages;
  /** Undefined where that state cannot be had. */
  before: Pages | undefined;
  /** The pages that were written between the two states. */
  written: ReadonlySet<number>;
  /** The columns that a table stores, in their order; undefined where they are not known. */
  columnsOf: (object: SchemaObject, side: "before" | "after") => StoredColumn[] | undefined;
}

/** What differs between two schemas: names as `<type> <name>`, in alphabetical order. */
export interface SchemaDiff {
  added: string[];
  removed: string[];
  changed: string[];
}

export interface Diff {
  /** Tables whose rows differ, or may differ, by name. */
  tables: TableDiff[];
  schema: SchemaDiff;
  /** Nothing that an application sees differs: Litestream's own tables alone. */
  isOwn: boolean;
}

/** @throws Malformed where a state's schema or b-trees cannot be followed; the signal's reason once it is aborted */
export async function diff(input: DiffInput, signal: AbortSignal | undefined): Promise<Diff> {
  const after = { pages: input.after, schema: readSchema(input.after) };
  const before = input.before && { pages: input.before, schema: readSchema(input.before) };
  const { trees, loose } = touchedTrees(before, after, input.written);
  const schema = before ? schemaChanges(before.schema, after.schema) : NO_CHANGES;
  const readers: TableReader[] = [];
  for (const touched of trees) {
    const [now, was] = [after.schema.get(touched.key), before?.schema.get(touched.key)];
    if ((now ?? was)?.type !== "table") continue;
    readers.push(new TableReader(input, touched, now, was));
  }
  for (const reader of readers) await reader.read(loose, signal);
  signal?.throwIfAborted();
  if (loose.size > 0 && input.before) await findLoose(input, after.schema, readers, loose, signal);
  const tables = readers.map((reader) => reader.result()).filter((table) => table !== undefined);
  const all = [...tables.map(({ table }) => `table ${table}`), ...Object.values(schema).flat()];
  return {
    tables: tables.sort((a, b) => (a.table < b.table ? -1 : 1)),
    schema,
    isOwn: all.length > 0 && all.every((name) => /^table _litestream_(seq|lock)$/.test(name)),
  };
}

const NO_CHANGES: SchemaDiff = { added: [], removed: [], changed: [] };

/** By `<type> <name>`; the indexes that SQLite makes for itself say nothing that their table does not. */
function schemaChanges(
  before: ReadonlyMap<string, SchemaObject>,
  after: ReadonlyMap<string, SchemaObject>,
): SchemaDiff {
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

/**
 * Finds the rows of which an overflow page was written and nothing else, as SQLite does where a value is replaced by one of
 * the same size. What has no such row is an index's.
 */
async function findLoose(
  input: DiffInput,
  schema: ReadonlyMap<string, SchemaObject>,
  readers: TableReader[],
  loose: Set<number>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { after: pages } = input;
  for (const object of schema.values()) {
    if (object.type !== "table" || object.root === 0) continue;
    const key = `table ${object.name}`;
    let reader = readers.find((one) => one.key === key);
    const numbers: number[] = [];
    walkTree(pages, object.root, (page) => numbers.push(page));
    for (const page of numbers) {
      await giveTurn();
      signal?.throwIfAborted();
      for (const cell of cellsOf(pages, page, true)) {
        const hit = [...overflowOf(pages, cell)].filter((one) => loose.has(one));
        if (hit.length === 0) continue;
        for (const one of hit) loose.delete(one);
        if (!reader)
          readers.push((reader = new TableReader(input, { key, before: [], after: [] }, object, object)));
        reader.addLoose(cell);
      }
      if (loose.size === 0) return;
    }
  }
}
