/** Varints as SQLite writes them. */

import fc from "fast-check";

/** A number of 64 bits as SQLite writes it: as short as can be. */
export function encode(value: bigint): number[] {
  if (value >= 1n << 56n) {
    const bytes = [Number(value & 255n)];
    for (let rest = value >> 8n; bytes.length < 9; rest >>= 7n) bytes.unshift(Number(rest & 127n) | 128);
    return bytes;
  }
  const bytes = [Number(value & 127n)];
  for (let rest = value >> 7n; rest > 0n; rest >>= 7n) bytes.unshift(Number(rest & 127n) | 128);
  return bytes;
}

/** Numbers of every length. */
export const numbers: fc.Arbitrary<bigint> = fc
  .tuple(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), fc.nat(63))
  .map(([value, shift]) => value >> BigInt(shift));
