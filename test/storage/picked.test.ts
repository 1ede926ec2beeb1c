/** Folders that were picked or dropped: through handles, lists of files, entries. */

import { describe, expect, it } from "vitest";
import { MemorySink, readCatalog, restore, verify, WalkitError } from "../../src/index.ts";
import { replicaIn } from "../../src/layouts/open.ts";
import type { FileHandleLike, FolderHandleLike } from "../../src/storage/handles.ts";
import { FileListStorage, filesOfEntries, folderOf, HandleStorage } from "../../src/web.ts";
import { contentOf, listAll, readAll } from "../support/archives.ts";
import {
  entryOf,
  fileOf,
  handleOf,
  inMilliseconds,
  notFoundError,
  pickedFiles,
  type Tree,
  treeOf,
} from "../support/browser.ts";
import { readFixture, sha256 } from "../support/fixtures.ts";
import { timeless } from "../support/report.ts";

const NAME = "multi-generation";
const original = readFixture(NAME);
const throwing = (error: Error) => () => {
  throw error;
};

describe("HandleStorage", () => {
  const storage = new HandleStorage(handleOf(NAME, treeOf(original)));

  it("has the same files, with times in milliseconds", async () => {
    expect(await contentOf(storage)).toEqual(await contentOf(inMilliseconds(original)));
    expect(await readCatalog(storage)).toEqual(await readCatalog(inMilliseconds(original)));
  });

  it("is verified and restored with the same result", async () => {
    const report = await verify(replicaIn(inMilliseconds(original)), { level: "replay" });
    expect(timeless(await verify(replicaIn(storage), { level: "replay" }))).toEqual(timeless(report));
    const generation = (await readCatalog(storage)).generations[0]!.id;
    const [sink, own] = [new MemorySink(), new MemorySink()];
    await restore(replicaIn(original), { generation }, sink);
    await restore(replicaIn(storage), { generation }, own);
    expect(sha256(own.bytes)).toBe(sha256(sink.bytes));
  });

  it("lists by prefix, and walks only where that leads", async () => {
    const forbidden = handleOf("x", {});
    forbidden.values = throwing(new DOMException("no", "NotAllowedError")) as never;
    const tree: Tree = {
      a: { b: { x: fileOf("x", "123") }, empty: {}, y: fileOf("y", "") },
      ab: { z: fileOf("z", "1") },
    };
    const root = handleOf("root", tree);
    const outer = folderOf([root, { ...forbidden, name: "forbidden" }]);
    const paths = async (prefix: string) =>
      (await listAll(new HandleStorage(outer), prefix)).map(({ path }) => path);
    expect(await paths("root/a/")).toEqual(["root/a/b/x", "root/a/empty/", "root/a/y"]);
    expect(await paths("root/a")).toEqual(["root/a/b/x", "root/a/empty/", "root/a/y", "root/ab/z"]);
    expect(await paths("root/a/b/x")).toEqual(["root/a/b/x"]);
    expect(await paths("gone/")).toEqual([]);
    expect(await paths("gone/deeper/")).toEqual([]);
    const all = await listAll(new HandleStorage(outer));
    expect(all.find(({ path }) => path === "forbidden/")!.unreadable).toMatchObject({
      code: "storage/unreadable",
    });
  });

  it("reads in part, and large files in pieces", async () => {
    const data = Buffer.alloc((5 << 20) + 17);
    for (let i = 0; i + 4 <= data.length; i += 4) data.writeUInt32LE(i, i);
    const large = new HandleStorage(handleOf("", { folder: { large: fileOf("large", data) } }));
    expect((await readAll(large, "folder/large")).equals(data)).toBe(true);
    for (const [start, end] of [
      [0, 1],
      [1 << 20, 4 << 20],
      [data.length - 1, undefined],
      [data.length + 5, undefined],
      [9, 9],
    ]) {
      expect((await readAll(large, "folder/large", { start, end })).equals(data.subarray(start!, end))).toBe(
        true,
      );
    }
  });

  it("says what cannot be read, in our terms", async () => {
    const changed = fileOf("changed", "abc");
    changed.slice = () =>
      ({
        size: 3,
        arrayBuffer: () => Promise.reject(new DOMException("changed", "NotReadableError")),
      }) as never;
    const own = new HandleStorage(
      handleOf("", {
        folder: {},
        changed,
        gone: throwing(notFoundError()),
        denied: throwing(new DOMException("denied", "NotAllowedError")),
      }),
    );
    const unreadable = (path: string, failure: string) => ({
      code: "storage/unreadable",
      path,
      remedy: { do: "make-readable", failure },
    });
    for (const path of ["gone", "nowhere", "no/where", "folder/x"]) {
      await expect(readAll(own, path)).rejects.toMatchObject({ code: "storage/not-found", path });
    }
    await expect(readAll(own, "changed")).rejects.toMatchObject(unreadable("changed", "NotReadableError"));
    await expect(readAll(own, "denied")).rejects.toMatchObject(unreadable("denied", "NotAllowedError"));
    await expect(readAll(own, "folder")).rejects.toMatchObject(unreadable("folder", "TypeMismatchError"));
    await expect(readAll(own, "changed/x")).rejects.toMatchObject(
      unreadable("changed/x", "TypeMismatchError"),
    );
    for (const path of ["", "folder/", "../x", "//"]) {
      await expect(readAll(own, path)).rejects.toMatchObject({ code: "storage/unreadable" });
    }
    expect((await listAll(own)).map(({ path, unreadable }) => [path, unreadable?.code])).toEqual([
      ["changed", undefined],
      ["denied", "storage/unreadable"],
      ["folder/", undefined],
    ]);
  });

  it("is stopped by its signal, and leaves others a turn", async () => {
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(storage.list("", { signal }).next()).rejects.toThrow("enough");
    const late = AbortSignal.timeout(60);
    const listOn = async () => {
      for (let i = 0; i < 1_000_000; i++) for await (const _ of storage.list("", { signal: late }));
    };
    await expect(listOn()).rejects.toThrow(/timeout/);
  });
});

