/** Generations and LTX files in one replica, as an update from Litestream 0.3 to 0.5 leaves them, or a way back. */

import { describe, expect, it } from "vitest";
import { WalkitError } from "../../src/errors.ts";
import { replicaIn } from "../../src/layouts/open.ts";
import { LTX_BRANCH } from "../../src/replay/branch-name.ts";
import type { Catalog } from "../../src/replay/catalog.ts";
import type { PlanTarget } from "../../src/replay/plan.ts";
import { catalogOf } from "../../src/replay/replica.ts";
import { MemorySink, restore } from "../../src/restore/index.ts";
import { MemoryStorage } from "../../src/storage/index.ts";
import { formatTime } from "../../src/time.ts";
import { sha256 } from "../support/fixtures.ts";
import { LtxReplica } from "../support/ltx-replica.ts";
import { SqliteReplica } from "../support/sqlite-replica.ts";

const SECOND = 1_000_000_000n;
const START = 1_700_000_000n * SECOND;
const at = (second: number) => START + BigInt(second * 1000) * (SECOND / 1000n);
const OLD = "0123456789abcdef";

/** A generation of some 0.16 seconds from second `old` on; LTX files from second `young` on: TXIDs 1 to 3, a second apart. */
function storageOf(old: number, young: number): { storage: MemoryStorage; database: Uint8Array } {
  const generation = new SqliteReplica({ generation: OLD, clock: at(old) });
  generation.exec("CREATE TABLE t (a)");
  for (let i = 0; i < 4; i++) {
    generation.exec(`INSERT INTO t VALUES (${i})`);
    generation.segment();
  }
  const { storage } = generation;
  const database = generation.finish();
  const ltx = new LtxReplica(["CREATE TABLE u (a)", "INSERT INTO u VALUES (1)", "INSERT INTO u VALUES (2)"], {
    start: Number(at(young) / 1_000_000n),
  });
  ltx.put(9, 1, 1);
  ltx.putAll(0, 2, 3);
  return { storage: new MemoryStorage([...storage.files, ...ltx.storage().files]), database };
}

async function open(old: number, young: number) {
  const { storage, database } = storageOf(old, young);
  const replica = replicaIn(storage);
  return { replica, storage, database, layout: replica.layout, catalog: await catalogOf(replica) };
}

const { layout } = replicaIn(new MemoryStorage());
const chosen = (catalog: Catalog, target: PlanTarget = {}) => layout.choose(catalog, target).id;

function refusal(work: () => unknown): WalkitError {
  try {
    work();
  } catch (error) {
    if (error instanceof WalkitError) return error;
    throw error;
  }
  throw new Error("Expected a refusal, found none");
}

describe("which of the two is meant", () => {
  it.each([
    [0, 100, LTX_BRANCH],
    [100, 0, OLD],
  ])(
    "without a target, times tell: generation from second %d on, LTX files from %d",
    async (old, young, id) => {
      const { catalog } = await open(old, young);
      expect(catalog.generations.map((one) => one.id)).toEqual([OLD, LTX_BRANCH]);
      expect([chosen(catalog), layout.newest(catalog)?.id, layout.plan(catalog, {}).generation]).toEqual([
        id,
        id,
        id,
      ]);
    },
  );

  it("a position tells by its kind, and a name by itself", async () => {
    const { catalog } = await open(0, 100);
    for (const [target, id] of [
      [{ index: 0 }, OLD],
      [{ commit: { index: 0, offset: 0 } }, OLD],
      [{ commit: { txid: 2 } }, LTX_BRANCH],
      [{ generation: OLD }, OLD],
      [{ generation: LTX_BRANCH }, LTX_BRANCH],
    ] as [PlanTarget, string][])
      expect([chosen(catalog, target), layout.plan(catalog, target).generation]).toEqual([id, id]);
  });

  it("a time tells in which of the two it lies", async () => {
    const updated = (await open(0, 100)).catalog;
    expect(chosen(updated, { timestamp: at(0.1) })).toBe(OLD);
    expect(chosen(updated, { timestamp: at(101) })).toBe(LTX_BRANCH);
    const back = (await open(100, 0)).catalog;
    expect(chosen(back, { timestamp: at(1) })).toBe(LTX_BRANCH);
    expect(chosen(back, { timestamp: at(100.1) })).toBe(OLD);
    // A time in the LTX files alone is theirs, though a generation was written between two of them.
    const within = (await open(1, 0)).catalog;
    for (const second of [0.5, 1.5]) expect(chosen(within, { timestamp: at(second) })).toBe(LTX_BRANCH);
    // Between the two nothing was written.
    const between = refusal(() => chosen(updated, { timestamp: at(50) }));
    expect(between.code).toBe("target/out-of-range");
  });

  it("a time between two generations is that of the LTX files in which it lies", async () => {
    const { storage } = storageOf(0.5, 0);
    const later = storageOf(3, 0).storage.files;
    for (const [path, file] of later)
      if (path.startsWith("generations/")) storage.files.set(path.replace(OLD, "f".repeat(16)), file);
    const catalog = await catalogOf(replicaIn(storage));
    expect(catalog.generations.length).toBe(3);
    expect(chosen(catalog, { timestamp: at(1.5) })).toBe(LTX_BRANCH);
    expect(chosen(catalog, { timestamp: at(3.1) })).toBe("f".repeat(16));
    const { code } = refusal(() => chosen(catalog, { timestamp: at(0.6) }));
    expect(code).toBe("target/ambiguous-generation");
  });

  it("is restored: each from its own files", async () => {
    const { replica, database } = await open(0, 100);
    const sink = new MemorySink();
    await restore(replica, { timestamp: at(0.155) }, sink);
    expect(sha256(sink.bytes)).toBe(sha256(database));
  });
});

