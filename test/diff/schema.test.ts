/** What differs between schemas. */

import fc from "fast-check";
import { expect, it } from "vitest";
import { diffSchemas } from "../../src/diff/schema.ts";
import { readSchema } from "../../src/sqlite/schema.ts";
import { Maker } from "../sqlite/made.ts";

it("is what was created, dropped and altered in between", () => {
  const maker = new Maker().run(
    "CREATE TABLE a (x UNIQUE); CREATE TABLE b (x); CREATE INDEX i ON a (x); CREATE VIEW v AS SELECT 1",
  );
  const before = readSchema(maker.made.pages);
  maker.run(`DROP VIEW v; DROP INDEX i; ALTER TABLE b ADD COLUMN y; CREATE TABLE c (x PRIMARY KEY, y);
    CREATE TRIGGER t AFTER INSERT ON a BEGIN SELECT 1; END`);
  const after = readSchema(maker.made.pages);
  maker.close();
  const forwards = { added: ["table c", "trigger t"], removed: ["index i", "view v"], changed: ["table b"] };
  expect(diffSchemas(before, after)).toEqual(forwards);
  expect(diffSchemas(after, before)).toEqual({
    ...forwards,
    added: forwards.removed,
    removed: forwards.added,
  });
  expect(diffSchemas(after, after)).toEqual({ added: [], removed: [], changed: [] });
});

it("names each object once at most", () => {
  const schema = fc
    .dictionary(
      fc.constantFrom("table a", "table b", "index i", "view v", "index sqlite_autoindex_a_1"),
      fc.nat(2),
    )
    .map((objects) => {
      const rows = Object.entries(objects).map(([key, sql]) => {
        const [type, name] = key.split(" ") as [string, string];
        return [key, { type, name, root: 2, sql: String(sql) }] as const;
      });
      return new Map(rows);
    });
  fc.assert(
    fc.property(schema, schema, (before, after) => {
      const { added, removed, changed } = diffSchemas(before, after);
      const names = new Set([...before.keys(), ...after.keys()]);
      names.delete("index sqlite_autoindex_a_1");
      const same = [...names].filter((name) => before.get(name)?.sql === after.get(name)?.sql);
      expect([...added, ...removed, ...changed, ...same].sort()).toEqual([...names].sort());
    }),
  );
});
