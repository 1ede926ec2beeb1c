import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { writeUint32BE } from "../../src/bytes.ts";
import { WalkitError } from "../../src/errors.ts";
import { crc64 } from "../../src/kernel/index.ts";
import {
  CHECKSUM_FLAG,
  encodeLtxHeader,
  FLAG_NO_CHECKSUM,
  hasDatabaseChecksums,
  isSnapshot,
  LTX_HEADER_SIZE,
  type LtxHeader,
  parseLtxHeader,
} from "../../src/ltx/index.ts";
import { writeUint64BE } from "../../src/ltx/words.ts";
import { readLtx } from "./fixtures.ts";

const SAMPLE: LtxHeader = {
  ...{ flags: 0, pageSize: 4096, commit: 10, minTxid: 13, maxTxid: 14, timestamp: 1700000000000 },
  ...{ preApplyChecksum: 0x9c74a15b4e4f246cn, walOffset: 32, walSize: 4120, walSalt1: 1, walSalt2: 2 },
  nodeId: 7n,
};

function failure(bytes: Uint8Array): WalkitError {
  try {
    parseLtxHeader(bytes, { path: "some.ltx" });
  } catch (error) {
    if (error instanceof WalkitError) return error;
  }
  throw new Error("Expected a WalkitError");
}

it("the worked example is parsed field by field, and encoded again", () => {
  const tiny = "reference-library/v3-block/special/tiny-0000000000000001-0000000000000001.ltx";
  const bytes = readLtx(tiny).subarray(0, LTX_HEADER_SIZE);
  const header = parseLtxHeader(bytes);
  expect(header).toEqual({
    ...{ flags: 0, pageSize: 512, commit: 1, minTxid: 1, maxTxid: 1, timestamp: 1000, preApplyChecksum: 0n },
    ...{ walOffset: 32, walSize: 536, walSalt1: 0x11223344, walSalt2: 0x55667788 },
    nodeId: 0xa1b2c3d4e5f60718n,
  });
  expect(encodeLtxHeader(header)).toEqual(bytes);
  expect([isSnapshot(header), hasDatabaseChecksums(header)]).toEqual([true, true]);
});

it("encode and parse are inverse", () => {
  const word = fc.integer({ min: 0, max: 0xffffffff });
  const safe = fc.maxSafeNat();
  const fields = fc
    .record({
      flags: fc.integer({ min: 0, max: 3 }),
      pageSize: fc.constantFrom(512, 1024, 2048, 4096, 8192, 16384, 32768, 65536),
      commit: word,
      minTxid: fc.oneof(
        fc.constant(1),
        safe.map((n) => n || 1),
      ),
      more: safe,
      timestamp: fc.integer({ min: -8.64e15, max: 8.64e15 }),
      checksum: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
      walOffset: safe,
      walSize: safe,
      salts: fc.tuple(word, word),
      nodeId: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    })
    .map(({ more, checksum, salts, ...rest }): LtxHeader => {
      const hasBefore = rest.minTxid > 1 && (rest.flags & FLAG_NO_CHECKSUM) === 0;
      const hasWal = rest.walOffset > 0;
      return {
        ...rest,
        maxTxid: Math.min(rest.minTxid + more, Number.MAX_SAFE_INTEGER),
        preApplyChecksum: hasBefore ? checksum | CHECKSUM_FLAG : 0n,
        walSize: hasWal ? rest.walSize : 0,
        walSalt1: hasWal ? salts[0] : 0,
        walSalt2: hasWal ? salts[1] : 0,
      };
    });
  fc.assert(
    fc.property(fields, (header) => {
      expect(parseLtxHeader(encodeLtxHeader(header))).toEqual(header);
    }),
  );
});

