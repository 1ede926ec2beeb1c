import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WalkitError } from "../../src/errors.ts";
import { compressBlock, compressBlockBound, decompressBlock } from "../../src/lz4/index.ts";
import {
  checkBlockRules,
  mixedBytes,
  random,
  randomBytes,
  referenceDecodeBlock,
  textBytes,
} from "./helpers.ts";

const hugeOutput = 1 << 16;

function compressed(input: Uint8Array): Uint8Array {
  const output = new Uint8Array(compressBlockBound(input.length));
  return output.slice(0, compressBlock(input, output));
}

/** Decodes with guard zones around input and output, and compares with the reference decoder. */
function decodeGuarded(block: Uint8Array, room: number, history: Uint8Array = new Uint8Array(0)) {
  const guard = 64;
  const source = new Uint8Array(block.length + 2 * guard).fill(0x5a);
  source.set(block, guard);
  const space = new Uint8Array(history.length + room + 2 * guard).fill(0xa5);
  space.set(history, guard);
  const output = space.subarray(guard, guard + history.length + room);
  let end: number | undefined;
  let error: unknown;
  try {
    end = decompressBlock(source.subarray(guard, guard + block.length), output, {
      start: history.length,
      offset: 1000,
    });
  } catch (thrown) {
    error = thrown;
  }
  for (let i = 0; i < guard; i++) {
    if (space[i] !== 0xa5 || space[space.length - 1 - i] !== 0xa5) throw new Error("wrote outside");
  }
  expect(output.subarray(0, history.length)).toEqual(history);
  return { error, decoded: end === undefined ? undefined : output.slice(history.length, end) };
}

function compareWithReference(block: Uint8Array, room: number, history: Uint8Array): boolean {
  const { error, decoded } = decodeGuarded(block, room, history);
  let expected: number[] | undefined;
  try {
    expected = referenceDecodeBlock(block, [...history]);
  } catch {}
  if (expected !== undefined && expected.length <= room) {
    expect(error).toBeUndefined();
    expect(decoded).toEqual(Uint8Array.from(expected));
    return true;
  }
  expect(error).toBeInstanceOf(WalkitError);
  const { code, offset, message } = error as WalkitError;
  expect(code).toBe("lz4/block-data");
  expect(offset).toBeGreaterThanOrEqual(1000);
  expect(offset).toBeLessThanOrEqual(1000 + block.length);
  expect(message).toMatch(/^Expected .*, found /);
  return false;
}