describe("FileListStorage", () => {
  it("has the files of a picked folder, its name before them", async () => {
    const storage = new FileListStorage(pickedFiles("picked", original));
    const expected = inMilliseconds(original, "picked/");
    for (const path of [...expected.files.keys()]) if (path.endsWith("/")) expected.files.delete(path);
    expect(await contentOf(storage)).toEqual(await contentOf(expected));
    const prefix = "picked/generations/";
    expect(await readCatalog(storage, { prefix })).toEqual(await readCatalog(expected, { prefix }));
  });

  it("has the files of dropped folders, empty ones included, however many there are", async () => {
    const many: Tree = {};
    for (let i = 0; i < 250; i++) many[`file-${i}`] = fileOf(`file-${i}`, `${i}`);
    const files = await filesOfEntries([
      entryOf("dropped", treeOf(original)),
      null,
      entryOf("many", many),
      entryOf("empty", {}),
      entryOf("single", fileOf("single", "1")),
    ]);
    const storage = new FileListStorage(files);
    const expected = inMilliseconds(original, "dropped/");
    const found = await contentOf(storage);
    expect(found.filter((file) => (file as string[])[0]!.startsWith("dropped/"))).toEqual(
      await contentOf(expected),
    );
    expect((await listAll(storage, "many/")).length).toBe(250);
    expect((await listAll(storage, "empty")).map(({ path }) => path)).toEqual(["empty/"]);
    expect((await readAll(storage, "single")).toString()).toBe("1");
  });

  it("says what cannot be read, and refuses too much", async () => {
    const tree: Tree = {
      gone: throwing(notFoundError()),
      denied: throwing(new DOMException("denied", "NotReadableError")),
      good: fileOf("good", "1"),
    };
    const storage = new FileListStorage(await filesOfEntries([entryOf("x", tree)]));
    expect((await listAll(storage)).map(({ path, unreadable }) => [path, unreadable?.code])).toEqual([
      ["x/denied", "storage/unreadable"],
      ["x/good", undefined],
    ]);
    await expect(readAll(storage, "x/denied")).rejects.toMatchObject({
      code: "storage/unreadable",
      path: "x/denied",
    });
    await expect(readAll(storage, "x/gone")).rejects.toMatchObject({
      code: "storage/not-found",
      path: "x/gone",
    });
    await expect(filesOfEntries([entryOf("x", treeOf(original))], { maxFiles: 5 })).rejects.toMatchObject({
      code: "storage/unreadable",
      message: expect.stringContaining("at most 5"),
    });
  });

  it("takes what is there only: no file is opened to list it", async () => {
    const file = fileOf("a", "abc", 1_234_567_890n);
    file.slice = throwing(new Error("opened"));
    const storage = new FileListStorage([
      ["x/a", file],
      ["x/empty/", undefined],
    ]);
    expect(await listAll(storage)).toEqual([
      { path: "x/a", size: 3, modified: 1_234_000_000n },
      { path: "x/empty/" },
    ]);
  });
});

