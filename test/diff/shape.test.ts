/** Rows as their columns have them, held against what SQLite says of the row. */

import { describe, expect, it } from "vitest";
import { Shape } from "../../src/diff/shape.ts";
import { cellsOf, overflowOf, recordOf } from "../../src/sqlite/btree.ts";
import { readSchema } from "../../src/sqlite/schema.ts";
import { pagesIn } from "../sqlite/hostile.ts";
import { Maker } from "../sqlite/made.ts";
import { dump, textOf } from "./states.ts";

const TABLES = [
  "CREATE TABLE t (a, b, c)",
  "CREATE TABLE t (a INTEGER PRIMARY KEY, b, c)",
  "CREATE TABLE t (a, b INTEGER PRIMARY KEY, c)",
  "CREATE TABLE t (a INT PRIMARY KEY, b, c)",
  "CREATE TABLE t (a, b, c, PRIMARY KEY (c, a)) WITHOUT ROWID",
  "CREATE TABLE t (a, b, c PRIMARY KEY) WITHOUT ROWID",
  "CREATE TABLE t (a, b, v AS (a || b) VIRTUAL, c, s AS (b || c) STORED)",
  "CREATE TABLE t (a, b, v AS (a) VIRTUAL, c, PRIMARY KEY (b, c)) WITHOUT ROWID",
];

describe.each(TABLES)("%s", (sql) => {
  const maker = new Maker().run(sql);
  for (const row of ["1, 'x', 2.5", "7, 3, 'y'", "9, 4, x'41'", "-5, 6, CAST(hex(zeroblob(1500)) AS BLOB)"])
    maker.run(
      `INSERT INTO t (a, b, c) VALUES (${row.replaceAll("'x'", sql.includes("b INTEGER") ? "8" : "'x'")})`,
    );
  maker.run(
    "ALTER TABLE t ADD COLUMN late DEFAULT 'then'; INSERT INTO t (a, b, c, late) VALUES (11, 12, 13, 14)",
  );
  const { pages, tables } = dump(maker);
  maker.close();
  const { columns, rows } = tables.get("t")!;
  const { root } = readSchema(pages).get("table t")!;
  const stored = pagesIn(pages, root)
    .flatMap((page) => cellsOf(pages, page))
    .map((cell) => ({ rowid: cell.rowid, record: recordOf(pages, cell, overflowOf(pages, cell)) }));
  const expected = [...rows.values()];

  it("has the values that SQLite says", () => {
    const names = columns.map(({ name }) => name);
    const shape = new Shape(columns, names, "utf-8");
    const sorted = (all: readonly string[][]) => all.map((row) => row.join()).sort();
    expect(sorted(stored.map((row) => shape.values(row).map(textOf)))).toEqual(
      sorted(expected.map((row) => row.map(textOf))),
    );
    expect(expected).toHaveLength(5);
  });

  it("has those that are wanted, and null for what it does not have", () => {
    const shape = new Shape(columns, ["late", "gone", "b"], "utf-8");
    const at = columns.findIndex(({ name }) => name === "b");
    const found = stored.map((row) => shape.values(row));
    expect(found.map(([, gone]) => gone)).toEqual(stored.map(() => null));
    expect(found.map(([late]) => late).sort()).toEqual([14, "then", "then", "then", "then"]);
    expect(new Set(found.map(([, , b]) => textOf(b)))).toEqual(
      new Set(expected.map((row) => textOf(row[at]))),
    );
  });
});
