/** What SQLite tells of a database's tables. */

import type { Database, SqlJs } from "sql.js";
import { giveTurn } from "../../src/turn.ts";
import type { ColumnView, TableView } from "../protocol.ts";
import type { Value } from "./record.ts";
import type { StoredColumn } from "./shape.ts";
import type { SchemaObject } from "./trees.ts";

/** Milliseconds that rows are counted for, all tables together: SQLite reads a table to its end for that. */
const COUNTING = 2000;

export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function select(database: Database, sql: string): unknown[][] {
  return database.exec(sql)[0]?.values ?? [];
}

/** Tables and views, by name. */
export async function describeTables(
  database: Database,
  signal: AbortSignal | undefined,
): Promise<TableView[]> {
  const sqlOf = new Map(select(database, "SELECT name, sql FROM sqlite_schema") as [string, string | null][]);
  const tables: TableView[] = [];
  const began = performance.now();
  for (const [, name, type] of select(database, "PRAGMA main.table_list") as string[][]) {
    if (!name || /^sqlite_(temp_)?(schema|master)$/.test(name)) continue;
    await giveTurn();
    signal?.throwIfAborted();
    const kind = type === "view" || type === "virtual" ? type : "table";
    const isCounted = kind !== "view" && performance.now() - began < COUNTING;
    tables.push({
      name,
      kind,
      columns: columnsOf(database, name),
      rows: isCounted ? countOf(database, name) : undefined,
      sql: sqlOf.get(name) ?? "",
      internal: type === "shadow" || /^(sqlite_|_litestream_)/.test(name),
    });
  }
  return tables.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** None where SQLite cannot tell: of a module that is not here, of a view over what is gone. */
function columnsOf(database: Database, table: string): ColumnView[] {
  try {
    return columnRows(database, table)
      .filter(({ hidden }) => hidden !== 1)
      .map(({ name, type, pk }) => ({ name, type, primaryKey: pk > 0 }));
  } catch {
    return [];
  }
}

function countOf(database: Database, table: string): number | undefined {
  try {
    return Number(select(database, `SELECT count(*) FROM ${quoted(table)}`)[0]?.[0]);
  } catch {
    return undefined;
  }
}

interface ColumnRow {
  name: string;
  type: string;
  pk: number;
  fallback: string | null;
  /** 1: hidden, of a virtual table; 2: generated when it is read; 3: generated and stored. */
  hidden: number;
}

function columnRows(database: Database, table: string): ColumnRow[] {
  const sql = `SELECT name, type, pk, dflt_value, hidden FROM pragma_table_xinfo(${literal(table)})`;
  return select(database, sql).map((row) => {
    const [name, type, pk, fallback, hidden] = row as [string, string, number, string | null, number];
    return { name, type, pk, fallback, hidden };
  });
}

/**
 * The columns that a table's rows store. Those of a table as it was before are found by making one like it, with no rows:
 * undefined where that cannot be done.
 */
export function storedColumns(
  { Database }: SqlJs,
  database: Database,
): (object: SchemaObject, side: "before" | "after") => StoredColumn[] | undefined {
  const known = new Map<string, StoredColumn[] | undefined>();
  const read = (from: Database, table: string): StoredColumn[] =>
    columnRows(from, table)
      .filter(({ hidden }) => hidden !== 2)
      .map(({ name, type, pk, fallback }) => ({ name, type, pk, fallback: defaultOf(from, fallback) }));
  const find = ({ name, sql }: SchemaObject, side: "before" | "after"): StoredColumn[] | undefined => {
    const scratch = side === "before" ? new Database() : undefined;
    try {
      scratch?.exec(sql);
      return read(scratch ?? database, name);
    } catch {
      return undefined;
    } finally {
      scratch?.close();
    }
  };
  return (object, side) => {
    const key = `${side} ${object.name}`;
    if (!known.has(key)) known.set(key, find(object, side));
    return known.get(key);
  };
}

/** What a default stands for; one that is not the same each time stands for nothing here. */
function defaultOf(database: Database, expression: string | null): Value {
  if (expression === null || /^current_/i.test(expression)) return null;
  try {
    return (select(database, `SELECT ${expression}`)[0]?.[0] ?? null) as Value;
  } catch {
    return null;
  }
}
