/** The schema and its b-trees, held against SQLite's own table of it; and hostile ones. */

import { describe, expect, it } from "vitest";
import { Malformed } from "../../src/sqlite/malformed.ts";
import { pagesOf } from "../../src/sqlite/pages.ts";
import { encodingOf, readSchema, treesOf } from "../../src/sqlite/schema.ts";
import { forEachCut, forEachFlip, forge, forgePage, forgeRecord, isRefused, rowCell } from "./hostile.ts";
import { KINDS, Maker, makeRich } from "./made.ts";

describe.each(KINDS)("pages of %i bytes, auto-vacuum %i", (pageSize, autoVacuum) => {
  const { pages, all } = makeRich(pageSize, autoVacuum);

  it("hold the schema that SQLite says", () => {
    const rows = all("SELECT type, name, rootpage AS root, coalesce(sql, '') AS sql FROM sqlite_schema");
    expect([...readSchema(pages).values()]).toEqual(rows);
    expect([...readSchema(pages).keys()]).toEqual(rows.map(({ type, name }) => `${type} ${name}`));
    expect(rows.length).toBeGreaterThan(25);
  });

  it("hold b-trees of the kinds that SQLite says", () => {
    const tables = new Map(all("PRAGMA table_list").map(({ name, wr }) => [name, wr === 1]));
    for (const { name, root, kind } of treesOf(pages, readSchema(pages))) {
      const [type, own] = name.split(" ") as [string, string];
      const expected = type === "index" ? "index" : tables.get(own) ? "without rowid" : "table";
      expect([name, root > 0, kind]).toEqual([name, true, expected]);
    }
  });
});

it("names may be any", () => {
  const names = ["a b", 'quo"te', "täble", "", "x".repeat(3000), "sqlite"];
  const maker = new Maker();
  for (const name of names) maker.run(`CREATE TABLE "${name.replaceAll('"', '""')}" (x)`);
  const { pages } = maker.made;
  maker.close();
  expect([...readSchema(pages).values()].map(({ name }) => name)).toEqual(names);
});

it("a database without a table has the schema's own b-tree alone", () => {
  const maker = new Maker().run("PRAGMA user_version = 1");
  const { pages } = maker.made;
  maker.close();
  expect(encodingOf(pages)).toBe("utf-8");
  expect([...treesOf(pages, readSchema(pages))]).toEqual([
    { name: "table sqlite_schema", root: 1, kind: "table" },
  ]);
});

describe("a hostile schema", () => {
  const schemaOf = (...records: (string | number | null)[][]) =>
    forge([
      forgePage(
        1024,
        13,
        records.map((values, i) => rowCell(i, forgeRecord(values))),
        { start: 100 },
      ),
    ]);

  it("is read as far as it is one", () => {
    const schema = readSchema(
      schemaOf([], [null, 7, null, null], ["table", "t", "t", "5", 3], ["index", "i"]),
    );
    expect([...schema]).toEqual([
      [" ", { type: "", name: "", root: 0, sql: "" }],
      ["table t", { type: "table", name: "t", root: 5, sql: "" }],
      ["index i", { type: "index", name: "i", root: 0, sql: "" }],
    ]);
  });

  it.each([-1, 99])("is refused where it names page %i", (root) => {
    const pages = schemaOf(["table", "t", "t", root, ""]);
    const named = root < 0 ? 2 ** 32 + root : root;
    const message = `there is no page ${root < 0 ? -1 : named}`;
    expect(() => [...treesOf(pages, readSchema(pages))]).toThrow(new Malformed(message));
  });

  it.each(["text", "2.5"])("is refused where it names page %s", (root) => {
    const pages = schemaOf(["table", "t", "t", root, ""]);
    expect(() => [...treesOf(pages, readSchema(pages))]).toThrow(
      new Malformed(`there is no page ${Number(root)}`),
    );
  });

  it("is read or refused, whatever its bytes", () => {
    const maker = new Maker({ pageSize: 512 });
    for (let i = 0; i < 12; i++) maker.run(`CREATE TABLE t${i} (a, b CHECK (b <> '${"x".repeat(i * 90)}'))`);
    const { bytes } = maker.made;
    maker.close();
    const read = (data: Uint8Array) =>
      isRefused(() => {
        const pages = pagesOf(data, 512);
        for (const _ of treesOf(pages, readSchema(pages)));
      });
    forEachCut(bytes, read);
    forEachFlip(bytes.subarray(0, 2048), (changed) => {
      const whole = bytes.slice();
      whole.set(changed);
      read(whole);
    });
  });
});
