/** LZ4 blocks, encoded: the same bytes by the kernel and by its twin, sound ones, and nothing else touched. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ARENA_START, decodeBlock, encodeIn, openArena, openPlainArena } from "../../src/kernel/index.ts";
import { compressBlockBound } from "../../src/lz4/index.ts";
import { checkBlockRules, mixedBytes, random, randomBytes, textBytes } from "../lz4/helpers.ts";
import {
  type EncodeCase,
  GuardedEncoder,
  type Next,
  PLACES,
  type PlaceKind,
  placeKind,
  same,
  sparseBytes,
  WASM_PAGE,
} from "./helpers.ts";

const NONE = new Uint8Array(0);
const small = new GuardedEncoder(ARENA_START + WASM_PAGE);

/** Encodes in room enough; checks that the block is sound; returns it. */
function soundBlock(encoder: GuardedEncoder, what: Omit<EncodeCase, "room">, kind: PlaceKind, next: Next) {
  const { input, history } = what;
  const room = compressBlockBound(input.length);
  const { result, bytes } = encoder.placed({ ...what, room }, kind, next);
  expect(result).toBe(bytes.length);
  checkBlockRules(bytes, history.length);
  const output = new Uint8Array(history.length + input.length);
  output.set(history);
  expect(decodeBlock(bytes, 0, bytes.length, output, 0, history.length, output.length)).toBe(output.length);
  if (!same(output.subarray(history.length), input)) throw new Error("decodes to something else");
  return bytes;
}

const contents: [string, (size: number) => Uint8Array][] = [
  ["zeros", (size) => new Uint8Array(size)],
  ["every second", (size) => Uint8Array.from({ length: size }, (_, i) => i % 2)],
  ["every fifth", (size) => Uint8Array.from({ length: size }, (_, i) => i % 5)],
  ["every eleventh", (size) => Uint8Array.from({ length: size }, (_, i) => i % 11)],
  ["rising", (size) => Uint8Array.from({ length: size }, (_, i) => i)],
  ["noise", (size) => randomBytes(size, size)],
  ["few different", (size) => sparseBytes(size, 2, size)],
  ["text", (size) => textBytes(size, size)],
  ["a mixture", (size) => mixedBytes(size, size)],
];

