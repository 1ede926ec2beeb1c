/** A newest snapshot without WAL of its own: taken where the WAL before it leads there, turned down where it is older. */

import { expect, it } from "vitest";
import { replicaIn } from "../../src/layouts/open.ts";
import { catalogOf } from "../../src/replay/replica.ts";
import { judgeSnapshot } from "../../src/restore/judge.ts";
import type { MemoryStorage } from "../../src/storage/index.ts";
import { makeReplica } from "../support/generate.ts";

const index = (snapshot: boolean) => ({ snapshot, mark: 0, segments: [{ commits: 2 }, { commits: 2 }] });

/** Without WAL of the last index. */
function made(seed = 4) {
  const replica = makeReplica({
    ...{ pageSize: 512, pages: 4, seed },
    indexes: [index(true), index(false), index(true)],
  });
  for (const { path } of replica.segments.filter((segment) => segment.index === 3))
    replica.storage.files.delete(path);
  return replica;
}

async function judge(storage: MemoryStorage, target = {}) {
  const replica = replicaIn(storage);
  const catalog = await catalogOf(replica);
  const plan = replica.layout.plan(catalog, target);
  return { plan, judged: judgeSnapshot(replica, catalog, plan, {}) };
}

it("is proven by the WAL that leads to it", async () => {
  const { storage, snapshots } = made();
  const { plan, judged } = await judge(storage);
  expect([plan.snapshot.path, plan.settled]).toEqual([snapshots[1]!.path, false]);
  expect(await judged).toEqual({ ...plan, settled: true });
});

it("is not believed where it is an older one", async () => {
  const { storage, snapshots } = made();
  const [older, newer] = snapshots.map(({ path }) => path) as [string, string];
  storage.files.set(newer, { ...storage.files.get(newer)!, data: storage.files.get(older)!.data });
  const { judged } = await judge(storage);
  await expect(judged).rejects.toMatchObject({ code: "replica/snapshot-mismatch", path: newer });
});

it("is as it was where nothing leads to it, or WAL of its own follows", async () => {
  const { storage, snapshots, segments } = made();
  storage.files.delete(segments[2]!.path);
  const torn = await judge(storage);
  expect(await torn.judged).toBe(torn.plan);
  storage.files.delete(snapshots[0]!.path);
  const alone = await judge(storage);
  expect(await alone.judged).toBe(alone.plan);
  const followed = await judge(made().storage, { index: 2 });
  expect(await followed.judged).toBe(followed.plan);
});
