/** The engine on LTX files: of Litestream 0.5, beside generations, and of LiteFS. Each moment that it offers is the true state. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatPosition, positionOf } from "../../../src/replay/position.ts";
import { MemoryStorage } from "../../../src/storage/index.ts";
import type { MomentId } from "../../../web/app/protocol/protocol.ts";
import { makeLanes } from "../../../web/app/session/lanes.ts";
import type { ReplicaEngine } from "../../../web/engine/engine.ts";
import { readAll } from "../../support/archives.ts";
import { readFixture } from "../../support/fixtures.ts";
import { LitefsNode } from "../../support/litefs.ts";
import { LtxReplica } from "../../support/ltx-replica.ts";
import { context, loadStorage, newEngine } from "./support.ts";

const SQL = [
  "CREATE TABLE t (x)",
  "INSERT INTO t VALUES (1)",
  "INSERT INTO t VALUES (2)",
  "CREATE TABLE gone (y)",
  "UPDATE t SET x = 20 WHERE x = 2",
  "DROP TABLE gone",
  "INSERT INTO t VALUES (3), (4)",
  "DELETE FROM t WHERE x = 1",
];

async function restored(engine: ReplicaEngine, moment: MomentId): Promise<Uint8Array> {
  const { file } = await engine.restore(moment, { kind: "private", name: "x.db" }, context());
  return new Uint8Array(await file!.arrayBuffer());
}

describe("a replica of Litestream 0.5", () => {
  const replica = new LtxReplica(SQL);
  replica.put(9, 1, 1);
  replica.put(9, 1, 4);
  for (let txid = 5; txid <= 8; txid++) replica.put(0, txid);
  replica.put(1, 2, 3);
  replica.put(1, 4);
  replica.put(1, 5, 6);
  replica.put(2, 2, 6);
  const load = () => loadStorage(replica.storage());

  it("shows each state that is kept, once, in order, with the time of its header", async () => {
    const { view } = await load();
    const [timeline] = view.timelines;
    const { stops } = makeLanes(view.timelines)[0]!;
    const all = Array.from({ length: stops.length }, (_, i) => i);
    expect(all.map((i) => stops.id(i).txid)).toEqual([1, 3, 4, 5, 6, 7, 8]);
    expect(all.every((i) => stops.isRestorable(i))).toBe(true);
    expect(all.map((i) => stops.time(i))).toEqual([1, 3, 4, 5, 6, 7, 8].map((txid) => replica.timeOf(txid)));
    expect([timeline!.files, timeline!.state, timeline!.gaps, view.findings]).toEqual([
      "ltx",
      "whole",
      [],
      [],
    ]);
    expect([view.files, timeline!.current]).toEqual([10, true]);
  });

  it("tells of each level which states its files lead from and to", async () => {
    const { levels } = (await load()).view.timelines[0]!;
    const spans = levels.map(({ level, from, to }) => [
      level,
      ...Array.from(from, (txid, i) => [txid, to[i]]),
    ]);
    expect(spans).toEqual([
      [0, [4, 5], [5, 6], [6, 7], [7, 8]],
      [1, [1, 3], [3, 4], [4, 6]],
      [2, [1, 6]],
      [9, [0, 1], [0, 4]],
    ]);
  });

  it("restores each to its bytes, says how large it is, and what its file changed", async () => {
    const { engine, view } = await load();
    const { stops } = makeLanes(view.timelines)[0]!;
    const found: unknown[] = [];
    for (let i = 0; i < stops.length; i++) {
      const moment = stops.id(i);
      const state = replica.states[moment.txid!]!;
      expect(await restored(engine, moment)).toEqual(new Uint8Array(state));
      expect((await engine.size(moment, context())).bytes).toBe(state.length);
      const { bytes, tables, unproven } = await engine.look(moment, context());
      expect([bytes, unproven]).toEqual([state.length, []]);
      if (stops.isSnapshot(i)) {
        await expect(engine.changes(moment, context())).rejects.toMatchObject({ code: "no-transaction" });
        continue;
      }
      const changes = await engine.changes(moment, context());
      const rows = changes.tables.map((one) => [one.table, one.added, one.removed, one.changed]);
      found.push([moment.txid, tables.length, changes.schema, ...rows]);
    }
    const schema = { added: [], removed: [], changed: [] };
    expect(found).toEqual([
      [3, 1, schema, ["t", 2, 0, 0]],
      [4, 2, { ...schema, added: ["table gone"] }],
      [5, 2, schema, ["t", 0, 0, 1]],
      [6, 1, { ...schema, removed: ["table gone"] }],
      [7, 1, schema, ["t", 2, 0, 0]],
      [8, 1, schema, ["t", 0, 1, 0]],
    ]);
  });

  it("finds the newest state in order where the newest is corrupt", async () => {
    const broken = new LtxReplica(SQL);
    broken.put(9, 1, 1);
    for (let txid = 2; txid <= 6; txid++) broken.put(0, txid);
    // A page of the table as if of another database: the file is as it was written.
    broken.put(0, 7, 7, { change: (page, data) => void (page === 2 && data.fill(7, 0, 100)) });
    const { engine } = await loadStorage(broken.storage());
    const report = await engine.verify(false, context());
    expect(report.generations[0]!.integrity).toBe("failed");
    const sound = await engine.sound({ generation: "ltx", txid: 7 }, context());
    expect([sound?.moment.txid, sound?.broken?.txid]).toEqual([6, 7]);
  });

  it("has nothing lost between states that one file leads over", async () => {
    const coarse = new LtxReplica(SQL);
    coarse.put(9, 1, 1);
    coarse.put(3, 1, 4);
    coarse.put(3, 5, 8);
    const { view } = await loadStorage(coarse.storage());
    const { stops } = makeLanes(view.timelines)[0]!;
    expect(Array.from({ length: stops.length }, (_, i) => stops.id(i).txid)).toEqual([1, 4, 8]);
    expect(view.timelines[0]!.gaps).toEqual([]);
  });
});

it("a replica that an update left: both kinds are timelines of one, and each restores", async () => {
  const old = readFixture("basic");
  const later = new LtxReplica(SQL, { start: Date.UTC(2027, 0, 1) });
  later.put(9, 1, 1);
  for (let txid = 2; txid <= 8; txid++) later.put(0, txid);
  const files = new Map(old.files);
  for (const [path, { bytes }] of later.files) files.set(path, { data: bytes });
  const { engine, view } = await loadStorage(new MemoryStorage(files));
  expect(view.timelines.map(({ files, current }) => [files, current]).sort()).toEqual([
    ["ltx", true],
    ["wal", false],
  ]);
  for (const { stops, timeline } of makeLanes(view.timelines)) {
    const bytes = await restored(engine, stops.id(stops.length - 1));
    if (timeline.files === "ltx") expect(bytes).toEqual(new Uint8Array(later.states[8]!));
    else expect(new TextDecoder().decode(bytes.subarray(0, 15))).toBe("SQLite format 3");
  }
});

it("databases of LiteFS are found in what is opened, and each transaction restores", async () => {
  const nodes = ["dbs/a.db/", "dbs/b.db/"].map((prefix) => new LitefsNode({ prefix }));
  const files: [string, File][] = [];
  for (const [k, node] of nodes.entries()) {
    for (const sql of SQL.slice(0, 5 + k)) node.commit(sql);
    const storage = node.storage();
    for await (const { path } of storage.list("")) {
      const bytes = new Uint8Array(await readAll(storage, path));
      files.push([path, new File([bytes], path.slice(path.lastIndexOf("/") + 1))]);
    }
    node.close();
  }
  const engine = newEngine();
  const opened = await engine.open({ kind: "files", name: "litefs", files }, context());
  expect(opened.replicas.map(({ path }) => path)).toEqual(["dbs/a.db", "dbs/b.db"]);
  for (const [k, found] of opened.replicas.entries()) {
    const view = await engine.load(found, context());
    const { stops } = makeLanes(view.timelines)[0]!;
    expect(stops.length).toBe(5 + k);
    for (let i = 0; i < stops.length; i++)
      expect(await restored(engine, stops.id(i))).toEqual(new Uint8Array(nodes[k]!.states.get(i + 1)!));
    expect((await engine.verify(false, context())).status).toBe("ok");
  }
});

/** What can happen to a file. */
const harm = fc.record({
  file: fc.nat(),
  kind: fc.constantFrom("gone", "flipped", "cut"),
  at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
});

