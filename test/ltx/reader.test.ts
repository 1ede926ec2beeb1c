import { describe, expect, it } from "vitest";
import { WalkitError } from "../../src/errors.ts";
import { LtxReader } from "../../src/ltx/index.ts";
import { cut, flip } from "../wal/frames.ts";
import { random } from "../wal/sqlite.ts";
import { asExpected, EXPECTED, failureOf, MALFORMED, type Reading, readAll, readLtx } from "./fixtures.ts";

describe.each(EXPECTED)("%s", (path, { size: _, ...rest }) => {
  const { sha256: __, ...expected } = rest as typeof rest & { sha256: string };
  const bytes = readLtx(path);

  it("is read as an independent decoder reads it", () => {
    const reading = readAll([bytes], { path });
    expect(asExpected(reading)).toEqual(expected);
    const isMadeUp = /special/.test(path);
    if (!isMadeUp) expect(reading.notices).toEqual([]);
  });

  it("is read the same however it is cut, and in small batches", () => {
    const pick = random(bytes.length);
    const sizes = Array.from({ length: 20 }, () => 1 + pick(3000));
    expect(asExpected(readAll(cut(bytes, [1])))).toEqual(expected);
    expect(asExpected(readAll(cut(bytes, sizes), { batchSize: 1 }))).toEqual(expected);
    expect(asExpected(readAll(cut(bytes, [7, 64, 2]), { batchSize: 2048 }))).toEqual(expected);
  });

  it("is read as what it is said to be", () => {
    const { variant } = readAll([bytes]);
    expect(asExpected(readAll([bytes], { variant }))).toEqual(expected);
    if (variant.startsWith("v3")) {
      const other = variant === "v3-frame" ? "v3-block" : "v3-frame";
      expect(asExpected(readAll([bytes], { variant: other }))).toEqual(expected);
    }
  });
});

/** What is wrong with each file of `malformed/`, as this reader says it: a code, an offset. */
const CODES: Record<string, [code: string, offset: number]> = {
  "bad-file-checksum.ltx": ["ltx/file-checksum", 1182],
  "bad-index.ltx": ["ltx/index", 1157],
  "bad-magic.ltx": ["ltx/bad-magic", 0],
  "block-size-past-end.ltx": ["ltx/page-header", 106],
  "chk-post-noflag.ltx": ["ltx/trailer", 644],
  "chk-post-zero.ltx": ["ltx/trailer", 644],
  "dup.ltx": ["ltx/page-order", 625],
  "empty.ltx": ["ltx/truncated", 0],
  "flag1.ltx": ["lz4/bad-magic", 100],
  "flag4.ltx": ["ltx/header", 4],
  "flipped-payload-byte.ltx": ["ltx/file-checksum", 1182],
  "flipped-pgno.ltx": ["ltx/page-number", 100],
  "flipped-timestamp.ltx": ["ltx/file-checksum", 1182],
  "header-only.ltx": ["ltx/truncated", 100],
  "index-size-wrong.ltx": ["ltx/index", 1166],
  "lockpage.ltx": ["ltx/page-number", 625],
  "long-page-513.ltx": ["ltx/page-data", 635],
  "min-gt-max.ltx": ["ltx/header", 16],
  "neg-waloff.ltx": ["ltx/header", 48],
  "nochk-with-post.ltx": ["ltx/trailer", 644],
  "nochk-with-pre.ltx": ["ltx/header", 40],
  "outoforder.ltx": ["ltx/page-order", 625],
  "page-header-flag-2.ltx": ["ltx/page-header", 100],
  "pgno-gt-commit.ltx": ["ltx/page-number", 625],
  "pgno-zero-flag-1.ltx": ["ltx/page-header", 100],
  "ps-1000.ltx": ["ltx/header", 8],
  "salt-no-off.ltx": ["ltx/header", 64],
  "short-header-99.ltx": ["ltx/truncated", 99],
  "short-page-511.ltx": ["ltx/page-data", 635],
  "snapshot-missing-page.ltx": ["ltx/missing-page", 625],
  "trailing.ltx": ["ltx/trailing-data", 660],
  "truncated-after-page-block.ltx": ["ltx/truncated", 1156],
  "truncated-in-index.ltx": ["ltx/truncated", 1159],
  "truncated-in-page-header.ltx": ["ltx/truncated", 103],
  "truncated-in-page.ltx": ["ltx/truncated", 300],
  "truncated-in-trailer.ltx": ["ltx/truncated", 1185],
  "truncated-last-byte.ltx": ["ltx/truncated", 1189],
  "walsize-no-off.ltx": ["ltx/header", 56],
};

/** Sound, but not as any known writer makes it. */
const UNUSUAL = ["frame-nocontentchk.ltx", "reserved-nonzero.ltx", "snapshot-nochk-commit0.ltx"];
/** Their first page header looks like none, so they are refused too where the file has to tell what it is: as v1-raw. */
const GUESSED = ["block-size-past-end.ltx", "page-header-flag-2.ltx"];

