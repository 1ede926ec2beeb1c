import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { XXHash32, xxh32 } from "../../src/lz4/index.ts";
import { cut, random, randomBytes } from "./helpers.ts";

const ascii = (text: string) => new TextEncoder().encode(text);
const prime = 2654435761;

/** The specification's steps, in BigInt. */
function reference(bytes: Uint8Array, seed: number): number {
  const mask = 0xffffffffn;
  const [p1, p2, p3, p4, p5] = [0x9e3779b1n, 0x85ebca77n, 0xc2b2ae3dn, 0x27d4eb2fn, 0x165667b1n];
  const rotl = (x: bigint, n: bigint) => ((x << n) | (x >> (32n - n))) & mask;
  const word = (at: number) =>
    BigInt(bytes[at]! + bytes[at + 1]! * 2 ** 8 + bytes[at + 2]! * 2 ** 16 + bytes[at + 3]! * 2 ** 24);
  const s = BigInt(seed >>> 0);
  let at = 0;
  let h: bigint;
  if (bytes.length >= 16) {
    const v = [s + p1! + p2!, s + p2!, s, s - p1!].map((x) => x & mask);
    for (; at + 16 <= bytes.length; at += 16)
      for (let i = 0; i < 4; i++) v[i] = (rotl((v[i]! + word(at + 4 * i) * p2!) & mask, 13n) * p1!) & mask;
    h = rotl(v[0]!, 1n) + rotl(v[1]!, 7n) + rotl(v[2]!, 12n) + rotl(v[3]!, 18n);
  } else h = s + p5!;
  h = (h + BigInt(bytes.length)) & mask;
  for (; at + 4 <= bytes.length; at += 4) h = (rotl((h + word(at) * p3!) & mask, 17n) * p4!) & mask;
  for (; at < bytes.length; at++) h = (rotl((h + BigInt(bytes[at]!) * p5!) & mask, 11n) * p1!) & mask;
  h = ((h ^ (h >> 15n)) * p2!) & mask;
  h = ((h ^ (h >> 13n)) * p3!) & mask;
  return Number(h ^ (h >> 16n));
}

describe("xxHash32", () => {
  it.each([
    ["", 0, 0x02cc5d05],
    ["", 1, 0x0b2cb792],
    ["", prime, 0x36b78ae7],
    ["a", 0, 0x550d7456],
    ["abc", 0, 0x32d153ff],
    ["Nobody inspects the spammish repetition", 0, 0xe2293b2f],
  ])("%j with seed %i", (text, seed, expected) => {
    expect(xxh32(ascii(text), seed)).toBe(expected);
    expect(new XXHash32(seed).update(ascii(text)).digest()).toBe(expected);
  });

  it("gives what the reference implementation's own sanity check expects", () => {
    const buffer = new Uint8Array(101);
    let state = prime;
    for (let i = 0; i < buffer.length; i++) {
      buffer[i] = state >>> 24;
      state = Math.imul(state, state) >>> 0;
    }
    for (const [size, seed, expected] of [
      [1, 0, 0xb85cbee5],
      [1, prime, 0xd5845d64],
      [14, 0, 0xe5aa0ab4],
      [14, prime, 0x4481951d],
      [101, 0, 0x1f1aa412],
      [101, prime, 0x498ec8e2],
    ] as const) {
      expect(xxh32(buffer.subarray(0, size), seed)).toBe(expected);
    }
  });

  it("agrees with the specification at every size and alignment", () => {
    const bytes = randomBytes(300);
    for (let start = 0; start < 8; start++)
      for (let size = 0; size <= 100; size++) {
        const part = bytes.subarray(start, start + size);
        expect(xxh32(part, size)).toBe(reference(part, size));
      }
    expect(xxh32(bytes)).toBe(reference(bytes, 0));
  });

  it("does not depend on how the input is cut", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.integer(), fc.nat(), (bytes, seed, cutSeed) => {
        const next = random(cutSeed);
        const hash = new XXHash32(seed);
        for (const piece of cut(bytes, () => next(40))) hash.update(piece).update(new Uint8Array(0));
        expect(hash.digest()).toBe(xxh32(bytes, seed));
        expect(hash.digest()).toBe(reference(bytes, seed));
        hash.reset();
        expect(hash.update(bytes).digest()).toBe(xxh32(bytes, seed));
      }),
    );
  });
});