const span = fc.record({
  level: fc.integer({ min: 1, max: 3 }),
  min: fc.integer({ min: 1, max: 8 }),
  more: fc.nat(4),
});

it("no moment is offered that a restore refuses, or that is not the true state, whatever happens to the files", async () => {
  const recipe = fc.record({
    snapshots: fc.uniqueArray(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 3 }),
    syncs: fc.uniqueArray(fc.integer({ min: 1, max: 8 }), { maxLength: 8 }),
    spans: fc.array(span, { maxLength: 5 }),
    harms: fc.array(harm, { maxLength: 3 }),
  });
  let offered = 0;
  await fc.assert(
    fc.asyncProperty(recipe, async ({ snapshots, syncs, spans, harms }) => {
      const replica = new LtxReplica(SQL);
      for (const txid of snapshots) replica.put(9, 1, txid);
      for (const txid of syncs) replica.put(0, txid);
      for (const { level, min, more } of spans) replica.put(level, min, Math.min(min + more, 8));
      for (const { file, kind, at } of harms) {
        const paths = [...replica.files.keys()];
        const path = paths[file % paths.length];
        if (path === undefined) continue;
        const { bytes } = replica.files.get(path)!;
        const byte = Math.floor(at * bytes.length);
        if (kind === "gone") replica.drop(path);
        else if (kind === "cut") replica.files.get(path)!.bytes = bytes.slice(0, byte);
        else bytes[byte]! ^= 1 << (byte % 8);
      }
      if (replica.files.size === 0) return;
      const { engine, view } = await loadStorage(replica.storage());
      for (const { stops } of makeLanes(view.timelines)) {
        for (let i = 0; i < stops.length; i++) {
          if (!stops.isRestorable(i)) continue;
          const moment = stops.id(i);
          expect([formatPosition(positionOf(moment)), await restored(engine, moment)]).toEqual([
            formatPosition(positionOf(moment)),
            new Uint8Array(replica.states[moment.txid!]!),
          ]);
          offered++;
        }
      }
    }),
    { numRuns: 60 },
  );
  expect(offered).toBeGreaterThan(50);
});
