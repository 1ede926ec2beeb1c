/** What differs between two states, held against two dumps by real SQLite; and hostile databases. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Diff, diff } from "../../src/diff/diff.ts";
import { Malformed } from "../../src/sqlite/malformed.ts";
import { type DatabasePages, pagesOf } from "../../src/sqlite/pages.ts";
import type { Value } from "../../src/sqlite/values.ts";
import { forge, forgePage, forgeShared, overflowCell, schemaCell } from "../sqlite/hostile.ts";
import { Maker, upTo } from "../sqlite/made.ts";
import { dump, inputOf, SETUP, type StateDump, type TableDump, textOf } from "./states.ts";

const textsOf = (row: readonly Value[] | undefined) => row?.map(textOf).join();

/** All rows that differ, as text. */
function changesOf(found: Diff, table: string): string[] {
  const one = found.tables.find((candidate) => candidate.table === table);
  if (!one) return [];
  expect(one.counts, table).toBeDefined();
  const changes = [...one.changes()];
  const counts = { added: 0, removed: 0, changed: 0 };
  for (const { kind } of changes) counts[kind]++;
  expect(one.counts).toEqual(counts);
  return changes.map(({ kind, before, after }) => `${kind}: ${textsOf(before)} -> ${textsOf(after)}`).sort();
}

/** The rows that differ by SQLite's word, with the columns of the newer table. */
function expectedChanges(was: TableDump | undefined, now: TableDump | undefined): string[] {
  const columns = (now ?? was)!.columns;
  const shaped = (table: TableDump | undefined, row: Value[] | undefined) =>
    row &&
    textsOf(
      columns.map(({ name }) => {
        const at = table!.columns.findIndex((column) => column.name === name);
        return at < 0 ? null : row[at]!;
      }),
    );
  const changes: string[] = [];
  for (const key of new Set([...(was?.rows.keys() ?? []), ...(now?.rows.keys() ?? [])])) {
    const [old, fresh] = [was?.rows.get(key), now?.rows.get(key)];
    if (textsOf(old) === textsOf(fresh)) continue;
    const kind = !old ? "added" : !fresh ? "removed" : "changed";
    changes.push(`${kind}: ${shaped(was, old)} -> ${shaped(now, fresh)}`);
  }
  return changes.sort();
}

async function expectDiff(before: StateDump, after: StateDump): Promise<Diff> {
  const found = await diff(inputOf(before, after));
  const names = (is: (key: string) => boolean) =>
    [...new Set([...before.schema.keys(), ...after.schema.keys()])].filter(is).sort();
  expect(found.schema).toEqual({
    added: names((key) => !before.schema.has(key)),
    removed: names((key) => !after.schema.has(key)),
    changed: names(
      (key) =>
        before.schema.has(key) && after.schema.has(key) && before.schema.get(key) !== after.schema.get(key),
    ),
  });
  for (const name of new Set([...before.tables.keys(), ...after.tables.keys()])) {
    const [was, now] = [before.tables.get(name), after.tables.get(name)];
    // Rows that were written before a column came are as they were, byte for byte.
    if (was && now && was.sql !== now.sql) continue;
    expect([name, changesOf(found, name)]).toEqual([name, expectedChanges(was, now)]);
  }
  expect(found.tables.map(({ table }) => table)).toEqual(found.tables.map(({ table }) => table).sort());
  return found;
}

