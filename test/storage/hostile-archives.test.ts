/** Archives that are damaged, or made to do harm: a clear error, or the entry left out with a reason. */

import { deflateRawSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WalkitError } from "../../src/index.ts";
import { type ArchiveStorage, openArchive } from "../../src/web.ts";
import {
  crc32,
  fixtureTar,
  listAll,
  pax,
  readAll,
  type TarEntry,
  tarOf,
  type ZipEntry,
  zipOf,
} from "../support/archives.ts";

const openTar = (entries: readonly TarEntry[], end?: boolean) => openArchive(new Blob([tarOf(entries, end)]));
const openZip = (entries: readonly ZipEntry[]) => openArchive(new Blob([zipOf(entries)]));
const pathsOf = async (storage: ArchiveStorage) => (await listAll(storage)).map(({ path }) => path);
const text = async (storage: ArchiveStorage, path: string) => (await readAll(storage, path)).toString();
const unreadable = (message: RegExp) => ({
  code: "storage/unreadable",
  message: expect.stringMatching(message),
});

const HOSTILE = [
  ["../x", /leads out/],
  ["a/../../x", /leads out/],
  ["a/..", /leads out/],
  ["/../etc/passwd", /leads out/],
  ["C:/../x", /leads out/],
  ["c:..", /leads out/],
  ["C:D:/x", /drive/],
] as const;

/** Names that other programs unpack below the folder all the same, and the paths there. */
const OUTSIDE = [
  ["/etc/passwd", "etc/passwd"],
  ["//host/y", "host/y"],
  ["C:/x", "x"],
  ["c:z", "z"],
] as const;
/** Of Windows; a tar has backslashes in names only where they are in names. */
const WINDOWS = [
  ["a\\b", "a/b"],
  ["\\\\host\\x", "host/x"],
  ["C:\\d\\e", "d/e"],
] as const;

