/** What the engine says of states that SQLite finds corrupt, of modules that it lacks, of what a question wrote. */

import { describe, expect, it } from "vitest";
import { WalkitError } from "../../../src/errors.ts";
import { replicaIn } from "../../../src/layouts/open.ts";
import { MemorySink, restore } from "../../../src/restore/index.ts";
import { checkIntegrity } from "../../../src/sqlite/index.ts";
import type { MomentId } from "../../../web/app/protocol/protocol.ts";
import { moduleOf } from "../../../web/engine/schema.ts";
import { withoutLastSegment } from "../../support/lost-tail.ts";
import { SqliteReplica } from "../../support/sqlite-replica.ts";
import { commitsOf, context, loadStorage, newEngine } from "./support.ts";

async function engineOver(replica: SqliteReplica) {
  replica.segment();
  replica.close();
  const { engine, view } = await loadStorage(replica.storage);
  const { moment } = commitsOf(view).at(-1)!;
  return { engine, view, moment };
}

describe("a question", () => {
  const open = async () => {
    const replica = new SqliteReplica();
    replica.exec("CREATE TABLE t (a); INSERT INTO t VALUES (1), (2), (3)");
    const { engine, moment } = await engineOver(replica);
    await engine.look(moment, context());
    return (sql: string) => engine.query(sql, context());
  };

  it("has an answer to each statement, and says what was written and thrown away", async () => {
    const ask = await open();
    const found = await ask("SELECT a FROM t; UPDATE t SET a = a + 1 WHERE a > 1; SELECT sum(a) FROM t");
    expect(found).toMatchObject({ wrote: true, truncated: false, failure: undefined });
    expect(found.answers).toMatchObject([
      { sql: "SELECT a FROM t;", rows: [[1], [2], [3]], written: 0 },
      { sql: "UPDATE t SET a = a + 1 WHERE a > 1;", columns: [], rows: [], written: 2 },
      { sql: "SELECT sum(a) FROM t", rows: [[8]] },
    ]);
    expect(await ask("SELECT sum(a) FROM t")).toMatchObject({ wrote: false, answers: [{ rows: [[6]] }] });
    expect(await ask("INSERT INTO t VALUES (9) RETURNING a")).toMatchObject({
      wrote: true,
      answers: [{ rows: [[9]], written: 1 }],
    });
  });

  it.each([
    "CREATE TABLE u (b)",
    "DROP TABLE t",
    "ALTER TABLE t ADD COLUMN b",
    "PRAGMA user_version = 7",
    "CREATE TABLE big AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 99999) SELECT i FROM n",
    "BEGIN; DELETE FROM t",
    "VACUUM",
  ])("that writes is told from one that does not: %s", async (sql) => {
    const ask = await open();
    expect((await ask(sql)).wrote).toBe(true);
    expect(
      (await ask("SELECT 1; EXPLAIN SELECT * FROM t; PRAGMA table_list; PRAGMA user_version")).wrote,
    ).toBe(false);
  });

  it("keeps what came before a mistake", async () => {
    const ask = await open();
    expect(await ask("SELECT 1; SELECT 2; oops; SELECT 3")).toMatchObject({
      answers: [{ rows: [[1]] }, { rows: [[2]] }],
      failure: expect.stringContaining("oops"),
    });
    await expect(ask("oops; SELECT 1")).rejects.toMatchObject({ code: "sql" });
  });

  it("has so many answers and rows, and no more", async () => {
    const ask = await open();
    const many = await ask("SELECT 1; ".repeat(60));
    expect([many.answers.length, many.truncated]).toEqual([50, true]);
    const n =
      "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) SELECT i FROM n; ";
    const long = await ask(n.repeat(7));
    expect(long.answers.map(({ rows }) => rows.length)).toEqual([1000, 1000, 1000, 1000, 1000, 0, 0]);
    expect(long.answers.every(({ truncated }) => truncated)).toBe(true);
  });
});

