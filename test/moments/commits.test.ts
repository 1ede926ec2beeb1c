/** The commits of a branch, file by file, with the numbers that a target names them by. */

import fc from "fast-check";
import { expect, it } from "vitest";
import { replicaIn } from "../../src/layouts/open.ts";
import { Commits, readAllCommits, sharesPass } from "../../src/moments/commits.ts";
import type { Branch } from "../../src/replay/catalog.ts";
import { formatPosition } from "../../src/replay/position.ts";
import { catalogOf } from "../../src/replay/replica.ts";
import { Follower, run } from "../../src/replay/run.ts";
import type { MemoryStorage } from "../../src/storage/index.ts";
import { type Made, makeReplica, type Recipe } from "../support/generate.ts";
import { recipe } from "../support/harm.ts";
import { LtxReplica, rows } from "../support/ltx-replica.ts";

const PLAIN: Recipe = {
  ...{ pageSize: 512, pages: 4, seed: 9 },
  indexes: [
    { snapshot: true, mark: 0, segments: [{ commits: 2 }, { commits: 1 }] },
    { snapshot: true, mark: 0, segments: [{ commits: 2 }, { commits: 2 }] },
  ],
};

async function branchOf(storage: MemoryStorage): Promise<Branch> {
  return (await catalogOf(replicaIn(storage))).generations[0]!;
}

/** `path end number`, and `!` where nothing proves it. */
function told({ byPath }: Commits): string[] {
  return [...byPath].flatMap(([path, commits]) =>
    commits.map(
      ({ end, transaction, sound }) =>
        `${path} ${formatPosition(end)} ${transaction ?? "-"}${sound ? "" : " !"}`,
    ),
  );
}

async function allOf(storage: MemoryStorage): Promise<string[]> {
  return told(await readAllCommits(replicaIn(storage), await branchOf(storage), undefined));
}

/** What is true of a made-up replica. */
function truth({ states, segments }: Made): string[] {
  const ends = states.filter(({ offset }) => offset > 0);
  return ends.map(({ index, offset }, i) => {
    const segment = segments.find(({ end }) => end.index === index && end.offset >= offset);
    return `${segment!.path} ${formatPosition({ index, offset })} ${i + 1}`;
  });
}

it("are all of them, counted from 1, in a pass of their own or in one that is shared", async () => {
  await fc.assert(
    fc.asyncProperty(recipe, async (one) => {
      const made = makeReplica(one);
      expect(await allOf(made.storage)).toEqual(truth(made));
      const branch = await branchOf(made.storage);
      const replica = replicaIn(made.storage);
      const commits = new Commits(replica, branch);
      await run(replica, branch, new Follower(), [commits]);
      expect([sharesPass(branch), told(commits)]).toEqual([true, truth(made)]);
    }),
    { numRuns: 40 },
  );
});

it("of LTX files have the numbers that the files have", async () => {
  const replica = new LtxReplica(rows(6));
  replica.put(9, 1, 3);
  replica.put(1, 4, 5);
  replica.put(0, 6);
  expect(await allOf(replica.storage())).toEqual([
    "ltx/1/0000000000000004-0000000000000005.ltx 0000000000000005 5",
    "ltx/0/0000000000000006-0000000000000006.ltx 0000000000000006 6",
  ]);
});

it("have no number behind damage, and are not proven there until the next WAL", async () => {
  const made = makeReplica(PLAIN);
  const [, second] = made.segments;
  const file = made.storage.files.get(second!.path)!;
  // Bytes of a page, stored as they are: the checksum of its frame tells.
  made.storage.files.set(second!.path, { ...file, data: file.data.with(60, file.data[60]! ^ 1) });
  const all = await allOf(made.storage);
  const right = truth(made);
  expect(all.slice(0, 2)).toEqual(right.slice(0, 2));
  const behind = all.filter((one) => one.includes("/wal/00000002_"));
  expect(behind).toEqual(right.slice(3).map((one) => one.replace(/ \d+$/, " -")));
});

it("have no number where the WAL that they are counted from has lost its beginning", async () => {
  const made = makeReplica({
    ...PLAIN,
    indexes: [...PLAIN.indexes, { snapshot: false, mark: 0, segments: [{ commits: 1 }] }],
  });
  for (const { path, index } of made.segments) if (index < 3) made.storage.files.delete(path);
  const all = await allOf(made.storage);
  expect(all).toEqual([expect.stringMatching(/00000003:[0-9a-f]{8} -$/)]);
});

it("are counted once where files overlap", async () => {
  const made = makeReplica(PLAIN);
  const { storage } = made;
  const [first] = made.segments;
  const again = first!.path.replace(/_00000000/, "_00000020");
  storage.files.set(again, storage.files.get(first!.path)!);
  const ends = (await allOf(storage)).map((one) => one.split(" ")[1]!);
  expect(new Set(ends).size).toBe(ends.length);
});

it("need a pass of their own where some lie before the first snapshot, and are counted", async () => {
  const made = makeReplica(PLAIN);
  made.storage.files.delete(made.snapshots[0]!.path);
  expect(sharesPass(await branchOf(made.storage))).toBe(false);
  expect(await allOf(made.storage)).toEqual(truth(made));
  // Left over: their WAL has no beginning.
  made.storage.files.delete(made.segments[0]!.path);
  expect(sharesPass(await branchOf(made.storage))).toBe(false);
  const behind = truth(made).slice(3);
  expect(await allOf(made.storage)).toEqual(behind.map((one, i) => one.replace(/\d+$/, `${i + 1}`)));
  const branch = await branchOf(made.storage);
  expect(sharesPass({ ...branch, snapshots: [] })).toBe(false);
  expect(sharesPass({ ...branch, segments: [] })).toBe(true);
});

it("are not read on once the caller has lost interest", async () => {
  const { storage } = makeReplica(PLAIN);
  const reason = new Error("enough");
  const reading = readAllCommits(replicaIn(storage), await branchOf(storage), AbortSignal.abort(reason));
  await expect(reading).rejects.toBe(reason);
});
