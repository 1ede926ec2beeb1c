/** The page's engine over the fixtures: what it shows is what the library finds, and what real SQLite reads. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sqlite from "node-sqlite3-wasm";
import { afterAll, describe, expect, it } from "vitest";
import { replicaIn } from "../../../src/layouts/open.ts";
import { listMoments } from "../../../src/moments/index.ts";
import type { Position } from "../../../src/replay/position.ts";
import { restoreFile } from "../../../src/restore/file.ts";
import { readCatalog } from "../../../src/snapshot/index.ts";
import { MemoryStorage } from "../../../src/storage/index.ts";
import { isJunk } from "../../../src/storage/paths.ts";
import { readLineage, type Timeline } from "../../../src/timeline/index.ts";
import { verify } from "../../../src/verify/index.ts";
import { positionAt } from "../../../web/app/protocol/positions.ts";
import type { MomentId, TimelineView } from "../../../web/app/protocol/protocol.ts";
import { segmentAt } from "../../../web/app/protocol/segments.ts";
import type { CallContext } from "../../../web/engine/calls.ts";
import type { ReplicaEngine } from "../../../web/engine/engine.ts";
import { EngineError, failureOf } from "../../../web/engine/failure.ts";
import { DAMAGED, GOLDEN, readFixture } from "../../support/fixtures.ts";
import { makeReplica } from "../../support/generate.ts";
import { timeless } from "../../support/report.ts";
import { SqliteReplica } from "../../support/sqlite-replica.ts";
import { cell, commitsOf, context, loadArchive, loadStorage, newEngine } from "./support.ts";

const folder = mkdtempSync(join(tmpdir(), "walkit-engine-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each([...GOLDEN, ...DAMAGED])("%s", (name) => {
  it("is shown as the library finds it", async () => {
    const { view, engine } = await loadArchive(name);
    const moments = await listMoments(replicaIn(readFixture(name)));
    const found = moments.flatMap(({ generation, segments }) =>
      segments.flatMap(({ commits }) =>
        commits.map(({ end, restorable }) => ({ moment: { generation, ...end }, restorable })),
      ),
    );
    const byGeneration = (a: (typeof found)[number], b: (typeof found)[number]) =>
      a.moment.generation < b.moment.generation ? -1 : a.moment.generation > b.moment.generation ? 1 : 0;
    expect(commitsOf(view).sort(byGeneration)).toEqual(found);
    const storage = readFixture(name);
    const { timelines } = await readLineage(replicaIn(storage), await readCatalog(storage), { infer: true });
    const lineage = ({ id, generation, parent, switchPoint, reason, inferred }: Timeline | TimelineView) => {
      return { id, generation, parent, switchPoint, reason, inferred };
    };
    expect(view.timelines.map(lineage)).toEqual(timelines.map(lineage));
    for (const timeline of view.timelines) {
      const one = moments.find(({ generation }) => generation === timeline.generation)!;
      expect(timeline.timesTrusted).toBe(one.timesTrusted);
      expect(timeline.gaps.length).toBe(one.gaps.length);
      for (const [i, { reason }] of timeline.gaps.entries()) {
        expect(reason).toEqual(one.gaps[i]!.reason ?? reason);
        expect(reason.message).not.toBe("");
      }
      const segments = Array.from({ length: timeline.segments.length }, (_, i) =>
        segmentAt(timeline.segments, i),
      );
      expect(segments.map(({ path }) => path)).toEqual(one.segments.map(({ path }) => path));
      expect(segments.map(({ time }) => time)).toEqual(
        one.segments.map(({ time }) =>
          time === undefined ? undefined : expect.closeTo(Date.parse(time), -1),
        ),
      );
      const damaged = one.findings.filter(({ severity }) => severity === "damage");
      if (damaged.length > 0) expect(timeline.state).toBe("damaged");
      // A file behind what is missing is whole.
      const broken = damaged.filter(({ code }) => !code.startsWith("replica/missing-"));
      const paths = new Set(broken.map(({ path }) => path));
      for (const file of [...timeline.snapshots, ...segments])
        expect(file.damaged).toBe(paths.has(file.path));
      expect(timeline.moments.section.length).toBe(timeline.segments.firstMoment.at(-1));
    }
    // The archive leaves out what macOS puts everywhere.
    const report = await verify(replicaIn(readFixture(name)));
    report.findings = report.findings.filter(({ path }) => !path || !isJunk(path));
    expect(timeless(await engine.verify(false, context()))).toEqual(timeless(report));
  });
});

/** Every table of a moment's database, once as the engine shows it and once as real SQLite reads the restored file. */
async function expectSame(engine: ReplicaEngine, name: string, moment: MomentId): Promise<void> {
  const state = await engine.look(moment, context());
  const { generation, ...position } = moment;
  const path = join(folder, "state.db");
  await restoreFile(replicaIn(readFixture(name)), { generation, position }, path, {
    force: true,
    history: false,
  });
  const bytes = readFileSync(path);
  // This SQLite has no shared memory, which WAL mode needs.
  bytes.fill(1, 18, 20);
  writeFileSync(path, bytes);
  const database = new sqlite.Database(path);
  try {
    const all = (sql: string) => database.all(sql) as Record<string, unknown>[];
    const tables = all("SELECT name, sql FROM sqlite_schema WHERE type IN ('table', 'view') ORDER BY name");
    const shown = state.tables
      .filter(({ sql }) => sql !== "")
      .map((table) => ({ name: table.name, sql: table.sql }));
    expect(shown).toEqual(tables.filter(({ sql }) => sql !== null));
    for (const { name: table, columns, rows: count, kind } of state.tables) {
      const rows = all(`SELECT * FROM "${table}"`).map((row) => Object.values(row).map(cell));
      if (kind === "table") expect([table, count]).toEqual([table, rows.length]);
      const found = await engine.rows(table, 0, 1000, context());
      expect(found.rows).toEqual(rows.slice(0, 1000));
      expect(found.columns).toEqual(columns.map((column) => column.name));
      expect(found.truncated).toBe(rows.length > 1000);
    }
  } finally {
    database.close();
  }
}