const id = fc.nat(40);
const value = fc.constantFrom(
  "NULL",
  "1",
  "-2.5",
  "'text'",
  "x'4142'",
  "hex(zeroblob(700))",
  "hex(randomblob(1500))",
);
const statement = fc.oneof(
  fc
    .tuple(id, value, value)
    .map(([n, a, b]) => `INSERT OR REPLACE INTO a (id, text, blob) VALUES (${n}, ${a}, ${b})`),
  fc.tuple(id, value).map(([n, a]) => `INSERT OR REPLACE INTO b VALUES ('k${n}', ${n % 3}, ${a})`),
  fc.tuple(id, value).map(([n, a]) => `INSERT INTO c (x, y) SELECT ${a}, id FROM a LIMIT ${n}`),
  fc.tuple(id, id, value).map(([m, n, a]) => `UPDATE a SET text = ${a} WHERE id % ${m + 1} = ${n}`),
  fc
    .tuple(id, id, value)
    .map(([m, n, a]) => `UPDATE b SET value = ${a} WHERE substr(name, 2) % ${m + 1} = ${n}`),
  fc.tuple(id, id).map(([m, n]) => `DELETE FROM a WHERE id % ${m + 1} = ${n}`),
  fc.tuple(id, id).map(([m, n]) => `DELETE FROM c WHERE rowid % ${m + 1} = ${n}`),
  // In place, on pages that the row overflows to.
  id.map(
    (n) => `UPDATE a SET blob = substr(blob, 1, ${n * 30}) || 'ab' || substr(blob, ${n * 30 + 3})
    WHERE length(blob) > 1300`,
  ),
  id.map(
    (n) => `UPDATE b SET value = substr(value, 1, ${n * 30}) || 'ab' || substr(value, ${n * 30 + 3})
    WHERE length(value) > 1300`,
  ),
  fc.constantFrom(
    "CREATE TABLE IF NOT EXISTS d AS SELECT * FROM a",
    "DROP TABLE IF EXISTS d",
    "DELETE FROM b",
    "VACUUM",
    "CREATE INDEX IF NOT EXISTS c_x ON c (x)",
    "DROP INDEX IF EXISTS a_text",
    "REINDEX",
    "PRAGMA user_version = 3",
  ),
);

describe.each([
  [512, 0],
  [512, 1],
  [1024, 2],
  [4096, 0],
])("pages of %i bytes, auto-vacuum %i", (pageSize, autoVacuum) => {
  it("differ as the dumps do", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(statement, { minLength: 3, maxLength: 15 }), async (statements) => {
        const maker = new Maker({ pageSize, autoVacuum }).run(SETUP);
        let before = dump(maker);
        const first = before;
        for (const sql of statements) {
          const after = dump(maker.run(sql));
          await expectDiff(before, after);
          before = after;
        }
        // Over several transactions as over one.
        await expectDiff(first, before);
        await expectDiff(before, first);
        maker.close();
      }),
      { numRuns: Number(process.env.WALKIT_RUNS ?? 12) },
    );
  });
});

it("pages that were written as they were make no difference", async () => {
  const maker = new Maker().run(`${SETUP} ${upTo(300)} INSERT INTO a (text, blob)
    SELECT 'x' || i, CASE WHEN i % 20 = 0 THEN hex(zeroblob(2000)) END FROM n`);
  const before = dump(maker);
  const after = dump(maker.run("UPDATE a SET text = 'y' WHERE id = 7"));
  maker.close();
  const all = Array.from({ length: after.pages.count }, (_, i) => i + 1);
  const found = await diff(inputOf(before, after, all));
  expect(found.tables.map(({ table, counts }) => [table, counts])).toEqual([
    ["a", { added: 0, removed: 0, changed: 1 }],
  ]);
});

it("Litestream's own tables are nobody else's", async () => {
  const maker = new Maker().run(
    "CREATE TABLE t (x); CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY, seq)",
  );
  const before = dump(maker);
  const raised = dump(maker.run("INSERT INTO _litestream_seq VALUES (1, 1)"));
  const both = dump(maker.run("UPDATE _litestream_seq SET seq = 2; INSERT INTO t VALUES (1)"));
  maker.close();
  expect((await diff(inputOf(before, raised))).isOwn).toBe(true);
  expect((await diff(inputOf(raised, both))).isOwn).toBe(false);
  expect((await diff(inputOf(raised, raised))).isOwn).toBe(false);
});

it("without the state before, the tables that were written to are known", async () => {
  const maker = new Maker().run(`${SETUP} INSERT INTO a (text) VALUES ('x')`);
  const before = dump(maker);
  const after = dump(maker.run("INSERT INTO a (text) VALUES ('y'); CREATE TABLE e (x)"));
  maker.close();
  const found = await diff({ ...inputOf(before, after), before: undefined });
  expect(found.schema).toEqual({ added: [], removed: [], changed: [] });
  expect(
    found.tables.map(({ table, counts, rowsBefore, rowsAfter }) => [table, counts, rowsBefore, rowsAfter]),
  ).toEqual([
    ["a", undefined, undefined, 2],
    ["e", undefined, undefined, 0],
  ]);
});

it("limits are those that are asked for", async () => {
  const maker = new Maker().run(`${SETUP} ${upTo(100)} INSERT INTO a (text) SELECT i FROM n`);
  const before = dump(maker);
  const after = dump(maker.run("UPDATE a SET text = 0"));
  maker.close();
  expect((await diff(inputOf(before, after), { mostRows: 100 })).tables[0]!.counts).toBeDefined();
  expect((await diff(inputOf(before, after), { mostRows: 99 })).tables[0]!.counts).toBeUndefined();
});