describe("a file with one thing wrong", () => {
  it.each(Object.entries(MALFORMED))("%s", (name, { strict }) => {
    const path = `malformed/${name}`;
    const bytes = readLtx(path);
    const isSound = strict.every((text) => text.startsWith("warning"));
    expect(name in CODES).toBe(!isSound);
    if (isSound) {
      const told = readAll([bytes]).notices.filter(({ code }) => code === "ltx/unusual");
      expect(told.length).toBe(UNUSUAL.includes(name) ? 1 : 0);
      return;
    }
    const [code, offset] = CODES[name]!;
    const variant = name === "flag1.ltx" ? undefined : "v3-block";
    const error = failureOf([bytes], { path, variant });
    expect(error).toMatchObject({ code, offset, path });
    expect(error.message).toMatch(/^Expected .* found /);
    expect(failureOf(cut(bytes, [1]), { path, variant }).toJSON()).toEqual(error.toJSON());
    const guessed = failureOf([bytes], { path });
    if (GUESSED.includes(name)) expect(guessed.remedy).toMatchObject({ do: "recognize", expected: "litefs" });
    else expect(guessed.code).toBe(code);
  });
});

/** Small files, one of each variant. */
const SMALL = [
  ["v1-raw", "litefs-like snapshot", "reference-library/v1-raw/0000000000000001-0000000000000001.ltx"],
  ["v1-lz4", "snapshot", "reference-library/v1-lz4/0000000000000001-0000000000000001.ltx"],
  ["v2-frame", "snapshot", "reference-library/v2-frame/0000000000000001-0000000000000001.ltx"],
  ["v3-frame", "snapshot", "reference-library/v3-frame/0000000000000001-0000000000000001.ltx"],
  ["v3-block", "increment", "reference-library/v3-block-nochksum/0000000000000002-0000000000000002.ltx"],
  ["v1-raw", "deletion", "reference-library/v1-raw/special/deletion-0000000000000005-0000000000000005.ltx"],
  ["v1-lz4", "deletion", "reference-library/v1-lz4/special/deletion-0000000000000005-0000000000000005.ltx"],
  [
    "v2-frame",
    "deletion",
    "reference-library/v2-frame/special/deletion-0000000000000005-0000000000000005.ltx",
  ],
  [
    "v3-frame",
    "deletion",
    "reference-library/v3-frame/special/deletion-0000000000000005-0000000000000005.ltx",
  ],
] as const;

const logical = ({ header, trailer, pages }: Reading) => ({
  ...{ header, trailer },
  pages: [...pages].map(([page, data]) => `${page} ${Buffer.from(data).toString("base64")}`),
});

describe.each(SMALL)("%s, a small %s", (variant, _, path) => {
  const bytes = readLtx(path);
  const sound = logical(readAll([bytes]));

  it("cut anywhere is refused as cut, with the place", () => {
    for (let size = 0; size < bytes.length; size++) {
      const piece = bytes.subarray(0, size);
      expect(failureOf([piece])).toMatchObject({ code: "ltx/truncated", offset: size });
      expect(failureOf([piece], { variant })).toMatchObject({ code: "ltx/truncated", offset: size });
    }
  });

  it("with any bit flipped is refused, or still says the same", () => {
    for (let at = 0; at < bytes.length; at++) {
      for (const mask of [1, 4, 16, 128]) {
        const damaged = flip(bytes, at, mask);
        try {
          expect(logical(readAll([damaged])), `byte ${at} mask ${mask}`).toEqual(sound);
        } catch (error) {
          if (!(error instanceof WalkitError)) throw error;
          expect(error.code).toMatch(/^(ltx|lz4)\//);
          if (!error.decoded) expect(error.offset, error.message).toBeLessThanOrEqual(bytes.length);
        }
      }
    }
  });

  it("with a byte more is refused", () => {
    const longer = new Uint8Array(bytes.length + 1);
    longer.set(bytes);
    expect(failureOf([longer])).toMatchObject({ code: "ltx/trailing-data", offset: bytes.length });
  });
});

describe("numbers that no honest file has", () => {
  const block = readLtx("malformed/block-ok.ltx");
  const patched = (at: number, ...values: number[]) => {
    const bytes = block.slice();
    bytes.set(values, at);
    return bytes;
  };
  const ones = [0xff, 0xff, 0xff, 0xff];
  const offsetOfIndex = block.length - 24 - block[block.length - 17]!;

  it.each([
    ["TXID 2^63", patched(24, 0x80), "ltx/header"],
    ["page size 2^32 - 1", patched(8, ...ones), "ltx/header"],
    ["commit 2^32 - 1", patched(12, ...ones), "ltx/missing-page"],
    ["timestamp 2^63 - 1", patched(32, 0x7f, ...ones), "ltx/header"],
    ["block of 2^32 - 1 bytes", patched(106, ...ones), "ltx/page-header"],
    ["index of 2^63 bytes", patched(block.length - 24, 0x80), "ltx/index"],
    ["number of 10 bytes in the index", patched(offsetOfIndex, ...ones, ...ones, 0xff, 1), "ltx/index"],
  ])("%s", (_, bytes, code) => {
    const before = process.memoryUsage().arrayBuffers;
    expect(failureOf([bytes], { variant: "v3-block" })).toMatchObject({ code });
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1 << 22);
  });
});

