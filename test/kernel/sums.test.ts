/** Checksums: the kernel, its twins, and the specifications in big integers. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  ARENA_START,
  type Arena,
  crc64,
  encodeIn,
  openArena,
  openPlainArena,
  stripes,
  walChecksum,
} from "../../src/kernel/index.ts";
import { mixedBytes, randomBytes } from "../lz4/helpers.ts";
import { same, WASM_PAGE } from "./helpers.ts";

const SIZE = ARENA_START + WASM_PAGE;
const END = SIZE;
/** Other garbage in each; below `ARENA_START` is the arena's own. */
const arenas = [1, 2].flatMap((seed) =>
  [openArena, openPlainArena].map((open) => {
    const garbage = randomBytes(WASM_PAGE, 5).map((byte) => (seed === 1 ? byte : ~byte));
    const arena = open(SIZE);
    arena.bytes.set(garbage, ARENA_START);
    return { arena, garbage };
  }),
);

/** In all arenas `bytes` at `at` to what `run` makes of `state`; throws where they differ or other bytes change. */
function inArenas(
  bytes: Uint8Array,
  at: number,
  state: ArrayLike<number>,
  run: (arena: Arena, state: Int32Array, start: number, end: number) => void,
): number[] {
  const results = arenas.map(({ arena, garbage }) => {
    arena.bytes.set(bytes, at);
    const words = Int32Array.from(state);
    run(arena, words, at, at + bytes.length);
    const kept = same(arena.bytes.subarray(at, at + bytes.length), bytes);
    arena.bytes.set(garbage.subarray(at - ARENA_START, at - ARENA_START + bytes.length), at);
    if (!kept || !same(arena.bytes.subarray(ARENA_START), garbage)) throw new Error("wrote to its input");
    return [...words];
  });
  for (const result of results) expect(result).toEqual(results[0]);
  return results[0]!;
}

const word = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const content = fc.oneof(
  fc.uint8Array({ maxLength: 400 }),
  fc.nat(20_000).map((size) => mixedBytes(size, size)),
);
const whole = (multiple: number) =>
  content.map((bytes) => bytes.slice(0, bytes.length - (bytes.length % multiple)));
/** From the beginning of the caller's part, or to the end of the memory, off by a few bytes. */
const shift = fc.integer({ min: -17, max: 17 });
const position = (bytes: Uint8Array, off: number) =>
  off < 0 ? END - bytes.length + off + 1 : ARENA_START + off;

const mask32 = 0xffffffffn;
const u32 = (value: number) => BigInt(value >>> 0);
const i32 = (value: bigint) => Number(BigInt.asIntN(32, value));

describe("stripes", () => {
  function naive(lanes: readonly number[], bytes: Uint8Array): number[] {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const v = lanes.map(u32);
    for (let at = 0; at < bytes.length; at += 4) {
      const lane = (at / 4) % 4;
      const sum = (v[lane]! + u32(view.getUint32(at, true)) * 0x85ebca77n) & mask32;
      v[lane] = (((sum << 13n) | (sum >> 19n)) * 0x9e3779b1n) & mask32;
    }
    return v.map(i32);
  }

  it("are the specification's, at every alignment", () => {
    fc.assert(
      fc.property(whole(16), fc.tuple(word, word, word, word), shift, (bytes, lanes, off) => {
        const expected = naive(lanes, bytes);
        const run = (arena: Arena, state: Int32Array, start: number, end: number) =>
          arena.stripes(state, start, end);
        expect(inArenas(bytes, position(bytes, off), lanes, run)).toEqual(expected);
        const state = Int32Array.from(lanes);
        stripes(state, bytes, 0, bytes.length);
        expect([...state]).toEqual(expected);
      }),
      { numRuns: 400 },
    );
  });
});

describe("walChecksum", () => {
  function naive(sums: readonly number[], bytes: Uint8Array, bigEndian: boolean): number[] {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    let [s0, s1] = [u32(sums[0]!), u32(sums[1]!)];
    for (let at = 0; at < bytes.length; at += 8) {
      s0 = (s0 + u32(view.getUint32(at, !bigEndian)) + s1) & mask32;
      s1 = (s1 + u32(view.getUint32(at + 4, !bigEndian)) + s0) & mask32;
    }
    return [i32(s0), i32(s1)];
  }

  it.each([false, true])("is the specification's at every alignment, big-endian: %s", (bigEndian) => {
    fc.assert(
      fc.property(whole(8), fc.tuple(word, word), shift, (bytes, sums, off) => {
        const expected = naive(sums, bytes, bigEndian);
        const run = (arena: Arena, state: Int32Array, start: number, end: number) =>
          arena.walChecksum(state, start, end, bigEndian);
        expect(inArenas(bytes, position(bytes, off), sums, run)).toEqual(expected);
        const state = Int32Array.from(sums);
        walChecksum(state, bytes, 0, bytes.length, bigEndian);
        expect([...state]).toEqual(expected);
      }),
      { numRuns: 400 },
    );
  });
});