describe("where times do not tell", () => {
  it("that both were written at once, the choice is refused and both are named", async () => {
    const { catalog } = await open(1, 0);
    const error = refusal(() => chosen(catalog, { timestamp: at(1.1) }));
    expect(error).toMatchObject({
      code: "target/ambiguous-generation",
      remedy: { do: "choose-generation", among: [LTX_BRANCH, OLD], more: false },
    });
    expect(error.message).toContain(`both were written at ${formatTime(at(1.1))}`);
    // The newest is that of the LTX files all the same: nothing was written later.
    expect(chosen(catalog)).toBe(LTX_BRANCH);
  });

  it("as the generation's are those of a copy, it may be the newest and is not taken for it", async () => {
    const { storage, replica } = await open(100, 0);
    for (const [path, file] of storage.files)
      if (path.startsWith("generations/")) file.modified = at(100) + 1n;
    const catalog = await catalogOf(replica);
    expect(refusal(() => chosen(catalog))).toMatchObject({ code: "target/ambiguous-generation" });
    expect(layout.newest(catalog)).toBeUndefined();
    // A copy can only make times later: what lies before the LTX files' end is from before it.
    for (const [path, file] of storage.files)
      if (path.startsWith("generations/")) file.modified = at(0.5) + 1n;
    expect(chosen(await catalogOf(replica))).toBe(LTX_BRANCH);
  });

  it("as the storage keeps none, nothing is chosen", async () => {
    const { storage, replica } = await open(0, 100);
    for (const [path, file] of storage.files) if (path.startsWith("generations/")) file.modified = undefined;
    const catalog = await catalogOf(replica);
    expect(refusal(() => layout.plan(catalog, {}))).toMatchObject({ code: "target/ambiguous-generation" });
    expect(chosen(catalog, { generation: OLD })).toBe(OLD);
  });

  it("as a generation cannot be listed, it may be the newest", async () => {
    const { catalog } = await open(0, 100);
    const unreadable = [new WalkitError("storage/unreadable", "Cannot list it")];
    catalog.generations[0] = { ...catalog.generations[0]!, unreadable };
    expect(refusal(() => chosen(catalog))).toMatchObject({ code: "target/ambiguous-generation" });
  });
});

describe("each is read by its own layout", () => {
  it("and an empty generation beside LTX files is in nobody's way", async () => {
    const { catalog } = await open(100, 0);
    catalog.generations[0] = { id: OLD, snapshots: [], segments: [] };
    expect(chosen(catalog, { index: 3 })).toBe(LTX_BRANCH);
    expect(layout.newest(catalog)?.id).toBe(LTX_BRANCH);
  });

  it("states, findings, gaps and doubts are those of the branch", async () => {
    const { catalog } = await open(0, 100);
    const [old, young] = catalog.generations;
    expect([layout.states(old!), layout.states(young!)?.length]).toEqual([undefined, 3]);
    for (const branch of [old!, young!]) {
      expect([layout.faults(branch, catalog), layout.gaps(branch).findings]).toEqual([[], []]);
      expect(layout.gaps(branch).chains).toMatchObject([{ newest: true }]);
      expect(layout.doubt(branch, catalog.generations)).toBeUndefined();
      expect(layout.planChanges(branch, {}).generation).toBe(branch.id);
    }
    const missing = [layout.missing(OLD, { index: 0, offset: 0 }, old!.segments[0]!)];
    missing.push(layout.missing(LTX_BRANCH, { txid: 1 }, young!.segments[1]!));
    expect(missing.map(({ code }) => code)).toEqual(["replica/missing-index", "replica/missing-txid"]);
  });

  it("moments near to a time are of both", async () => {
    const { catalog } = await open(0, 100);
    const near = layout.near(catalog.generations, at(50));
    expect(near.map(({ generation }) => generation)).toEqual([OLD, LTX_BRANCH]);
  });
});
