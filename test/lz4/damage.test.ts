import { describe, expect, it } from "vitest";
import { WalkitError } from "../../src/errors.ts";
import {
  compress,
  compressLegacy,
  type DecodeOptions,
  decompress,
  inspectFrames,
  parseFrameHeader,
  skippableFrame,
  xxh32,
} from "../../src/lz4/index.ts";
import { codeOf, join, mixedBytes, outcome, random, randomBytes, textBytes } from "./helpers.ts";

const whole = () => Number.POSITIVE_INFINITY;
const same = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;

const content = textBytes(700, 4);
const small: Record<string, Uint8Array> = {
  plain: compress(content),
  everything: compress(content, { blockChecksum: true, contentSize: 700, blockIndependence: false }),
  stored: compress(randomBytes(60)),
  empty: compress(new Uint8Array(0)),
  bare: compress(content, { contentChecksum: false }),
  legacy: compressLegacy(content),
  skippable: join([skippableFrame(randomBytes(20)), compress(content)]),
  two: join([compress(content), compress(content, { blockChecksum: true })]),
  linked: compress(mixedBytes(70_000), { blockMaxSize: 65536, blockIndependence: false }),
};

/** Puts the right header checksum on a frame whose descriptor was edited. */
function resealed(frame: Uint8Array): Uint8Array {
  const flags = frame[4]!;
  const size = 7 + (flags & 8 ? 8 : 0) + (flags & 1 ? 4 : 0);
  frame[size - 1] = xxh32(frame.subarray(4, size - 1)) >>> 8;
  return frame;
}

/** The same frame with the bytes at `at` replaced, and its header sealed again if asked. */
function edited(frame: Uint8Array, at: number, bytes: number[], reseal = false): Uint8Array {
  const copy = frame.slice();
  copy.set(bytes, at);
  return reseal ? resealed(copy) : copy;
}

function failure(input: Uint8Array, options?: DecodeOptions): WalkitError {
  try {
    decompress(input, options);
  } catch (error) {
    if (error instanceof WalkitError) return error;
    throw error;
  }
  throw new Error("it decoded");
}

describe("a file cut short", () => {
  it.each(Object.entries(small))("%s, at every byte", (name, file) => {
    const step = file.length > 5000 ? 211 : 1;
    const ends = new Set([...inspectFrames(file)].map((info) => info.end));
    // A legacy frame may end after any of its blocks.
    if (name === "legacy") ends.add(4);
    for (let size = 0; size < file.length; size += step) {
      const cutShort = file.slice(0, size);
      if (ends.has(size)) {
        expect(codeOf(() => decompress(cutShort))).toBeUndefined();
        continue;
      }
      const error = failure(cutShort, { path: "some/file.lz4" });
      expect([size, error.code]).toEqual([size, "lz4/truncated"]);
      expect(error.offset).toBe(size);
      expect(error.path).toBe("some/file.lz4");
      expect(error.message).toMatch(/^Expected .*, found .*[^.]$/);
    }
  });

  it("says what was to come next", () => {
    const frame = small.everything!;
    const said = (size: number) => failure(frame.slice(0, size)).message;
    expect(said(0)).toBe("Expected an LZ4 frame, found an empty file");
    expect(said(3)).toBe("Expected the 4 bytes of an LZ4 magic number, found the end of the file after 3");
    expect(said(9)).toBe("Expected 15 bytes of frame header, found the end of the file after 9");
    expect(said(15)).toBe("Expected another block or the end mark of the frame, found the end of the file");
    expect(said(17)).toBe("Expected the 4 bytes of a block size, found the end of the file after 2");
    expect(said(30)).toMatch(/^Expected a block of \d+ bytes, found the end of the file after 11$/);
    expect(said(frame.length - 1)).toBe(
      "Expected the 4 bytes of the content checksum, found the end of the file after 3",
    );
    expect(failure(skippableFrame(content).slice(0, 10)).message).toBe(
      "Expected 698 more bytes of a skippable frame, found the end of the file",
    );
  });
});

