/** Which b-trees a commit touched, held against what SQLite says of the pages before and after it. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { touchedTrees } from "../../src/diff/touched.ts";
import { readSchema } from "../../src/sqlite/schema.ts";
import { type Made, Maker, upTo } from "../sqlite/made.ts";
import { SETUP, writtenBetween } from "./states.ts";

const stateOf = ({ pages }: Made) => ({ pages, schema: readSchema(pages) });

/** By SQLite's word: the tree of each page, by name without its type; overflow pages by themselves. */
const treesIn = ({ stat }: Made) =>
  new Map(stat.filter(({ kind }) => kind !== "overflow").map(({ page, name }) => [page, name]));

function expectTouches(before: Made, after: Made): void {
  const written = writtenBetween(before.pages, after.pages);
  const { trees, loose, owners } = touchedTrees(stateOf(before), stateOf(after), written);
  const [was, now] = [treesIn(before), treesIn(after)];
  const expected = new Map<string, { before: number[]; after: number[] }>();
  const of = (name: string) => {
    if (!expected.has(name)) expected.set(name, { before: [], after: [] });
    return expected.get(name)!;
  };
  for (let page = 1; page <= Math.max(before.pages.count, after.pages.count); page++) {
    if (!written.has(page) && was.get(page) === now.get(page)) continue;
    if (now.has(page)) of(now.get(page)!).after.push(page);
    if (was.has(page)) of(was.get(page)!).before.push(page);
  }
  const found = trees.map(({ tree, ...pages }) => [tree.split(" ")[1], pages] as const);
  expect(new Map(found)).toEqual(expected);
  expect(found).toHaveLength(expected.size);
  for (const page of loose) {
    expect(written.has(page)).toBe(true);
    expect(after.stat.find((one) => one.page === page)?.kind).toBe("overflow");
  }
  // A row's overflow pages that were written where they had been before are all among them.
  const overflow = (made: Made) =>
    new Set(made.stat.filter(({ kind }) => kind === "overflow").map((one) => one.page));
  const [then, still] = [overflow(before), overflow(after)];
  for (const page of written) if (then.has(page) && still.has(page)) expect(loose.has(page)).toBe(true);
  expect(owners.treeOf(1)?.name).toBe("table sqlite_schema");
}

const statement = fc.oneof(
  fc
    .nat(300)
    .map((n) => `${upTo(n + 1)} INSERT INTO a (text, blob) SELECT hex(randomblob(i % 30)), NULL FROM n`),
  fc
    .nat(60)
    .map((n) => `${upTo(n + 1)} INSERT OR REPLACE INTO b SELECT 'k' || i, i % 3, randomblob(i * 20) FROM n`),
  fc
    .nat(20)
    .map((n) => `UPDATE b SET value = CAST(substr(value, 1, ${n * 20}) || x'aabb' AS BLOB) WHERE at = 1`),
  fc.nat(9).map(
    (n) => `UPDATE b SET value = CAST(substr(value, 1, 600) || randomblob(length(value) - 600) AS BLOB)
    WHERE length(value) > 900 AND length(value) % 10 <> ${n}`,
  ),
  fc.nat(9).map((n) => `DELETE FROM a WHERE id % ${n + 2} = 0`),
  fc.nat(9).map((n) => `DELETE FROM b WHERE at % ${n + 1} = 0`),
  fc.constantFrom(
    "DROP TABLE IF EXISTS d",
    "CREATE TABLE IF NOT EXISTS d AS SELECT * FROM a",
    "DROP INDEX IF EXISTS a_text",
    "CREATE INDEX IF NOT EXISTS a_text ON a (text)",
    "VACUUM",
    "REINDEX",
    "PRAGMA user_version = 5",
  ),
);

describe.each([
  [512, 0],
  [512, 1],
  [1024, 2],
  [4096, 0],
])("pages of %i bytes, auto-vacuum %i", (pageSize, autoVacuum) => {
  it("are sorted by the b-trees that SQLite says", () => {
    fc.assert(
      fc.property(fc.array(statement, { minLength: 2, maxLength: 8 }), (statements) => {
        const maker = new Maker({ pageSize, autoVacuum }).run(SETUP);
        let before = maker.made;
        for (const sql of statements) {
          const after = maker.run(sql).made;
          expectTouches(before, after);
          before = after;
        }
        maker.close();
      }),
      { numRuns: Number(process.env.WALKIT_RUNS ?? 12) },
    );
  });
});

it("without the state before, what was written is known alone", () => {
  const maker = new Maker().run(`${SETUP} ${upTo(200)} INSERT INTO a (text) SELECT 'x' || i FROM n`);
  const before = maker.made;
  const after = maker.run("UPDATE a SET text = 'y' WHERE id = 1; DROP TABLE c").made;
  maker.close();
  const written = writtenBetween(before.pages, after.pages);
  const { trees } = touchedTrees(undefined, stateOf(after), written);
  expect(trees.map(({ tree }) => tree).sort()).toEqual(["index a_text", "table a", "table sqlite_schema"]);
  expect(trees.flatMap((one) => one.before)).toEqual([]);
  const both = touchedTrees(stateOf(before), stateOf(after), written).trees;
  expect(both.map(({ tree }) => tree)).toContain("table c");
});
