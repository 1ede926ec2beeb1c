import { describe, expect, it } from "vitest";
import {
  duplicateSegment,
  formatChanged,
  missingFirstSegment,
  missingIndex,
  missingSegment,
  missingTransactions,
  overlappingSegment,
  unalignedSegment,
  uncommittedTail,
} from "../../../src/layouts/generations/faults.ts";
import { parseWalHeader, WalWriter } from "../../../src/wal/index.ts";

const ID = "0123456789abcdef";
const FLAT = { index: 3, offset: 4152, path: `generations/${ID}/wal/00000003_00001038.wal.lz4` };
const NESTED = { ...FLAT, path: `generations/${ID}/wal/0000000000000003/0000000000001038.wal.lz4` };

const headerOf = (pageSize: number, bigEndian = false) =>
  parseWalHeader(new WalWriter({ pageSize, bigEndian, salt1: 1, salt2: 2 }).header());

describe("what is missing is named as the file that it would be, in the names of its own version", () => {
  it.each([
    [missingIndex(ID, 2, FLAT), "replica/missing-index", "00000002_00000000.wal.lz4"],
    [missingFirstSegment(ID, FLAT), "replica/missing-first-segment", "00000003_00000000.wal.lz4"],
    [
      missingSegment({ index: 3, offset: 32 }, FLAT, FLAT),
      "replica/missing-segment",
      "00000003_00000020.wal.lz4",
    ],
    [missingIndex(ID, 2, NESTED), "replica/missing-index", "0000000000000002/0000000000000000.wal.lz4"],
    [
      missingFirstSegment(ID, NESTED),
      "replica/missing-first-segment",
      "0000000000000003/0000000000000000.wal.lz4",
    ],
    [
      missingSegment({ index: 3, offset: 32 }, NESTED, NESTED),
      "replica/missing-segment",
      "0000000000000003/0000000000000020.wal.lz4",
    ],
  ] as const)("%s", (error, code, name) => {
    expect([error.code, error.path]).toEqual([code, `generations/${ID}/wal/${name}`]);
    expect(error.message).toContain("00000003:00001038");
  });
});

describe("what is wrong with a segment is told of its own file", () => {
  it.each([
    [
      overlappingSegment(FLAT, 5000),
      "replica/overlapping-segment",
      /at or after offset 5000, .* begin at 4152$/,
    ],
    [unalignedSegment(FLAT, 1048), "replica/segment-position", /32 \+ n \* 1048\), found offset 4152$/],
    [duplicateSegment(FLAT), "replica/duplicate-segment", /found a copy of that one$/],
  ] as const)("%s", (error, code, message) => {
    expect([error.code, error.path, error.message]).toEqual([
      code,
      FLAT.path,
      expect.stringMatching(message),
    ]);
  });

  it("another format, at the header of the WAL", () => {
    const error = formatChanged(FLAT, headerOf(1024), headerOf(4096, true));
    expect(error).toMatchObject({
      code: "replica/format-changed",
      path: FLAT.path,
      offset: 0,
      decoded: true,
    });
    expect(error.message).toMatch(
      /stay at 1024 bytes, little-endian .* found 4096 bytes, big-endian checksums$/,
    );
  });
});

describe("an offset counts from the segment's own first byte", () => {
  it("to the end of the last commit, or its beginning where that lies before it", () => {
    const tail = (offset: number, frames = 2) => uncommittedTail(FLAT, "here", { index: 3, offset }, frames);
    expect(tail(5200)).toMatchObject({ code: "replica/uncommitted-tail", offset: 1048, decoded: true });
    expect(tail(4152).offset).toBe(0);
    expect(tail(32).offset).toBe(0);
    expect(tail(5200).message).toContain("found 2 frames after the last commit at 00000003:00001450");
    expect(tail(5200, 1).message).toContain("found 1 frame after");
  });

  it("to the beginning of a transaction that does not follow, or its own where that lies before it", () => {
    const end = { index: 3, offset: 6248 };
    const found = (start: number) =>
      missingTransactions(FLAT, { expected: "this", found: "that" }, start, end);
    expect(found(5200)).toMatchObject({ code: "replica/missing-transactions", offset: 1048, decoded: true });
    expect(found(32).offset).toBe(0);
    expect(found(32).message).toBe(
      "Expected this, found that in the transaction that ends at 00000003:00001868",
    );
  });
});
