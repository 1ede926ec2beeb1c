/** One plan, carried out: what it writes, what it says of it, and what it refuses. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { litefsIn } from "../../src/layouts/litefs.ts";
import { replicaIn } from "../../src/layouts/open.ts";
import { compress, decompress } from "../../src/lz4/index.ts";
import type { Replica } from "../../src/replay/layout.ts";
import type { PlanTarget, RestorePlan } from "../../src/replay/plan.ts";
import { comparePositions, formatPosition } from "../../src/replay/position.ts";
import { catalogOf } from "../../src/replay/replica.ts";
import { type ExecuteOptions, executePlan, type Progress } from "../../src/restore/execute.ts";
import type { Spill } from "../../src/restore/page-store.ts";
import { MemorySink } from "../../src/restore/sinks/memory.ts";
import type { MemoryStorage } from "../../src/storage/index.ts";
import { sha256 } from "../support/fixtures.ts";
import { type Made, makeReplica, type Recipe } from "../support/generate.ts";
import { recipe } from "../support/harm.ts";
import { LitefsNode } from "../support/litefs.ts";

/** Two WALs behind one snapshot, which holds nothing of them. */
const PLAIN: Recipe = {
  ...{ pageSize: 512, pages: 6, seed: 11 },
  indexes: [
    { snapshot: true, mark: 0, segments: [{ commits: 2 }, { commits: 2 }] },
    { snapshot: false, mark: 0, segments: [{ commits: 3 }] },
  ],
};

async function planOf(from: MemoryStorage | Replica, target: PlanTarget = {}): Promise<RestorePlan> {
  const replica = "layout" in from ? from : replicaIn(from);
  return replica.layout.plan(await catalogOf(replica), target);
}

async function execute(from: MemoryStorage | Replica, plan: RestorePlan, options?: ExecuteOptions) {
  const sink = new MemorySink();
  const replica = "layout" in from ? from : replicaIn(from);
  const result = await executePlan(replica, plan, sink, options);
  return { result, bytes: sink.bytes, hash: sha256(sink.bytes) };
}

/** The ends of a made-up replica's segments, as targets. */
const endsOf = ({ segments }: Made) => segments.map(({ end: { index, offset } }) => ({ index, offset }));

/** Cuts a file short. */
function cut(storage: MemoryStorage, path: string): void {
  const file = storage.files.get(path)!;
  storage.files.set(path, { ...file, data: file.data.slice(0, 20) });
}

