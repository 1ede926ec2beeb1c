/** A time along a timeline: on its own generation, before that on the parent, and between the two. */

import { beforeEach, expect, it } from "vitest";
import { replicaIn } from "../../../src/layouts/open.ts";
import type { PlanTarget } from "../../../src/replay/plan.ts";
import { comparePositions, formatPosition } from "../../../src/replay/position.ts";
import { catalogOf } from "../../../src/replay/replica.ts";
import { MemoryStorage } from "../../../src/storage/index.ts";
import { formatTime } from "../../../src/time.ts";
import { formatHistory, historyPath } from "../../../src/timeline/history.ts";
import { readLineage } from "../../../src/timeline/lineage.ts";
import { targetAlong } from "../../../src/timeline/target/along.ts";
import { family } from "../../support/family.ts";
import type { TrueGeneration } from "../../support/oracle.ts";

const { oracle, storage: whole } = family();
/** The root, and the child that left it in the middle. */
const [parent, one] = oracle.generations as [TrueGeneration, TrueGeneration];
let storage: MemoryStorage;
beforeEach(() => {
  storage = new MemoryStorage(whole.files);
});

async function along(generation: string, time: bigint, signal?: AbortSignal): Promise<PlanTarget> {
  const replica = replicaIn(storage);
  const catalog = await catalogOf(replica);
  const lineage = await readLineage(replica, catalog);
  const timeline = lineage.timelines.find((two) => two.generation === generation)!;
  return await targetAlong(replica, catalog, lineage, timeline, time, signal);
}

/** When the parent's segment was written that the child left it in, and the next one. */
function around(): { last: bigint; next: bigint } {
  const until = one.timeline.switchPoint!;
  const last = parent.commits.find((commit) => comparePositions(commit, until) === 0)!;
  const next = parent.commits.find(({ time }) => time > last.time)!;
  return { last: last.time, next: next.time };
}

it("is on its own generation from its first file on, also past the last one", async () => {
  const [first, last] = [one.times[0]!, one.times.at(-1)!];
  for (const timestamp of [first, last, last + 1n])
    expect(await along(one.id, timestamp)).toEqual({ generation: one.id, timestamp });
});

it("is on the parent before that: a time there until the history leaves it, then that place", async () => {
  const { last, next } = around();
  const before = { generation: parent.id, timestamp: last - 1n };
  expect(await along(one.id, last - 1n)).toEqual(before);
  const place = { generation: parent.id, commit: one.timeline.switchPoint };
  expect(await along(one.id, last)).toEqual(place);
  expect(await along(one.id, next - 1n)).toEqual(place);
  // Of a grandchild it goes on from the child to the root.
  const [, , grandchild] = oracle.generations;
  expect(await along(grandchild!.id, last - 1n)).toEqual(before);
});

it("is nowhere where the parent had gone past the place by then", async () => {
  const { last, next } = around();
  const leaves = formatPosition(one.timeline.switchPoint!);
  for (const time of [next, one.times[0]! - 1n])
    await expect(along(one.id, time)).rejects.toMatchObject({
      code: "target/not-in-history",
      message: `Expected a time on the history of timeline 2, found ${formatTime(time)}: that history leaves generation ${parent.id} at ${leaves}, of ${formatTime(last)}, and goes on with generation ${one.id} at ${formatTime(one.times[0]!)}`,
      nearest: [
        { generation: parent.id, position: leaves },
        { generation: one.id, time: formatTime(one.times[0]!) },
      ],
      remedy: { do: "choose-moment", instead: { generation: parent.id } },
    });
});

it("is nowhere where the segment that the history leaves its parent in goes on past the place", async () => {
  const at = parent.commits.findIndex(({ time }, i) => time === parent.commits[i + 1]?.time);
  const { index, offset, time } = parent.commits[at]!;
  const lines = [{ parent: 1, switchPoint: { index, offset }, reason: "" }];
  const generations = new Map([[1, parent.id]]);
  const data = Buffer.from(formatHistory({ lines, generations, complete: true }));
  storage.files.set(historyPath("generations/", one.id), { data, modified: undefined });
  await expect(along(one.id, time)).rejects.toMatchObject({
    code: "target/not-in-history",
    message: expect.stringContaining(`at ${formatPosition({ index, offset })}, of ${formatTime(time)}`),
  });
  const timestamp = time - 1n;
  expect(await along(one.id, timestamp)).toEqual({ generation: parent.id, timestamp });
});

it("is nowhere before the first file of all", async () => {
  await expect(along(one.id, parent.times[0]! - 1n)).rejects.toMatchObject({
    code: "target/out-of-range",
    message: expect.stringContaining("from before its first file"),
    nearest: [{ generation: parent.id, time: formatTime(parent.times[0]!) }],
  });
});

it("is nowhere where the parent is gone: the first moment behind it is the nearest", async () => {
  for (const path of [...storage.files.keys()])
    if (path.startsWith(`generations/${parent.id}/`)) storage.files.delete(path);
  await expect(along(one.id, around().last)).rejects.toMatchObject({
    code: "timeline/parent-gone",
    message: expect.stringContaining(`timeline 1 (generation ${parent.id})`),
    nearest: [{ generation: one.id, time: formatTime(one.times[0]!) }],
    remedy: { do: "bring-back", what: "generation" },
  });
  const timestamp = one.times[0]!;
  expect(await along(one.id, timestamp)).toEqual({ generation: one.id, timestamp });
});

it("is refused where times cannot be trusted", async () => {
  for (const [path, file] of storage.files)
    if (path.includes(one.id)) storage.files.set(path, { ...file, modified: undefined });
  await expect(along(one.id, parent.times[0]!)).rejects.toMatchObject({ code: "replica/times-untrusted" });
  await expect(along(parent.id, parent.times[0]!)).resolves.toMatchObject({ generation: parent.id });
});

it("is not looked for on behalf of whoever has lost interest", async () => {
  const reason = new Error("enough");
  await expect(along(one.id, around().last, AbortSignal.abort(reason))).rejects.toBe(reason);
});
