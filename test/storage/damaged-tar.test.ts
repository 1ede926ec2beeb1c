/** Tar archives of all kinds, and damaged ones: each is read as it is meant, or there is a clear error. */

import { describe, expect, it } from "vitest";
import { WalkitError } from "../../src/index.ts";
import { type ArchiveStorage, openArchive } from "../../src/web.ts";
import { contentOf, listAll, pax, readAll, type TarEntry, tarOf } from "../support/archives.ts";

const openTar = (entries: readonly TarEntry[], end?: boolean) => openArchive(new Blob([tarOf(entries, end)]));
const pathsOf = async (storage: ArchiveStorage) => (await listAll(storage)).map(({ path }) => path);
const text = async (storage: ArchiveStorage, path: string) => (await readAll(storage, path)).toString();
const unreadable = (message: RegExp) => ({
  code: "storage/unreadable",
  message: expect.stringMatching(message),
});

describe("a tar archive", () => {
  it("may have links to what came before, folders, a label, numbers of any kind", async () => {
    const storage = await openTar([
      { name: "label", type: "V" },
      { name: "folder/", type: "5", size: "00000001000\0" },
      { name: "empty/", type: "5" },
      { name: "old-folder/" },
      {
        name: "folder/a",
        data: "abc",
        mtime: new Uint8Array([0xff, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 254]),
      },
      { name: "b", type: "1", link: "folder/a", mtime: 7 },
      { name: "c", type: "1", link: "gone", data: "own" },
      { name: "d", type: "\0", data: "d", mtime: new Uint8Array([0x80, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]) },
      {
        name: "e",
        data: "e",
        magic: "ustar  \0",
        edit: (block) => block.set(Buffer.from("not a prefix"), 345),
      },
      pax({ mtime: "-1.5", size: "3" }),
      { name: "f", data: "fff" },
      pax({ mtime: "1.0000000019999" }),
      { name: "g" },
    ]);
    expect(storage.skipped).toEqual([]);
    expect((await listAll(storage)).map(({ path, size, modified }) => [path, size, modified])).toEqual([
      ["b", 3, 7_000_000_000n],
      ["c", 3, 0n],
      ["d", 1, 4_294_967_296_000_000_000n],
      ["e", 1, 0n],
      ["empty/", undefined, undefined],
      ["f", 3, -1_500_000_000n],
      ["folder/a", 3, -2_000_000_000n],
      ["g", 0, 1_000_000_001n],
      ["old-folder/", undefined, undefined],
    ]);
    expect(await text(storage, "b")).toBe("abc");
    expect(await text(storage, "c")).toBe("own");
  });

  it("may have global headers, which later ones take back", async () => {
    const storage = await openTar([
      pax({ mtime: "5.5", comment: "x" }, "g"),
      { name: "a" },
      pax({ mtime: "6.25" }),
      { name: "b" },
      pax({ mtime: "" }),
      { name: "c", mtime: 9 },
    ]);
    const times = (await listAll(storage)).map(({ modified }) => modified);
    expect(times).toEqual([5_500_000_000n, 6_250_000_000n, 9_000_000_000n]);
  });

  it("says which files are sparse, in all three ways", async () => {
    const isExtended = (block: Uint8Array) => (block[482] = 1);
    const map = new Uint8Array(512);
    const storage = await openTar([
      {
        name: "old",
        type: "S",
        edit: isExtended,
        data: new Uint8Array([...map, 1, 2]),
        size: "00000000002\0",
      },
      pax({ "GNU.sparse.size": "100", "GNU.sparse.numblocks": "0" }),
      { name: "pax-0", data: "x" },
      pax({ "GNU.sparse.major": "1", "GNU.sparse.name": "pax-1", "GNU.sparse.realsize": "100" }),
      { name: "GNUSparseFile.0/pax-1", data: "x" },
      { name: "good", data: "x" },
    ]);
    expect(await pathsOf(storage)).toEqual(["good", "old", "pax-0", "pax-1"]);
    for (const path of ["old", "pax-0", "pax-1"]) {
      await expect(readAll(storage, path)).rejects.toMatchObject({ ...unreadable(/sparse/), path });
    }
  });

  it.each([
    ["a negative size", { size: new Uint8Array(12).fill(255) }, /size of x .* found -1/],
    [
      "a size past all bounds",
      { size: new Uint8Array(12).fill(0x7f).fill(0x80, 0, 1) },
      /size of x .* found \d{20}/,
    ],
    ["a size that is no number", { size: "-0000000001\0" }, /size of x .* found no number/],
    [
      "a size past the end",
      { size: "77777777777\0" },
      /Expected 8589934591 bytes of x at byte 512, found 1024/,
    ],
    ["a time that is no number", { mtime: Buffer.from("abcdefghijk\0") }, /time of x/],
  ] as const)("with %s is refused", async (_, entry, message) => {
    await expect(openTar([{ name: "x", ...entry }])).rejects.toMatchObject({ ...unreadable(message) });
  });

  it.each([
    ["size", "-1", /size of x .* found -1/],
    ["size", "99999999999999999", /size of x/],
    ["size", "9007199254740991", /Expected 9007199254740991 bytes/],
    ["mtime", "yesterday", /time of x .* found yesterday/],
    ["mtime", "9".repeat(1000), /time of x/],
  ])("with PAX %s=%s is refused", async (key, value, message) => {
    await expect(openTar([pax({ [key]: value }), { name: "x" }])).rejects.toMatchObject(unreadable(message));
  });

  it("with records of PAX that are none, too many of them, or none to follow is refused", async () => {
    for (const data of ["x", "5 a=b\n", "99 a=b\n", "6 =bc\n", "6 abc\n", "6 a=bc", "0 a=b\n"]) {
      await expect(openTar([{ name: "x", type: "x", data }, { name: "y" }])).rejects.toMatchObject(
        unreadable(/record/),
      );
    }
    const large = { name: "x", type: "x", data: new Uint8Array((1 << 20) + 1) };
    await expect(openTar([large])).rejects.toMatchObject(unreadable(/more than 1048576/));
    await expect(openTar([pax({ path: "y" })])).rejects.toMatchObject(unreadable(/found the archive's end/));
  });

  it("with more entries than it may have is refused", async () => {
    const tar = new Blob([tarOf(Array.from({ length: 20 }, (_, i) => ({ name: `${i}` })))]);
    await expect(openArchive(tar, { maxEntries: 10 })).rejects.toMatchObject(
      unreadable(/at most 10 entries/),
    );
    expect((await listAll(await openArchive(tar, { maxEntries: 20 }))).length).toBe(20);
  });

  it("that ends early, anywhere, is refused, unless only of its end is missing", async () => {
    const tar = tarOf([
      pax({ path: "first", mtime: "1.5" }),
      { name: "x", data: "1".repeat(700) },
      { name: "y", data: "2" },
    ]);
    const whole = await contentOf(await openArchive(new Blob([tar])));
    const complete = tar.length - 512;
    for (let size = 0; size < tar.length; size++) {
      const opening = openArchive(new Blob([tar.subarray(0, size)]));
      if (size >= complete) expect(await contentOf(await opening)).toEqual(whole);
      else await expect(opening, `${size}`).rejects.toMatchObject({ code: "storage/unreadable" });
    }
  });

  it("with a wrong bit in a header is refused, and says where", async () => {
    const tar = tarOf([
      { name: "x", data: "abc" },
      { name: "y", data: "def" },
    ]);
    const at = 1024;
    for (let bit = 0; bit < 512 * 8; bit++) {
      const bad = tar.slice();
      bad[at + (bit >> 3)]! ^= 1 << (bit & 7);
      const opening = openArchive(new Blob([bad]));
      // The checksum itself can be written in several ways.
      if (bit >= 148 * 8 && bit < 156 * 8)
        await opening.catch((error) => expect(error).toBeInstanceOf(WalkitError));
      else
        await expect(opening, `bit ${bit}`).rejects.toMatchObject({ ...unreadable(/checksum/), offset: at });
    }
  });
});