describe("a field that cannot be", () => {
  const cases: [name: string, at: number, bits: bigint, width: 4 | 8, offset: number][] = [
    ["unknown flag", 4, 4n, 4, 4],
    ["page size 0", 8, 0n, 4, 8],
    ["page size 256", 8, 256n, 4, 8],
    ["page size 131072", 8, 131072n, 4, 8],
    ["page size 1", 8, 1n, 4, 8],
    ["minTXID 0", 16, 0n, 8, 16],
    ["maxTXID 0", 24, 0n, 8, 24],
    ["minTXID above maxTXID", 16, 15n, 8, 16],
    ["minTXID 2^53", 16, 2n ** 53n, 8, 16],
    ["maxTXID 2^64 - 1", 24, 2n ** 64n - 1n, 8, 24],
    ["timestamp beyond dates", 32, 8_640_000_000_000_001n, 8, 32],
    ["timestamp -2^63", 32, 2n ** 63n, 8, 32],
    ["pre-apply checksum 0", 40, 0n, 8, 40],
    ["pre-apply checksum without bit 63", 40, 1n, 8, 40],
    ["WAL offset -1", 48, -1n, 8, 48],
    ["WAL offset 2^53", 48, 2n ** 53n, 8, 48],
    ["WAL size -1", 56, -1n, 8, 56],
    ["WAL salts without an offset", 48, 0n, 8, 64],
  ];
  it.each(cases)("%s", (_, at, bits, width, offset) => {
    const bytes = encodeLtxHeader(SAMPLE);
    if (width === 4) writeUint32BE(bytes, at, Number(bits));
    else writeUint64BE(bytes, at, bits);
    expect(failure(bytes)).toMatchObject({ code: "ltx/header", offset, path: "some.ltx" });
    expect(failure(bytes).message).toMatch(/^Expected .*found/);
  });

  it("depends on the other fields for the pre-apply checksum", () => {
    const snapshot = encodeLtxHeader({ ...SAMPLE, minTxid: 1, preApplyChecksum: 0n });
    expect(parseLtxHeader(snapshot)).toMatchObject({ minTxid: 1 });
    writeUint64BE(snapshot, 40, CHECKSUM_FLAG);
    expect(failure(snapshot)).toMatchObject({ code: "ltx/header", offset: 40 });
    const off = encodeLtxHeader({ ...SAMPLE, flags: FLAG_NO_CHECKSUM, preApplyChecksum: 0n });
    writeUint64BE(off, 40, CHECKSUM_FLAG);
    expect(failure(off)).toMatchObject({ code: "ltx/header", offset: 40 });
  });

  it("is refused when it is to be written", () => {
    const bad: Partial<LtxHeader>[] = [
      ...[{ flags: 4 }, { flags: -1 }, { pageSize: 1000 }, { commit: 2 ** 32 }, { commit: 0.5 }],
      ...[
        { minTxid: 0 },
        { minTxid: 15 },
        { maxTxid: 2 ** 53 },
        { timestamp: Number.NaN },
        { timestamp: 9e15 },
      ],
      ...[
        { preApplyChecksum: 0n },
        { preApplyChecksum: 2n ** 64n },
        { preApplyChecksum: -1n },
        { minTxid: 1 },
      ],
      ...[{ walOffset: -1 }, { walOffset: 0 }, { walSize: 2 ** 53 }, { walSalt1: 2 ** 32 }, { nodeId: -1n }],
    ];
    for (const part of bad)
      expect(() => encodeLtxHeader({ ...SAMPLE, ...part }), Object.keys(part)[0]).toThrow(RangeError);
  });
});

it("what is not LTX, and what is cut, is told apart", () => {
  const bytes = encodeLtxHeader(SAMPLE);
  expect(failure(new Uint8Array(0))).toMatchObject({ code: "ltx/truncated", offset: 0 });
  expect(failure(bytes.subarray(0, 99))).toMatchObject({ code: "ltx/truncated", offset: 99 });
  expect(failure(bytes.subarray(1))).toMatchObject({ code: "ltx/bad-magic", offset: 0 });
  expect(failure(new TextEncoder().encode("LT0")).message).toBe(
    "Expected an LTX file, which begins 4c 54 58 31, found 4c 54 30",
  );
});

describe("extinct layouts", () => {
  it("of ltx 0.1.0 are named", () => {
    const bytes = new Uint8Array(128);
    bytes.set([0x4c, 0x54, 0x58, 0x31]);
    for (const [at, value] of [
      [8, 4096],
      [12, 1],
      [24, 1],
      [28, 1],
      [36, 1],
      [44, 1],
    ] as const) {
      writeUint32BE(bytes, at, value);
    }
    const crc = new Int32Array(2);
    crc64(crc, bytes, 0, 88);
    writeUint32BE(bytes, 88, crc[1]! | 0x80000000);
    writeUint32BE(bytes, 92, crc[0]!);
    expect(failure(bytes)).toMatchObject({ code: "ltx/extinct", offset: 0 });
    expect(failure(bytes).message).toMatch(/ltx 0\.1\.0/);
  });

  /** The fields of a living header, with a database id before them. */
  const older = (id: number, minTxid: bigint, maxTxid: bigint, before: bigint) => {
    const bytes = new Uint8Array(LTX_HEADER_SIZE);
    bytes.set([0x4c, 0x54, 0x58, 0x31]);
    writeUint32BE(bytes, 8, 4096);
    writeUint32BE(bytes, 12, 3);
    writeUint32BE(bytes, 16, id);
    writeUint64BE(bytes, 20, minTxid);
    writeUint64BE(bytes, 28, maxTxid);
    writeUint64BE(bytes, 36, 1670000000000n);
    writeUint64BE(bytes, 44, before);
    return bytes;
  };

  it.each([
    [1, 1n, 1n, 0n],
    [2, 1n, 1n, 0n],
    [1, 5n, 9n, CHECKSUM_FLAG | 5n],
    [4_000_000_000, 7n, 7n, 0xffffffffffffffffn],
  ])("of ltx 0.2.0 to 0.2.2 are named: database %i, TXID %i to %i", (id, min, max, before) => {
    expect(failure(older(id, min, max, before))).toMatchObject({ code: "ltx/extinct", offset: 0 });
  });

  it("are not seen in living files of large TXIDs", () => {
    for (const minTxid of [2 ** 32, 2 ** 40, 2 ** 52]) {
      const header = {
        ...SAMPLE,
        minTxid,
        maxTxid: minTxid,
        walOffset: 0,
        walSize: 0,
        walSalt1: 0,
        walSalt2: 0,
      };
      expect(parseLtxHeader(encodeLtxHeader(header))).toEqual(header);
    }
  });
});