describe("decompressBlock", () => {
  it.each<[string, number[], string]>([
    ["no bytes", [], ""],
    ["one empty sequence", [0], ""],
    ["literals", [0x30, 97, 98, 99], "abc"],
    ["a match that repeats itself", [0x1f, 97, 1, 0, 1, 0x10, 98], `${"a".repeat(21)}b`],
    ["a match from the middle", [0x42, 97, 98, 99, 100, 3, 0, 0x10, 33], "abcdbcdbcd!"],
  ])("%s", (_, block, text) => {
    if (block.length === 0) {
      expect(() => decompressBlock(new Uint8Array(0), new Uint8Array(9))).toThrow("found no bytes");
      return;
    }
    const output = new Uint8Array(100);
    const end = decompressBlock(Uint8Array.from(block), output);
    expect(new TextDecoder().decode(output.subarray(0, end))).toBe(text);
  });

  it("says what is wrong, and where", () => {
    const failing = (block: number[], room = 100) => {
      try {
        decompressBlock(Uint8Array.from(block), new Uint8Array(room), { path: "x.lz4", offset: 7 });
      } catch (error) {
        const { message, offset, path } = error as WalkitError;
        return [message, offset, path];
      }
      return undefined;
    };
    const start = [0x10, 97, 1, 0]; // "a", then "aaaa"
    expect(failing([...start, 0x20, 98])).toEqual([
      "Expected 2 literal bytes, found 1 before the end of the block",
      11,
      "x.lz4",
    ]);
    expect(failing([...start, 0xf0, 255])?.[0]).toBe(
      "Expected the rest of a literal length, found the end of the block",
    );
    expect(failing([...start, 0x10, 98, 0, 0, 0])?.[0]).toBe(
      "Expected a match offset from 1 to 65535, found 0",
    );
    expect(failing([...start, 0x10, 98, 7, 0, 0])?.slice(0, 2)).toEqual([
      "Expected a match offset of at most 6, the bytes decoded so far, found 7",
      11,
    ]);
    expect(failing([...start, 0x10, 98, 1])?.[0]).toBe(
      "Expected the 2 bytes of a match offset, found the end of the block",
    );
    expect(failing([...start, 0x0f, 1, 0, 255])?.[0]).toBe(
      "Expected the rest of a match length, found the end of the block",
    );
    expect(failing([...start])?.slice(0, 2)).toEqual([
      "Expected a last sequence of literals only, found the end of the block after a match",
      11,
    ]);
    expect(failing([...start, 0x00], 4)?.slice(0, 2)).toEqual([
      "Expected at most 4 bytes in the block, found 5 or more",
      7,
    ]);
    expect(failing([...start, 0x10, 98], 5)?.[0]).toBe(
      "Expected at most 5 bytes in the block, found 6 or more",
    );
  });

  it("refuses a start outside of the output", () => {
    const block = Uint8Array.of(0);
    for (const start of [-1, 11, 0.5, Number.NaN])
      expect(() => decompressBlock(block, new Uint8Array(10), { start })).toThrow(RangeError);
    expect(decompressBlock(block, new Uint8Array(10), { start: 10 })).toBe(10);
  });

  it("repeats matches of every offset and length, near the end of the output and far from it", () => {
    const history = randomBytes(700);
    for (let offset = 1; offset <= 40; offset++)
      for (const length of [4, 5, 8, 12, 13, 18, 19, 33, 255, 256, 257, 258, 273, 274, 300, 600, 1111])
        for (const slack of [0, 3, 100]) {
          const rest = length - 19;
          const extra = rest < 0 ? [] : [...new Array<number>(Math.floor(rest / 255)).fill(255), rest % 255];
          const token = Math.min(length - 4, 15);
          const block = Uint8Array.from([0x10 | token, 7, offset, 0, ...extra, 0x10, 9]);
          const { decoded, error } = decodeGuarded(block, length + 2 + slack, history);
          expect(error).toBeUndefined();
          expect(decoded).toEqual(Uint8Array.from(referenceDecodeBlock(block, [...history])));
        }
  });

  it("copies literals of every length, near the end and far from it", () => {
    for (let length = 0; length < 600; length++)
      for (const slack of [0, 1, 64]) {
        const rest = length - 15;
        const extra = rest < 0 ? [] : [...new Array<number>(Math.floor(rest / 255)).fill(255), rest % 255];
        const literals = randomBytes(length, length);
        const block = Uint8Array.from([Math.min(length, 15) << 4, ...extra, ...literals]);
        expect(decodeGuarded(block, length + slack).decoded).toEqual(literals);
      }
  });

  it("treats random bytes as the reference decoder does, and stays inside its buffers", () => {
    let sound = 0;
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 80 }),
        fc.integer({ min: 0, max: 4000 }),
        fc.integer({ min: 0, max: 300 }),
        (block, room, historySize) => {
          if (compareWithReference(block, room, randomBytes(historySize))) sound++;
        },
      ),
      { numRuns: 3000 },
    );
    expect(sound).toBeGreaterThan(0);
  });

  it("treats damaged blocks as the reference decoder does", () => {
    const next = random(99);
    let sound = 0;
    const rounds = 3000;
    for (let round = 0; round < rounds; round++) {
      const input = mixedBytes(20 + next(1200), round);
      const block = compressed(input);
      for (let i = 1 + next(3); i > 0; i--) block[next(block.length)] = next(256);
      const cutAt = next(4) === 0 ? next(block.length) : block.length;
      const room = next(3) === 0 ? next(input.length + 1) : hugeOutput;
      if (compareWithReference(block.subarray(0, cutAt), room, new Uint8Array(0))) sound++;
    }
    // Both sides of the comparison have to have been met.
    expect(sound).toBeGreaterThan(rounds / 20);
    expect(sound).toBeLessThan((rounds * 19) / 20);
  });

  it("needs time in proportion to the block for the longest lengths there are", () => {
    // 255 times the input is the most that a block can ask for; an output without room must stop it at once.
    const run = (size: number) => {
      const block = new Uint8Array(size).fill(255);
      block.set([0x1f, 97, 1, 0]);
      block.set([0, 0x50, 1, 2, 3, 4, 5], size - 7);
      const output = new Uint8Array(size * 255);
      const started = performance.now();
      const end = decompressBlock(block, output);
      const time = performance.now() - started;
      expect(end).toBe(1 + 19 + (size - 11) * 255 + 5);
      expect(() => decompressBlock(block, output.subarray(0, 1000))).toThrow("or more");
      return time;
    };
    run(1000);
    const small = Math.min(run(10_000), run(10_000), run(10_000));
    const large = run(160_000);
    expect(large / Math.max(small, 0.2)).toBeLessThan(16 * 10);
  });
});

