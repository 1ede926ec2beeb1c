/** Through the parent, where none of a generation's own snapshots serves. */

import { beforeEach, expect, it } from "vitest";
import { WalkitError } from "../../../src/errors.ts";
import { replicaIn } from "../../../src/layouts/open.ts";
import type { PlanTarget, RestorePlan } from "../../../src/replay/plan.ts";
import { catalogOf } from "../../../src/replay/replica.ts";
import { executePlan } from "../../../src/restore/execute.ts";
import { MemorySink } from "../../../src/restore/sinks/memory.ts";
import { MemoryStorage } from "../../../src/storage/index.ts";
import { type Around, planAround } from "../../../src/timeline/target/around.ts";
import { family } from "../../support/family.ts";
import { sha256 } from "../../support/fixtures.ts";

const { oracle, storage: files, ids } = family();
const [root, child, grandchild] = ids;
let storage: MemoryStorage;
beforeEach(() => vouch(true));

/** Begins anew. `complete`: the histories say that there is nothing but what the replica has. */
function vouch(complete: boolean): void {
  oracle.writeHistories({ complete });
  storage = new MemoryStorage(files.files);
}

const REASON = new WalkitError("target/no-snapshot", "Expected a snapshot, found none", { path: "snapshot" });

/** The plan around the snapshots of a target's generation. */
async function around(
  target: PlanTarget,
  {
    guess,
    avoid = new Set(),
    reason = REASON,
    isPart = false,
    signal,
  }: Partial<Around> & {
    reason?: WalkitError;
    isPart?: boolean;
    signal?: AbortSignal;
  } = {},
): Promise<{ plan: RestorePlan | undefined; error: unknown; known: Around }> {
  const replica = replicaIn(storage, isPart ? { generation: target.generation } : {});
  const catalog = await catalogOf(replica);
  const known: Around = { avoid, guess };
  const goal = { replica, catalog, isPart, target, signal };
  const found = await planAround(goal, known, reason).then(
    (plan) => ({ plan, error: undefined }),
    (error: unknown) => ({ plan: undefined, error }),
  );
  return { ...found, known };
}

const snapshotsOf = (generation: string) =>
  [...storage.files.keys()].filter((path) => path.startsWith(`generations/${generation}/snapshots/`));
const remove = (pattern: RegExp | string) => {
  for (const path of [...storage.files.keys()]) if (path.match(pattern)) storage.files.delete(path);
};
const newest = (generation: string) =>
  oracle.generations.find(({ id }) => id === generation)!.commits.at(-1)!.sha256;

it("leads to the state by the parent's snapshot and WAL, and then its own", async () => {
  const { plan } = await around({ generation: child });
  expect(plan!.ancestors.map(({ generation, complete }) => [generation, complete])).toEqual([[root, true]]);
  expect(snapshotsOf(root)).toContain(plan!.snapshot.path);
  expect(plan!.findings.map(({ code }) => code)).toContain("timeline/through-parent");
  const sink = new MemorySink();
  await executePlan(replicaIn(storage), plan!, sink);
  expect(sha256(sink.bytes)).toBe(newest(child));
});

it("goes on through the parent's parent, where the parent's snapshots do not serve either", async () => {
  const { plan } = await around({ generation: grandchild }, { avoid: new Set(snapshotsOf(child)) });
  expect(plan!.ancestors.map(({ generation }) => generation)).toEqual([root, child]);
  const none = await around(
    { generation: grandchild },
    { avoid: new Set([...snapshotsOf(child), ...snapshotsOf(root)]) },
  );
  expect(none.error).toMatchObject({ code: REASON.code, path: "snapshot" });
  expect(String(none.error)).toContain(`${REASON.message}; through its parent there is no way: `);
});

it("looks at the whole replica, also where one branch alone is meant", async () => {
  const { plan } = await around({ generation: child }, { isPart: true });
  expect(plan!.ancestors.map(({ generation }) => generation)).toEqual([root]);
});

it("is around the generation that the target means, where it names none", async () => {
  const newestOne = oracle.latest!.id;
  expect((await around({})).plan!.generation).toBe(newestOne);
  // With times that say nothing, the only one that has WAL is meant.
  for (const [path, file] of storage.files) storage.files.set(path, { ...file, modified: undefined });
  expect((await around({})).error).toBe(REASON);
  for (const id of ids) if (id !== child) remove(`generations/${id}/wal`);
  expect(String((await around({})).error)).toMatch(/through its parent there is no way/);
});

it("is none where no history says which generation the parent is", async () => {
  expect((await around({ generation: root }, {})).error).toBe(REASON);
  remove(RegExp(`${child}\\.history`));
  expect((await around({ generation: child })).error).toBe(REASON);
});

it("is none where the parent is gone, which is said, with what to bring back", async () => {
  remove(`generations/${root}/`);
  const { error, known } = await around({ generation: child });
  expect(error).toMatchObject({
    ...{ code: REASON.code, path: "snapshot", remedy: { do: "bring-back", what: "generation" } },
    message: expect.stringMatching(RegExp(`no way: Expected timeline 1 \\(generation ${root}\\).* gone$`)),
  });
  expect(known.guess).toBeUndefined();
});

it("is but a guess where no history says that it is complete: it is there first, and taken when it may be", async () => {
  vouch(false);
  const { error, known } = await around({ generation: child });
  expect(error).toMatchObject({
    ...{ code: REASON.code, remedy: { do: "salvage", generation: child } },
    message: expect.stringContaining("there is a way, but no history file says that it is complete"),
  });
  expect(known.guess).toBe("there");
  const { plan } = await around({ generation: child }, { guess: "taken" });
  expect(plan!.ancestors.map(({ complete }) => complete)).toEqual([false]);
});

it("is no guess where a whole snapshot is only too new", async () => {
  const reason = new WalkitError("replica/before-mark", "Expected an older snapshot");
  vouch(false);
  for (const guess of [undefined, "taken"] as const)
    expect((await around({ generation: child }, { reason, guess })).error).toBe(reason);
  vouch(true);
  expect((await around({ generation: child }, { reason })).plan).toBeDefined();
});

it("is not looked for on behalf of whoever has lost interest", async () => {
  const signal = AbortSignal.abort(new Error("enough"));
  expect((await around({ generation: child }, { signal })).error).toBe(signal.reason);
});
