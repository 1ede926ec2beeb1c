/** LZ4 blocks, decoded: by the kernel and its twin, as the specification has it, and nothing else touched. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ARENA_START, openArena, openPlainArena } from "../../src/kernel/index.ts";
import { mixedBytes, random, randomBytes, textBytes } from "../lz4/helpers.ts";
import {
  checkNaive,
  GuardedDecoder,
  lz4jsBlock,
  PLACES,
  place,
  same,
  sparseBytes,
  WASM_PAGE,
  writeSequence,
} from "./helpers.ts";
import { encoded } from "./hostile.ts";

const NONE = new Uint8Array(0);
const small = new GuardedDecoder(ARENA_START + WASM_PAGE);
const medium = new GuardedDecoder(ARENA_START + 3 * WASM_PAGE);

/** Blocks that encoders make of an input. */
function* blocksOf(input: Uint8Array): Generator<Uint8Array> {
  yield encoded(input);
  const block = lz4jsBlock(input);
  if (block) yield block;
}

describe("decodeBlock", () => {
  it("decodes what encoders make, in room enough and in less", () => {
    let tight = 0;
    const next = random(5);
    fc.assert(
      fc.property(
        fc.constantFrom(mixedBytes, textBytes, randomBytes, (size: number, seed: number) =>
          sparseBytes(size, 3, seed),
        ),
        fc.oneof(fc.nat(60), fc.nat(3000)),
        fc.nat(),
        fc.constantFrom(...PLACES),
        fc.integer({ min: -40, max: 80 }),
        (make, size, seed, kind, slack) => {
          const input = make(size, seed);
          for (const block of blocksOf(input)) {
            for (const room of [size, Math.max(0, size + slack), next(size + 1)]) {
              const { result, bytes } = small.placed({ block, history: NONE, room }, kind, next);
              if (room < size) {
                tight++;
                expect(result).toBeLessThan(0);
                checkNaive({ block, history: NONE, room }, { result, bytes });
              } else {
                expect(result).toBe(size);
                if (!same(bytes, input)) throw new Error("decoded to something else");
              }
            }
          }
        },
      ),
      { numRuns: 600 },
    );
    expect(tight).toBeGreaterThan(100);
  });

  it("decodes large blocks", () => {
    const decoder = new GuardedDecoder(ARENA_START + 16 * WASM_PAGE);
    const next = random(6);
    for (const input of [
      mixedBytes(400_000),
      textBytes(300_000),
      randomBytes(200_000),
      new Uint8Array(500_000),
    ])
      for (const block of blocksOf(input))
        for (const kind of PLACES)
          for (const room of [input.length, input.length - 1]) {
            const { result, bytes } = decoder.placed({ block, history: NONE, room }, kind, next);
            if (room < input.length) expect(result).toBeLessThan(0);
            else if (!same(bytes, input)) throw new Error("decoded to something else");
          }
  });

  it("decodes at every alignment", () => {
    const input = mixedBytes(1500, 3);
    const block = encoded(input);
    for (let from = 0; from < 16; from++)
      for (let to = 0; to < 16; to++) {
        const at = { input: ARENA_START + 64 + from, output: ARENA_START + 8192 + to };
        const { bytes } = small.decode({ block, history: NONE, room: 1500 + ((from * to) % 90) }, at);
        if (!same(bytes, input)) throw new Error(`wrong from ${from} to ${to}`);
      }
  });

  it("takes random bytes as the specification has it", () => {
    let sound = 0;
    const next = random(7);
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 90 }),
          // Of few different bytes, so that offsets are low and lengths are long.
          fc.array(fc.constantFrom(0, 0, 1, 2, 15, 16, 17, 31, 32, 240, 255), { maxLength: 90 }),
        ),
        fc.oneof(fc.constant(0), fc.nat(300), fc.nat(4000)),
        fc.oneof(fc.constant(0), fc.nat(40), fc.nat(4000)),
        fc.constantFrom(...PLACES),
        (bytes, room, size, kind) => {
          const what = { block: Uint8Array.from(bytes), history: randomBytes(size, 9), room };
          const outcome = small.placed(what, kind, next);
          checkNaive(what, outcome);
          if (outcome.result >= 0) sound++;
        },
      ),
      { numRuns: 3000 },
    );
    expect(sound).toBeGreaterThan(100);
  });

  it("takes damaged blocks as the specification has it", () => {
    let sound = 0;
    const rounds = 3000;
    for (let round = 0; round < rounds; round++) {
      const next = random(round);
      const input = mixedBytes(20 + next(900), round);
      const history = randomBytes(next(2) * next(600), 4);
      const block = (next(2) === 0 ? encoded(input, history) : lz4jsBlock(input)) ?? encoded(input);
      for (let i = 1 + next(3); i > 0; i--) block[next(block.length)] = next(256);
      const what = {
        block: block.subarray(0, next(4) === 0 ? next(block.length) : block.length),
        history,
        room: next(3) === 0 ? next(input.length + 1) : input.length + next(20_000),
      };
      const outcome = small.placed(what, PLACES[round % PLACES.length]!, next);
      checkNaive(what, outcome);
      if (outcome.result >= 0) sound++;
    }
    expect(sound).toBeGreaterThan(rounds / 20);
    expect(sound).toBeLessThan((rounds * 19) / 20);
  });

  /*
   * Where a sequence takes the short way depends on what is left of input and of room. Each kind of sequence, with each
   * number of bytes left behind it, at the end of the memory; the naive decoder would take too long for so many.
   */
  const literalLengths = [0, 1, 13, 14, 15, 16, 17, 40, 71];
  const matchLengths = [4, 5, 8, 9, 17, 18, 19, 20, 34, 70];
  const offsets = [1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 32];
  const history = randomBytes(32, 11);

  /** A sequence as it says, last literals, and what it decodes to. */
  function sequence(literals: number, offset: number, match: number, last: number) {
    const block: number[] = [];
    writeSequence(block, randomBytes(literals, literals + 1), offset, match);
    writeSequence(block, randomBytes(last, last + 2));
    return { block: Uint8Array.from(block), size: literals + match + last };
  }

  it("takes each sequence at each distance from the end of the input", () => {
    const next = random(12);
    for (const literals of literalLengths)
      for (const offset of offsets)
        for (const match of matchLengths)
          for (let last = 0; last <= 40; last += 1 + next(3)) {
            const { block, size } = sequence(literals, offset, match, last);
            const what = { block, history, room: size + 100 };
            const { result } = small.decode(
              what,
              place("input last", small.size, block.length, 132 + size, next),
            );
            expect(result).toBe(size);
            // Cut anywhere, the input ends too early.
            const cut = block.subarray(0, block.length - 1 - next(Math.min(block.length, last + 3)));
            small.placed({ ...what, block: cut }, "input last", next);
          }
  });

  it("takes each sequence at each distance from the end of its room", () => {
    const next = random(13);
    for (const literals of literalLengths)
      for (const offset of offsets)
        for (const match of matchLengths)
          for (let slack = -6; slack <= 75; slack += 1 + next(6)) {
            const { block, size } = sequence(literals, offset, match, 40);
            const room = Math.max(0, size - 40 + slack);
            const outcome = small.placed({ block, history, room }, "input first", next);
            expect(outcome.result >= 0).toBe(slack >= 40);
          }
  });

  it("reaches back to the low bound and no further, whatever lies below it", () => {
    const next = random(14);
    for (const size of [0, 1, 3, 15, 16, 17, 64, 1000, 65534, 65535, 65536, 70_000])
      for (const literals of [0, 1, 14, 15, 30])
        for (const match of [4, 18, 19, 600])
          for (const more of [-1, 0, 1, 2]) {
            const reach = size + literals;
            const offset = reach + more;
            if (offset < 0 || offset > 65535) continue;
            const block: number[] = [];
            writeSequence(block, randomBytes(literals, 3), offset, match);
            writeSequence(block, randomBytes(50, 4));
            const what = { block: Uint8Array.from(block), history: randomBytes(size, 5), room: 1000 };
            for (const kind of PLACES) {
              const outcome = medium.placed(what, kind, next);
              expect(outcome.result).toBe(offset >= 1 && offset <= reach ? literals + match + 50 : ~0);
              checkNaive(what, outcome);
            }
          }
  });

  it("takes no offset for one that a longer block would have", () => {
    // In the second sequence: its bytes lie at the very end, then one of them does, then none.
    const next = random(15);
    const block: number[] = [];
    writeSequence(block, randomBytes(20, 1), 9, 40);
    const sequence = block.length;
    for (const literals of [0, 5, 14, 15, 40, 300, 600]) {
      const whole = block.slice();
      writeSequence(whole, randomBytes(literals, 2), 9, 4);
      for (const missing of [0, 1, 2]) {
        const cut = Uint8Array.from(whole.slice(0, whole.length - missing));
        for (const kind of PLACES) {
          const { result } = small.placed({ block: cut, history: NONE, room: 4000 }, kind, next);
          // Without its offset it is the last sequence; with its offset a last one is missing.
          expect(result).toBe([~cut.length, ~sequence, 60 + literals][missing]);
        }
      }
    }
  });

  it("adds up lengths past 2^32, and is not led round it", () => {
    // 255 times this is 2^32 + 1; the last byte of a length makes it 2^32 plus a few.
    const bytes = 16_843_010;
    expect(bytes * 255).toBeGreaterThan(2 ** 32);
    const literals = new Uint8Array(bytes + 40).fill(255);
    literals.set([0xf0]);
    const match = new Uint8Array(bytes + 40).fill(255);
    match.set([0x1f, 97, 1, 0]);
    for (const block of [literals, match]) {
      // Where the bytes of the length end, and with what, so that 2^32 + 8 bytes are asked for.
      const [before, base] = block === literals ? [1, 15] : [4, 19];
      const asked = 2 ** 32 + 8 - base;
      const runs = Math.floor(asked / 255);
      block[before + runs] = asked % 255;
      // Enough that would be sound, if the length were 8: literals and then the end; or a last sequence.
      const end = before + runs + 1 + (block === literals ? 8 : 6);
      if (block === match) block.set([0x50, 1, 2, 3, 4, 5], before + runs + 1);
      for (const open of [openArena, openPlainArena]) {
        const arena = open(ARENA_START + end + 4096);
        arena.bytes.set(block.subarray(0, end), ARENA_START);
        const d = ARENA_START + end;
        expect(arena.decodeBlock(ARENA_START, ARENA_START + end, d, d, d + 4096)).toBe(~ARENA_START);
      }
    }
  });

  it("copies literals and matches of every length", () => {
    const next = random(16);
    for (let length = 0; length < 1100; length += length < 100 ? 1 : 1 + next(9))
      for (const offset of [
        1, 2, 3, 4, 5, 7, 8, 12, 15, 16, 17, 31, 100, 255, 256, 500, 512, 513, 600, 1100,
      ]) {
        const block: number[] = [];
        writeSequence(block, randomBytes(length, 8), offset, 4 + length);
        writeSequence(block, randomBytes(next(80), 2));
        const what = { block: Uint8Array.from(block), history: randomBytes(1100, 3), room: 3000 };
        const outcome = small.placed(what, PLACES[next(PLACES.length)]!, next);
        checkNaive(what, outcome);
        expect(outcome.result).toBeGreaterThan(0);
      }
  });

  it("copies matches that just overlap themselves, and that just do not", () => {
    const next = random(18);
    const history = randomBytes(2100, 4);
    for (const around of [8, 16, 20, 64, 255, 256, 257, 512, 513, 1000, 2000])
      for (let match = around - 3; match <= around + 3; match++)
        for (let offset = match - 2; offset <= match + 2; offset++)
          for (const room of [match + 100, match + 10]) {
            const block: number[] = [];
            writeSequence(block, [], offset, match);
            writeSequence(block, randomBytes(10, 2));
            const what = { block: Uint8Array.from(block), history, room };
            const outcome = small.placed(what, PLACES[next(PLACES.length)]!, next);
            checkNaive(what, outcome);
            expect(outcome.result).toBe(match + 10);
          }
  });

  it("takes no bytes at all for an error, at the end of the memory, too", () => {
    const next = random(17);
    for (const kind of PLACES)
      for (const room of [0, 1, 100]) {
        expect(small.placed({ block: NONE, history: NONE, room }, kind, next).result).toBe(~0);
        expect(small.placed({ block: Uint8Array.of(0), history: NONE, room }, kind, next).result).toBe(0);
        const one = small.placed({ block: Uint8Array.of(0x10, 7), history: NONE, room }, kind, next);
        expect(one.result).toBe(room === 0 ? ~0 : 1);
      }
  });
});