describe("compressBlock", () => {
  const inputs = function* (): Generator<Uint8Array> {
    for (let size = 0; size < 80; size++) {
      yield new Uint8Array(size);
      yield mixedBytes(size, size);
      yield textBytes(size, size);
    }
    for (let seed = 0; seed < 60; seed++) yield mixedBytes(80 + seed * 97, seed);
    // A repeat that ends at each distance from the end of the block.
    for (let tail = 0; tail < 20; tail++)
      for (let gap = 0; gap < 20; gap++) {
        const bytes = randomBytes(60 + gap + tail, tail * 20 + gap);
        bytes.copyWithin(30 + gap, 0, 30);
        yield bytes;
      }
    yield randomBytes(200_000);
    yield new Uint8Array(300_000);
    yield textBytes(300_000);
    yield mixedBytes(500_000);
  };

  it("gives blocks that keep the rules of the format and decode to the input", () => {
    let matches = 0;
    for (const input of inputs()) {
      const block = compressed(input);
      matches += checkBlockRules(block);
      const { decoded, error } = decodeGuarded(block, input.length);
      expect(error).toBeUndefined();
      if (Buffer.compare(decoded!, input) !== 0) throw new Error("decoded to something else");
      if (input.length < 5000) expect(Uint8Array.from(referenceDecodeBlock(block))).toEqual(input);
    }
    expect(matches).toBeGreaterThan(1000);
  });

  it("stays within its bound, and asks for it", () => {
    for (const size of [0, 1, 14, 15, 16, 254, 255, 256, 270, 271, 100_000]) {
      expect(compressed(randomBytes(size)).length).toBeLessThanOrEqual(compressBlockBound(size));
      expect(() => compressBlock(new Uint8Array(size), new Uint8Array(compressBlockBound(size) - 1))).toThrow(
        RangeError,
      );
    }
    const space = new Uint8Array(compressBlockBound(5000) + 128).fill(0xa5);
    compressBlock(mixedBytes(5000), space.subarray(64, space.length - 64));
    expect(space.subarray(0, 64).every((byte) => byte === 0xa5)).toBe(true);
    expect(space.subarray(-64).every((byte) => byte === 0xa5)).toBe(true);
  });

  it("finds no match in what another call left in the table", () => {
    const once = textBytes(3000);
    const first = compressed(once);
    for (let i = 0; i < 50; i++) expect(compressed(once)).toEqual(first);
  });

  it("gives the same before and after its positions start anew", () => {
    const once = textBytes(3000);
    const first = compressed(once);
    const zeros = new Uint8Array(1 << 26);
    const output = new Uint8Array(compressBlockBound(zeros.length));
    for (let total = 0; total < 2 ** 31; total += zeros.length) {
      compressBlock(zeros, output);
      expect(compressed(once)).toEqual(first);
    }
  });

  it("compresses", () => {
    expect(compressed(new Uint8Array(100_000)).length).toBeLessThan(500);
    expect(compressed(textBytes(100_000)).length).toBeLessThan(60_000);
  });
});
