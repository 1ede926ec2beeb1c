/** Commits before a snapshot's mark that can be restored all the same. */

import fc from "fast-check";
import { expect, it } from "vitest";
import { replicaIn } from "../../src/layouts/open.ts";
import { compress } from "../../src/lz4/index.ts";
import { Early } from "../../src/moments/early.ts";
import { formatPosition } from "../../src/replay/position.ts";
import { catalogOf } from "../../src/replay/replica.ts";
import { Follower, run } from "../../src/replay/run.ts";
import type { DatabaseHeader } from "../../src/sqlite/header.ts";
import type { MemoryStorage } from "../../src/storage/index.ts";
import { makeReplica } from "../support/generate.ts";
import { recipe } from "../support/harm.ts";
import { naiveGenerations, naiveStates } from "../support/naive.ts";
import { SqliteReplica } from "../support/sqlite-replica.ts";

async function earlyIn(storage: MemoryStorage): Promise<Early["byClaim"]> {
  const replica = replicaIn(storage);
  const [branch] = (await catalogOf(replica)).generations;
  const early = new Early();
  await run(replica, branch!, new Follower(), [early]);
  return early.byClaim;
}

it("are those where the snapshot with its WAL laid over it is the state, and all from the mark on", async () => {
  let before = 0;
  await fc.assert(
    fc.asyncProperty(recipe, async (one) => {
      const { storage, states, snapshots } = makeReplica(one);
      const [{ index, path, mark }] = snapshots as [(typeof snapshots)[0]];
      const byClaim = await earlyIn(storage);
      // Those that follow on WAL are held against it, and no base.
      expect([...byClaim.keys()]).toEqual([path]);
      const laid = naiveStates(naiveGenerations(storage)[0]!).filter((state) => state.index === index);
      for (const { end, sha256: hash } of laid) {
        const isRight = states.some((s) => s.index === index && s.offset === end && s.sha256 === hash);
        const isEarly = byClaim.get(path)!.has(formatPosition({ index, offset: end }));
        if (isEarly || end >= mark.offset) expect([end, isRight]).toEqual([end, true]);
        if (end >= mark.offset) expect([end, isEarly]).toEqual([end, true]);
        else if (isEarly) before++;
      }
      expect(byClaim.get(path)!.size).toBeLessThanOrEqual(laid.length);
    }),
    { numRuns: 60 },
  );
  expect(before).toBeGreaterThan(0);
});

/** A database with the empty tables t and u, and a snapshot from after all of `sql`, which the WAL has as a commit each. */
function snapshotOf(...sql: string[]): { storage: MemoryStorage; ends: string[] } {
  const replica = new SqliteReplica({ setup: "CREATE TABLE t (x); CREATE TABLE u (x)" });
  for (const one of sql) {
    replica.exec(one);
    replica.segment();
  }
  const { storage } = replica;
  const bytes = replica.finish();
  const [path] = [...storage.files.keys()].filter((name) => name.includes("/snapshots/"));
  storage.files.set(path!, { ...storage.files.get(path!)!, data: compress(bytes) });
  const ends = naiveStates(naiveGenerations(storage)[0]!).map(({ index, end }) =>
    formatPosition({ index, offset: end }),
  );
  return { storage, ends };
}

it("are none where the snapshot has a page from after them, until the WAL brings it", async () => {
  const toldOf = async (...sql: string[]) => {
    const { storage, ends } = snapshotOf(...sql);
    const [early] = (await earlyIn(storage)).values();
    return ends.map((end) => early!.has(end));
  };
  const [t, u] = ["INSERT INTO t VALUES (1)", "INSERT INTO u VALUES (1)"];
  expect(await toldOf(t, u, t)).toEqual([false, true, true]);
  // Of pages that the database did not have by then the snapshot may have any; of page 1 it has the newest.
  expect(await toldOf("CREATE TABLE v (x)", "INSERT INTO v VALUES (1)")).toEqual([true, true]);
  expect(await toldOf(t, "CREATE TABLE v (x)")).toEqual([false, true]);
});

it("are told of no snapshot that is damaged", async () => {
  const { storage, snapshots } = makeReplica({
    ...{ pageSize: 512, pages: 4, seed: 2 },
    indexes: [{ snapshot: true, mark: 1, segments: [{ commits: 2 }] }],
  });
  const { path } = snapshots[0]!;
  const file = storage.files.get(path)!;
  storage.files.set(path, { ...file, data: file.data.slice(0, -5) });
  expect(await earlyIn(storage)).toEqual(new Map());
});

it("fit the page count that page 1 of the snapshot tells, or bring page 1", () => {
  const header = { pageCount: 4 } as DatabaseHeader;
  const page = new Uint8Array(512);
  /** Of a snapshot of 6 pages, of which page 5 is that of the last commit: whether the first is early. */
  const isEarly = (pageCount: number, pages: readonly number[]) => {
    const early = new Early();
    const claim = { index: 1, offset: 0, path: "snapshot", size: undefined, modified: undefined };
    early.claimOpens(claim, "before");
    for (const number of [1, 2, 3, 4, 6]) early.claimPage(number, page, number * 10);
    early.claimPage(5, page, 51);
    early.claimCloses(claim, "before", { header, pages: 6 });
    const commit = (offset: number, count: number, written: readonly (readonly [number, number])[]) => {
      for (const [number, hash] of written) early.page(number, page, hash, true);
      const change = { ...claim, path: "segment" };
      const about = { pageCount: count, sound: true, applied: true, change };
      early.on({ type: "commit", end: { index: 1, offset }, ...about });
    };
    commit(
      100,
      pageCount,
      pages.map((number) => [number, number * 10 + 2]),
    );
    commit(200, 6, [[5, 51]]);
    early.on({ type: "closes", section: { index: 1, offset: 0 }, whole: true });
    return early.byClaim.get("snapshot")!.has("00000001:00000064");
  };
  expect([3, 4, 7].map((count) => isEarly(count, [2]))).toEqual([false, true, false]);
  expect([3, 4].map((count) => isEarly(count, [1, 2]))).toEqual([true, true]);
  // A file may be longer than its header says, and then page 5 is too new.
  expect(isEarly(5, [2])).toBe(false);
  expect([5, 6].map((count) => isEarly(count, [2, 5]))).toEqual([true, true]);
});
