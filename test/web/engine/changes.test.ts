/** What a commit changed, held against two dumps by real SQLite: of the state before it and of the one after it. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import sqlite from "node-sqlite3-wasm";
import { afterAll, describe, expect, it } from "vitest";
import type { Storage } from "../../../src/storage/index.ts";
import type { ChangesView, MomentId } from "../../../web/app/protocol/protocol.ts";
import { failureOf } from "../../../web/engine/failure.ts";
import { attemptRestore } from "../../support/attempt.ts";
import { GOLDEN, readFixture } from "../../support/fixtures.ts";
import { SqliteReplica } from "../../support/sqlite-replica.ts";
import { inWal } from "../timelines.ts";
import { cell, commitsOf, context, loadStorage } from "./support.ts";

const folder = mkdtempSync(join(tmpdir(), "walkit-changes-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Dump {
  /** Rows by key, as text that differs where they do. */
  tables: Map<
    string,
    { sql: string; columns: string[]; rows: Map<string, { text: string; cells: unknown[] }> }
  >;
  schema: Map<string, string>;
}

/** Undefined where the moment cannot be restored. */
async function dumpOf(storage: Storage, moment: MomentId): Promise<Dump | undefined> {
  const { generation, ...position } = moment;
  const { bytes, error } = (await attemptRestore(storage, { generation, position })) as unknown as {
    bytes: Uint8Array;
    error?: Error;
  };
  if (error) return undefined;
  // This SQLite has no shared memory, which WAL mode needs.
  bytes.fill(1, 18, 20);
  const path = join(folder, "dump.db");
  writeFileSync(path, bytes);
  const database = new sqlite.Database(path, { readOnly: true });
  try {
    const all = (sql: string) => database.all(sql) as Record<string, unknown>[];
    const objects = all("SELECT type, name, coalesce(sql, '') AS sql FROM sqlite_schema") as Record<
      string,
      string
    >[];
    const tables: Dump["tables"] = new Map();
    for (const { name, sql } of objects.filter(
      ({ type, sql: s }) => type === "table" && !/^CREATE VIRTUAL/.test(s!),
    )) {
      const columns = all(
        `SELECT name, pk FROM pragma_table_xinfo('${name}') WHERE hidden <> 2 ORDER BY cid`,
      ) as {
        name: string;
        pk: number;
      }[];
      const isWithout = /WITHOUT ROWID$/.test(sql!);
      const key = isWithout ? columns.filter(({ pk }) => pk > 0).map((column) => column.name) : ["rowid"];
      const rows: Dump["tables"] extends Map<string, infer T> ? (T & object)["rows" & keyof T] : never =
        new Map();
      for (const row of all(`SELECT ${key.map((k, i) => `"${k}" AS _key${i}`)}, * FROM "${name}"`)) {
        const keys = key.map((_, i) => String(row[`_key${i}`]));
        const values = columns.map((column) => row[column.name]);
        const text = values.map((v) =>
          v instanceof Uint8Array ? Buffer.from(v).toString("hex") : `${typeof v} ${v}`,
        );
        rows.set(keys.join(), { text: text.join(), cells: values.map(cell) });
      }
      tables.set(name!, { sql: sql!, columns: columns.map((column) => column.name), rows });
    }
    const named = objects.filter(({ name }) => !name!.startsWith("sqlite_autoindex"));
    return { tables, schema: new Map(named.map(({ type, name, sql }) => [`${type} ${name}`, sql!])) };
  } finally {
    database.close();
  }
}

