/** How a generation began, as its first snapshot and the WAL of that tell it. */

import { describe, expect, it } from "vitest";
import { readUint32BE } from "../../../src/bytes.ts";
import { replicaIn } from "../../../src/layouts/open.ts";
import { compress, xxh32 } from "../../../src/lz4/index.ts";
import type { Branch } from "../../../src/replay/catalog.ts";
import { catalogOf } from "../../../src/replay/replica.ts";
import { sequenceValue } from "../../../src/sqlite/litestream.ts";
import { MemoryStorage } from "../../../src/storage/index.ts";
import { type Beginning, beganAt, readBeginning } from "../../../src/timeline/content/beginning.ts";
import { cellsOf } from "../../../src/timeline/content/cells.ts";
import type { Target } from "../../../src/timeline/target/target.ts";
import { attemptRestore } from "../../support/attempt.ts";
import { type GenerationRecipe, makeBranches } from "../../support/branches.ts";
import { naiveGenerations } from "../../support/naive.ts";
import { SqliteReplica } from "../../support/sqlite-replica.ts";

const PAGE = 1024;

const generation = (own: Partial<GenerationRecipe> = {}): GenerationRecipe => ({
  ...{ from: { type: "root", script: "same" }, before: "nothing", writes: 2, busy: 0, firstIndex: 0 },
  ...{ stillborn: false, seed: 1, remove: "nothing" },
  indexes: [
    { snapshot: true, segments: [1, 1, 2] },
    { snapshot: true, segments: [1, 1] },
  ],
  ...own,
});
const child = (own: Partial<GenerationRecipe> = {}) =>
  generation({ from: { type: "child", of: 0, at: 4 }, seed: 9, ...own });
const make = (...generations: GenerationRecipe[]) =>
  makeBranches({ pageSize: PAGE, shrinks: false, undoes: false, filler: 60, seed: 3, generations });

async function branchOf(storage: MemoryStorage, id: string): Promise<Branch> {
  return (await catalogOf(replicaIn(storage, { generation: id }))).generations[0]!;
}

async function beginningOf(storage: MemoryStorage, id: string, unlike?: Set<number>): Promise<Beginning> {
  const found = await readBeginning(replicaIn(storage), await branchOf(storage, id), undefined, unlike);
  if (typeof found === "string") throw new Error(found);
  return found;
}

async function databaseAt(storage: MemoryStorage, target: Target): Promise<Uint8Array> {
  const attempt = await attemptRestore(storage, target);
  if (attempt.error) throw attempt.error;
  return attempt.bytes;
}

const pageOf = (database: Uint8Array, page: number) => database.subarray((page - 1) * PAGE, page * PAGE);
const snapshotOf = (storage: MemoryStorage, id: string) =>
  naiveGenerations(storage).find((one) => one.id === id)!.snapshots[0]!.bytes;

describe.each(["nothing", "kept"] as const)(
  "of a restored database that had been written to: %s",
  (before) => {
    const { storage, timelines } = make(generation(), child({ before }));
    const [parent, own] = timelines as [(typeof timelines)[0], (typeof timelines)[0]];

    it("is the first snapshot, page by page", async () => {
      const {
        hashes,
        pageCount,
        generation: branch,
        began,
        isNew,
      } = await beginningOf(storage, own.generation);
      const snapshot = snapshotOf(storage, own.generation);
      expect(pageCount).toBe(snapshot.length / PAGE);
      for (let page = 1; page <= pageCount; page++)
        expect([page, hashes.get(page)]).toEqual([page, xxh32(pageOf(snapshot, page)) || 1]);
      const times = [...branch.snapshots, ...branch.segments].map(({ modified }) => modified!);
      expect([began, isNew]).toEqual([times.sort((a, b) => (a < b ? -1 : 1))[0], false]);
    });

    it("holds against others what is as the parent had it, and nothing that its own WAL brought", async () => {
      const { hashes, own: written, pageCount, telling } = await beginningOf(storage, own.generation);
      const bytes = await databaseAt(storage, { generation: parent.generation, position: own.switchPoint });
      const differing = [];
      for (let page = 1; page <= pageCount; page++)
        if (hashes.get(page) !== xxh32(pageOf(bytes, page))) differing.push(page);
      expect(differing.every((page) => written.has(page))).toBe(true);
      // Of a database that nobody had written to all is as it was.
      expect(differing.length > 0).toBe(before === "kept");
      expect(telling.size).toBeGreaterThan(10);
      for (const page of telling) expect([page, written.has(page)]).toEqual([page, false]);
    });

    it("says what the parent's state must have been: its counters, and its page count", async () => {
      const {
        counters,
        counterPage,
        countBefore,
        mostChanges,
        changesBefore,
        own: written,
      } = await beginningOf(storage, own.generation);
      const bytes = await databaseAt(storage, { generation: parent.generation, position: own.switchPoint });
      expect(counters).toEqual([sequenceValue(pageOf(bytes, counterPage!))]);
      expect(written.has(counterPage!)).toBe(true);
      const pages = bytes.length / PAGE;
      // A first commit without page 1 says how many there were.
      if (before === "nothing") expect(countBefore).toEqual([pages, pages]);
      else expect([countBefore[0] <= pages, pages <= countBefore[1]]).toEqual([true, true]);
      const changes = readUint32BE(bytes, 24);
      expect(changes).toBeLessThanOrEqual(mostChanges);
      if (changesBefore !== undefined) expect(changesBefore).toBe(changes);
    });

    it("has the cells of pages that its own WAL brought, as they were first", async () => {
      const { cells, cellPages, counterPage, own: written } = await beginningOf(storage, own.generation);
      expect([...cellPages].every((page) => written.has(page))).toBe(true);
      expect([cellPages.has(1), cellPages.has(counterPage!)]).toEqual([false, false]);
      expect(cellPages.size > 0).toBe(before === "kept");
      expect(cells.size > 0).toBe(before === "kept");
    });
  },
);