describe("hostile names", () => {
  it("are left out, with the reason, and what is beside them is there", async () => {
    for (const open of [openTar, openZip]) {
      const named = HOSTILE.map(([name]) => ({ name, data: "x" }));
      const storage = await open([...named, { name: "good", data: "y" }]);
      expect(await pathsOf(storage)).toEqual(["good"]);
      expect(storage.skipped.map(({ path }) => path)).toEqual(HOSTILE.map(([name]) => name));
      for (const [i, { reason }] of storage.skipped.entries()) expect(reason).toMatch(HOSTILE[i]![1]);
      await expect(readAll(storage, "../x")).rejects.toMatchObject({ code: "storage/not-found" });
    }
  });

  it("that are absolute, or of Windows, are below the folder, as other programs unpack them", async () => {
    const entries = (names: readonly (readonly [string, string])[]) =>
      names.map(([name, path]) => ({ name, data: path }));
    const tar = await openTar(entries(OUTSIDE));
    const zip = await openZip([
      ...entries([...OUTSIDE, ...WINDOWS]),
      { name: "folder\\", data: "" },
      { name: "..\\out", data: "x" },
      { name: "a\\..\\..\\out", data: "x" },
    ]);
    for (const [storage, names] of [
      [tar, OUTSIDE],
      [zip, [...OUTSIDE, ...WINDOWS]],
    ] as const) {
      for (const [, path] of names) expect(await text(storage, path)).toBe(path);
    }
    expect(await pathsOf(zip)).toContain("folder/");
    expect(tar.skipped).toEqual([]);
    expect(zip.skipped.map(({ reason }) => reason)).toEqual(
      Array(2).fill("its path leads out of the folder"),
    );
    const unmapped = await openTar([{ name: "a\\b", data: "x" }]);
    expect(unmapped.skipped).toMatchObject([{ reason: expect.stringMatching(/backslash/) }]);
    // Two names of one place.
    await expect(
      openZip([
        { name: "a/b", data: "x" },
        { name: "a\\b", data: "y" },
      ]),
    ).rejects.toMatchObject(unreadable(/found two/));
  });

  it("of a replica's files that are links are not missing, but cannot be read", async () => {
    const path = "generations/0123456789abcdef/wal/00000000_00000000.wal.lz4";
    const storage = await openTar([
      { name: path, type: "2", link: "/mnt/x" },
      { name: "other", type: "2", link: "/mnt/x" },
    ]);
    expect(await listAll(storage)).toMatchObject([
      { path, unreadable: { code: "storage/unreadable", path } },
    ]);
    expect(storage.skipped).toHaveLength(2);
    await expect(readAll(storage, path)).rejects.toMatchObject(unreadable(/symbolic link to \/mnt\/x/));
  });

  it("are the same however they are told: in PAX and GNU's long names, a prefix, a link", async () => {
    const storage = await openTar([
      pax({ path: "../pax" }),
      { name: "good-1", data: "x" },
      { name: "././@LongLink", type: "L", data: "/../gnu\0" },
      { name: "good-2", data: "x" },
      { name: "x", prefix: "../prefix", data: "x" },
      { name: "link", type: "1", link: "../../etc/passwd" },
      { name: "symlink", type: "2", link: "/etc/passwd" },
      { name: "device", type: "3" },
      { name: "pipe", type: "6" },
      { name: "odd", type: "Q", data: "x" },
      pax({ path: "x\0y" }),
      { name: "good-3", data: "x" },
    ]);
    expect(await pathsOf(storage)).toEqual([]);
    expect(storage.skipped.map(({ path, reason }) => `${path}: ${reason}`)).toEqual([
      "../pax: its path leads out of the folder",
      "/../gnu: its path leads out of the folder",
      "../prefix/x: its path leads out of the folder",
      "link: it is a link to ../../etc/passwd, which is not in the archive before it",
      "symlink: it is a symbolic link to /etc/passwd",
      "device: it is a device",
      "pipe: it is a named pipe",
      'odd: its type "Q" is unknown',
      "x\0y: there is a NUL in its name",
    ]);
  });

  it("that only look odd are made plain", async () => {
    for (const open of [openTar, openZip]) {
      const names = [
        "./a",
        "b//c",
        "d/./e",
        "__proto__",
        "constructor/x",
        "..f",
        "g..",
        "...",
        "h i/ü",
        "./",
      ];
      const storage = await open(names.map((name) => ({ name, data: name === "./" ? "" : name })));
      expect(await pathsOf(storage)).toEqual([
        "...",
        "..f",
        "__proto__",
        "a",
        "b/c",
        "constructor/x",
        "d/e",
        "g..",
        "h i/ü",
      ]);
      expect(await text(storage, "b/c")).toBe("b//c");
    }
  });

  it("of macOS's own are left out", async () => {
    for (const open of [openTar, openZip]) {
      const names = ["a", "._a", "x/.DS_Store", "__MACOSX/._a", "__MACOSX/x/._b"];
      const storage = await open(names.map((name) => ({ name, data: name })));
      expect(await pathsOf(storage)).toEqual(["a"]);
      expect(storage.skipped.length).toBe(4);
    }
  });

  it("that are there twice: of a tar the last one counts, a zip is refused", async () => {
    const entries = [
      { name: "a", data: "1" },
      { name: "b", data: "2" },
      { name: "./a", data: "3" },
    ];
    const storage = await openTar(entries);
    expect(await text(storage, "a")).toBe("3");
    expect(storage.skipped).toEqual([{ path: "a", reason: "a later file in the archive has the same name" }]);
    await expect(openZip(entries)).rejects.toMatchObject({
      ...unreadable(/one a in the zip archive, found two/),
      path: "a",
    });
  });
});

