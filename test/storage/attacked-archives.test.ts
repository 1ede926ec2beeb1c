/** Archives of an attacker: they lie of what they hold, hide some of it, or are made to take all time and memory. */

import { deflateRawSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import { WalkitError } from "../../src/index.ts";
import { emptyFolders } from "../../src/storage/paths.ts";
import { type ArchiveStorage, findReplicas, openArchive } from "../../src/web.ts";
import {
  contentOf,
  crc32,
  fixtureTar,
  listAll,
  pax,
  readAll,
  type TarEntry,
  tarOf,
  zipOf,
} from "../support/archives.ts";

const open = (...parts: Uint8Array[]) => openArchive(new Blob(parts as Uint8Array<ArrayBuffer>[]));
const openTar = (entries: readonly TarEntry[]) => open(tarOf(entries));
const pathsOf = async (storage: ArchiveStorage) => (await listAll(storage)).map(({ path }) => path);
const reasonsOf = ({ skipped }: ArchiveStorage) => skipped.map(({ reason }) => reason);
const unreadable = (message: RegExp) => ({
  code: "storage/unreadable",
  message: expect.stringMatching(message),
});

/** Far less than each of these took before; far more than they take. In milliseconds. */
const SOON = 10_000;
async function soon<T>(work: Promise<T>): Promise<T> {
  const began = performance.now();
  const result = await work;
  expect(performance.now() - began).toBeLessThan(SOON);
  return result;
}

describe("a tar archive of which something would not be missed", () => {
  const three = [
    { name: "a", data: "1" },
    { name: "b", data: "2" },
    { name: "c", data: "3" },
  ];

  it("has a header wiped out: all behind it would be gone", async () => {
    const tar = tarOf(three);
    for (const at of [0, 1024, 2048]) {
      const bad = tar.slice().fill(0, at, at + 512);
      await expect(open(bad), `${at}`).rejects.toMatchObject({
        ...unreadable(/zeros up to the tar archive's end/),
        offset: at + 512,
        remedy: { do: "unpack", because: "more-behind-its-end" },
      });
    }
  });

  it("has any header of a replica wiped out", async () => {
    const tar = fixtureTar("basic");
    const headers: number[] = [];
    for (let at = 0; at < tar.length; at += 512) {
      if (Buffer.from(tar.subarray(at + 257, at + 262)).toString() === "ustar") headers.push(at);
    }
    expect(headers.length).toBeGreaterThan(10);
    for (const at of headers) {
      await expect(open(tar.slice().fill(0, at, at + 512)), `${at}`).rejects.toMatchObject({
        code: "storage/unreadable",
      });
    }
  });

  it("has another one behind it, packed or not", async () => {
    const more = tarOf([{ name: "d" }]);
    await expect(open(tarOf(three), more)).rejects.toMatchObject(unreadable(/zeros up to/));
    await expect(open(gzipSync(tarOf(three)), gzipSync(more))).rejects.toMatchObject({
      code: "storage/unreadable",
    });
    const padded = await open(tarOf(three), new Uint8Array(1 << 20));
    expect(await pathsOf(padded)).toEqual(["a", "b", "c"]);
  });

  it("has bytes under the name of a folder", async () => {
    const storage = await openTar([{ name: "a/", data: "1" }, { name: "b/" }]);
    expect(await pathsOf(storage)).toEqual(["b/"]);
    expect(reasonsOf(storage)).toEqual(["it has bytes, and the name of a folder"]);
  });

  it("ends behind an extended header that tells nothing of use", async () => {
    await expect(openTar([pax({ comment: "x" })])).rejects.toMatchObject(
      unreadable(/found the archive's end/),
    );
  });
});

describe("names without end", () => {
  const deep = (folders: number) => `${"a/".repeat(folders)}x`;
  const reason = /longer than 4096 characters|more than 32 folders/;

  it("are left out, of a tar and of a zip", async () => {
    const names = [deep(33), deep(2000), deep(30_000), "n".repeat(4097)];
    const tar = await openTar([
      ...names.flatMap((path) => [pax({ path }), { name: "x" }]),
      { name: "././@LongLink", type: "L", data: deep(500_000) },
      { name: "x" },
      { name: "link", type: "2", link: "y" },
      pax({ path: deep(32) }),
      { name: "x" },
    ]);
    const zip = await open(zipOf([...names, deep(32)].map((name) => ({ name }))));
    for (const storage of [tar, zip]) {
      expect(await pathsOf(storage)).toEqual([deep(32)]);
      for (const { path, reason: told } of storage.skipped) {
        if (path !== "link") expect(told).toMatch(reason);
        expect(path.length).toBeLessThan(1 << 16);
      }
    }
  });

  it("take no time: thousands of folders each, none of them twice", async () => {
    const hostile = Array.from({ length: 1000 }, (_, i) => `${i}/${deep(20_000)}`);
    const tar = await soon(openTar(hostile.flatMap((path) => [pax({ path }), { name: "x" }])));
    expect(tar.skipped.length).toBe(1000);
    const zip = await soon(open(zipOf(hostile.map((name) => ({ name })))));
    expect(zip.skipped.length).toBe(1000);
  });

  it("are no more than so many characters together", async () => {
    // One header names all that follow.
    const path = "n".repeat(16_384);
    const entries = Array.from({ length: 17_000 }, () => ({ name: "x" }));
    const opening = openTar([pax({ path }, "g"), ...entries]);
    await expect(soon(opening)).rejects.toMatchObject(unreadable(/268435456 characters in their names/));
  });

  it("of half a character are left out: two would be one", async () => {
    const fetch = async (url: unknown) =>
      String(url).endsWith("walkit.json")
        ? new Response('{"files":[{"path":"a\\ud800"}]}')
        : new Response("");
    const { HttpStorage } = await import("../../src/web.ts");
    const storage = new HttpStorage("https://example.com/", { fetch: fetch as never });
    await expect(listAll(storage)).rejects.toMatchObject(unreadable(/half a character/));
    await expect(readAll(storage, "a\ud800")).rejects.toMatchObject({ code: "storage/not-found" });
  });
});

it("which folders are empty is told as it would be by looking at each", async () => {
  const name = fc.constantFrom("a", "b", "c");
  const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));
  await fc.assert(
    fc.asyncProperty(fc.array(path), fc.array(path), async (folders, files) => {
      const all = [...files, ...folders];
      const expected = [...new Set(folders)].filter((one) => !all.some((two) => two.startsWith(`${one}/`)));
      expect(await emptyFolders(folders, files, undefined)).toEqual(expected.map((one) => `${one}/`));
    }),
  );
});

describe("extended headers", () => {
  it("with tens of thousands of records are not looked through for each file", async () => {
    const records = Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`key${i}`, "v"]));
    const files = Array.from({ length: 5000 }, (_, i) => ({ name: `${i}` }));
    const storage = await soon(openTar([pax(records, "g"), ...files]));
    expect((await listAll(storage)).length).toBe(5000);
  });

  it("one after the other add up, the last one of each kind counts", async () => {
    const storage = await openTar([
      pax({ path: "first", mtime: "1" }),
      pax({ mtime: "2", [`${"k".repeat(1000)}path`]: "z", pat: "y" }),
      { name: "././@LongLink", type: "L", data: "second\0 and more" },
      { name: "x" },
      { name: "third", mtime: 9 },
    ]);
    const found = (await listAll(storage)).map(({ path, modified }) => [path, modified]);
    expect(found).toEqual([
      ["second", 2_000_000_000n],
      ["third", 9_000_000_000n],
    ]);
  });
});