it("knows the counter from before its own WAL, where the snapshot has it from that", async () => {
  const countersOf = async (sql: string) => {
    const replica = new SqliteReplica({ setup: "CREATE TABLE t (x); INSERT INTO t VALUES (1)" });
    replica.exec(sql);
    replica.segment();
    const { storage, generation: id } = replica;
    const data = compress(replica.finish());
    const path = [...storage.files.keys()].find((name) => name.includes("/snapshots/"))!;
    storage.files.set(path, { ...storage.files.get(path)!, data });
    return (await beginningOf(storage, id)).counters;
  };
  const insert = "INSERT INTO _litestream_seq VALUES (1, 5)";
  expect(await countersOf(insert)).toEqual([4]);
  // Litestream raises it alone: with others the page was but moved, or rewritten.
  expect(await countersOf(`BEGIN; ${insert}; INSERT INTO t VALUES (2); COMMIT`)).toEqual([5]);
});

it("of a new database is new: no state of another is looked for", async () => {
  const { storage, timelines } = make(generation());
  expect((await beginningOf(storage, timelines[0]!.generation)).isNew).toBe(true);
});

it("with index 1 leaves open whether the WAL that is not there raised the counter", async () => {
  const { storage, timelines } = make(generation(), child({ firstIndex: 1 }));
  const { counters, countBefore, changesBefore } = await beginningOf(storage, timelines[1]!.generation);
  expect(counters).toHaveLength(2);
  expect(counters![0]).toBe(counters![1]! - 1);
  expect([countBefore, changesBefore]).toEqual([[0, Number.POSITIVE_INFINITY], undefined]);
});

it("takes pages that it is told of as written by others, with the cells that the snapshot has", async () => {
  const { storage, timelines } = make(generation(), child());
  const id = timelines[1]!.generation;
  const plain = await beginningOf(storage, id);
  const [some] = plain.telling;
  const told = await beginningOf(storage, id, new Set([some!, 9999]));
  expect([told.own.has(some!), told.telling.has(some!), told.cellPages.has(some!)]).toEqual([
    true,
    false,
    true,
  ]);
  expect(told.own.has(9999)).toBe(false);
  for (const cell of cellsOf(some!, pageOf(snapshotOf(storage, id), some!)))
    expect(told.cells.has(cell)).toBe(true);
  expect(told.telling.size).toBe(plain.telling.size - 1);
});

it("is told of by the WAL up to its first fault, and by no snapshot that is damaged", async () => {
  const { storage, timelines } = make(generation(), child({ before: "kept" }));
  const id = timelines[1]!.generation;
  const branch = await branchOf(storage, id);
  const cut = (path: string) => {
    const file = storage.files.get(path)!;
    const copy = new MemoryStorage(storage.files);
    copy.files.set(path, { ...file, data: file.data.slice(0, 40) });
    return copy;
  };
  const without = await beginningOf(cut(branch.segments[0]!.path), id);
  expect([without.cellPages.size, without.pageCount]).toEqual([
    0,
    (await beginningOf(storage, id)).pageCount,
  ]);
  const damaged = readBeginning(replicaIn(cut(branch.snapshots[0]!.path)), branch, undefined);
  expect(await damaged).toBe("its first snapshot is damaged");
});

it("cannot be told without the first snapshot", async () => {
  const { storage, timelines } = make(generation());
  const branch = await branchOf(storage, timelines[0]!.generation);
  const read = (snapshots: Branch["snapshots"]) =>
    readBeginning(replicaIn(storage), { ...branch, snapshots }, undefined);
  expect(await read([])).toBe("it has no snapshot");
  const [first] = branch.snapshots;
  expect(await read([{ ...first!, index: 2 } as (typeof branch.snapshots)[0]])).toBe(
    "its beginning is gone: the first snapshot left is that of index 2",
  );
});

it("is of no time that can be named where times cannot be trusted", async () => {
  // Enough files for a copy of them to show.
  const segments = Array.from({ length: 10 }, () => 1);
  const { storage, timelines } = make(generation({ indexes: [{ snapshot: true, segments }] }));
  const id = timelines[0]!.generation;
  const { layout } = replicaIn(storage);
  expect(beganAt(layout, await branchOf(storage, id))).toBeDefined();
  for (const modified of [undefined, 1_800_000_000_123_456_789n]) {
    for (const [path, file] of storage.files) storage.files.set(path, { ...file, modified });
    expect(beganAt(layout, await branchOf(storage, id))).toBeUndefined();
    expect((await beginningOf(storage, id)).began).toBeUndefined();
  }
});

it("is not read for whoever has lost interest", async () => {
  const { storage, timelines } = make(generation());
  const reason = new Error("enough");
  const branch = await branchOf(storage, timelines[0]!.generation);
  await expect(readBeginning(replicaIn(storage), branch, AbortSignal.abort(reason))).rejects.toBe(reason);
});
