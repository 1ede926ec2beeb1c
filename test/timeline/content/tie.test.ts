/** What a restore wrote down ties the generation that began with its database to the parent. */

import { expect, it } from "vitest";
import { replicaIn } from "../../../src/layouts/open.ts";
import { historyOfRestored } from "../../../src/restore/history.ts";
import { formatPosition, readCatalog } from "../../../src/snapshot/index.ts";
import { MemoryStorage } from "../../../src/storage/index.ts";
import { tieToParent } from "../../../src/timeline/content/tie.ts";
import {
  formatHistory,
  type History,
  historyOf,
  historyPath,
  parseHistory,
  readLineage,
} from "../../../src/timeline/index.ts";
import type { Target } from "../../../src/timeline/target/target.ts";
import { attemptRestore } from "../../support/attempt.ts";
import { type Branches, type GenerationRecipe, makeBranches } from "../../support/branches.ts";

const generation = (own: Partial<GenerationRecipe>): GenerationRecipe => ({
  ...{ from: { type: "root", script: "same" }, before: "nothing", writes: 2, busy: 0, firstIndex: 0 },
  ...{ stillborn: false, seed: 1, remove: "nothing" },
  indexes: [
    { snapshot: true, segments: [1, 1, 1, 1] },
    { snapshot: false, segments: [1, 1, 1] },
  ],
  ...own,
});
const child = (at: number, own: Partial<GenerationRecipe> = {}) =>
  generation({ from: { type: "child", of: 0, at }, seed: at + 2, ...own });
const make = (...generations: GenerationRecipe[]) =>
  makeBranches({ pageSize: 1024, shrinks: false, undoes: false, filler: 100, seed: 3, generations });

/** What restoring the database of generation `of` at its switch point would have left beside its output. */
async function restored({ storage, timelines }: Branches, of: number): Promise<History & { path: string }> {
  const { parent, switchPoint, generation } = timelines[of]!;
  const before = new MemoryStorage(
    new Map([...storage.files].filter(([path]) => !path.startsWith(`generations/${generation}/`))),
  );
  const target: Target = { generation: parent, position: switchPoint };
  const attempt = await attemptRestore(before, target);
  if (attempt.error) throw attempt.error;
  const text = await historyOfRestored(replicaIn(before), target, attempt.restored, {});
  return { ...parseHistory(text!, "out.db.history"), path: "out.db.history" };
}

async function tie(
  made: Branches,
  history: History & { path: string },
  generation?: string,
  signal?: AbortSignal,
) {
  const catalog = await readCatalog(made.storage);
  const lineage = await readLineage(replicaIn(made.storage), catalog);
  const timeline = await tieToParent(replicaIn(made.storage), catalog, lineage, history, {
    generation,
    signal,
  });
  return { timeline, lineage };
}

it.each<GenerationRecipe["before"]>(["nothing", "kept", "closed", "restarted"])(
  "ties the generation that began with it, where the application had: %s",
  async (before) => {
    const made = make(generation({}), child(2), child(5, { before }), child(7));
    const { timeline } = await tie(made, await restored(made, 2));
    const { generation: wanted, switchPoint, covered } = made.timelines[2]!;
    expect(timeline).toMatchObject({
      ...{ generation: wanted, parent: 1, switchPoint, inferred: false, unknown: undefined },
      reason: expect.stringContaining(formatPosition(switchPoint!)),
    });
    if (before !== "restarted") expect(timeline.complete).toBe(covered);
  },
);

it("ties what content alone leaves open", async () => {
  // The state that its parent began with, whose own parent is gone: a sibling looks the same.
  const made = make(generation({ remove: "all" }), child(5), child(5));
  const lineage = await readLineage(replicaIn(made.storage), await readCatalog(made.storage), {
    infer: true,
  });
  expect(lineage.timelines.map(({ parent }) => parent)).toEqual([undefined, undefined]);
  const history: History & { path: string } = {
    lines: [{ parent: 1, switchPoint: { index: 0, offset: 0 }, reason: "" }],
    generations: new Map([[1, made.timelines[1]!.generation]]),
    ...{ complete: false, path: "out.db.history" },
  };
  const { timeline } = await tie(made, history);
  expect(timeline).toMatchObject({ generation: made.timelines[2]!.generation, parent: 1 });
});