describe("one byte changed", () => {
  const cases = ["plain", "everything", "stored", "empty", "skippable", "two"];
  it.each(cases)("%s, at every byte, is noticed or harmless", (name) => {
    const file = small[name]!;
    const expected = decompress(file);
    const next = random(11);
    let harmless = 0;
    for (let at = 0; at < file.length; at++) {
      const values =
        at < 30
          ? Array.from({ length: 255 }, (_, i) => i + 1)
          : [1, 2, 4, 8, 16, 32, 64, 128, 1 + next(255), 1 + next(255)];
      for (const value of values) {
        const changed = edited(file, at, [file[at]! ^ value]);
        const { output, error } = outcome(changed, whole);
        if (error !== undefined) continue;
        if (!same(output, expected) && !becameSkippable(file, at, changed)) {
          throw new Error(`byte ${at} changed to ${changed[at]}: decoded to something else`);
        }
        harmless++;
      }
    }
    // The payload of a skippable frame may be anything; of the rest, next to no change goes unnoticed.
    if (name !== "skippable") expect(harmless).toBeLessThan(20);
  });

  /** A changed magic number can make another, sound skippable frame of the first: no checksum covers that. */
  function becameSkippable(file: Uint8Array, at: number, changed: Uint8Array): boolean {
    return at < 8 && (changed[0]! & 0xf0) === 0x50 && file[0] !== changed[0];
  }
});

describe("how a file is cut", () => {
  it("changes neither output nor error nor place", () => {
    const next = random(77);
    const files = Object.values(small);
    const codes = new Set<unknown>();
    for (let round = 0; round < 400; round++) {
      let file: Uint8Array = files[next(files.length)]!.slice();
      for (let i = next(3); i > 0; i--) file[next(Math.min(file.length, 40))] = next(256);
      if (next(3) === 0) file[next(file.length)] = next(256);
      if (next(3) === 0) file = join([file, randomBytes(next(9), round)]);
      if (next(4) === 0) file = file.slice(0, next(file.length + 1));
      const options: DecodeOptions = {
        frames: next(2) === 0 ? "all" : "first",
        trailing: next(2) === 0 ? "error" : "ignore",
        checksums: next(4) !== 0,
        maxOutputSize: next(5) === 0 ? next(800) : Number.POSITIVE_INFINITY,
      };
      const expected = outcome(file, whole, options);
      codes.add(expected.error?.code);
      for (const size of [() => 1 + next(3), () => next(300), () => 7]) {
        expect(outcome(file, size, options)).toEqual(expected);
      }
    }
    expect(codes.size).toBeGreaterThan(6);
  });
});