describe("a plan that is carried out", () => {
  it("gives the state that it leads to, and counts what it applied", async () => {
    const { storage, states, snapshots } = makeReplica(PLAIN);
    const { result, bytes, hash } = await execute(storage, await planOf(storage));
    const { index, offset, sha256: newest } = states.at(-1)!;
    expect(hash).toBe(newest);
    expect(result).toMatchObject({
      ...{ snapshot: { index: 1, path: snapshots[0]!.path }, position: { index, offset }, transactions: 7 },
      ...{ pageSize: 512, pageCount: bytes.length / 512, bytes: bytes.length },
    });
    // 32 bytes of header in each of the two WALs.
    const inFirst = states.findLast((state) => state.index === 1)!.offset;
    expect(result.frames * (24 + 512)).toBe(inFirst + offset - 64);
  });

  it("gives any state, or says that the snapshot is from after it", async () => {
    let refusals = 0;
    await fc.assert(
      fc.asyncProperty(recipe, async (one) => {
        const { storage, states, snapshots } = makeReplica(one);
        for (const { index, offset, sha256: expected } of states) {
          const commit = { index, offset };
          const plan = await planOf(storage, { commit });
          const done = await execute(storage, plan).catch((error) => error);
          const { mark } = snapshots.find(({ path }) => path === plan.snapshot.path)!;
          if (!("code" in done)) expect([commit, done.hash]).toEqual([commit, expected]);
          else {
            refusals++;
            expect(done).toMatchObject({ code: "replica/before-mark", path: plan.snapshot.path });
            expect([commit, comparePositions(commit, mark) < 0]).toEqual([commit, true]);
          }
        }
      }),
      { numRuns: 40 },
    );
    expect(refusals).toBeGreaterThan(0);
  });

  it("says how far it has come: the WAL first, then the snapshot, in the end all that the plan reads", async () => {
    const { storage } = makeReplica(PLAIN);
    const plan = await planOf(storage);
    const told: Progress[] = [];
    await execute(storage, plan, { onProgress: (progress) => told.push({ ...progress }) });
    expect([...new Set(told.map(({ phase }) => phase))]).toEqual(["wal", "snapshot"]);
    const done = told.map((progress) => progress.done);
    expect(done).toEqual(done.toSorted((a, b) => a - b));
    expect([done.at(-1), told.at(-1)!.total]).toEqual([plan.bytes, plan.bytes]);
  });

  it("needs no more memory than it may, with a place for the rest, which it closes whatever comes", async () => {
    const made = makeReplica({ ...PLAIN, pages: 40, pageSize: 65536 });
    const { storage, states } = made;
    const plan = await planOf(storage);
    const calls: string[] = [];
    const openSpill = (): Spill => {
      const bytes = new Uint8Array(1 << 24);
      return {
        write: (data, position) => bytes.set(data, position),
        read: (into, position) => into.set(bytes.subarray(position, position + into.length)),
        close: () => void calls.push("close"),
      };
    };
    const small = { memoryBudget: 65536, openSpill };
    expect((await execute(storage, plan, small)).hash).toBe(states.at(-1)!.sha256);
    expect(calls).toEqual(["close"]);
    await expect(execute(storage, plan, { memoryBudget: 65536 })).rejects.toMatchObject({
      code: "restore/memory-budget",
    });
    cut(storage, made.snapshots[0]!.path);
    await expect(execute(storage, plan, small)).rejects.toMatchObject({ code: "lz4/truncated" });
    expect(calls).toEqual(["close", "close"]);
  });

  it("is not begun for a signal that has come, and is left for one that comes", async () => {
    const segments = Array.from({ length: 30 }, () => ({ commits: 1 }));
    const { storage } = makeReplica({ ...PLAIN, indexes: [{ snapshot: true, mark: 0, segments }] });
    const plan = await planOf(storage);
    const reason = new Error("enough");
    const sink = new MemorySink();
    const early = executePlan(replicaIn(storage), plan, sink, { signal: AbortSignal.abort(reason) });
    await expect(early).rejects.toBe(reason);
    const controller = new AbortController();
    const { signal } = controller;
    let files = 0;
    const onProgress = () => {
      files++;
      controller.abort(reason);
    };
    const options = { signal, onProgress, parallelism: 1 };
    await expect(executePlan(replicaIn(storage), plan, sink, options)).rejects.toBe(reason);
    expect(files).toBeLessThan(5);
    expect(sink.bytes).toHaveLength(0);
  });
});

describe("what cannot be proven", () => {
  const made = () => {
    const one = makeReplica(PLAIN);
    const [target] = endsOf(one);
    return { ...one, target: target!, behind: one.segments[1]! };
  };

  it("is refused where the WAL behind the target is broken; with salvage it is said", async () => {
    const { storage, target, behind, snapshots, states } = made();
    cut(storage, behind.path);
    const plan = await planOf(storage, { commit: target });
    await expect(execute(storage, plan)).rejects.toMatchObject({
      ...{ code: "replica/snapshot-unproven", path: snapshots[0]!.path },
      ...{ cause: { code: "lz4/truncated", path: behind.path }, remedy: { do: "salvage" } },
    });
    const { result, hash } = await execute(storage, plan, { tolerant: true });
    expect(hash).toBe(states.find(({ offset }) => offset === target.offset)!.sha256);
    expect([result.proven, result.unproven]).toEqual([false, [{ what: "snapshot" }]]);
    expect(result.findings.map(({ code }) => code)).toContain("replica/snapshot-unproven");
  });

  it("is said of each step from one WAL to the next", async () => {
    const { storage, segments } = made();
    const { result } = await execute(storage, await planOf(storage));
    expect(result.unproven).toEqual([
      { what: "step", from: formatPosition(segments[1]!.end), to: "00000002:00000000", counter: undefined },
    ]);
    expect(result.findings).toMatchObject([
      { code: "replica/unproven-step", severity: "warning", position: "00000002:00000000" },
    ]);
  });

  it("is nothing within the WAL of the snapshot's own index, where that is whole", async () => {
    const { storage, target } = made();
    const { result } = await execute(storage, await planOf(storage, { commit: target }));
    expect([result.proven, result.unproven, result.findings]).toEqual([true, [], []]);
  });
});