/** That the changes are those between two dumps. */
function expectDifference(before: Dump, after: Dump, found: ChangesView): void {
  const names = (is: (key: string) => boolean) =>
    [...new Set([...before.schema.keys(), ...after.schema.keys()])].filter(is).sort();
  expect(found.schema).toEqual({
    added: names((key) => !before.schema.has(key)),
    removed: names((key) => !after.schema.has(key)),
    changed: names(
      (key) =>
        (before.schema.get(key) ?? after.schema.get(key)) !==
        (after.schema.get(key) ?? before.schema.get(key)),
    ),
  });
  for (const name of new Set([...before.tables.keys(), ...after.tables.keys()])) {
    const [old, now] = [before.tables.get(name), after.tables.get(name)];
    if (old && now && old.sql !== now.sql) continue;
    const was = old?.rows ?? new Map<string, { text: string; cells: unknown[] }>();
    const is = now?.rows ?? new Map<string, { text: string; cells: unknown[] }>();
    const added = [...is.keys()].filter((key) => !was.has(key)).length;
    const removed = [...was.keys()].filter((key) => !is.has(key)).length;
    const changed = [...is].filter(([key, row]) => was.has(key) && was.get(key)!.text !== row.text).length;
    const table = found.tables.find((one) => one.table === name);
    const counts = table && [table.added, table.removed, table.changed, table.uncounted];
    const expected = added + removed + changed === 0 ? undefined : [added, removed, changed, false];
    expect([name, counts]).toEqual([name, expected]);
    if (!table) continue;
    expect(table.samples.length).toBe(Math.min(1000, added + removed + changed));
    expect(table.columns).toEqual((now ?? old)!.columns);
    const cellsOf = (rows: typeof was) => new Set([...rows.values()].map((row) => JSON.stringify(row.cells)));
    const [rowsBefore, rowsAfter] = [cellsOf(was), cellsOf(is)];
    for (const { kind, before: one, after: other } of table.samples) {
      expect([kind, one === undefined, other === undefined]).toEqual([
        kind,
        kind === "added",
        kind === "removed",
      ]);
      if (one) expect(rowsBefore.has(JSON.stringify(one)), JSON.stringify(one)).toBe(true);
      if (other) expect(rowsAfter.has(JSON.stringify(other)), JSON.stringify(other)).toBe(true);
    }
  }
}

/** Every commit, with and without its moment looked into. */
async function expectAll(storage: Storage, step = 1): Promise<Map<string, ChangesView>> {
  const { engine, view } = await loadStorage(storage);
  const all = new Map<string, ChangesView>();
  const commits = commitsOf(view);
  for (const [i, { moment, restorable }] of commits.entries()) {
    if (!restorable || i % step !== 0) continue;
    if (i % 2 === 0) await engine.look(moment, context());
    const found = await engine.changes(moment, context());
    all.set(`${moment.index}:${moment.offset}`, found);
    const last = commits[i - 1]?.moment;
    const isNext = last?.generation === moment.generation && last.index === moment.index;
    const beginning = { generation: moment.generation, ...inWal(moment), offset: 0 };
    const before = await dumpOf(storage, isNext ? last : beginning);
    if (before) expectDifference(before, (await dumpOf(storage, moment))!, found);
    else expect(found.tables.every(({ uncounted }) => uncounted)).toBe(true);
  }
  return all;
}

describe.each(GOLDEN)("%s", (name) => {
  it("changes from commit to commit as the dumps do", async () => {
    const storage = readFixture(name);
    const { view } = await loadStorage(storage);
    const all = [...(await expectAll(storage, Math.ceil(commitsOf(view).length / 60))).values()];
    expect(all.every(({ pages, pageCount }) => pages > 0 && pageCount > 0)).toBe(true);
    // The first commit of an index raises Litestream's counter, and does nothing else.
    const own = all.filter(({ moment, isOwn }) => isOwn && inWal(moment).offset <= 65536 + 24 + 32);
    for (const { tables, schema, isOwn } of all) {
      const names = [...tables.map(({ table }) => `table ${table}`), ...Object.values(schema).flat()];
      expect(isOwn).toBe(names.length > 0 && names.every((one) => one.startsWith("table _litestream_")));
    }
    if (view.timelines.some(({ segments }) => new Set(segments.section).size > 2))
      expect(own.length).toBeGreaterThan(0);
  });
});

/** Runs each statement as a commit of its own, and holds every change against the dumps. */
async function expectScript(
  options: ConstructorParameters<typeof SqliteReplica>[0],
  statements: readonly string[],
): Promise<ChangesView[]> {
  const replica = new SqliteReplica(options);
  try {
    for (const [i, statement] of statements.entries()) {
      try {
        replica.exec(statement);
      } catch (error) {
        // Made-up statements may refer to what is gone.
        if (!/no such|already exists|duplicate|UNIQUE|has no column|cannot/.test((error as Error).message))
          throw error;
      }
      if (i % 3 === 2) replica.segment();
      if (i % 11 === 10) replica.checkpoint();
    }
    replica.segment();
    return [...(await expectAll(replica.storage)).values()];
  } finally {
    replica.close();
  }
}

