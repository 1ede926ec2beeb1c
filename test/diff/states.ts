/** States of a database that real SQLite makes, one after another, with what it says of their rows. */

import type { DiffInput } from "../../src/diff/diff.ts";
import type { StoredColumn } from "../../src/diff/shape.ts";
import type { DatabasePages } from "../../src/sqlite/pages.ts";
import type { Value } from "../../src/sqlite/values.ts";
import type { Maker } from "../sqlite/made.ts";

export interface TableDump {
  sql: string;
  columns: StoredColumn[];
  /** The values of each row, by key. */
  rows: Map<string, Value[]>;
}

export interface StateDump {
  pages: DatabasePages;
  tables: Map<string, TableDump>;
  /** How each object of the schema was created, by `<type> <name>`; without the indexes that SQLite makes for itself. */
  schema: Map<string, string>;
}

/** The state that the database is in, read by SQLite. */
export function dump(maker: Maker): StateDump {
  const { pages, all } = maker.made;
  const objects = all("SELECT type, name, coalesce(sql, '') AS sql FROM sqlite_schema") as Record<
    "type" | "name" | "sql",
    string
  >[];
  const tables = new Map<string, TableDump>();
  for (const { type, name, sql } of objects) {
    if (type !== "table") continue;
    const columns = all(
      `SELECT name, type, pk, dflt_value FROM pragma_table_xinfo('${name}') WHERE hidden <> 2 ORDER BY cid`,
    ).map((row): StoredColumn => {
      const column = row as { name: string; type: string; pk: number; dflt_value: string | null };
      const expression = column.dflt_value;
      const fallback = expression === null ? null : (all(`SELECT ${expression} AS value`)[0]!.value as Value);
      return { name: column.name, type: column.type, pk: column.pk, fallback };
    });
    const key = /WITHOUT ROWID$/.test(sql)
      ? columns.filter(({ pk }) => pk > 0).map((one) => one.name)
      : ["rowid"];
    const keys = key.map((one, i) => `"${one}" AS _key${i}`);
    const rows = new Map<string, Value[]>();
    for (const row of all(`SELECT ${keys.join()}, * FROM "${name}"`))
      rows.set(
        key.map((_, i) => textOf(row[`_key${i}`] as Value)).join(),
        columns.map((column) => row[column.name] as Value),
      );
    tables.set(name, { sql, columns, rows });
  }
  const named = objects.filter(({ name }) => !name.startsWith("sqlite_autoindex"));
  return { pages, tables, schema: new Map(named.map(({ type, name, sql }) => [`${type} ${name}`, sql])) };
}

/** A value as text that is the same where the value is. */
export function textOf(value: Value | undefined): string {
  if (value instanceof Uint8Array) return `blob ${Buffer.from(value).toString("hex")}`;
  if (typeof value === "bigint") return `number ${value}`;
  return `${typeof value} ${Object.is(value, -0) ? 0 : value}`;
}

/** The pages in which two states differ. */
export function writtenBetween(before: DatabasePages, after: DatabasePages): Set<number> {
  const written = new Set<number>();
  for (let page = 1; page <= after.count; page++) {
    if (page > before.count || Buffer.compare(before.get(page), after.get(page)) !== 0) written.add(page);
  }
  return written;
}

/** What a diff of two states is given; `more`: pages that were written as they were. */
export function inputOf(before: StateDump, after: StateDump, more: Iterable<number> = []): DiffInput {
  return {
    before: before.pages,
    after: after.pages,
    written: new Set([...writtenBetween(before.pages, after.pages), ...more]),
    columnsOf: ({ name }, side) => (side === "before" ? before : after).tables.get(name)?.columns,
  };
}

/** Tables of every kind, for lives that change them. */
export const SETUP = `CREATE TABLE a (id INTEGER PRIMARY KEY, text, number REAL, blob);
  CREATE TABLE b (name TEXT COLLATE NOCASE, at INTEGER, value, PRIMARY KEY (at, name)) WITHOUT ROWID;
  CREATE TABLE c (x, y DEFAULT 'none', z AS (x || y) VIRTUAL, s AS (x || '!') STORED);
  CREATE INDEX a_text ON a (text); CREATE INDEX b_value ON b (value); CREATE VIEW v AS SELECT * FROM a;`;