it("is refused where none began with it", async () => {
  const made = make(generation({}), child(2), child(7));
  const history = await restored(made, 1);
  history.lines[0]!.switchPoint = made.timelines[0]!.commits[5]!;
  await expect(tie(made, history)).rejects.toMatchObject({
    code: "timeline/unknown-child",
    message: expect.stringContaining("found none"),
  });
  const { timeline } = await tie(made, history, made.timelines[2]!.generation);
  expect(timeline).toMatchObject({ generation: made.timelines[2]!.generation, parent: 1 });
});

it("is refused where two did, unless it is said which", async () => {
  const made = make(generation({}), child(4, { seed: 8 }), child(4, { seed: 9 }), child(7));
  const [, one, other] = made.timelines.map((timeline) => timeline.generation);
  const history = await restored(made, 1);
  const error = await tie(made, history).catch((thrown) => thrown);
  expect(error).toMatchObject({ code: "timeline/unknown-child" });
  expect(error.message).toContain(one);
  expect(error.message).toContain(other);
  const { timeline, lineage } = await tie(made, history, other);
  expect(timeline).toMatchObject({
    generation: other,
    parent: 1,
    switchPoint: made.timelines[2]!.switchPoint,
  });
  // Once that one has its file, the other is the only one left.
  const path = historyPath("generations/", other!);
  made.storage.files.set(path, {
    data: Buffer.from(formatHistory(historyOf(lineage, timeline.id))),
    modified: 1n,
  });
  expect((await tie(made, history)).timeline).toMatchObject({ generation: one, parent: 1 });
  await expect(tie(made, history, other)).rejects.toMatchObject({ code: "timeline/unknown-child", path });
});

it("is refused where it or the parent cannot be used", async () => {
  const made = make(generation({}), child(4));
  const history = await restored(made, 1);
  const [parent] = made.timelines.map((timeline) => timeline.generation);
  await expect(tie(made, { ...history, lines: [] })).rejects.toMatchObject({ code: "timeline/history" });
  await expect(tie(made, { ...history, generations: new Map() })).rejects.toMatchObject({
    code: "timeline/history",
  });
  await expect(tie(made, history, parent)).rejects.toMatchObject({ code: "timeline/unknown-child" });
  await expect(tie(made, history, "0123456789abcdef")).rejects.toMatchObject({
    code: "target/no-generation",
  });
  for (const path of [...made.storage.files.keys()])
    if (path.startsWith(`generations/${parent}/`)) made.storage.files.delete(path);
  await expect(tie(made, history)).rejects.toMatchObject({ code: "timeline/parent-gone" });
});

it("is refused where it names a parent that began later", async () => {
  const made = make(generation({}), child(4));
  const [parent, own] = made.timelines.map((timeline) => timeline.generation);
  const history = await restored(made, 1);
  const turned = { ...history, generations: new Map([[history.lines[0]!.parent, own!]]) };
  await expect(tie(made, turned, parent)).rejects.toMatchObject({
    ...{ code: "timeline/contradiction", path: "out.db.history" },
    message: expect.stringMatching(/to have begun before .*, found the other way round$/),
  });
});

it("is not looked for on behalf of whoever has lost interest", async () => {
  const made = make(generation({}), child(4));
  const signal = AbortSignal.abort(new Error("enough"));
  const history = await restored(made, 1);
  for (const known of [undefined, made.timelines[1]!.generation])
    await expect(tie(made, history, known, signal)).rejects.toBe(signal.reason);
});