describe("each error", () => {
  const frame = small.plain!;

  it("bad magic, with a word on what it looks like", () => {
    const error = failure(Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0));
    expect(error.code).toBe("lz4/bad-magic");
    expect(error.message).toBe("Expected an LZ4 frame, which begins 04 22 4d 18, found 1f 8b 08 00");
    expect(error.remedy).toEqual({ do: "recognize", expected: "lz4", looksLike: "gzip" });
    expect(failure(Uint8Array.of(9)).code).toBe("lz4/bad-magic");
    const second = failure(join([skippableFrame(Uint8Array.of(1)), Uint8Array.of(9, 9, 9, 9)]));
    expect([second.code, second.offset]).toEqual(["lz4/bad-magic", 9]);
  });

  it.each([
    ["version 0", 4, 0x24, "found version 0"],
    ["version 2", 4, 0xa4, "found version 2"],
    ["reserved flag", 4, 0x66, "reserved bit of the frame flags"],
    ["reserved high bit", 5, 0xf0, "reserved bits of the block descriptor"],
    ["reserved low bits", 5, 0x71, "reserved bits of the block descriptor"],
    ["block size code 0", 5, 0x00, "found 0"],
    ["block size code 3", 5, 0x30, "found 3"],
  ])("header: %s", (_, at, value, said) => {
    for (const reseal of [true, false]) {
      const input = edited(frame, at, [value], reseal);
      const error = failure(input);
      expect([error.code, error.offset]).toEqual(["lz4/header", at]);
      expect(error.message).toContain(said);
      expect(codeOf(() => parseFrameHeader(input))).toBe("lz4/header");
    }
  });

  it("header checksum", () => {
    const error = failure(edited(frame, 6, [frame[6]! ^ 1]), { checksums: false });
    expect([error.code, error.offset]).toEqual(["lz4/header-checksum", 6]);
  });

  it("content size beyond what a number holds", () => {
    const error = failure(edited(small.everything!, 6, [0, 0, 0, 0, 0, 0, 0x20, 0], true));
    expect([error.code, error.offset]).toEqual(["lz4/header", 6]);
  });

  it("dictionary", () => {
    const head = resealed(Uint8Array.of(0x04, 0x22, 0x4d, 0x18, 0x61, 0x70, 0xef, 0xbe, 0xad, 0xde, 0));
    // One literal, then a match that reaches 2 bytes back; the last literals.
    const block = Uint8Array.of(0x10, 0x61, 2, 0, 0x50, 1, 2, 3, 4, 5);
    const error = failure(join([head, Uint8Array.of(block.length, 0, 0, 0), block, new Uint8Array(4)]));
    expect([error.code, error.offset]).toEqual(["lz4/dictionary", 15]);
    expect(error.message).toContain("0xdeadbeef");
    expect(error.remedy).toEqual({ do: "recompress" });
    // Most frames do not use the dictionary that they name.
    const unused = resealed(Uint8Array.of(0x04, 0x22, 0x4d, 0x18, 0x65, 0x70, 0xef, 0xbe, 0xad, 0xde, 0));
    expect(parseFrameHeader(unused).dictionaryId).toBe(0xdeadbeef);
    expect(decompress(join([unused, frame.subarray(7)]))).toEqual(decompress(frame));
  });

  it("block size", () => {
    for (const size of [65537, 0x7fffffff, 0x80010001]) {
      const head = compress(new Uint8Array(0), { blockMaxSize: 65536 }).subarray(0, 7);
      const bytes = [size & 255, (size >>> 8) & 255, (size >>> 16) & 255, size >>> 24];
      const error = failure(join([head, Uint8Array.from(bytes)]));
      expect([error.code, error.offset]).toEqual(["lz4/block-size", 7]);
    }
    const zero = failure(join([compressLegacy(content), new Uint8Array(4)]));
    expect(zero.code).toBe("lz4/block-size");
  });

  it("block that decodes to more than the block size", () => {
    const bomb = join([
      compress(new Uint8Array(0), { blockMaxSize: 65536, contentChecksum: false }).subarray(0, 7),
      compressLegacy(new Uint8Array(65537)).subarray(4),
      new Uint8Array(4),
    ]);
    const error = failure(bomb);
    expect(error.code).toBe("lz4/block-data");
    expect(error.message).toMatch(/at most 65536 bytes in the block, found 6553\d or more/);
  });

  it("block data, with the place of the sequence", () => {
    // A literal, then a match from 7 back.
    const block = [0x10, 97, 7, 0, 0x10, 98];
    const input = join([
      compress(new Uint8Array(0), { contentChecksum: false }).subarray(0, 7),
      Uint8Array.from([5 + 6, 0, 0, 0, 0x40, 1, 2, 3, 4, ...[4, 0], ...block.slice(2), 0]),
    ]);
    // Sequences at 11 (4 literals, match) and beyond.
    const error = failure(join([input, new Uint8Array(8)]));
    expect(error.code).toBe("lz4/block-data");
    expect(error.offset).toBeGreaterThanOrEqual(11);
    expect(error.offset).toBeLessThan(22);
  });

  it("an independent block may not reach into the one before", () => {
    const noise = randomBytes(65_000);
    const linked = compress(join([noise, noise]), { blockMaxSize: 65536, blockIndependence: false });
    expect(decompress(linked).length).toBe(130_000);
    // The same bytes, said to be independent.
    const error = failure(edited(linked, 4, [linked[4]! | 0x20], true));
    expect(error.code).toBe("lz4/block-data");
    expect(error.message).toContain("match offset");
  });

  it("block checksum, unless told not to look", () => {
    const input = small.everything!;
    const [info] = [...inspectFrames(input)];
    const block = info!.blocks[0]!;
    const changed = edited(input, block.offset + 4 + block.compressedSize, [
      input[block.offset + 4 + block.compressedSize]! ^ 1,
    ]);
    const error = failure(changed);
    expect([error.code, error.offset]).toEqual(["lz4/block-checksum", block.offset]);
    expect(same(decompress(changed, { checksums: false }), content)).toBe(true);
  });

  it("content checksum, unless told not to look", () => {
    const changed = edited(frame, frame.length - 1, [frame.at(-1)! ^ 1]);
    const error = failure(changed);
    expect([error.code, error.offset]).toEqual(["lz4/content-checksum", frame.length - 4]);
    expect(same(decompress(changed, { checksums: false }), content)).toBe(true);
  });

  it("content size, too small and too large", () => {
    const input = small.everything!;
    const larger = failure(edited(input, 6, [0xbd], true));
    expect([larger.code, larger.offset]).toEqual(["lz4/content-size", input.length - 8]);
    expect(larger.message).toContain("Expected 701 bytes of content");
    const smaller = failure(edited(input, 6, [0xbb], true));
    expect([smaller.code, smaller.offset]).toEqual(["lz4/content-size", 15]);
    // A size that no input could decompress to is not allocated.
    const enormous = failure(edited(input, 6, [0, 0, 0, 0, 0, 0, 1, 0], true));
    expect(enormous.code).toBe("lz4/content-size");
  });

  it("output limit", () => {
    expect(decompress(frame, { maxOutputSize: 700 }).length).toBe(700);
    const error = failure(frame, { maxOutputSize: 699 });
    expect([error.code, error.offset]).toEqual(["lz4/output-limit", 7]);
    const bomb = compress(new Uint8Array(50_000_000));
    expect(failure(bomb, { maxOutputSize: 1_000_000 }).code).toBe("lz4/output-limit");
  });
});