describe.each([...GOLDEN, "damaged/missing-index", "damaged/flip-compressed"])(
  "every moment of %s",
  (name) => {
    it("is what real SQLite reads", async () => {
      const { view, engine } = await loadArchive(name);
      const commits = commitsOf(view);
      const step = Math.ceil(commits.length / 40);
      for (const [i, { moment, restorable }] of commits.entries()) {
        if (!restorable) await expect(engine.look(moment, context())).rejects.toThrow();
        else if (i % step === 0 || i === commits.length - 1) await expectSame(engine, name, moment);
      }
    });
  },
);

describe("opening", () => {
  it("takes the example, and its times", async () => {
    const engine = newEngine();
    const opened = await engine.open({ kind: "example" }, context());
    expect(opened.replicas).toEqual([{ path: "shop", prefix: "shop/generations/", generation: undefined }]);
    const view = await engine.load(opened.replicas[0]!, context());
    const about = view.timelines.map(({ state, timesTrusted, current, reason }) => [
      state,
      timesTrusted,
      current,
      reason,
    ]);
    expect(about).toEqual([
      ["damaged", true, false, undefined],
      ["whole", true, false, "before DROP TABLE reviews"],
      ["whole", true, true, "before UPDATE customers without WHERE"],
    ]);
    expect(view.timelines.flatMap(({ gaps }) => gaps).length).toBe(1);
    expect(view.findings.map(({ severity }) => severity)).toEqual(["damage"]);
    expect(view.timelines[2]!.restorePoints).toMatchObject([
      { name: "before the new prices", restorable: true },
    ]);
    const [{ segments }, , last] = view.timelines as [TimelineView, TimelineView, TimelineView];
    expect(last.segments.time.at(-1)! - segments.time[0]!).toBeGreaterThan(3 * 86_400_000);
  });

  it("tells the example's story: a table dropped, a column overwritten, and neither where work went on", async () => {
    const engine = newEngine();
    const { replicas } = await engine.open({ kind: "example" }, context());
    const { timelines } = await engine.load(replicas[0]!, context());
    const tables = async ({ generation, moments }: TimelineView, i: number) => {
      const at = (i + moments.section.length) % moments.section.length;
      const moment = { generation: generation!, ...positionAt(moments, at) };
      const { tables: all } = await engine.look(moment, context());
      expect((await engine.check(moment, context()))?.found).toBe("ok");
      return { names: all.map(({ name }) => name), moment };
    };
    const firstBehind = ({ moments }: TimelineView, { index, offset }: Position) =>
      moments.section.findIndex((one, i) => one === index && moments.offset[i]! > offset!);
    const [one, two, three] = timelines as [TimelineView, TimelineView, TimelineView];
    const dropped = await tables(one, firstBehind(one, two.switchPoint!));
    expect(dropped.names).not.toContain("reviews");
    expect((await engine.changes(dropped.moment, context())).schema.removed).toEqual(["table reviews"]);
    expect((await tables(two, -1)).names).toContain("reviews");
    const { moment } = await tables(two, firstBehind(two, three.switchPoint!));
    const [change] = (await engine.changes(moment, context())).tables;
    expect(change!.table).toBe("customers");
    expect(change!.changed).toBeGreaterThan(40);
    await tables(three, -1);
    const [answer] = (await engine.query("SELECT count(DISTINCT email) > 30 FROM customers", context()))
      .answers;
    expect(answer!.rows).toEqual([[1]]);
  });

  it("takes files with paths", async () => {
    const engine = newEngine();
    const files = [...readFixture("basic").files].map(([path, { data, modified = 0n }]): [string, File] => [
      `copy/${path}`,
      new File([data as Uint8Array<ArrayBuffer>], path.split("/").at(-1)!, {
        lastModified: Number(modified / 1_000_000n),
      }),
    ]);
    const opened = await engine.open({ kind: "files", name: "copy", files }, context());
    const view = await engine.load(opened.replicas[0]!, context());
    const { view: other } = await loadArchive("basic");
    expect(commitsOf(view)).toEqual(commitsOf(other));
    expect(view.name).toBe("copy");
  });

  it("refuses what is none", async () => {
    const file = new File(["nothing of the kind"], "x.tar");
    await expect(newEngine().open({ kind: "archive", file }, context())).rejects.toThrow(/archive/);
    await expect(newEngine().verify(false, context())).rejects.toThrow("No replica");
    await expect(newEngine().query("SELECT 1", context())).rejects.toThrow("No moment");
  });

  it("lists 20,000 commits without long pauses", async () => {
    const indexes = Array.from({ length: 20 }, (_, at) => ({
      snapshot: at === 0,
      mark: 0,
      segments: Array.from({ length: 10 }, () => ({ commits: 100 })),
    }));
    const { storage } = makeReplica({ pageSize: 512, pages: 4, seed: 7, indexes });
    let [last, longest] = [performance.now(), 0];
    const timer = setInterval(() => {
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }, 5);
    const { view } = await loadStorage(storage);
    clearInterval(timer);
    expect(commitsOf(view).length).toBeGreaterThanOrEqual(20_000);
    expect(longest).toBeLessThan(1000);
  });
});

