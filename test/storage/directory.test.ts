import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DirectoryStorage, openReplica } from "../../src/node.ts";
import { readCatalog } from "../../src/snapshot/index.ts";
import type { Entry } from "../../src/storage/index.ts";
import { tarPath } from "../support/fixtures.ts";

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "walkit-storage-"));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function read(storage: DirectoryStorage, path: string, options = {}): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const piece of storage.read(path, options)) parts.push(piece.slice());
  return Buffer.concat(parts);
}

describe("DirectoryStorage", () => {
  it("lists by prefix, with sizes, times to the nanosecond, and empty folders", async () => {
    for (const folder of ["a/b/c", "a/empty", "ab"]) mkdirSync(join(root, folder), { recursive: true });
    for (const [path, text] of [
      ["a/b/c/x", "123"],
      ["a/y", ""],
      ["ab/z", "1"],
      ["top", "1"],
    ] as const) {
      writeFileSync(join(root, path), text);
    }
    spawnSync("touch", ["-d", "2026-11-20T12:15:31.123456789Z", join(root, "a/b/c/x")]);
    const list = async (prefix: string) => {
      const found: Entry[] = [];
      for await (const entry of new DirectoryStorage(root).list(prefix)) found.push(entry);
      return found.sort((a, b) => (a.path < b.path ? -1 : 1));
    };
    expect((await list("a/")).map(({ path, size }) => [path, size])).toEqual([
      ["a/b/c/x", 3],
      ["a/empty/", undefined],
      ["a/y", 0],
    ]);
    expect((await list("a")).map(({ path }) => path)).toEqual(["a/b/c/x", "a/empty/", "a/y", "ab/z"]);
    expect((await list("a/b/c/x"))[0]).toEqual({
      path: "a/b/c/x",
      size: 3,
      modified: 1_795_176_931_123_456_789n,
    });
    expect(await list("nothing/")).toEqual([]);
  });

  it("reads files of any size, whole and in part, in pieces that do not overwrite each other", async () => {
    const data = Buffer.alloc((5 << 20) + 17, 0);
    for (let i = 0; i < data.length; i += 4) data.writeUInt32LE(i, Math.min(i, data.length - 4));
    const storage = new DirectoryStorage(root);
    for (const size of [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, data.length]) {
      writeFileSync(join(root, "large"), data.subarray(0, size));
      expect((await read(storage, "large")).equals(data.subarray(0, size))).toBe(true);
      const [start, end] = [Math.floor(size / 3), Math.floor(size / 2)];
      expect((await read(storage, "large", { start, end })).equals(data.subarray(start, end))).toBe(true);
    }
  });

  it("takes no more memory for a header than the header does", async () => {
    writeFileSync(join(root, "large"), Buffer.alloc(3 << 20));
    for await (const { buffer, length } of new DirectoryStorage(root).read("large", { start: 50, end: 150 }))
      expect([length, buffer.byteLength]).toEqual([100, 100]);
  });

  it("leaves others a turn while it reads small files and lists them", async () => {
    const storage = new DirectoryStorage(root);
    const signal = AbortSignal.timeout(60);
    const readOn = async () => {
      for (let i = 0; i < 1_000_000; i++) for await (const _ of storage.read("top", { signal }));
    };
    await expect(readOn()).rejects.toThrow(/timeout/);
    const listOn = async () => {
      const late = AbortSignal.timeout(60);
      for (let i = 0; i < 1_000_000; i++) for await (const _ of storage.list("", { signal: late }));
    };
    await expect(listOn()).rejects.toThrow(/timeout/);
  });

  it("says what cannot be read, and waits for nothing", async () => {
    const storage = new DirectoryStorage(root);
    await expect(read(storage, "gone")).rejects.toMatchObject({ code: "storage/not-found", path: "gone" });
    mkdirSync(join(root, "folder"), { recursive: true });
    await expect(read(storage, "folder")).rejects.toMatchObject({
      code: "storage/unreadable",
      path: "folder",
    });
    if (spawnSync("mkfifo", [join(root, "pipe")]).status === 0) {
      await expect(read(storage, "pipe")).rejects.toMatchObject({ code: "storage/unreadable" });
    }
  });

  it("is not led astray by links that go in circles", async () => {
    mkdirSync(join(root, "loop/generations"), { recursive: true });
    symlinkSync("..", join(root, "loop/generations/again"));
    const { generations } = await readCatalog(new DirectoryStorage(join(root, "loop")));
    expect(generations).toEqual([]);
  });
});

describe("openReplica", () => {
  const unpack = (folder: string) => {
    const path = join(root, folder);
    mkdirSync(path, { recursive: true });
    spawnSync("tar", ["-C", path, "-xf", tarPath("basic")]);
    return path;
  };
  const ids = async (location: string) => {
    const { storage, prefix, generation } = await openReplica(location);
    const catalog = await readCatalog(storage, { prefix, generation });
    return catalog.generations.map((g) => [g.id, g.snapshots.length, g.segments.length]);
  };
  const found = [["f73d382fd730c09a", 1, 10]];

  it.each(["plain", "with space", "hash#mark", "per%cent", "ünï"])(
    "finds the replica in %j, however it is named",
    async (name) => {
      const path = unpack(name);
      const url = (p: string) => `file://${encodeURI(p).replaceAll("#", "%23")}`;
      for (const p of [
        path,
        `${path}/`,
        join(path, "generations"),
        join(path, "generations/f73d382fd730c09a"),
      ]) {
        expect(await ids(p)).toEqual(found);
        expect(await ids(url(p))).toEqual(found);
      }
    },
  );

  it("takes a generations folder of another name", async () => {
    const path = unpack("renamed");
    spawnSync("mv", [join(path, "generations"), join(path, "backup")]);
    expect(await ids(join(path, "backup"))).toEqual(found);
  });

  it("says what is there instead of a replica", async () => {
    const path = unpack("outer/inner");
    writeFileSync(join(root, "file.db"), "");
    utimesSync(join(root, "file.db"), 1, 1);
    await expect(openReplica(join(root, "nowhere"))).rejects.toMatchObject({ code: "storage/not-found" });
    await expect(openReplica(join(root, "file.db"))).rejects.toMatchObject({
      code: "replica/not-a-replica",
      remedy: { do: "read-configuration", inspect: true },
    });
    await expect(openReplica("s3://bucket/db")).rejects.toMatchObject({ code: "replica/not-a-replica" });
    await expect(openReplica(join(path, ".."))).rejects.toMatchObject({
      code: "replica/not-a-replica",
      remedy: { do: "name-replica", where: "inside", paths: ["inner"] },
    });
    const shadow = join(root, ".app.db-litestream");
    mkdirSync(join(shadow, "generations/f73d382fd730c09a/wal"), { recursive: true });
    writeFileSync(join(shadow, "generation"), "f73d382fd730c09a\n");
    writeFileSync(join(shadow, "generations/f73d382fd730c09a/wal/00000000.wal"), "");
    await expect(openReplica(shadow)).rejects.toMatchObject({
      code: "replica/not-a-replica",
      message: expect.stringContaining("shadow WAL"),
    });
  });
});
