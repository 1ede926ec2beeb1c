/** What a salvaged database lacks. */

import { expect, it } from "vitest";
import { replicaIn } from "../../src/layouts/open.ts";
import { formatPosition } from "../../src/replay/position.ts";
import { catalogOf } from "../../src/replay/replica.ts";
import { newestFirst } from "../../src/restore/loss.ts";
import { attemptRestore } from "../support/attempt.ts";
import { makeReplica } from "../support/generate.ts";

const index = (snapshot: boolean) => ({
  ...{ snapshot, mark: 0 },
  segments: [{ commits: 1 }, { commits: 2 }, { commits: 3 }],
});
function make() {
  const indexes = [index(true), index(false), index(true)];
  const made = makeReplica({ pageSize: 512, pages: 4, seed: 6, indexes });
  // No faster than Litestream.
  for (const file of made.storage.files.values()) file.modified = file.modified! * 100n;
  return made;
}

it.each([false, true])("the rest of a generation is lost; that is not whole: %s", async (isCut) => {
  const { storage, segments } = make();
  const [gone, after] = [segments[4]!, segments[5]!];
  storage.files.delete(gone.path);
  const file = storage.files.get(after.path)!;
  if (isCut) storage.files.set(after.path, { ...file, data: file.data.slice(0, -9) });
  const { restored } = await attemptRestore(storage, { index: 2 }, { salvage: true });
  const { lost, position } = restored!;
  expect([lost!.reached, formatPosition(position!)]).toEqual(Array(2).fill(formatPosition(segments[3]!.end)));
  // What cannot be read to its end has nobody counted.
  expect(lost!.branches).toMatchObject([
    { whole: false, snapshots: 0, segments: [after.path], transactions: isCut ? undefined : 3 },
  ]);
});

it("another generation is lost as a whole, where the newest leads nowhere", async () => {
  const { storage, generation, segments } = make();
  const younger = "ffeeddccbbaa9988";
  const later = 1n << 60n;
  for (const [path, { data, modified }] of [...storage.files]) {
    const moved = path.replace(generation, younger);
    storage.files.set(moved, { data, modified: modified! + later });
    if (path.includes("/snapshots/"))
      storage.files.set(moved, { data: data.slice(0, 9), modified: modified! + later });
  }
  const { restored } = await attemptRestore(storage, {}, { salvage: true });
  expect(restored!.plan.generation).toBe(generation);
  const [lost] = restored!.lost!.branches;
  expect(lost).toMatchObject({ generation: younger, whole: true, snapshots: 2, transactions: 18 });
  expect(lost!.segments).toEqual(segments.map(({ path }) => path.replace(generation, younger)));
  const { generations, ...catalog } = await catalogOf(replicaIn(storage));
  const order = (target: object) => newestFirst({ ...catalog, generations }, target).map(({ id }) => id);
  expect(order({})).toEqual([younger, generation]);
  expect(order({ generation })).toEqual([generation]);
});
