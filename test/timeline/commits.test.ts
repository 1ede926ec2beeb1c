/** The commits of a generation's WAL, and from where they are counted. */

import { expect, it } from "vitest";
import { replicaIn } from "../../src/layouts/open.ts";
import type { Branch } from "../../src/replay/catalog.ts";
import { catalogOf } from "../../src/replay/replica.ts";
import type { MemoryStorage } from "../../src/storage/index.ts";
import { firstIndex, missingStart, readCommits } from "../../src/timeline/commits.ts";
import { makeReplica } from "../support/generate.ts";

const make = () =>
  makeReplica({
    ...{ pageSize: 512, pages: 4, seed: 9 },
    indexes: [
      { snapshot: true, mark: 0, segments: [{ commits: 2 }, { commits: 1 }] },
      { snapshot: false, mark: 0, segments: [{ commits: 2 }] },
      { snapshot: true, mark: 0, segments: [{ commits: 1 }, { commits: 1 }] },
    ],
  });

async function branchOf(storage: MemoryStorage): Promise<Branch> {
  return (await catalogOf(replicaIn(storage))).generations[0]!;
}

async function endsOf(storage: MemoryStorage, options: Parameters<typeof readCommits>[2]) {
  const ends: unknown[] = [];
  const reading = readCommits(replicaIn(storage), await branchOf(storage), options);
  for await (const { end } of reading) ends.push(end);
  return ends;
}

it("are those of the sections that are asked for, in order", async () => {
  const { storage, states } = make();
  const within = (from: number, to: number) =>
    states
      .filter(({ index, offset }) => offset > 0 && from <= index && index <= to)
      .map(({ index, offset }) => ({ index, offset }));
  expect(await endsOf(storage, { from: 2 })).toEqual(within(2, 2));
  expect(await endsOf(storage, { from: 1, to: 2 })).toEqual(within(1, 2));
  expect(await endsOf(storage, { from: 0, to: 9 })).toEqual(within(1, 3));
  expect(await endsOf(storage, { from: 4 })).toEqual([]);
});

it("come up to what is wrong, which is thrown; damage in another section is not met", async () => {
  const { storage, segments, states } = make();
  const { path } = segments[1]!;
  const file = storage.files.get(path)!;
  storage.files.set(path, { ...file, data: file.data.slice(0, 30) });
  const reading = readCommits(replicaIn(storage), await branchOf(storage), { from: 1, to: 3 });
  const ends: unknown[] = [];
  const read = async () => {
    for await (const { end } of reading) ends.push(end);
  };
  await expect(read()).rejects.toMatchObject({ code: "lz4/truncated", path });
  expect(ends).toEqual([1, 2].map((at) => ({ index: 1, offset: states[at]!.offset })));
  expect(await endsOf(storage, { from: 2, to: 3 })).toHaveLength(4);
});

it("are not read for whoever has lost interest", async () => {
  const reason = new Error("enough");
  const signal = AbortSignal.abort(reason);
  await expect(endsOf(make().storage, { from: 1, signal })).rejects.toBe(reason);
});

it("are counted from the first section that has its beginning, in its WAL or as a snapshot", async () => {
  const of = async (...lost: RegExp[]) => {
    const { storage } = make();
    for (const path of [...storage.files.keys()])
      if (lost.some((one) => one.test(path))) storage.files.delete(path);
    return firstIndex(await branchOf(storage));
  };
  expect(await of()).toBe(1);
  expect(await of(/wal\/00000001_/)).toBe(1);
  expect(await of(/snapshots\/00000001/)).toBe(1);
  expect(await of(/snapshots\/00000001/, /wal\/00000001_00000000/)).toBe(2);
  expect(await of(/snapshots\/00000001/, /wal\/0000000[12]_/)).toBe(3);
  expect(firstIndex({ id: "", snapshots: [], segments: [] })).toBe(0);
});

it("cannot be counted where WAL is missing behind the snapshot that they begin with", async () => {
  const missing = async (...lost: RegExp[]) => {
    const { storage } = make();
    for (const path of [...storage.files.keys()])
      if (lost.some((one) => one.test(path))) storage.files.delete(path);
    const branch = await branchOf(storage);
    return missingStart(replicaIn(storage).layout, branch, firstIndex(branch));
  };
  expect(await missing()).toBeUndefined();
  // The snapshot may have been all there was of its index.
  expect(await missing(/wal\/00000001_/)).toBeUndefined();
  expect(await missing(/wal\//)).toBeUndefined();
  expect(await missing(/wal\/0000000[12]_/)).toMatchObject({
    ...{ code: "replica/missing-index", path: expect.stringContaining("/wal/00000002_00000000") },
    message: expect.stringContaining("index 2"),
  });
});
