/** Varints, held against a plain encoder. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readSignedVarint, readVarint } from "../../src/sqlite/varint.ts";
import { encode, numbers } from "./varints.ts";

describe("a varint", () => {
  it("is the number that was written, wherever it stands", () => {
    fc.assert(
      fc.property(numbers, fc.uint8Array({ maxLength: 5 }), (value, noise) => {
        const bytes = encode(value);
        const data = Uint8Array.from([...noise, ...bytes, ...noise]);
        const { value: found, next } = readVarint(data, noise.length)!;
        expect(next).toBe(noise.length + bytes.length);
        if (value < 2n ** 53n) expect(found).toBe(Number(value));
        else expect(found / Number(value)).toBeCloseTo(1, 14);
        for (let length = 0; length < bytes.length; length++)
          expect(readVarint(data.subarray(0, noise.length + length), noise.length)).toBeUndefined();
      }),
    );
  });

  it.each([0n, 127n, 128n, 16383n, 16384n, (1n << 53n) - 1n, (1n << 56n) - 1n, 1n << 56n, (1n << 64n) - 1n])(
    "has each length: %i",
    (value) => {
      const { length } = encode(value);
      expect(readVarint(Uint8Array.from(encode(value)), 0)).toEqual({ value: Number(value), next: length });
    },
  );

  it("may be longer than it has to be", () => {
    expect(readVarint(Uint8Array.from([128, 128, 5]), 0)).toEqual({ value: 5, next: 3 });
    expect(readVarint(Uint8Array.from([128, 128, 128, 128, 128, 128, 128, 128, 200]), 0)).toEqual({
      value: 200,
      next: 9,
    });
  });

  it("is none past the end", () => {
    expect(readVarint(new Uint8Array(0), 0)).toBeUndefined();
    expect(readVarint(Uint8Array.of(1), 7)).toBeUndefined();
  });
});

it("a signed varint is the number of 64 bits that was written", () => {
  fc.assert(
    fc.property(numbers, (value) => {
      const data = Uint8Array.from(encode(value));
      expect(readSignedVarint(data, 0)).toBe(BigInt.asIntN(64, value));
      for (let length = 0; length < data.length; length++)
        expect(readSignedVarint(data.subarray(0, length), 0)).toBeUndefined();
    }),
  );
});

it.each([-1n, -(2n ** 63n), 2n ** 63n - 1n, 2n ** 53n, 2n ** 53n - 1n])(
  "so are the farthest: %i",
  (value) => {
    const data = Uint8Array.from(encode(BigInt.asUintN(64, value)));
    expect(readSignedVarint(data, 0)).toBe(value);
  },
);
