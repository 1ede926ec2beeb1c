import { describe, expect, it } from "vitest";
import { WalkitError } from "../../src/errors.ts";
import { litestream } from "../../src/layouts/litestream.ts";
import { replicaIn } from "../../src/layouts/open.ts";
import type { CatalogOptions } from "../../src/replay/layout.ts";
import { type Entry, MemoryStorage, type Storage } from "../../src/storage/index.ts";
import { CountingStorage } from "../support/counting.ts";
import { readFixture } from "../support/fixtures.ts";
import { usualReplica } from "../support/ltx-replica.ts";

const OLD = "f73d382fd730c09a";
const old = readFixture("basic");
const young = usualReplica().storage();
const none = { generations: [], timelineFiles: [], strays: [] };

async function listed(files: MemoryStorage, options: CatalogOptions = {}, prefix = "generations/") {
  const storage = new CountingStorage(files);
  const { generations, timelineFiles, strays } = await litestream.catalog({ storage, prefix }, options);
  return {
    ids: generations.map(({ id }) => id),
    reads: storage.reads.size,
    lists: storage.lists,
    beside: [...timelineFiles, ...strays].map(({ path }) => path),
  };
}

const together = (...storages: MemoryStorage[]) =>
  new MemoryStorage(storages.flatMap(({ files }) => [...files]));
const below = (root: string, { files }: MemoryStorage) =>
  new MemoryStorage([...files].map(([path, file]) => [root + path, file]));

// This goes first: what reads LTX files is not loaded yet.
it("a replica without LTX files is planned by what reads generations", async () => {
  const replica = replicaIn(old);
  const catalog = await litestream.catalog(replica, {});
  expect(litestream.newest(catalog)?.id).toBe(OLD);
  expect(() => litestream.plan(catalog, { commit: { txid: 3 } })).toThrow(/<index>:<offset>/);
  expect(() => litestream.merged!(replica, catalog.generations[0]!.snapshots[0]!)).toThrow(TypeError);
});

describe("the catalog", () => {
  it("has generations, LTX files beside them, or both", async () => {
    expect((await listed(old)).ids).toEqual([OLD]);
    expect((await listed(young)).ids).toEqual(["ltx"]);
    expect((await listed(together(young, old))).ids).toEqual([OLD, "ltx"]);
    expect((await listed(new MemoryStorage())).ids).toEqual([]);
  });

  it("opens files of LTX alone, where they are asked for times, or where a generation beside them may be the newer", async () => {
    expect((await listed(young)).reads).toBe(0);
    expect((await listed(young, { times: true })).reads).toBe(young.files.size);
    expect((await listed(together(young, old))).reads).toBe(young.files.size);
    expect((await listed(old, { times: true })).reads).toBe(0);
  });

  it("lists each part of a storage once", async () => {
    expect((await listed(together(young, old))).lists).toEqual(["generations/", "ltx", "000"]);
  });

  it("looks for LTX files beside the folder of generations, and nowhere else", async () => {
    const deep = below("a/b/", together(young, old));
    expect((await listed(deep, {}, "a/b/generations/")).ids).toEqual([OLD, "ltx"]);
    // Where the generations lie in a folder of another name, nothing tells what lies beside it.
    const renamed = await listed(below("", old), {}, "backup/");
    expect([renamed.ids, renamed.lists]).toEqual([[], ["backup/"]]);
  });

  it("of one branch has no other, and refuses what is not there", async () => {
    const both = together(young, old);
    const one = await listed(both, { generation: OLD });
    expect([one.ids, one.lists]).toEqual([[OLD], [`generations/${OLD}/`]]);
    expect((await listed(both, { generation: "ltx" })).ids).toEqual(["ltx"]);
    for (const [files, generation, prefix, path] of [
      [old, "ltx", "generations/", "ltx/"],
      [young, OLD, "generations/", `generations/${OLD}/`],
      [old, "ltx", "backup/", "backup/"],
    ] as const)
      await expect(listed(files, { generation }, prefix)).rejects.toMatchObject({
        ...{ code: "target/no-generation", path },
      });
  });

  it("has what lies among the LTX files", async () => {
    const storage = together(young, old);
    for (const path of ["ltx/0/readme", "ltx.history", "other"])
      storage.files.set(path, { data: new Uint8Array(1) });
    expect((await listed(storage)).beside).toEqual(["ltx.history", "ltx/0/readme"]);
    // Without an LTX file that may be anybody's.
    const alone = together(old, new MemoryStorage([["ltx/0/readme", { data: new Uint8Array(1) }]]));
    expect((await listed(alone)).beside).toEqual([]);
  });

  it("knows of a folder of LTX files that cannot be listed", async () => {
    const unreadable = new WalkitError("storage/unreadable", "Cannot list it");
    const telling = (...entries: Entry[]): Storage => ({
      async *list(prefix) {
        for (const entry of entries) if (entry.path.startsWith(prefix)) yield entry;
      },
      async *read() {},
    });
    for (const path of ["ltx/", "ltx/0/", "0000/"]) {
      const replica = { storage: telling({ path, unreadable }), prefix: "generations/" };
      const { generations } = await litestream.catalog(replica, {});
      expect(
        generations.map(({ id, unreadable: why }) => [id, why]),
        path,
      ).toEqual([["ltx", [unreadable]]]);
    }
    const other = { storage: telling({ path: "ltxother/", unreadable }), prefix: "generations/" };
    expect(await litestream.catalog(other, {})).toEqual(none);
  });
});