it("ends where it is aborted", async () => {
  const maker = new Maker().run(`${SETUP} ${upTo(100)} INSERT INTO a (text) SELECT i FROM n`);
  const state = dump(maker);
  maker.close();
  const reason = new Error("enough");
  await expect(diff(inputOf(state, state, [1, 2, 3]), { signal: AbortSignal.abort(reason) })).rejects.toBe(
    reason,
  );
});

/** The outcome, which is soon there: a diff whose rows can all be read or not, or a refusal. */
async function outcome(work: () => Promise<Diff>): Promise<"diff" | "refused"> {
  const began = performance.now();
  try {
    const { tables } = await work();
    for (const { changes } of tables) for (const _ of changes());
    return "diff";
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    return "refused";
  } finally {
    expect(performance.now() - began).toBeLessThan(2000);
  }
}

describe("a hostile database", () => {
  const maker = new Maker({
    pageSize: 512,
    autoVacuum: 1,
  }).run(`CREATE TABLE t (id INTEGER PRIMARY KEY, a, b);
    CREATE TABLE w (k PRIMARY KEY, v) WITHOUT ROWID; CREATE INDEX i ON t (a);
    ${upTo(30)} INSERT INTO t SELECT i, 'text ' || i, CASE WHEN i % 9 = 0 THEN hex(zeroblob(600)) END FROM n;
    INSERT INTO w SELECT a, b FROM t; CREATE TABLE x AS SELECT * FROM t LIMIT 9; DROP TABLE x`);
  const before = dump(maker);
  const after = dump(
    maker.run(
      "UPDATE t SET b = substr(b, 1, 1000) || 'ab' || substr(b, 1003); DELETE FROM w WHERE k LIKE '%3'",
    ),
  );
  maker.close();
  const input = inputOf(before, after);
  const bytesOf = (pages: DatabasePages) => new Uint8Array(pages.get(1).buffer).slice();

  it("cut anywhere is told of, or refused, soon", async () => {
    for (const side of ["before", "after"] as const) {
      const bytes = bytesOf(input[side]!);
      const seen = { diff: 0, refused: 0 };
      for (let length = 0; length < bytes.length; length += 37)
        seen[
          await outcome(async () => diff({ ...input, [side]: pagesOf(bytes.subarray(0, length), 512) }))
        ]++;
      expect(seen.refused).toBeGreaterThan(50);
    }
  });

  it("with any byte changed is told of, or refused, soon", async () => {
    const seen = { diff: 0, refused: 0 };
    for (const side of ["before", "after"] as const) {
      const bytes = bytesOf(input[side]!);
      for (const [at, byte] of bytes.entries()) {
        bytes[at] = at % 3 === 0 ? 255 : at % 3 === 1 ? 0 : byte ^ (1 << (at % 8));
        seen[await outcome(async () => diff({ ...input, [side]: pagesOf(bytes, 512) }))]++;
        bytes[at] = byte;
      }
    }
    expect([seen.diff > 1000, seen.refused > 100]).toEqual([true, true]);
  });

  it("whose rows overflow in circles, and further than there are pages, is refused", async () => {
    const chain = new Uint8Array(512);
    chain[3] = 3;
    const local = new Array<number>(39).fill(1);
    const hostile = (size: number) =>
      forge([
        forgePage(512, 13, [schemaCell(1, "t", 2)], { start: 100 }),
        forgePage(512, 13, [overflowCell(1, size, local, 3)]),
        chain,
      ]);
    for (const size of [547 + 508 * 6, 2 ** 30, 2 ** 50]) {
      const pages = hostile(size);
      // The row is on a page that was not written: its overflow page was.
      const written = new Set([3]);
      const found = await outcome(() => diff({ before: pages, after: pages, written, columnsOf: () => [] }));
      expect(found).toBe("refused");
    }
  });

  it("with every table above the same pages takes time that grows with its size", async () => {
    const pages = forgeShared(2000);
    const written = new Set(Array.from({ length: pages.count }, (_, i) => i + 1));
    const input = { before: undefined, after: pages, written, columnsOf: () => [] };
    expect(await outcome(() => diff(input))).toBe("diff");
    const { tables } = await diff(input);
    expect(tables.length).toBe(2000);
    expect(tables.filter(({ rowsAfter }) => rowsAfter !== undefined).length).toBeLessThan(10);
  });
});