describe("hostile files", () => {
  it("of random bytes behind a sound header neither crash nor hang", () => {
    const next = random(31);
    for (let round = 0; round < 1500; round++) {
      const head = compress(new Uint8Array(0), {
        blockMaxSize: 65536,
        blockIndependence: round % 2 === 0,
        contentChecksum: round % 3 === 0,
      }).subarray(0, 7);
      const size = 1 + next(200);
      const data = randomBytes(size, round);
      if (next(2) === 0) for (let i = 0; i < size; i += 1 + next(6)) data[i] = next(3) * 0x7f;
      outcome(join([head, Uint8Array.of(size, 0, 0, 0), data, new Uint8Array(8)]), whole);
    }
  });

  it("of many empty blocks take time in proportion", () => {
    const time = (blocks: number) => {
      const head = compress(new Uint8Array(0), { contentChecksum: false }).subarray(0, 7);
      const block = Uint8Array.of(1, 0, 0, 0, 0);
      const body = new Uint8Array(blocks * 5);
      for (let i = 0; i < blocks; i++) body.set(block, i * 5);
      const started = performance.now();
      expect(decompress(join([head, body, new Uint8Array(4)])).length).toBe(0);
      return performance.now() - started;
    };
    time(1000);
    const few = time(10_000);
    expect(time(160_000) / Math.max(few, 1)).toBeLessThan(16 * 6);
  });
});
