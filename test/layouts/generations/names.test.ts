import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  comparePositions,
  formatPosition,
  formatSegmentName,
  formatSnapshotName,
  formatTime,
  isGenerationName,
  parsePosition,
  parseSegmentName,
  parseSnapshotName,
  parseTime,
  segmentPathBeside,
} from "../../../src/snapshot/index.ts";

const index = fc.integer({ min: 0, max: 0xffffffff });
const offset = fc.oneof(fc.nat(), fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }));

describe("names", () => {
  it("come back as they went", () => {
    fc.assert(
      fc.property(index, offset, (i, o) => {
        expect(parseSnapshotName(formatSnapshotName(i))).toBe(i);
        expect(parseSegmentName(formatSegmentName({ index: i, offset: o }))).toEqual({ index: i, offset: o });
        expect(parsePosition(formatPosition({ index: i, offset: o }))).toEqual({ index: i, offset: o });
      }),
    );
  });

  it("of Litestream 0.4 are read, and missing ones called in their own layout", () => {
    expect(parseSnapshotName("000000000000001f.snapshot.lz4")).toBe(31);
    expect(parseSnapshotName("0000000100000000.snapshot.lz4")).toBeUndefined();
    const at = { index: 31, offset: 4152 };
    const folder = "x/wal/generations/0123456789abcdef/";
    const table: [sibling: string, path: string][] = [
      ["wal/0000001f_00000000.wal.lz4", "wal/0000001f_00001038.wal.lz4"],
      ["wal/0000000000000000/0000000000000000.wal.lz4", "wal/000000000000001f/0000000000001038.wal.lz4"],
      ["wal/00000001/00000020.wal.lz4", "wal/0000001f/00001038.wal.lz4"],
      ["wal/0000000000000000/", "wal/000000000000001f/0000000000001038.wal.lz4"],
      ["snapshots/00000000.snapshot.lz4", "wal/0000001f_00001038.wal.lz4"],
      ["snapshots/0000000000000000.snapshot.lz4", "wal/000000000000001f/0000000000001038.wal.lz4"],
    ];
    for (const [sibling, path] of table) {
      expect(segmentPathBeside(at, folder + sibling)).toBe(folder + path);
      expect(parseSegmentName(path.slice("wal/".length))).toEqual(at);
    }
    for (const name of [
      "0000001f/0000000000001038.wal.lz4",
      "000000000000001f/00001038.wal.lz4",
      "0000000100000000/0000000000000000.wal.lz4",
      "0000000000000000/ffffffffffffffff.wal.lz4",
      "1f/1038.wal.lz4",
    ]) {
      expect(parseSegmentName(name), name).toBeUndefined();
    }
  });

  it("past 4 GiB have more digits, and no others do", () => {
    expect(formatSegmentName({ index: 31, offset: 2 ** 32 })).toBe("0000001f_100000000.wal.lz4");
    expect(parseSegmentName("0000001f_0100000000.wal.lz4")).toBeUndefined();
    expect(parseSegmentName("0000001f_0000000000001038.wal.lz4")).toBeUndefined();
    expect(parseSegmentName("0000001f_ffffffffffffffff.wal.lz4")).toBeUndefined();
  });

  it.each([
    "0000001F.snapshot.lz4",
    "1f.snapshot.lz4",
    "0000001f.snapshot.lz4.tmp",
    "0000001f_00001038.wal",
    "0000001f.wal.lz4",
    "x0000001f_00001038.wal.lz4",
    "0000001f_00001038.wal.lz4\n",
    "000000001f_00001038.wal.lz4",
    "",
  ])("of others are none of Litestream's: %j", (name) => {
    expect(parseSnapshotName(name)).toBeUndefined();
    expect(parseSegmentName(name)).toBeUndefined();
  });

  it("of generations have 16 lowercase hex digits", () => {
    expect(isGenerationName("386e2c145a976578")).toBe(true);
    for (const name of ["386e2c145a97657", "386E2C145A976578", "386e2c145a976578x", ".."]) {
      expect(isGenerationName(name)).toBe(false);
    }
  });

  it("out of range are the caller's mistake", () => {
    expect(() => formatSnapshotName(-1)).toThrow(RangeError);
    expect(() => formatSnapshotName(2 ** 32)).toThrow(RangeError);
    expect(() => formatSegmentName({ index: 0, offset: 0.5 })).toThrow(RangeError);
  });

  it("sort by number", () => {
    const names = ["00000001_fffffff0.wal.lz4", "00000001_100000000.wal.lz4", "00000000_00000020.wal.lz4"];
    const sorted = names.map((name) => parseSegmentName(name)!).sort(comparePositions);
    expect(sorted.map(formatSegmentName)).toEqual([names[2], names[0], names[1]]);
  });
});

describe("times", () => {
  it("come back to the nanosecond", () => {
    const time = fc.bigInt({ min: 0n, max: 253402300799_999999999n });
    fc.assert(
      fc.property(time, (t) => {
        expect(parseTime(formatTime(t))).toBe(t);
      }),
    );
  });

  it.each([
    ["2026-11-20T12:15:31Z", 1_795_176_931_000_000_000n],
    ["2026-11-20t12:15:31.5z", 1_795_176_931_500_000_000n],
    ["2026-11-20T14:15:31.000000001+02:00", 1_795_176_931_000_000_001n],
    ["1969-12-31T23:59:59.999999999Z", -1n],
  ])("are RFC 3339: %s", (text, time) => {
    expect(parseTime(text)).toBe(time);
  });

  it.each([
    "2026-11-20T12:15:31",
    "2026-11-20",
    "2026-02-30T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-11-20T24:00:00Z",
    "2026-11-20T12:15:31.1234567891Z",
    "2026-11-20T12:15:31+25:00",
    "now",
    "",
  ])("need a zone and a real date: %j is none", (text) => {
    expect(() => parseTime(text)).toThrow(RangeError);
  });
});