describe("a module that SQLite lacks here", () => {
  it("is named, and what it keeps its data in is folded away", async () => {
    const replica = new SqliteReplica();
    replica.exec(`CREATE VIRTUAL TABLE "my docs" USING fts5(title, body);
      INSERT INTO "my docs" VALUES ('Kettles', 'boil water');
      CREATE TABLE "my docs_notes" (a); CREATE TABLE plain_data (a); INSERT INTO plain_data VALUES (1);
      CREATE VIEW seen AS SELECT title FROM "my docs"`);
    // No SQLite here has R-trees: their shadow tables are made by hand.
    replica.exec(`CREATE TABLE geo_node (nodeno INTEGER PRIMARY KEY, data); CREATE TABLE geo_rowid (rowid INTEGER PRIMARY KEY, nodeno);
      CREATE TABLE geo_parent (nodeno INTEGER PRIMARY KEY, parentnode); PRAGMA writable_schema = 1;
      INSERT INTO sqlite_schema VALUES ('table', 'geo', 'geo', 0, 'CREATE VIRTUAL TABLE geo USING rtree(id, minX, maxX)')`);
    const { engine, moment } = await engineOver(replica);
    const { tables } = await engine.look(moment, context());
    expect((await engine.check(moment, context()))?.found).not.toBe("corrupt");
    const missing = Object.fromEntries(
      tables.filter((one) => one.missing).map((one) => [one.name, one.missing]),
    );
    expect(missing).toEqual({ "my docs": "fts5", geo: "rtree" });
    const internal = tables.filter((one) => one.internal).map(({ name }) => name);
    expect(internal).toEqual([
      "_litestream_seq",
      "geo_node",
      "geo_parent",
      "geo_rowid",
      ...["config", "content", "data", "docsize", "idx"].map((name) => `my docs_${name}`),
    ]);
    expect((await engine.rows("plain_data", 0, 10, context())).rows).toEqual([[1]]);
    for (const table of ["my docs", "seen", "geo"])
      await expect(engine.rows(table, 0, 10, context())).rejects.toThrow(/no such module: (fts5|rtree)/);
  });

  it("is not a module that SQLite has", async () => {
    const replica = new SqliteReplica();
    replica.exec(`CREATE TABLE docs_content (docid INTEGER PRIMARY KEY, c0x); CREATE TABLE docs_segments (blockid INTEGER PRIMARY KEY, block BLOB);
      CREATE TABLE docs_segdir (level INTEGER, idx INTEGER, start_block INTEGER, leaves_end_block INTEGER, end_block INTEGER, root BLOB, PRIMARY KEY (level, idx));
      CREATE TABLE docs_docsize (docid INTEGER PRIMARY KEY, size BLOB); CREATE TABLE docs_stat (id INTEGER PRIMARY KEY, value BLOB);
      INSERT INTO docs_content VALUES (1, 'tea'); PRAGMA writable_schema = 1;
      INSERT INTO sqlite_schema VALUES ('table', 'docs', 'docs', 0, 'CREATE VIRTUAL TABLE docs USING fts4(x)')`);
    const { engine, moment } = await engineOver(replica);
    const { tables } = await engine.look(moment, context());
    expect(tables.find(({ name }) => name === "docs")).toMatchObject({
      missing: undefined,
      internal: false,
      rows: 1,
    });
    expect(tables.filter(({ internal }) => internal).length).toBe(6);
    expect((await engine.rows("docs", 0, 10, context())).rows).toEqual([["tea"]]);
  });

  it.each([
    ["CREATE VIRTUAL TABLE t USING fts5(a)", "fts5"],
    ['create virtual table if not exists main."a ""b"" USING x" using "My""Mod" (a)', 'My""Mod'],
    ["CREATE VIRTUAL TABLE [a b] USING rtree", "rtree"],
    ["CREATE VIRTUAL TABLE `q`\n USING\n vec0(\n a)", "vec0"],
    ["CREATE TABLE t (a)", undefined],
    ["CREATE TABLE t (a DEFAULT 'CREATE VIRTUAL TABLE t USING x')", undefined],
  ])("is read from how its table was created: %s", (sql, module) => {
    expect(moduleOf(sql)).toBe(module);
  });
});