const SETUP = `CREATE TABLE a (id INTEGER PRIMARY KEY, text, number REAL, blob);
  CREATE TABLE b (name TEXT COLLATE NOCASE, at INTEGER, value, PRIMARY KEY (at, name)) WITHOUT ROWID;
  CREATE TABLE c (x, y DEFAULT 'none', z AS (x || y) VIRTUAL, s AS (x || '!') STORED);
  CREATE INDEX a_text ON a (text); CREATE VIEW v AS SELECT * FROM a`;

const LIFE = [
  "INSERT INTO a VALUES (1, 'one', 1, x'0102'), (2, 'two', 2.5, NULL), (-5, 'minus', 0, x''), (9007199254740993, 'big', 1e300, NULL)",
  "INSERT INTO b VALUES ('n', 1, 'v'), ('m', 1, zeroblob(3000)), ('n', 2, 9223372036854775807)",
  "INSERT INTO c (x, y) VALUES (1, 2), ('x', NULL), (NULL, 'y')",
  "UPDATE a SET text = 'ONE' WHERE id = 1",
  "UPDATE a SET text = text",
  "UPDATE b SET value = 'w' WHERE at = 1",
  "UPDATE b SET name = 'N' WHERE at = 2",
  "INSERT INTO a (text, blob) VALUES ('long', randomblob(20000)), (hex(randomblob(4000)), NULL)",
  // In place, on pages that the row overflows to.
  "UPDATE a SET blob = CAST(substr(blob, 1, 15000) || randomblob(5000) AS BLOB) WHERE text = 'long'",
  "UPDATE a SET blob = CAST(substr(blob, 1, 100) || randomblob(100) || substr(blob, 201) AS BLOB) WHERE text = 'long'",
  `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
     INSERT INTO c (x, y) SELECT i, hex(randomblob(20)) FROM n`,
  `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
     INSERT INTO b SELECT hex(randomblob(10)), i, i FROM n`,
  "DELETE FROM b WHERE at % 7 = 0",
  "DELETE FROM c WHERE rowid % 3 = 0",
  "UPDATE c SET y = 'changed' WHERE rowid % 100 = 1",
  "ALTER TABLE c ADD COLUMN late DEFAULT 42",
  "UPDATE c SET late = 43 WHERE rowid % 200 = 1",
  "UPDATE a SET id = id + 1000 WHERE id IN (1, 2)",
  "CREATE TABLE d AS SELECT * FROM a",
  "CREATE INDEX c_y ON c (y)",
  "DELETE FROM c",
  "DROP TABLE d",
  "INSERT INTO a SELECT NULL, x, y, z FROM (VALUES (1)), (SELECT 1 AS x, 2 AS y, 3 AS z)",
  "CREATE TRIGGER t AFTER INSERT ON a BEGIN UPDATE a SET number = 0 WHERE id = 2000; END",
  "DROP INDEX a_text",
  "PRAGMA user_version = 7",
  "REINDEX",
  "ANALYZE",
];

describe("a life", () => {
  it.each([
    { pageSize: 512 },
    { pageSize: 4096 },
    { pageSize: 65536 },
    { pageSize: 1024, setup: "PRAGMA auto_vacuum=FULL;" },
    { pageSize: 1024, setup: "PRAGMA auto_vacuum=INCREMENTAL;" },
    { pageSize: 1024, setup: "PRAGMA encoding='UTF-16le';" },
    { pageSize: 1024, setup: "PRAGMA encoding='UTF-16be';" },
  ])("$pageSize $setup", async ({ pageSize, setup = "" }) => {
    const found = await expectScript({ pageSize, setup: setup + SETUP }, LIFE);
    const table = (n: number, name: string) => found[n]!.tables.find((one) => one.table === name);
    expect(found.length).toBeGreaterThan(LIFE.length - 3);
    // There the snapshot looks newer than it is: a page of the map was written as it was.
    if (/FULL/.test(setup)) return;
    const first = found.find(({ tables }) => tables.length > 0)!;
    expect(first.tables[0]).toMatchObject({
      table: "a",
      added: 4,
      columns: ["id", "text", "number", "blob"],
    });
    const large = first.tables[0]!.samples.at(-1)!.after!;
    expect(large).toEqual(["9007199254740993", "big", 1e300, null]);
    expect(table(found.indexOf(first) + 1, "b")!.samples[0]!.after).toHaveLength(3);
  });
});