describe("crc64", () => {
  const run = (arena: Arena, state: Int32Array, start: number, end: number) => arena.crc64(state, start, end);
  const twin = (bytes: Uint8Array, from: ArrayLike<number> = [0, 0]) => {
    const state = Int32Array.from(from);
    crc64(state, bytes, 0, bytes.length);
    return [...state];
  };
  const hex = ([low, high]: number[]) => ((u32(high!) << 32n) | u32(low!)).toString(16).padStart(16, "0");

  /** Bit by bit. */
  function naive(from: readonly number[], bytes: Uint8Array): number[] {
    const mask = 0xffffffffffffffffn;
    let crc = ((u32(from[1]!) << 32n) | u32(from[0]!)) ^ mask;
    for (const byte of bytes) {
      crc ^= BigInt(byte);
      for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ 0xd800000000000000n : crc >> 1n;
    }
    crc ^= mask;
    return [i32(crc & mask32), i32(crc >> 32n)];
  }

  it.each([
    ["", "0000000000000000"],
    ["123456789", "b90956c775a41001"],
  ])("%j: %s", (text, expected) => {
    const bytes = new TextEncoder().encode(text);
    expect(hex(twin(bytes))).toBe(expected);
    expect(hex(inArenas(bytes, ARENA_START, [0, 0], run))).toBe(expected);
    expect(hex(naive([0, 0], bytes))).toBe(expected);
  });

  it("is that of a page in an LTX file", () => {
    const page = new Uint8Array(4 + 512).fill(0x41);
    page.set([0, 0, 0, 1]);
    expect(hex(twin(page))).toBe("61b3111ab98cc555");
    expect(hex(inArenas(page, END - page.length, [0, 0], run))).toBe("61b3111ab98cc555");
  });

  it("is the specification's, at every alignment, from any state", () => {
    fc.assert(
      fc.property(content, fc.tuple(word, word), shift, (bytes, from, off) => {
        const part = bytes.subarray(0, 600);
        const expected = naive(from, part);
        expect(inArenas(part, position(part, off), from, run)).toEqual(expected);
        expect(twin(part, from)).toEqual(expected);
        expect(inArenas(bytes, position(bytes, off), from, run)).toEqual(twin(bytes, from));
      }),
      { numRuns: 300 },
    );
  });

  it("runs on, cut anywhere", () => {
    fc.assert(
      fc.property(content, fc.array(fc.nat(20_000), { maxLength: 6 }), shift, (bytes, cuts, off) => {
        const borders = [
          0,
          ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b),
          bytes.length,
        ];
        let [inTwin, inKernel] = [
          [0, 0],
          [0, 0],
        ];
        for (let i = 1; i < borders.length; i++) {
          const part = bytes.subarray(borders[i - 1], borders[i]);
          inTwin = twin(part, inTwin);
          inKernel = inArenas(part, position(part, off), inKernel, run);
        }
        expect(inTwin).toEqual(twin(bytes));
        expect(inKernel).toEqual(inTwin);
      }),
      { numRuns: 300 },
    );
  });

  it("stays the same when an arena encodes, decodes, grows and sums in between", () => {
    const bytes = mixedBytes(5000, 3);
    const expected = twin(bytes);
    for (const open of [openArena, openPlainArena]) {
      const arena = open(ARENA_START + 20_000);
      const check = () => {
        const state = new Int32Array(2);
        arena.crc64(state, ARENA_START, ARENA_START + bytes.length);
        expect([...state]).toEqual(expected);
      };
      arena.bytes.set(bytes, ARENA_START);
      check();
      const to = ARENA_START + 10_000;
      const end = encodeIn(arena, ARENA_START, ARENA_START + 5000, ARENA_START, to, to + 6000);
      check();
      arena.stripes(new Int32Array(4).fill(-1), ARENA_START, ARENA_START + 160);
      arena.walChecksum(new Int32Array(2).fill(-1), ARENA_START, ARENA_START + 160, true);
      check();
      arena.reserve(ARENA_START + 400_000);
      check();
      const d = ARENA_START + 200_000;
      expect(arena.decodeBlock(to, end, d, d, d + 5000)).toBe(d + 5000);
      check();
    }
  });
});