describe("what was made to be too much", () => {
  /** Folders in each other, each with a file. */
  const deep = (more: number): FolderHandleLike => ({
    kind: "directory",
    name: "d",
    async *values() {
      if (more > 0) yield deep(more - 1);
      yield file("f");
    },
    getDirectoryHandle: async () => deep(more - 1),
    getFileHandle: async () => file("f"),
  });
  const file = (name: string): FileHandleLike => ({
    kind: "file",
    name,
    getFile: async () => fileOf(name, "1"),
  });
  const wide = (count: number): FolderHandleLike => ({
    ...deep(0),
    async *values() {
      for (let i = 0; i < count; i++) yield file(`${i}`);
    },
  });

  it("is a folder of ten thousand in each other: it is looked at only so far, and what lies deep can be read", async () => {
    expect((await listAll(new HandleStorage(deep(10_000)))).length).toBe(17);
    const path = `${"d/".repeat(9000)}f`;
    expect((await readAll(new HandleStorage(deep(10_000)), path)).toString()).toBe("1");
    for (const odd of ["/", "//", "/f"]) {
      expect((await readAll(new HandleStorage(folderOf([])), odd).catch((error) => error)).code).toMatch(
        /storage/,
      );
    }
  });

  it("is stopped by its signal, however fast it comes", async () => {
    const work = async () => {
      for await (const _ of new HandleStorage(wide(300_000)).list("", { signal: AbortSignal.timeout(100) }));
    };
    await expect(work()).rejects.toMatchObject({ name: "TimeoutError" });
    const endless = {
      ...entryOf("x", {}),
      createReader: () => ({
        readEntries: (then: (all: never[]) => void) => then([entryOf("y", {})] as never[]),
      }),
    };
    const asking = filesOfEntries([endless], { signal: AbortSignal.timeout(50), maxFiles: 1e9 });
    await expect(asking).rejects.toMatchObject({ name: "TimeoutError" });
  });

  it("comes all at once: more than a call takes as arguments", async () => {
    const all = Array.from({ length: 200_000 }, (_, i) => entryOf(`${i}`, fileOf("x", "")));
    let rest = [all];
    const readEntries = (then: (entries: typeof all) => void) => then(rest.pop() ?? []);
    const folder = { ...entryOf("x", {}), createReader: () => ({ readEntries }) };
    expect((await filesOfEntries([folder])).length).toBe(200_000);
    rest = [all];
    await expect(filesOfEntries([folder], { maxFiles: 1000 })).rejects.toMatchObject({
      code: "storage/unreadable",
    });
  });

  it("is folders without a file, which count as well", async () => {
    const bush: ReturnType<typeof entryOf> = {
      ...entryOf("x", {}),
      createReader: () => {
        let rest = [bush, bush];
        return {
          readEntries: (then) => {
            then(rest);
            rest = [];
          },
        };
      },
    };
    await expect(filesOfEntries([bush], { maxFiles: 5000 })).rejects.toMatchObject({
      code: "storage/unreadable",
    });
  });

  it("is two files at one path, of folders with one name: neither is taken for the other", async () => {
    const storage = new FileListStorage([
      ["x/a", fileOf("a", "1")],
      ["x/a", fileOf("a", "22")],
      ["x/b", fileOf("b", "3")],
      ["x/c/", new WalkitError("storage/unreadable", "denied")],
      ["x/c/", undefined],
    ]);
    expect((await listAll(storage)).map(({ path, unreadable }) => [path, unreadable?.message])).toEqual([
      ["x/a", "Expected one x/a, found two"],
      ["x/b", undefined],
      ["x/c/", "denied"],
    ]);
    await expect(readAll(storage, "x/a")).rejects.toMatchObject({ code: "storage/unreadable", path: "x/a" });
    const twice = [handleOf("x", {}), handleOf("y", {}), handleOf("x", {})];
    expect(() => folderOf(twice)).toThrow("Expected one x, found two");
  });
});
