/** How often the files of a replica are read, and how often it is listed: the read budget. */

import { expect, it } from "vitest";
import { replicaIn } from "../../src/layouts/open.ts";
import { listMoments, overview } from "../../src/moments/index.ts";
import { MemorySink, restore } from "../../src/restore/index.ts";
import { readCatalog } from "../../src/snapshot/index.ts";
import { readLineage } from "../../src/timeline/index.ts";
import { verify } from "../../src/verify/index.ts";
import { CountingStorage } from "../support/counting.ts";
import { GOLDEN, readFixture } from "../support/fixtures.ts";

/** The most times that a file was read, and what was listed. */
function counted(storage: CountingStorage) {
  return { most: Math.max(0, ...storage.reads.values()), lists: storage.lists };
}

/** A look for LTX files beside the generations lists their folders, too. */
const LISTED_ONCE = ["generations/", "ltx", "000"];

it.each(GOLDEN)("%s: verify and moments list once, and read each file once", async (name) => {
  for (const work of [
    (storage: CountingStorage) => verify(replicaIn(storage), { level: "frames" }),
    (storage: CountingStorage) => verify(replicaIn(storage), { level: "replay" }),
  ]) {
    const storage = new CountingStorage(readFixture(name));
    await work(storage);
    expect([name, counted(storage)]).toEqual([name, { most: 1, lists: LISTED_ONCE }]);
  }
});

it.each(GOLDEN)("%s: what is opened is listed once, and each file is read once", async (name) => {
  const storage = new CountingStorage(readFixture(name));
  const { moments, examined } = await overview(replicaIn(storage), { lineage: true });
  // Where it is not proven that a snapshot fits, a trial restore reads what it needs once more.
  const isProven = examined.branches.every(({ report }) => report!.restorable.every(({ proven }) => proven));
  const { most, lists } = counted(storage);
  expect([name, lists, most <= (isProven ? 1 : 2)]).toEqual([name, LISTED_ONCE, true]);
  expect(moments).toEqual(await listMoments(replicaIn(readFixture(name))));
});

it.each(GOLDEN)("%s: lineage reads each file once", async (name) => {
  const storage = new CountingStorage(readFixture(name));
  const catalog = await readCatalog(storage);
  await readLineage(replicaIn(storage), catalog, { infer: true });
  // What is alike, and not the same, is looked at more closely.
  expect([name, counted(storage).most <= (catalog.generations.length > 1 ? 3 : 0)]).toEqual([name, true]);
});

it.each(GOLDEN)(
  "%s: restore reads each file once, a snapshot whose mark must be found twice",
  async (name) => {
    const storage = new CountingStorage(readFixture(name));
    await restore(replicaIn(storage), {}, new MemorySink());
    const of = (kind: string) =>
      Math.max(0, ...[...storage.reads].filter(([path]) => path.includes(kind)).map(([, count]) => count));
    expect([name, of("/wal/"), of("/snapshots/") <= 2]).toEqual([name, 1, true]);
  },
);