describe("encodeBlock", () => {
  it.each(contents)("encodes every size up to 40 in any room: %s", (_, make) => {
    const next = random(1);
    for (let size = 0; size <= 40; size++) {
      const input = make(size);
      for (const kind of PLACES) {
        const block = soundBlock(small, { input, history: NONE }, kind, next);
        for (let room = compressBlockBound(size); room >= 0; room--) {
          if (kind !== PLACES[room % PLACES.length]) continue;
          const { result, bytes } = small.placed({ input, history: NONE, room }, kind, next);
          // Just what the block needs is enough.
          expect(result === -1).toBe(room < block.length);
          if (result !== -1) expect(bytes).toEqual(block);
        }
      }
    }
  });

  it("encodes any size in any room", () => {
    let refused = 0;
    const next = random(2);
    fc.assert(
      fc.property(
        fc.constantFrom(mixedBytes, textBytes, (size: number, seed: number) => sparseBytes(size, 3, seed)),
        fc.oneof(fc.nat(80), fc.nat(6000)),
        fc.oneof(fc.constant(0), fc.nat(20), fc.nat(6000)),
        fc.nat(),
        fc.constantFrom(...PLACES),
        fc.integer({ min: -8, max: 20 }),
        (make, size, before, seed, kind, slack) => {
          const all = make(before + size, seed);
          const what = { history: all.subarray(0, before), input: all.subarray(before) };
          const block = soundBlock(small, what, kind, next);
          for (const room of [Math.max(0, block.length + slack), next(block.length + 1)]) {
            const { result, bytes } = small.placed({ ...what, room }, kind, next);
            expect(result === -1).toBe(room < block.length);
            if (result === -1) refused++;
            else if (!same(bytes, block)) throw new Error("another block in other room");
          }
        },
      ),
      { numRuns: 600 },
    );
    expect(refused).toBeGreaterThan(100);
  });

  it("encodes at every alignment", () => {
    const input = mixedBytes(1200, 4);
    const room = compressBlockBound(input.length);
    const block = soundBlock(small, { input, history: NONE }, "apart", random(3));
    for (let from = 0; from < 16; from++)
      for (let to = 0; to < 16; to++) {
        const at = { input: ARENA_START + 64 + from, output: ARENA_START + 8192 + to };
        if (!same(small.encode({ input, history: NONE, room }, at).bytes, block))
          throw new Error(`another block from ${from} to ${to}`);
      }
  });

  it("copies literals of every length between matches, up to the end of input and room", () => {
    const next = random(4);
    const repeat = randomBytes(24, 6);
    for (let literals = 0; literals < 600; literals += literals < 60 ? 1 : 1 + next(7))
      for (const tail of [5, 6, 7, 8, 9, 12, 13, 20, 21, 40]) {
        const input = new Uint8Array(24 + literals + 24 + tail);
        input.set(repeat);
        input.set(randomBytes(literals, literals), 24);
        input.set(repeat, 24 + literals);
        input.set(randomBytes(tail, 99), input.length - tail);
        for (const kind of ["input last", "input first"] as const) {
          const block = soundBlock(small, { input, history: NONE }, kind, next);
          expect(checkBlockRules(block)).toBeGreaterThan(0);
          for (let room = block.length - 2; room < block.length + 24; room += 1 + next(4))
            small.placed({ input, history: NONE, room }, kind, next);
        }
      }
  });

  it("holds lengths of every size against its room", () => {
    // In front of a match, in it, and at the end: where each needs one byte more, and some way on.
    const around = [0, 15, 255, 270, 510, 525, 765, 780, 1275, 1290, 2805];
    const next = random(9);
    const check = (literals: number, match: number, last: number) => {
      const input = new Uint8Array(literals + match + last);
      input.set(randomBytes(literals, literals + 1));
      for (let i = 0; i < match; i++) input[literals + i] = input[literals + i - 8]!;
      input.set(randomBytes(last, last + 2), literals + match);
      const block = soundBlock(small, { input, history: NONE }, "input first", next);
      const rooms = new Set<number>();
      for (let more = -3; more < 12; more++)
        for (const size of [literals, literals + match / 255, block.length - last, block.length])
          rooms.add(Math.max(0, Math.floor(size) + more));
      for (const room of rooms) {
        const kind = next(2) === 0 ? "input first" : "apart";
        const { result, bytes } = small.placed({ input, history: NONE, room }, kind, next);
        expect(result).toBe(room < block.length ? -1 : block.length);
        if (result !== -1 && !same(bytes, block)) throw new Error("another block in other room");
      }
    };
    for (const size of around)
      for (let more = -2; more <= 2; more++) {
        if (size + more >= 8) check(size + more, 40, 12);
        check(8, Math.max(4, size + more + 4), 12);
        if (size + more >= 5) check(8, 40, size + more);
        const other = around[next(around.length)]!;
        check(Math.max(8, size + more), other + next(5) + 4, 12 + around[next(around.length)]! + next(5));
      }
  });

  it("ends matches at each distance from the end", () => {
    const next = random(5);
    for (let length = 4; length < 40; length++)
      for (let tail = 0; tail < 24; tail++) {
        const input = randomBytes(50 + length + tail, length * 24 + tail);
        input.copyWithin(50, 0, length);
        soundBlock(small, { input, history: NONE }, "input last", next);
      }
  });

  it.each([0, 1, 3, 4, 5, 6, 100, 5000, 65534, 65535, 65536, 65537, 70_000])(
    "reaches back into a history of %i bytes and no further",
    (before) => {
      const encoder = new GuardedEncoder(ARENA_START + 6 * WASM_PAGE);
      const next = random(before);
      for (const size of [0, 12, 13, 40, 700, 5000, 70_000])
        for (const make of [mixedBytes, textBytes]) {
          const all = make(before + size, 7);
          soundBlock(
            encoder,
            { history: all.subarray(0, before), input: all.subarray(before) },
            placeKind(next),
            next,
          );
        }
      // What follows is all in the history, at its beginning, its end or in between.
      const noise = randomBytes(before, 8);
      for (const at of [0, 1, before >> 1, Math.max(0, before - 300)]) {
        const repeated = noise.subarray(at, at + 300);
        const block = soundBlock(encoder, { history: noise, input: repeated }, placeKind(next), next);
        if (repeated.length === 300 && before - at <= 65535) expect(block.length).toBeLessThan(60);
      }
      // And what is like the bytes in front of the history is no match.
      const alone = soundBlock(encoder, { history: NONE, input: noise.subarray(0, 300) }, "apart", next);
      expect(alone.length).toBeGreaterThanOrEqual(Math.min(before, 300));
    },
  );

  it("knows the last position that an offset can name", () => {
    const encoder = new GuardedEncoder(ARENA_START + 3 * WASM_PAGE);
    const next = random(6);
    const sizes = [65530, 65534, 65535, 65536, 65537, 65540].map((distance) => {
      const input = randomBytes(distance + 200, 9);
      input.copyWithin(distance, 0, 160);
      return soundBlock(encoder, { input, history: NONE }, "apart", next).length - distance;
    });
    expect(Math.max(...sizes.slice(0, 3))).toBeLessThan(Math.min(...sizes.slice(3)) - 100);
  });

  it("encodes several hundred KiB", () => {
    const encoder = new GuardedEncoder(ARENA_START + 17 * WASM_PAGE);
    const next = random(7);
    for (const input of [
      mixedBytes(400_000),
      textBytes(300_000),
      randomBytes(200_000),
      new Uint8Array(500_000),
      sparseBytes(300_000, 4, 1),
    ]) {
      const block = soundBlock(encoder, { input, history: NONE }, placeKind(next), next);
      const cut = soundBlock(
        encoder,
        { history: input.subarray(0, 100_000), input: input.subarray(100_000) },
        placeKind(next),
        next,
      );
      expect(cut.length).toBeLessThanOrEqual(block.length + 64);
      for (const room of [block.length - 1, block.length, block.length + 8, next(block.length)])
        encoder.placed({ input, history: NONE, room }, placeKind(next), next);
    }
  });

  it("links blocks that both decode, one behind the other", () => {
    const input = mixedBytes(300_000, 21);
    for (const open of [openArena, openPlainArena]) {
      const next = random(8);
      // The input; what is decoded; a block.
      const copy = ARENA_START + input.length;
      const room = copy + input.length;
      const arena = open(room + compressBlockBound(65536));
      arena.bytes.set(input, ARENA_START);
      for (let done = 0; done < input.length; ) {
        const size = Math.min(input.length - done, next(3) === 0 ? next(65537) : next(3000));
        const start = ARENA_START + done;
        const end = encodeIn(arena, start, start + size, ARENA_START, room, arena.bytes.length);
        expect(end).toBeGreaterThan(room);
        const limit = copy + done + size;
        expect(arena.decodeBlock(room, end, copy, copy + done, limit)).toBe(limit);
        done += size;
      }
      expect(same(arena.bytes.subarray(copy, room), input)).toBe(true);
    }
  });
});
