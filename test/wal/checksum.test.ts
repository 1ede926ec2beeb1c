import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type WalChecksum, walChecksum } from "../../src/wal/index.ts";

/** The specification, word for word, in big integers. */
function naive(seed: WalChecksum, bytes: Uint8Array, bigEndian: boolean): WalChecksum {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let [s0, s1] = [BigInt(seed[0]), BigInt(seed[1])];
  for (let i = 0; i < bytes.length; i += 8) {
    s0 = BigInt.asUintN(32, s0 + BigInt(view.getUint32(i, !bigEndian)) + s1);
    s1 = BigInt.asUintN(32, s1 + BigInt(view.getUint32(i + 4, !bigEndian)) + s0);
  }
  return [Number(s0), Number(s1)];
}

const uint32 = fc.integer({ min: 0, max: 0xffffffff });
const bytes8 = fc.uint8Array({ minLength: 0, maxLength: 300 }).map((b) => b.slice(0, b.length & ~7));

describe("walChecksum", () => {
  test("known values", () => {
    const bytes = Uint8Array.of(1, 0, 0, 0, 2, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0x80);
    expect(walChecksum([0, 0], bytes, false, 0, 8)).toEqual([1, 3]);
    expect(walChecksum([0, 0], bytes, false)).toEqual([3, 0x80000006]);
    expect(walChecksum([0, 0], bytes, true, 0, 8)).toEqual([0x01000000, 0x03000000]);
    expect(walChecksum([7, 9], bytes, true, 8, 8)).toEqual([7, 9]);
  });

  test("is the specification's sum, at every alignment, in both byte orders", () => {
    fc.assert(
      fc.property(
        uint32,
        uint32,
        bytes8,
        fc.nat(9),
        fc.nat(9),
        fc.boolean(),
        (s0, s1, bytes, shift, before, big) => {
          const expected = naive([s0, s1], bytes, big);
          const buffer = new Uint8Array(shift + before + bytes.length + 5).fill(0xaa);
          buffer.set(bytes, shift + before);
          const view = buffer.subarray(shift);
          expect(walChecksum([s0, s1], view, big, before, before + bytes.length)).toEqual(expected);
        },
      ),
      { numRuns: 500 },
    );
  });

  test("runs on: two pieces are one", () => {
    fc.assert(
      fc.property(bytes8, fc.nat(40), fc.boolean(), (bytes, n, big) => {
        const border = Math.min(bytes.length, n * 8);
        const first = walChecksum([1, 2], bytes, big, 0, border);
        expect(walChecksum(first, bytes, big, border)).toEqual(walChecksum([1, 2], bytes, big));
      }),
    );
  });

  test("ranges that are no multiple of 8, or outside, are the caller's mistake", () => {
    const bytes = new Uint8Array(24);
    for (const [start, end] of [
      [0, 7],
      [1, 8],
      [0, 32],
      [-8, 8],
      [16, 8],
      [NaN, 8],
    ] as const) {
      expect(() => walChecksum([0, 0], bytes, false, start, end)).toThrow(RangeError);
    }
  });
});
