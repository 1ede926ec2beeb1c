import { describe, expect, it } from "vitest";
import { concat } from "../../src/bytes.ts";
import { WalkitError } from "../../src/errors.ts";
import { decodePageFrame, type ReadRange, readLtxOutline, readPageIndex } from "../../src/ltx/index.ts";
import { LONGEST_ENTRY, writeUvarint } from "../../src/ltx/uvarint.ts";
import { writeUint64BE } from "../../src/ltx/words.ts";
import { flip } from "../wal/frames.ts";
import { EXPECTED, readAll, readLtx } from "./fixtures.ts";

const readerOf =
  (bytes: Uint8Array): ReadRange =>
  async (start, end) =>
    bytes.subarray(start, end);

async function failureOf(work: Promise<unknown>): Promise<WalkitError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof WalkitError) return error;
    throw error;
  }
  throw new Error("Expected a WalkitError");
}

describe.each(EXPECTED)("%s", (path, expected) => {
  const bytes = readLtx(path);

  it("says at its ends what it says when it is read", async () => {
    const reading = readAll([bytes]);
    const { header, variant, index, trailer } = await readLtxOutline(readerOf(bytes), bytes.length);
    expect({ header, variant, trailer }).toEqual({
      header: reading.header,
      variant: reading.variant,
      trailer: reading.trailer,
    });
    if (expected.pageIndex === null) {
      expect(index).toBeUndefined();
      return;
    }
    const entries = Array.from(index!.pageNumbers, (page, i) => [page, index!.offsets[i], index!.sizes[i]]);
    expect(entries).toEqual(expected.pageIndex);
    expect(index!.count).toBe(expected.pages.length);
    if (variant === "v1-raw" || variant === "v1-lz4") return;
    for (const [page, data] of reading.pages) {
      const { start, end } = index!.find(page)!;
      const frame = bytes.subarray(start, end);
      const { pageSize } = header;
      const decoded = decodePageFrame(frame, { pageSize, variant, pageNumber: page });
      expect(decoded.pageNumber).toBe(page);
      expect(Buffer.compare(decoded.data, data)).toBe(0);
    }
    expect(index!.find(4_000_000_000)).toBeUndefined();
    expect(index!.find(0)).toBeUndefined();
  });
});

describe("a page index that is not right", () => {
  const bytes = readLtx("reference-library/v3-block/0000000000000003-0000000000000003.ltx");
  const read = (of: Uint8Array) => readPageIndex(readerOf(of), of.length, { path: "some.ltx" });
  const withSize = (size: bigint) => {
    const copy = bytes.slice();
    writeUint64BE(copy, copy.length - 24, size);
    return copy;
  };

  it.each([2n ** 63n, 2n ** 64n - 1n, 0n, BigInt(bytes.length), BigInt(bytes.length - 124)])(
    "size %i",
    async (size) => {
      const error = await failureOf(read(withSize(size)));
      expect(error).toMatchObject({ code: "ltx/index", path: "some.ltx" });
    },
  );

  it("any flipped byte that shows without the pages", async () => {
    const { start, count } = await read(bytes);
    expect(count).toBeGreaterThan(3);
    for (let at = start; at < bytes.length - 16; at++) {
      try {
        // The number of a page can be another one and still ascend.
        expect((await read(flip(bytes, at))).count).toBe(count);
      } catch (error) {
        expect(error).toMatchObject({ code: "ltx/index" });
      }
    }
  });

  it("a file that is cut, or shorter than it was said to be", async () => {
    for (const size of [0, 99, 100, 128]) {
      expect(await failureOf(read(bytes.subarray(0, size)))).toMatchObject({
        code: "ltx/truncated",
        offset: size,
      });
    }
    const work = readPageIndex(readerOf(bytes.subarray(0, 200)), bytes.length);
    expect(await failureOf(work)).toMatchObject({ code: "ltx/truncated" });
    for (let size = 0; size < bytes.length; size++) {
      const error = await failureOf(readLtxOutline(readerOf(bytes.subarray(0, size)), size));
      expect(error.code, `${size}`).toMatch(/^ltx\/(truncated|index)$/);
    }
  });
});