describe("SQL", () => {
  const replica = new SqliteReplica({ setup: "CREATE TABLE t (id INTEGER PRIMARY KEY, big, text, blob)" });
  replica.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
    INSERT INTO t SELECT i, i * 3000000000000000, 'row ' || i, randomblob(100) FROM n`);
  replica.exec(
    "CREATE VIEW v AS SELECT id FROM t WHERE id < 10; CREATE VIEW broken AS SELECT * FROM nowhere",
  );
  replica.segment();
  replica.close();
  const load = async () => {
    const { engine, view } = await loadStorage(replica.storage);
    await engine.look(commitsOf(view).at(-1)!.moment, context());
    return engine;
  };

  it("gives the rows of every statement that has any, in bounds", async () => {
    const engine = await load();
    const ask = async (sql: string) => (await engine.query(sql, context())).answers;
    const [one, some] = await ask("SELECT 1; SELECT id, big, blob FROM t ORDER BY id");
    expect(one).toMatchObject({
      sql: "SELECT 1;",
      columns: ["1"],
      rows: [[1]],
      truncated: false,
      written: 0,
    });
    expect([some!.columns, some!.rows.length, some!.truncated]).toEqual([["id", "big", "blob"], 1000, true]);
    expect(some!.rows[0]).toEqual([
      1,
      3000000000000000,
      { blob: 100, head: expect.stringMatching(/^[0-9a-f]{64}$/) },
    ]);
    expect((await ask("SELECT 3000 * 3000000000000000"))[0]!.rows).toEqual([
      [9000000000000000000n.toString()],
    ]);
    const page = await engine.rows("t", 2990, 100, context());
    expect([page.rows.length, page.rows[0]![0], page.truncated]).toEqual([10, 2991, false]);
    expect((await engine.rows("v", 0, 3, context())).truncated).toBe(true);
    expect(await ask("  -- nothing")).toEqual([]);
    const [long] = await ask("SELECT printf('%.*c', 100000, 'x')");
    expect((long!.rows[0]![0] as string).length).toBeLessThan(70_000);
  });

  it("throws away what a query writes", async () => {
    const engine = await load();
    const write = `UPDATE t SET text = 'changed'; CREATE TABLE more AS SELECT * FROM t; INSERT INTO more SELECT * FROM t;
      COMMIT; SELECT count(*), min(text) FROM t`;
    const inside = await engine.query(`BEGIN; ${write}`, context());
    expect(inside).toMatchObject({ wrote: true, failure: undefined });
    expect(inside.answers.at(-1)!.rows).toEqual([[3000, "changed"]]);
    const deleted = await engine.query("DELETE FROM t; VACUUM; SELECT count(*) FROM t", context());
    expect(deleted).toMatchObject({ wrote: true, answers: [{ written: 3000 }, { rows: [[0]] }] });
    const after = await engine.query("PRAGMA integrity_check; SELECT count(*), min(text) FROM t", context());
    expect(after).toMatchObject({ wrote: false, answers: [{ rows: [["ok"]] }, { rows: [[3000, "row 1"]] }] });
    await expect(engine.rows("more", 0, 1, context())).rejects.toThrow("no table");
  });

  it("tells what SQLite says", async () => {
    const engine = await load();
    for (const sql of ["SELEC 1", "SELECT * FROM nowhere", "SELECT * FROM broken"]) {
      const error = await engine.query(sql, context()).catch((e: unknown) => e);
      expect(failureOf(error).code).toBe("sql");
    }
    await expect(engine.rows("t; DROP TABLE t", 0, 1, context())).rejects.toThrow("no table");
  });

  it("hears a cancel between rows", async () => {
    const engine = await load();
    const controller = new AbortController();
    const endless =
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n WHERE i % 100000 = 0";
    setTimeout(() => controller.abort(), 50);
    const error = await engine.query(endless, context(controller.signal)).catch((e: unknown) => e);
    expect(failureOf(error, controller.signal).code).toBe("cancelled");
    expect((await engine.query("SELECT 1", context())).answers[0]!.rows).toEqual([[1]]);
  });

  it("refuses a database that is too large to look into", async () => {
    const storage = new MemoryStorage(replica.storage.files);
    const { engine, view } = await loadStorage(storage);
    const { moment } = commitsOf(view).at(-1)!;
    const { readState } = await import("../../../web/engine/replica.ts");
    const held = { ...replicaIn(storage), name: "" };
    for (const pageCount of [undefined, 1000]) {
      const reading = readState(held, moment, { pageSize: 1024, pageCount }, 50_000, {});
      await expect(reading).rejects.toThrow("too large to look into");
      await expect(reading).rejects.toBeInstanceOf(EngineError);
    }
    await engine.look(moment, context());
  });
});

describe("a cancel", () => {
  it("ends whatever is under way", async () => {
    const indexes = Array.from({ length: 20 }, () => ({
      snapshot: true,
      mark: 0,
      segments: Array.from({ length: 10 }, () => ({ commits: 10 })),
    }));
    const { storage } = makeReplica({ pageSize: 4096, pages: 200, seed: 3, indexes });
    const { engine, view } = await loadStorage(storage);
    const { moment } = commitsOf(view).at(-1)!;
    const calls: ((context: CallContext) => Promise<unknown>)[] = [
      (at) => engine.load({ path: "", prefix: "generations/", generation: undefined }, at),
      (at) => engine.verify(false, at),
      (at) => engine.look(moment, at),
      (at) => engine.changes(moment, at),
    ];
    for (const call of calls) {
      const controller = new AbortController();
      const { signal } = controller;
      let told = 0;
      const onProgress = () => {
        if (++told === 3) controller.abort();
      };
      const error = await call({ signal, onProgress }).catch((e: unknown) => e);
      expect(failureOf(error, signal).code).toBe("cancelled");
      expect(error).toBe(signal.reason);
    }
  });
});