describe("what unpacks to more than there is room for", () => {
  afterEach(() => vi.unstubAllGlobals());

  it("is handed to the runtime a little at a time: a browser keeps all that comes of one piece", async () => {
    const sizes: number[] = [];
    const Real = DecompressionStream;
    vi.stubGlobal(
      "DecompressionStream",
      class {
        readonly readable: ReadableStream<Uint8Array>;
        readonly writable: WritableStream<Uint8Array>;
        constructor(format: CompressionFormat) {
          const { readable, writable } = new Real(format);
          const counting = new TransformStream<Uint8Array, Uint8Array>({
            transform(piece, controller) {
              sizes.push(piece.length);
              controller.enqueue(piece);
            },
          });
          void counting.readable.pipeTo(writable as WritableStream<Uint8Array>).catch(() => {});
          this.readable = readable;
          this.writable = counting.writable;
        }
      },
    );
    let state = 1;
    const noise = Uint8Array.from({ length: 1 << 19 }, () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state >>> 24;
    });
    await open(gzipSync(tarOf([{ name: "x", data: noise }])));
    const packed = deflateRawSync(noise);
    const zip = await open(
      zipOf([{ name: "x", data: packed, method: 8, crc: crc32(noise), size: noise.length }]),
    );
    expect((await readAll(zip, "x")).equals(noise)).toBe(true);
    expect(sizes.length).toBeGreaterThan(10);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(1 << 16);
  });

  it("is stopped by its signal in the midst of one piece", async () => {
    const zeros = Buffer.alloc(1 << 28);
    const bomb = new Blob([gzipSync(Buffer.concat([tarOf([{ name: "x" }], false), zeros]))]);
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Error("enough")), 20);
    const opening = openArchive(bomb, { signal: stop.signal, maxBytes: 1 << 27 });
    await expect(opening).rejects.toThrow("enough");
  });
});

