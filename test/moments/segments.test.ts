/** The changes of a branch, commit by commit, and which of these can be restored. */

import { describe, expect, it } from "vitest";
import { replicaIn } from "../../src/layouts/open.ts";
import { Commits } from "../../src/moments/commits.ts";
import { Early } from "../../src/moments/early.ts";
import type { Stretch } from "../../src/moments/moment.ts";
import { segmentMoments } from "../../src/moments/segments.ts";
import { formatPosition, type Position } from "../../src/replay/position.ts";
import { catalogOf } from "../../src/replay/replica.ts";
import { Follower, run } from "../../src/replay/run.ts";
import type { MemoryStorage } from "../../src/storage/index.ts";
import { makeReplica } from "../support/generate.ts";
import { LtxReplica, rows } from "../support/ltx-replica.ts";

const stretch = (from: Position, to: Position): Stretch => ({ from, to, snapshot: 1, newest: true });

/** What is told of a replica's segments where these stretches can be restored. */
async function segmentsOf(storage: MemoryStorage, stretches: readonly Stretch[]) {
  const replica = replicaIn(storage);
  const [branch] = (await catalogOf(replica)).generations;
  const [commits, early] = [new Commits(replica, branch!), new Early()];
  await run(replica, branch!, new Follower(), [commits, early]);
  return segmentMoments(branch!, commits, early, stretches, (time) =>
    time === undefined ? undefined : `at ${time}`,
  );
}

const marks = (segments: Awaited<ReturnType<typeof segmentsOf>>) =>
  segments.map(({ commits }) => commits.map(({ restorable }) => restorable));

describe("of a WAL", () => {
  const made = makeReplica({
    ...{ pageSize: 512, pages: 4, seed: 5 },
    indexes: [
      { snapshot: true, mark: 0, segments: [{ commits: 0 }, { commits: 2 }, { commits: 2 }] },
      { snapshot: true, mark: 0, segments: [{ commits: 2 }] },
    ],
  });
  const { storage, segments, states } = made;
  const [start, second, third] = [states[0]!, states[2]!, states[3]!];

  it("each segment has its place, its time and its commits; one that only begins a WAL has none", async () => {
    const told = await segmentsOf(storage, []);
    expect(told.map(({ path, position, time }) => ({ path, position, time }))).toEqual(
      segments.map(({ path, index, offset, modified }) => {
        return { path, position: { index, offset }, time: `at ${modified}` };
      }),
    );
    const ends = told.map(({ commits }) => commits.map(({ end }) => formatPosition(end)));
    expect(ends.map((own) => own.length)).toEqual([0, 2, 2, 2]);
    expect(ends.flat()).toEqual(states.filter(({ offset }) => offset > 0).map(formatPosition));
    expect(told.flatMap(({ commits }) => commits.map(({ transaction }) => transaction))).toEqual([
      1, 2, 3, 4, 5, 6,
    ]);
  });

  it("commits can be restored from the first to the last of a stretch, and no other", async () => {
    const of = async (...stretches: Stretch[]) => marks(await segmentsOf(storage, stretches));
    const none = [[], [false, false], [false, false], [false, false]];
    expect(await of()).toEqual(none);
    expect(await of(stretch(start, second))).toEqual([[], [true, true], [false, false], [false, false]]);
    const [next, last] = [{ index: 2, offset: 0 }, states.at(-1)!];
    expect(await of(stretch(start, third), stretch(next, last))).toEqual([
      [],
      [true, true],
      [true, false],
      [true, true],
    ]);
    // A stretch may be a snapshot alone.
    const alone = [start, { index: 1, offset: 33 }].map((at) => stretch(at, at));
    expect(await of(...alone, stretch(next, last))).toEqual([
      [],
      [false, false],
      [false, false],
      [true, true],
    ]);
  });

  it("a commit that its WAL does not prove cannot be restored, whatever is said of the stretch", async () => {
    const broken = makeReplica({
      ...{ pageSize: 512, pages: 4, seed: 5 },
      indexes: [{ snapshot: true, mark: 0, segments: [{ commits: 1 }, { commits: 1 }, { commits: 1 }] }],
    });
    broken.storage.files.delete(broken.segments[1]!.path);
    const whole = stretch({ index: 1, offset: 0 }, broken.states.at(-1)!);
    const told = await segmentsOf(broken.storage, [whole]);
    expect(told.map(({ path }) => path)).toEqual([broken.segments[0]!.path, broken.segments[2]!.path]);
    expect(marks(told)[0]).toEqual([true]);
    expect(marks(told)[1]!.every((restorable) => !restorable)).toBe(true);
  });
});

it("of a WAL whose snapshot reaches into it: early commits can be restored before its mark", async () => {
  const made = makeReplica({
    ...{ pageSize: 512, pages: 6, seed: 2 },
    indexes: [{ snapshot: true, mark: 3, segments: [{ commits: 3 }, { commits: 3 }] }],
  });
  const replica = replicaIn(made.storage);
  const early = new Early();
  await run(replica, (await catalogOf(replica)).generations[0]!, new Follower(), [early]);
  const [ends] = early.byClaim.values();
  const { mark } = made.snapshots[0]!;
  const told = await segmentsOf(made.storage, [stretch(mark, made.states.at(-1)!)]);
  const all = told.flatMap(({ commits }) => commits);
  expect(all.map(({ restorable }) => restorable)).toEqual(
    all.map(({ end }) => ends!.has(formatPosition(end))),
  );
  // The third is the mark.
  expect(formatPosition(all[2]!.end)).toBe(formatPosition(mark));
  expect(marks(told).flat()).toEqual([false, true, true, true, true, true]);
});

it("of LTX files: where a merged file stands in for others, its state is that of the last of them", async () => {
  const replica = new LtxReplica(rows(5));
  replica.put(9, 1, 1);
  const [two, three, four, five] = replica.putAll(0, 2, 5);
  const merged = replica.put(1, 2, 4);
  const whole = [stretch({ txid: 1 }, { txid: 5 })];
  const sound = await segmentsOf(replica.storage(), whole);
  expect(sound.map(({ path, commits }) => [path, ...commits.map(({ transaction }) => transaction)])).toEqual([
    [two, 2],
    [three, 3],
    [four, 4],
    [five, 5],
  ]);
  replica.files.get(three!)!.bytes[120]! ^= 1;
  const told = await segmentsOf(replica.storage(), whole);
  expect(told.map(({ path, commits }) => [path, ...commits.map(({ transaction }) => transaction)])).toEqual([
    [two, 2],
    [three],
    [four, 4],
    [five, 5],
  ]);
  expect(told.some(({ path }) => path === merged)).toBe(false);
});
