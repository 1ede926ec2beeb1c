import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { WalkitError } from "../../src/errors.ts";
import {
  FRAME_HEADER_SIZE,
  formatFrameHeader,
  formatWalHeader,
  parseFrameHeader,
  parseWalHeader,
  stopError,
  WAL_HEADER_SIZE,
} from "../../src/wal/index.ts";
import { flip } from "./frames.ts";

const uint32 = fc.integer({ min: 0, max: 0xffffffff });
const pageSize = fc.constantFrom(512, 1024, 2048, 4096, 8192, 16384, 32768, 65536);
const sample = { bigEndian: false, pageSize: 4096, checkpointSequence: 0, salt1: 1, salt2: 2 };

function failure(bytes: Uint8Array): WalkitError {
  try {
    parseWalHeader(bytes, { path: "some/wal" });
  } catch (error) {
    if (error instanceof WalkitError) return error;
  }
  throw new Error("Expected a WalkitError");
}

describe("WAL header", () => {
  test("the header of a real WAL is parsed, and formatted again byte for byte", () => {
    const bytes = Uint8Array.from(
      Buffer.from("377f0682002de2180000100000000000" + "4875a40ba38de4f5e08b785b8e57dda3", "hex"),
    );
    const header = parseWalHeader(bytes);
    expect(header).toEqual({
      bigEndian: false,
      version: 3007000,
      pageSize: 4096,
      checkpointSequence: 0,
      salt1: 0x4875a40b,
      salt2: 0xa38de4f5,
      checksum1: 0xe08b785b,
      checksum2: 0x8e57dda3,
    });
    expect(formatWalHeader(header)).toEqual(bytes);
  });

  test("format and parse are inverse", () => {
    const fields = fc.record({
      bigEndian: fc.boolean(),
      pageSize,
      checkpointSequence: uint32,
      salt1: uint32,
      salt2: uint32,
    });
    fc.assert(
      fc.property(fields, (header) => {
        const bytes = formatWalHeader(header);
        expect(bytes).toHaveLength(WAL_HEADER_SIZE);
        expect(parseWalHeader(bytes)).toMatchObject({ ...header, version: 3007000 });
        expect(formatWalHeader(parseWalHeader(bytes))).toEqual(bytes);
      }),
    );
  });

  test("what is wrong is told apart, with values and place", () => {
    const good = formatWalHeader(sample);
    const cases: [Uint8Array, string, number, RegExp][] = [
      [new Uint8Array(), "wal/truncated", 0, /32 bytes, found 0$/],
      [good.subarray(0, 31), "wal/truncated", 0, /32 bytes, found 31$/],
      [flip(good, 3, 4), "wal/bad-magic", 0, /377f0682 or 377f0683, found 377f0686$/],
      [flip(good, 7), "wal/version", 4, /3007000, found 3007001$/],
      [flip(good, 10), "wal/page-size", 8, /found 4352$/],
      [flip(good, 9, 2), "wal/page-size", 8, /found 135168$/],
      [flip(good, 3), "wal/header-checksum", 24, /computed.*stored/],
      [flip(good, 19), "wal/header-checksum", 24, /computed.*stored/],
      [flip(good, 31), "wal/header-checksum", 24, /computed.*stored/],
    ];
    for (const [bytes, code, offset, message] of cases) {
      expect(failure(bytes)).toMatchObject({ code, offset, path: "some/wal" });
      expect(failure(bytes).message).toMatch(message);
    }
  });

  test("every single-bit flip is refused", () => {
    const good = formatWalHeader({ ...sample, bigEndian: true });
    for (let bit = 0; bit < 256; bit++)
      expect(() => parseWalHeader(flip(good, bit >> 3, 1 << (bit & 7)))).toThrow(WalkitError);
  });

  test("fields that cannot be are the caller's mistake", () => {
    for (const bad of [
      { pageSize: 0 },
      { pageSize: 256 },
      { pageSize: 131072 },
      { pageSize: 1000 },
      { pageSize: 512.5 },
      { salt1: -1 },
      { salt2: 2 ** 32 },
      { checkpointSequence: 0.5 },
    ]) {
      expect(() => formatWalHeader({ ...sample, ...bad })).toThrow(RangeError);
    }
  });
});

describe("frame header", () => {
  test("format and parse are inverse, at any offset", () => {
    const fields = fc.record({
      pageNumber: uint32,
      commitSize: uint32,
      salt1: uint32,
      salt2: uint32,
      checksum1: uint32,
      checksum2: uint32,
    });
    fc.assert(
      fc.property(fields, fc.nat(9), (header, offset) => {
        const bytes = formatFrameHeader(header);
        expect(bytes).toHaveLength(FRAME_HEADER_SIZE);
        const within = new Uint8Array(offset + FRAME_HEADER_SIZE);
        within.set(bytes, offset);
        expect(parseFrameHeader(within, offset)).toEqual(header);
        expect(() => parseFrameHeader(within, offset + 1)).toThrow(RangeError);
      }),
    );
  });
});

describe("stopError", () => {
  test("each reason has its code, and says what was expected, found, and where", () => {
    const stop = { offset: 4152, frame: 1, expected: "aaaaaaaa bbbbbbbb", found: "cccccccc dddddddd" };
    const where = { path: "generations/x", remedy: { do: "recompress" } as const };
    const salt = stopError({ reason: "salt", ...stop }, where);
    expect(salt).toMatchObject({
      code: "wal/salt",
      path: "generations/x",
      remedy: { do: "recompress" },
      offset: 4152,
      frame: 1,
    });
    expect(salt.message).toBe(
      "Expected the WAL header's salts aaaaaaaa bbbbbbbb, found cccccccc dddddddd in frame 1 at WAL offset 4152",
    );
    expect(stopError({ reason: "checksum", ...stop }, {})).toMatchObject({
      code: "wal/frame-checksum",
      message:
        "Expected checksum aaaaaaaa bbbbbbbb (computed), found cccccccc dddddddd (stored) in frame 1 at WAL offset 4152",
    });
    expect(stopError({ reason: "page-number", ...stop }, {}).code).toBe("wal/page-number");
    const truncated = { ...stop, expected: "4120 bytes", found: "7 bytes" };
    expect(stopError({ reason: "truncated", ...truncated }, { offset: 20, decoded: true })).toMatchObject({
      code: "wal/truncated",
      offset: 20,
      decoded: true,
      message: "Expected 4120 bytes, found 7 bytes in frame 1 at WAL offset 4152",
    });
    expect(() => stopError({ reason: "end", offset: 32, frame: 0 }, {})).toThrow(RangeError);
  });
});