describe("a zip archive", () => {
  it("may have NTFS times, to 100 ns, which go before others", async () => {
    const extra = Buffer.alloc(36 + 9);
    extra.writeUInt16LE(0x5455, 0);
    extra.writeUInt16LE(5, 2);
    extra[4] = 1;
    extra.writeInt32LE(-3, 5);
    extra.writeUInt16LE(0x000a, 9);
    extra.writeUInt16LE(32, 11);
    extra.writeUInt16LE(1, 17);
    extra.writeUInt16LE(24, 19);
    extra.writeBigUInt64LE(116_444_736_000_000_000n + 12_345_678n, 21);
    const storage = await openZip([
      { name: "both", extra },
      { name: "extended", extra: extra.subarray(0, 9) },
      { name: "cut", extra: extra.subarray(0, 7) },
      { name: "none" },
    ]);
    const times = Object.fromEntries((await listAll(storage)).map(({ path, modified }) => [path, modified]));
    expect(times).toEqual({
      both: 1_234_567_800n,
      extended: -3_000_000_000n,
      cut: undefined,
      none: undefined,
    });
  });

  it("has symbolic links left out; what is encrypted or compressed in another way cannot be read", async () => {
    const storage = await openZip([
      { name: "link", data: "/etc/passwd", mode: 0o120777 },
      { name: "folder/", mode: 0o040755 },
      { name: "secret", data: "x", flags: 1 },
      { name: "zstd", data: "x", method: 93 },
      { name: "good", data: "x" },
    ]);
    expect(storage.skipped).toEqual([{ path: "link", reason: "it is a symbolic link" }]);
    expect(await pathsOf(storage)).toEqual(["folder/", "good", "secret", "zstd"]);
    await expect(text(storage, "secret")).rejects.toMatchObject({
      ...unreadable(/encrypted/),
      path: "secret",
    });
    await expect(text(storage, "zstd")).rejects.toMatchObject({ ...unreadable(/method 93/), path: "zstd" });
    expect((await listAll(storage, "secret"))[0]!.unreadable).toBeInstanceOf(WalkitError);
  });

  it("is checked as it is read: checksums, sizes, overlaps", async () => {
    const packed = deflateRawSync(Buffer.alloc(1 << 20));
    const crc = crc32(Buffer.alloc(1 << 20));
    const storage = await openZip([
      { name: "good", data: packed, method: 8, crc, size: 1 << 20 },
      { name: "checksum", data: "abc", crc: 1 },
      { name: "bomb", data: packed, method: 8, crc, size: 100 },
      { name: "short", data: packed, method: 8, crc, size: 1 << 21 },
      { name: "cut", data: packed.subarray(0, 100), method: 8, crc, size: 1 << 20 },
      { name: "stored", data: "abc", size: 1 << 30 },
    ]);
    expect((await readAll(storage, "good")).equals(Buffer.alloc(1 << 20))).toBe(true);
    for (const path of ["checksum", "bomb", "short", "cut", "stored"]) {
      await expect(text(storage, path), path).rejects.toMatchObject({
        ...unreadable(/ in the zip archive, found/),
        path,
      });
    }
    expect((await readAll(storage, "good", { start: 10, end: 20 })).length).toBe(10);

    const overlapping = zipOf([
      { name: "a", data: "x".repeat(100) },
      { name: "b", data: "y" },
    ]);
    const second = Buffer.from(overlapping).indexOf(
      "PK\x01\x02",
      Buffer.from(overlapping).indexOf("PK\x01\x02") + 1,
    );
    new DataView(overlapping.buffer).setUint32(second + 42, 0, true);
    const two = await openArchive(new Blob([overlapping]));
    const readBoth = async () => [await text(two, "a"), await text(two, "b")];
    await expect(readBoth()).rejects.toMatchObject({ code: "storage/unreadable" });
  });

  it("that ends early, anywhere, is refused", async () => {
    const zip = zipOf([
      { name: "x", data: "1".repeat(100) },
      { name: "y", data: "2" },
    ]);
    for (let size = 0; size < zip.length; size++) {
      const opening = openArchive(new Blob([zip.subarray(0, size)]));
      await expect(opening, `${size}`).rejects.toMatchObject({ code: "storage/unreadable" });
    }
  });

  it("with more entries than it may have is refused", async () => {
    const zip = new Blob([zipOf(Array.from({ length: 20 }, (_, i) => ({ name: `${i}` })))]);
    await expect(openArchive(zip, { maxEntries: 10 })).rejects.toMatchObject(
      unreadable(/at most 10 entries/),
    );
  });

  it("is stopped by its signal, and by whoever reads no further", async () => {
    const zip = new Blob([zipOf([{ name: "x", data: new Uint8Array(5 << 20) }])]);
    const storage = await openArchive(zip);
    const stop = new AbortController();
    const reading = (async () => {
      for await (const _ of storage.read("x", { signal: stop.signal })) stop.abort(new Error("enough"));
    })();
    await expect(reading).rejects.toThrow("enough");
    for await (const piece of storage.read("x")) {
      expect(piece.length).toBeGreaterThan(0);
      break;
    }
  });
});

it("whatever byte is changed, there is an error of ours or files with clean paths", async () => {
  const tars = [fixtureTar("basic"), tarOf([pax({ path: "p", mtime: "1.5" }), { name: "x", data: "abc" }])];
  const zips = [
    zipOf([
      { name: "a/b", data: "x".repeat(50) },
      { name: "c/", mode: 0o040755 },
    ]),
  ];
  const byte = fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 }));
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...tars, ...zips),
      fc.array(byte, { minLength: 1, maxLength: 4 }),
      async (good, changes) => {
        const bad = good.slice();
        for (const [at, value] of changes) bad[at % bad.length] = value;
        try {
          const storage = await openArchive(new Blob([bad]));
          for (const { path } of await listAll(storage)) {
            expect(path).not.toMatch(/(^|\/)\.\.?(\/|$)|^\/|\\|\0/);
            await readAll(storage, path).catch((error) => expect(error).toBeInstanceOf(WalkitError));
          }
        } catch (error) {
          expect(error).toBeInstanceOf(WalkitError);
        }
      },
    ),
    { numRuns: 300 },
  );
});
