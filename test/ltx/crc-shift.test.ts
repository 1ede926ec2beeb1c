import fc from "fast-check";
import { expect, it } from "vitest";
import { crc64 } from "../../src/kernel/index.ts";
import { CrcShift, shiftOver } from "../../src/ltx/crc-shift.ts";

it("a difference becomes over any bytes what it becomes over zeros", () => {
  const word = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 700 }),
      fc.tuple(word, word),
      fc.tuple(word, word),
      (bytes, a, b) => {
        const [one, other] = [Int32Array.from(a), Int32Array.from(b)];
        const difference = Int32Array.of(a[0] ^ b[0], a[1] ^ b[1]);
        crc64(one, bytes, 0, bytes.length);
        crc64(other, bytes, 0, bytes.length);
        new CrcShift(bytes.length).apply(difference);
        expect([...difference]).toEqual([one[0]! ^ other[0]!, one[1]! ^ other[1]!]);
      },
    ),
    { numRuns: 30 },
  );
});

it("is made once for each size", () => {
  expect(shiftOver(512)).toBe(shiftOver(512));
});