describe("a state that SQLite finds corrupt", () => {
  const inOrder = async (replica: SqliteReplica, { generation, ...position }: MomentId) => {
    const sink = new MemorySink();
    await restore(replicaIn(replica.storage), { generation, position }, sink);
    try {
      await checkIntegrity(sink.bytes, "full");
      return true;
    } catch (error) {
      if (error instanceof WalkitError && error.code === "database/integrity") return false;
      throw error;
    }
  };

  it("is said to be, and the newest one in order is found", async () => {
    const replica = await withoutLastSegment(1, 4, 3);
    const { engine, view } = await loadStorage(replica.storage);
    const moments = commitsOf(view).filter(({ restorable }) => restorable);
    const { moment } = moments.at(-1)!;
    const report = await engine.verify(false, context());
    expect(report.generations[0]!.integrity).toBe("failed");
    const state = await engine.look(moment, context());
    // Nothing but the step over what was lost is not proven, so it is shown, and given to SQLite.
    expect(state.unproven.length).toBeGreaterThan(0);
    expect(state.unproven.filter(({ what }) => what !== "step")).toEqual([]);
    const checked = await engine.check(moment, context());
    expect(checked).toEqual({ found: "corrupt", message: expect.stringMatching(/integrity_check/) });
    expect(state.tables.length).toBeGreaterThan(0);
    const told: number[] = [];
    const onProgress = ({ done, phase }: { done: number; phase: string }) => {
      expect(phase).toBe("sound");
      told.push(done);
    };
    const found = await engine.sound(moment, { ...context(), onProgress });
    expect(told.length).toBeGreaterThan(0);
    let newest: MomentId | undefined;
    for (const { moment: one } of moments) if (await inOrder(replica, one)) newest = one;
    expect(found!.moment).toEqual(newest);
    expect(await inOrder(replica, found!.broken!)).toBe(false);
    // What is looked into stays.
    expect((await engine.query("SELECT 1", context())).answers[0]!.rows).toEqual([[1]]);
    expect(await engine.check(found!.moment, context())).toEqual({
      found: "ok",
      message: undefined,
    });
    expect(await engine.sound(found!.moment, context())).toMatchObject({ moment: newest, broken: undefined });
  });

  it("is not looked for in databases that are too large to check unasked", async () => {
    const replica = await withoutLastSegment(1, 4, 3);
    const { engine, view } = await loadStorage(replica.storage, newEngine({ mostUnasked: 1024 }));
    const { moment } = commitsOf(view).at(-1)!;
    expect(await engine.check(moment, context())).toBeUndefined();
    // It is when somebody asks for it.
    expect(await engine.sound(moment, context())).toBeDefined();
  });

  it("ends the search when it is cancelled", async () => {
    const replica = await withoutLastSegment(1, 4, 3);
    const { engine, view } = await loadStorage(replica.storage);
    const controller = new AbortController();
    const { signal } = controller;
    const search = engine.sound(commitsOf(view).at(-1)!.moment, {
      signal,
      onProgress: () => controller.abort(),
    });
    await expect(search).rejects.toMatchObject({ name: "AbortError" });
  });
});

describe("a change too large to compare", () => {
  it("tells how many rows there were and are", async () => {
    const replica = new SqliteReplica({ pageSize: 4096 });
    replica.exec(
      "CREATE TABLE t (a INTEGER PRIMARY KEY, b); CREATE TABLE w (a PRIMARY KEY, b) WITHOUT ROWID",
    );
    const n = (count: number) =>
      `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count}) `;
    replica.exec(`${n(70_000)} INSERT INTO t SELECT i, i FROM n`);
    replica.exec(`${n(60_000)} INSERT INTO w SELECT i, i FROM n`);
    replica.segment();
    replica.exec("BEGIN; UPDATE t SET b = b + 1; DELETE FROM t WHERE a % 7 = 0; UPDATE w SET b = 0; COMMIT");
    replica.segment();
    replica.exec("DROP TABLE t");
    const { engine, view } = await engineOver(replica);
    const [changed, dropped] = commitsOf(view)
      .slice(-2)
      .map(({ moment }) => moment);
    const { tables } = await engine.changes(changed!, context());
    expect(tables).toMatchObject([
      { table: "t", uncounted: true, rowsBefore: 70_000, rowsAfter: 60_000, samples: [] },
      { table: "w", uncounted: true, rowsBefore: 60_000, rowsAfter: 60_000, samples: [] },
    ]);
    const gone = await engine.changes(dropped!, context());
    expect(gone.tables.find(({ table }) => table === "t")).toMatchObject({
      uncounted: true,
      rowsBefore: 60_000,
      rowsAfter: 0,
    });
    expect(gone.schema.removed).toContain("table t");
  });

  it("gives up to a thousand changes of one that is not", async () => {
    const replica = new SqliteReplica();
    replica.exec("CREATE TABLE t (a INTEGER PRIMARY KEY, b)");
    replica.segment();
    replica.exec(
      "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500) INSERT INTO t SELECT i, 'x' FROM n",
    );
    replica.segment();
    replica.exec("UPDATE t SET b = hex(zeroblob(20000)) WHERE a <= 200");
    const { engine, view } = await engineOver(replica);
    const [filled, widened] = commitsOf(view)
      .slice(-2)
      .map(({ moment }) => moment);
    const { tables } = await engine.changes(filled!, context());
    expect(tables[0]).toMatchObject({ added: 1500, uncounted: false, rowsBefore: undefined });
    expect(tables[0]!.samples.length).toBe(1000);
    const wide = await engine.changes(widened!, context());
    expect(wide.tables[0]).toMatchObject({ changed: 200 });
    expect(wide.tables[0]!.samples.length).toBeLessThan(40);
    expect(wide.tables[0]!.samples.length).toBeGreaterThan(10);
  });
});