describe("a plan is refused", () => {
  it("that ends where there is no commit, and it is said which one is the last", async () => {
    const { storage, states } = makeReplica(PLAIN);
    const [, , second] = states;
    const plan = await planOf(storage, { commit: { index: 1, offset: second!.offset + 1 } });
    await expect(execute(storage, plan)).rejects.toMatchObject({
      code: "target/out-of-range",
      message: expect.stringContaining(`found ${formatPosition(second!)} to be the last one`),
    });
  });

  it("that ends before the mark that is known of the snapshot", async () => {
    const { storage, snapshots, states } = makeReplica(PLAIN);
    const [, first, second] = states;
    const plan = await planOf(storage, { commit: { index: 1, offset: first!.offset } });
    const mark = { index: 1, offset: second!.offset };
    await expect(execute(storage, { ...plan, mark })).rejects.toMatchObject({
      ...{ code: "replica/before-mark", path: snapshots[0]!.path, position: formatPosition(first!) },
      message: expect.stringContaining(`reaches up to ${formatPosition(mark)}`),
    });
    const atMark = { ...plan, mark: { index: 1, offset: first!.offset } };
    expect((await execute(storage, atMark)).hash).toBe(first!.sha256);
  });

  it("whose snapshot has pages of another size than the WAL", async () => {
    const { storage, snapshots } = makeReplica(PLAIN);
    const { path } = snapshots[0]!;
    const file = storage.files.get(path)!;
    const database = decompress(file.data);
    database.set([4, 0], 16);
    storage.files.set(path, { ...file, data: compress(database) });
    await expect(execute(storage, await planOf(storage))).rejects.toMatchObject({
      ...{ code: "replica/format-changed", path, offset: 16, decoded: true },
      message: expect.stringContaining("the WAL's 512 bytes, found 1024"),
    });
  });

  it("whose snapshot lacks pages that no WAL brings", async () => {
    const { storage, snapshots } = makeReplica({ ...PLAIN, pages: 30 });
    const { path } = snapshots[0]!;
    const file = storage.files.get(path)!;
    storage.files.set(path, { ...file, data: compress(decompress(file.data).slice(0, 512 * 10)) });
    await expect(execute(storage, await planOf(storage))).rejects.toMatchObject({
      ...{ code: "replica/missing-page", path },
      message: expect.stringMatching(/^Expected page 30 of the \d+ that .* found/),
    });
  });

  it("whose database does not come to the checksum that its last file tells", async () => {
    const node = new LitefsNode();
    node.commit("CREATE TABLE t (x)");
    node.commit("INSERT INTO t VALUES (1)");
    const [before, after] = [node.states.get(1)!, node.state];
    const name = [...node.ltx.keys()].at(-1)!;
    const good = litefsIn(node.storage({ database: undefined }), node.prefix);
    const told = after.slice();
    told[told.length - 1]! ^= 1;
    const last = node.file(2, 2, before, before, after, {}, told);
    const bad = litefsIn(node.storage({ database: undefined, [`ltx/${name}`]: last }), node.prefix);
    node.close();
    expect((await execute(good, await planOf(good))).hash).toBe(sha256(after));
    await expect(execute(bad, await planOf(bad))).rejects.toMatchObject({
      ...{ code: "ltx/database-checksum", path: `dbs/app.db/ltx/${name}`, position: "0000000000000002" },
    });
  });
});