describe("made-up lives", () => {
  const value = fc.oneof(
    fc.integer().map(String),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => `${n}e0`.replace(/e([+-]\d+)e0/, "e$1")),
    fc.constantFrom(
      "NULL",
      "'text'",
      "x'00ff'",
      "zeroblob(700)",
      "randomblob(3000)",
      "hex(randomblob(900))",
      "-1",
    ),
  );
  const row = fc.nat(30);
  const statement = fc.oneof(
    fc
      .tuple(row, value, value)
      .map(([id, a, b]) => `INSERT OR REPLACE INTO a (id, text, blob) VALUES (${id}, ${a}, ${b})`),
    fc.tuple(row, value).map(([id, a]) => `INSERT OR REPLACE INTO b VALUES ('k${id}', ${id % 3}, ${a})`),
    fc.tuple(row, row, value).map(([m, n, a]) => `UPDATE a SET text = ${a} WHERE id % ${m + 1} = ${n}`),
    fc
      .tuple(row, row, value)
      .map(([m, n, a]) => `UPDATE b SET value = ${a} WHERE substr(name, 2) % ${m + 1} = ${n}`),
    fc.tuple(row, row).map(([m, n]) => `DELETE FROM a WHERE id % ${m + 1} = ${n}`),
    fc.tuple(row, row).map(([m, n]) => `DELETE FROM b WHERE at % ${m + 1} = ${n}`),
    row.map(
      (n) =>
        `UPDATE a SET blob = CAST(substr(blob, 1, ${n * 50}) || x'aabb' || substr(blob, ${n * 50 + 3}) AS BLOB) WHERE length(blob) > 2000`,
    ),
    row.map((n) => `CREATE TABLE t${n % 3} AS SELECT * FROM a`),
    row.map((n) => `DROP TABLE t${n % 3}`),
    row.map((n) => `INSERT INTO t${n % 3} SELECT * FROM a`),
    fc.constantFrom("VACUUM", "DELETE FROM a", "DELETE FROM b"),
  );

  it("change as the dumps do", async () => {
    const options = fc.record({
      pageSize: fc.constantFrom(512, 1024, 4096),
      setup: fc.constantFrom("", "PRAGMA auto_vacuum=FULL;").map((pragma) => pragma + SETUP),
    });
    await fc.assert(
      fc.asyncProperty(
        options,
        fc.array(statement, { minLength: 5, maxLength: 25 }),
        async (how, statements) => {
          await expectScript(how, statements);
        },
      ),
      { numRuns: Number(process.env.WALKIT_RUNS ?? 20) },
    );
  });
});

describe("what cannot be told", () => {
  it("is not counted where there are too many rows", async () => {
    const replica = new SqliteReplica({ setup: "CREATE TABLE t (x); CREATE TABLE u (x)" });
    const many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)";
    replica.exec(`${many} INSERT INTO t SELECT i FROM n`);
    replica.exec("UPDATE t SET x = -1 WHERE rowid = 30000");
    replica.exec("BEGIN; UPDATE t SET x = x + 1; INSERT INTO u VALUES (1); COMMIT");
    replica.segment();
    replica.close();
    const { engine, view } = await loadStorage(replica.storage);
    const found = await Promise.all(commitsOf(view).map(({ moment }) => engine.changes(moment, context())));
    const [all, one, again] = found.slice(-3);
    expect(all!.tables).toMatchObject([{ table: "t", added: 0, uncounted: true }]);
    expect(one!.tables).toMatchObject([
      { table: "t", changed: 1, uncounted: false, samples: [{ before: [30000], after: [-1] }] },
    ]);
    expect(again!.tables).toMatchObject([
      { table: "t", uncounted: true },
      { table: "u", added: 1, uncounted: false },
    ]);
  });

  it("is refused where no transaction ends", async () => {
    const { engine, view } = await loadStorage(readFixture("basic"));
    const { generation, ...place } = commitsOf(view)[1]!.moment;
    const { index, offset: end } = inWal(place);
    for (const offset of [0, end + 1]) {
      const error = await engine.changes({ generation, index, offset }, context()).catch((e: unknown) => e);
      expect(failureOf(error).code).toBe("no-transaction");
    }
  });
});
