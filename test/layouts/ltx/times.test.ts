import { describe, expect, it } from "vitest";
import { listLtx } from "../../../src/layouts/ltx/catalog.ts";
import { doubtOf, withTimes } from "../../../src/layouts/ltx/times.ts";
import type { MemoryStorage } from "../../../src/storage/index.ts";
import { dozen, momentOf, pathOf } from "../../support/ltx-history.ts";

const { history, files } = dozen();

async function branchOf(storage: MemoryStorage) {
  return (await listLtx(storage, "", undefined)).branch!;
}

/** Copied: the times of the storage are those of the copy. */
function copied(): MemoryStorage {
  const storage = history.storage(files);
  for (const [path, { data }] of storage.files) storage.files.set(path, { data, modified: 5n });
  return storage;
}

describe("the times of headers", () => {
  it("stand in for those of the storage, of every file", async () => {
    const storage = copied();
    const dated = await withTimes(await branchOf(storage), { storage });
    for (const one of [...dated.files, ...dated.snapshots, ...dated.segments, ...dated.merged])
      expect(one.modified).toBe(momentOf(one.maxTxid));
    expect(dated.files.length).toBe(files.length);
  });

  it("are not known of a file whose header cannot be read, and of one that has none", async () => {
    const storage = copied();
    storage.files.set(pathOf(0, 8, 8), { data: new Uint8Array(50), modified: 5n });
    storage.files.set(pathOf(0, 9, 9), history.file(0, 9, 9, { header: { timestamp: 0 } }));
    const { files: dated } = await withTimes(await branchOf(storage), { storage });
    const without = dated.filter(({ modified }) => modified === undefined);
    expect(without.map(({ path }) => path)).toEqual([pathOf(0, 8, 8), pathOf(0, 9, 9)]);
  });

  it("take with them what has gone since it was listed", async () => {
    const storage = copied();
    const branch = await branchOf(storage);
    storage.files.delete(pathOf(0, 7, 7));
    const dated = await withTimes(branch, { storage });
    expect(dated.files.some(({ path }) => path === pathOf(0, 7, 7))).toBe(false);
  });
});

describe("a doubt", () => {
  it("is where times go back from one file of a level to the next", async () => {
    const storage = history.storage(files);
    expect(doubtOf(await withTimes(await branchOf(storage), { storage }))).toBeUndefined();
    storage.files.set(pathOf(0, 9, 9), history.file(0, 9, 9, { header: { timestamp: 1_600_000_000_000 } }));
    const doubt = doubtOf(await withTimes(await branchOf(storage), { storage }));
    expect(doubt).toMatchObject({ kind: "clock", path: pathOf(0, 9, 9) });
  });
});
