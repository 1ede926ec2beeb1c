import fc from "fast-check";
import { expect, it } from "vitest";
import { LONGEST_ENTRY, UvarintReader, writeUvarint } from "../../src/ltx/uvarint.ts";

it("the least significant bits come first", () => {
  const bytes = new Uint8Array(4);
  expect(writeUvarint(bytes, 1, 300)).toBe(3);
  expect([...bytes]).toEqual([0, 0xac, 0x02, 0]);
});

it("what is written is read", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.maxSafeNat(), fc.nat({ max: 300 })), { maxLength: 5 }), (values) => {
      const bytes = new Uint8Array(LONGEST_ENTRY * 2);
      const end = values.reduce((at, value) => writeUvarint(bytes, at, value), 0);
      const reader = new UvarintReader();
      const found: number[] = [];
      for (const byte of bytes.subarray(0, end)) if (reader.push(byte) === 1) found.push(reader.value);
      expect(found).toEqual(values);
    }),
  );
});

it("what counts beyond 2^53 - 1, or goes on for ever, is refused", () => {
  const said = (bytes: number[]) => {
    const reader = new UvarintReader();
    return bytes.map((byte) => reader.push(byte));
  };
  const full = Array.from({ length: 7 }, () => 0xff);
  expect(said([...full, 0x0f]).at(-1)).toBe(1);
  expect(said([...full, 0x10]).at(-1)).toBe(-1);
  expect(said(Array.from({ length: 11 }, () => 0x80)).at(-1)).toBe(-1);
});