describe("a zip archive that says two things", () => {
  const entries = [
    { name: "a", data: "1" },
    { name: "b", data: "2" },
    { name: "c", data: "3" },
  ];
  const zip = Buffer.from(zipOf(entries));
  const end = zip.lastIndexOf("PK\x05\x06");
  const list = zip.indexOf("PK\x01\x02");
  const second = zip.indexOf("PK\x01\x02", list + 1);
  const changed = (change: (bytes: Buffer) => void) => {
    const bytes = Buffer.from(zip);
    change(bytes);
    return bytes;
  };
  const count = (bytes: Buffer, files: number) => {
    bytes.writeUInt16LE(files, end + 8);
    bytes.writeUInt16LE(files, end + 10);
  };

  it.each([
    ["counts fewer files than it lists", changed((bytes) => count(bytes, 2))],
    ["counts none", changed((bytes) => count(bytes, 0))],
    [
      "leaves out the first of its list",
      changed((bytes) => {
        count(bytes, 2);
        bytes.writeUInt32LE(second, end + 16);
        bytes.writeUInt32LE(end - second, end + 12);
      }),
    ],
    ["gives another place for its list", changed((bytes) => bytes.writeUInt32LE(second, end + 16))],
    ["has another one behind it", Buffer.concat([zip, zipOf([{ name: "d" }])])],
    ["has something behind it", Buffer.concat([zip, Buffer.from("more")])],
    ["has something before it", Buffer.concat([Buffer.from("PK\x03\x04more"), zip])],
    [
      "has another one in its comment",
      Buffer.concat([changed((bytes) => bytes.writeUInt16LE(99, end + 20)), zipOf([{ name: "d" }])]),
    ],
  ])("is refused: it %s", async (_, bytes) => {
    await expect(open(bytes)).rejects.toMatchObject(unreadable(/list of files cannot be read/));
  });

  it("may list its files in any order", async () => {
    const bytes = changed((all) => {
      const first = Buffer.from(all.subarray(list, second));
      all.copyWithin(list, second, 2 * second - list);
      all.set(first, second);
    });
    expect(await contentOf(await open(bytes))).toEqual(await contentOf(await open(zip)));
  });

  it("is refused where a file has another name before its bytes", async () => {
    const storage = await open(changed((bytes) => bytes.write("q", list + 46)));
    expect(await pathsOf(storage)).toEqual(["b", "c", "q"]);
    await expect(readAll(storage, "q")).rejects.toMatchObject({ ...unreadable(/another one/), path: "q" });
    expect((await readAll(storage, "b")).toString()).toBe("2");
  });

  it("has folders with bytes left out", async () => {
    const storage = await open(
      zipOf([
        { name: "a", data: "1", mode: 0o040755 },
        { name: "b/", data: "2" },
      ]),
    );
    expect(await pathsOf(storage)).toEqual([]);
    expect(reasonsOf(storage)).toEqual(["it is a folder, and has bytes", "it is a folder, and has bytes"]);
  });

  it("never holds less than it did, whatever bit is wrong, without an error or a reason", async () => {
    const good = (await open(zip)).skipped.length + entries.length;
    for (let bit = 0; bit < zip.length * 8; bit++) {
      const bytes = changed((all) => (all[bit >> 3]! ^= 1 << (bit & 7)));
      try {
        const storage = await open(bytes);
        const paths = await pathsOf(storage);
        expect(paths.length + storage.skipped.length, `bit ${bit}`).toBe(good);
        for (const path of paths) {
          const text = (await readAll(storage, path)).toString();
          expect(`${path}${text}`, `bit ${bit}`).toMatch(/^(a1|b2|c3)$/);
        }
      } catch (error) {
        expect(error, `bit ${bit}`).toBeInstanceOf(WalkitError);
      }
    }
  });

  it("is stopped by its signal while its list is looked for", async () => {
    const stop = new AbortController();
    let reads = 0;
    const blob = new Blob([zip]);
    const watched = {
      size: blob.size,
      slice: (from?: number, to?: number) => {
        if (++reads === 2) stop.abort(new Error("enough"));
        return blob.slice(from, to);
      },
      arrayBuffer: () => blob.arrayBuffer(),
    };
    await expect(openArchive(watched, { signal: stop.signal })).rejects.toThrow("enough");
    expect(reads).toBe(2);
  });
});

it("a .tar.gz that is cut or has any bit wrong is refused", async () => {
  const gz = gzipSync(tarOf([{ name: "a", data: "hello" }]));
  for (let size = 0; size < gz.length; size++) {
    await expect(open(gz.subarray(0, size)), `${size}`).rejects.toMatchObject({ code: "storage/unreadable" });
  }
  for (let bit = 0; bit < gz.length * 8; bit++) {
    const bad = Uint8Array.from(gz);
    bad[bit >> 3]! ^= 1 << (bit & 7);
    // Its header's time and system may be any.
    const content = await open(bad).then(contentOf, (error: unknown) => error);
    if (content instanceof WalkitError) continue;
    expect(content, `bit ${bit}`).toEqual([["a", 5, 0n, Buffer.from("hello").toString("base64")]]);
  }
});

it("the files of an archive are listed until the signal stops it", async () => {
  const files = Array.from({ length: 1000 }, (_, i) => ({ name: `${i}` }));
  const storage = await openTar(files);
  const stop = new AbortController();
  let count = 0;
  const listing = (async () => {
    for await (const _ of storage.list("", { signal: stop.signal })) {
      if (++count === 10) stop.abort(new Error("enough"));
    }
  })();
  await expect(listing).rejects.toThrow("enough");
  expect(count).toBe(10);
  await expect(findReplicas(storage, { signal: AbortSignal.abort(new Error("no")) })).rejects.toThrow("no");
});