describe("the reader", () => {
  const bytes = readLtx("litestream-0.5.17-vfs/ltx/0/0000000000000005-0000000000000005.ltx");

  it("repeats its error, and takes no push before the last is drained", () => {
    const reader = new LtxReader();
    expect(() => [...reader.push(new Uint8Array(200))]).toThrow(WalkitError);
    expect(() => reader.push(bytes)).toThrow(/found 00 00 00 00/);
    expect(() => reader.end()).toThrow(/found 00 00 00 00/);
    const other = new LtxReader({ batchSize: 1 });
    const pages = other.push(bytes);
    pages.next();
    expect(() => other.push(bytes)).toThrow(TypeError);
    expect(() => other.end()).toThrow(TypeError);
    expect(() => new LtxReader({ batchSize: 0 })).toThrow(RangeError);
  });

  it("yields the pages before a fault", () => {
    const reader = new LtxReader();
    const seen: number[] = [];
    const damaged = flip(bytes, bytes.length - 1);
    expect(() => {
      for (const { pageNumbers } of reader.push(damaged)) seen.push(...pageNumbers);
    }).toThrow(/file checksum/);
    expect(seen).toEqual([...readAll([bytes]).pages.keys()]);
  });

  it("says how far it is", () => {
    const reader = new LtxReader({ path: "some.ltx" });
    expect([reader.header, reader.variant, reader.trailer, reader.pageCount]).toEqual([
      undefined,
      undefined,
      undefined,
      0,
    ]);
    for (const _ of reader.push(bytes.subarray(0, 150)));
    expect(reader.header).toMatchObject({ pageSize: 4096, minTxid: 5 });
    expect(reader.variant).toBe("v3-block");
    expect(reader.offset).toBe(100);
    for (const _ of reader.push(bytes.subarray(150)));
    expect(reader.end()).toBe(reader.trailer);
    expect(reader.offset).toBe(bytes.length);
    expect(reader.end()).toEqual(reader.trailer);
  });

  it("refuses what it was told to be something else", () => {
    const lz4 = readLtx("reference-library/v1-lz4/0000000000000001-0000000000000001.ltx");
    expect(failureOf([lz4], { variant: "v3-frame" })).toMatchObject({ code: "ltx/header", offset: 4 });
    for (const variant of ["v1-raw", "v2-frame"] as const) {
      expect(failureOf([bytes], { variant }).code).toMatch(/^(ltx|lz4)\//);
    }
  });
});

describe("several readers", () => {
  const files = EXPECTED.map(([path]) => readLtx(path));

  it("that take turns do not get into each other's pages, also once some are over", () => {
    const pick = random(files.length);
    for (let round = 0; round < 20; round++) {
      const open = Array.from({ length: 4 }, () => {
        const bytes = files[pick(files.length)]!;
        const pieces: Uint8Array[] = [];
        for (const { data } of readPages(bytes)) pieces.push(data.slice());
        return {
          bytes,
          at: 0,
          reader: new LtxReader(),
          found: [] as Uint8Array[],
          alone: Buffer.concat(pieces),
        };
      });
      while (open.some(({ at, bytes }) => at < bytes.length)) {
        const one = open[pick(open.length)]!;
        if (one.at === one.bytes.length) continue;
        const end = Math.min(one.bytes.length, one.at + 1 + pick(20_000));
        for (const { data } of one.reader.push(one.bytes.subarray(one.at, end))) one.found.push(data.slice());
        one.at = end;
        if (end < one.bytes.length) continue;
        const trailer = one.reader.end();
        expect(one.reader.end()).toBe(trailer);
      }
      for (const { found, alone } of open) expect(Buffer.concat(found).equals(alone)).toBe(true);
    }
  });

  it("that begins when another has ended has room of its own, however often that is said to end", () => {
    const [bytes] = files as [Uint8Array];
    const first = new LtxReader();
    for (const _ of first.push(bytes));
    first.end();
    const [second, third] = [new LtxReader(), new LtxReader()];
    const one = second.push(bytes).next().value!;
    const before = one.data.slice();
    first.end();
    third.push(bytes).next().value!.data.fill(0xaa);
    expect(one.data).toEqual(before);
  });
});

function* readPages(bytes: Uint8Array) {
  const reader = new LtxReader();
  yield* reader.push(bytes);
  reader.end();
}
