/** What SQLite tells of a database's tables. */

import type { Database, SqlJs } from "sql.js";
import type { StoredColumn } from "../../src/diff/shape.ts";
import type { SchemaObject } from "../../src/sqlite/schema.ts";
import type { Value } from "../../src/sqlite/values.ts";
import { giveTurn } from "../../src/turn.ts";
import type { ColumnView, TableView } from "../app/protocol/protocol.ts";

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
  const modules = new Set(select(database, "SELECT lower(name) FROM pragma_module_list").flat());
  const isShadow = shadowNames(sqlOf);
  const tables: TableView[] = [];
  const began = performance.now();
  for (const [, name, type] of select(database, "PRAGMA main.table_list") as string[][]) {
    if (!name || /^sqlite_(temp_)?(schema|master)$/.test(name)) continue;
    await giveTurn();
    signal?.throwIfAborted();
    const kind = type === "view" || type === "virtual" ? type : "table";
    const sql = sqlOf.get(name) ?? "";
    const module = kind === "virtual" ? moduleOf(sql) : undefined;
    const missing = module !== undefined && !modules.has(module.toLowerCase()) ? module : undefined;
    const isCounted = kind !== "view" && missing === undefined && performance.now() - began < COUNTING;
    tables.push({
      name,
      kind,
      columns: columnsOf(database, name),
      rows: isCounted ? countOf(database, name) : undefined,
      sql,
      internal: type === "shadow" || isShadow(name) || /^(sqlite_|_litestream_)/.test(name),
      missing,
    });
  }
  return tables.sort((a, b) => (a.name < b.name ? -1 : 1));
}

const NAME = String.raw`(?:"(?:[^"]|"")*"|\[[^\]]*\]|\`(?:[^\`]|\`\`)*\`|'(?:[^']|'')*'|[^\s."'\[(]+)`;
const VIRTUAL = new RegExp(
  String.raw`^\s*CREATE\s+VIRTUAL\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?(?:${NAME}\s*\.\s*)?${NAME}\s+USING\s+(${NAME})`,
  "i",
);

/** The module of a virtual table, by how it was created. */
export function moduleOf(sql: string): string | undefined {
  const name = VIRTUAL.exec(sql)?.[1];
  if (name === undefined) return undefined;
  return /^["'`[]/.test(name) ? name.slice(1, -1) : name;
}

/**
 * What stands behind a virtual table's name in those of its shadow tables. SQLite itself tells them only where it has the
 * module.
 */
const SHADOWS: Record<string, RegExp> = {
  fts3: /^(content|segments|segdir|docsize|stat)$/,
  fts4: /^(content|segments|segdir|docsize|stat)$/,
  fts5: /^(data|idx|content|docsize|config)$/,
  rtree: /^(node|rowid|parent)$/,
  rtree_i32: /^(node|rowid|parent)$/,
  geopoly: /^(node|rowid|parent)$/,
  spellfix1: /^vocab$/,
  vec0: /^(info|chunks|rowids|auxiliary|vector_chunks\d+|metadata(chunks|text)\d+)$/,
};

function shadowNames(sqlOf: ReadonlyMap<string, string | null>): (name: string) => boolean {
  const owners = new Map<string, RegExp>();
  for (const [name, sql] of sqlOf) {
    const suffixes = SHADOWS[moduleOf(sql ?? "")?.toLowerCase() ?? ""];
    if (suffixes) owners.set(name.toLowerCase(), suffixes);
  }
  return (name) => {
    const lower = name.toLowerCase();
    for (let at = lower.indexOf("_", 1); at > 0; at = lower.indexOf("_", at + 1)) {
      if (owners.get(lower.slice(0, at))?.test(lower.slice(at + 1))) return true;
    }
    return false;
  };
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