it("an index of a million pages is read in pieces, in bounded memory", async () => {
  const COUNT = 1_000_000;
  const SIZE = 50;
  const entries = new Uint8Array(COUNT * LONGEST_ENTRY);
  let end = 0;
  for (let i = 0; i < COUNT; i++) {
    end = writeUvarint(entries, end, i + 1);
    end = writeUvarint(entries, end, 100 + i * SIZE);
    end = writeUvarint(entries, end, SIZE);
  }
  const tail = new Uint8Array(1 + 24);
  writeUint64BE(tail, 1, BigInt(end + 1));
  const index = concat([entries.subarray(0, end), tail]);
  const start = 100 + COUNT * SIZE + 6;
  const reads: number[] = [];
  const found = await readPageIndex(async (from, to) => {
    reads.push(to - from);
    return index.subarray(from - start, to - start);
  }, start + index.length);
  expect(found.count).toBe(COUNT);
  expect(Math.max(...reads)).toBeLessThanOrEqual(1 << 20);
  expect(found.find(777_777)).toEqual({ start: 100 + 777_776 * SIZE, end: 100 + 777_777 * SIZE });
  expect(found.headerSize).toBe(6);
});

describe("a page by itself", () => {
  const page = (name: string, entry = 0) => {
    const bytes = readLtx(name);
    const [pageNumber, offset, size] = readAll([bytes]).index[entry]!;
    return { bytes: bytes.slice(offset, offset + size), pageNumber, offset };
  };
  const decode = (bytes: Uint8Array, variant: "v2-frame" | "v3-frame" = "v3-frame", pageNumber?: number) => {
    try {
      return decodePageFrame(bytes, { pageSize: 512, variant, pageNumber, path: "some.ltx", offset: 1000 });
    } catch (error) {
      if (error instanceof WalkitError) return error;
      throw error;
    }
  };

  it.each(["frame-blockchk", "frame-csize", "frame-nocontentchk", "frame-ok", "block-ok"])("%s", (name) => {
    const bytes = readLtx(`malformed/${name}.ltx`);
    const reading = readAll([bytes]);
    for (const [page, offset, size] of reading.index) {
      const decoded = decode(bytes.subarray(offset, offset + size), "v3-frame", page);
      expect(decoded).toEqual({ pageNumber: page, data: reading.pages.get(page) });
    }
  });

  it("that is not right is refused", () => {
    const block = page("malformed/block-ok.ltx").bytes;
    const frame = page("malformed/frame-ok.ltx").bytes;
    const longer = (bytes: Uint8Array) => concat([bytes, new Uint8Array(1)]);
    const shorter = (bytes: Uint8Array) => bytes.subarray(0, bytes.length - 1);
    expect(decode(block.subarray(0, 9))).toMatchObject({ code: "ltx/truncated", offset: 1009 });
    expect(decode(flip(block, 5, 2))).toMatchObject({ code: "ltx/page-header", offset: 1004 });
    expect(decode(block, "v3-frame", 9)).toMatchObject({ code: "ltx/page-number", offset: 1000 });
    expect(decode(flip(block, 3))).toMatchObject({ code: "ltx/page-number" });
    expect(decode(longer(block))).toMatchObject({ code: "ltx/page-header", offset: 1006 });
    expect(decode(shorter(block))).toMatchObject({ code: "ltx/page-header", offset: 1006 });
    expect(decode(longer(frame))).toMatchObject({ code: "ltx/index" });
    expect(decode(shorter(frame))).toMatchObject({ code: "ltx/truncated" });
    expect(decode(flip(frame, 6))).toMatchObject({ code: "lz4/bad-magic", offset: 1006 });
    expect(decode(flip(frame, frame.length - 1))).toMatchObject({ code: "lz4/content-checksum" });
  });
});
