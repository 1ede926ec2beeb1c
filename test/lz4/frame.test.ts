import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import {
  compress,
  compressLegacy,
  decompress,
  type EncodeOptions,
  FrameDecoder,
  FrameEncoder,
  inspectFrames,
  parseFrameHeader,
  skippableFrame,
  xxh32,
} from "../../src/lz4/index.ts";
import {
  allEncodeOptions,
  checkBlockRules,
  codeOf,
  cut,
  decodeCut,
  encodeCut,
  join,
  mixedBytes,
  random,
  randomBytes,
  textBytes,
} from "./helpers.ts";

const same = (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0;
const whole = () => Number.POSITIVE_INFINITY;

/** The room as it is when nothing has been decoded yet: without buffers, large ones above all, left by other tests. */
function freshRoom(): Promise<typeof import("../../src/lz4/index.ts")> {
  vi.resetModules();
  return import("../../src/lz4/index.ts");
}

describe("round trips", () => {
  const samples = [
    new Uint8Array(0),
    Uint8Array.of(7),
    textBytes(1000),
    randomBytes(70_000),
    mixedBytes(300_000),
    join([mixedBytes(65_536), randomBytes(65_536), new Uint8Array(65_536)]),
  ];

  it("in every block size, mode and checksum setting, however both sides are cut", () => {
    const next = random(5);
    for (const options of allEncodeOptions())
      for (const sample of samples)
        for (const contentSize of [undefined, sample.length]) {
          const settings: EncodeOptions = contentSize === undefined ? options : { ...options, contentSize };
          const frame = compress(sample, settings);
          const cutFrame = encodeCut(sample, () => next(100_000), settings);
          if (!same(frame, cutFrame)) throw new Error("the encoder depends on how its input is cut");
          for (const size of [whole, () => next(100_000), () => next(2000)]) {
            const decoded = decodeCut(frame, size);
            if (!same(decoded, sample)) throw new Error(`wrong under ${JSON.stringify(settings)}`);
          }
          if (!same(decompress(frame), sample)) throw new Error("wrong in one go");
          const header = parseFrameHeader(frame);
          expect(header).toMatchObject({ kind: "lz4", offset: 0, ...options });
          expect(header.contentSize).toBe(contentSize || undefined);
        }
  });

  it("of anything, cut anywhere, one byte at a time too", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 300 }),
          fc.nat(3000).map((size) => mixedBytes(size, size)),
        ),
        fc.nat(),
        fc.constantFrom(...allEncodeOptions()),
        (sample, seed, options) => {
          const next = random(seed);
          const frame = encodeCut(sample, () => next(50), options);
          expect(same(frame, compress(sample, options))).toBe(true);
          expect(
            same(
              decodeCut(frame, () => 1),
              sample,
            ),
          ).toBe(true);
          expect(
            same(
              decodeCut(frame, () => next(60)),
              sample,
            ),
          ).toBe(true);
          expect(
            same(
              decodeCut(
                encodeCut(sample, () => 1, options),
                whole,
              ),
              sample,
            ),
          ).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });

  it.each([65_000, 65_535])("of linked blocks that lean on what lies %i bytes before", async (distance) => {
    const noise = randomBytes(distance);
    const sample = join(new Array<Uint8Array>(12).fill(noise));
    const linked = compress(sample, { blockMaxSize: 65536, blockIndependence: false });
    expect(linked.length).toBeLessThan(distance + 8000);
    expect(compress(sample, { blockMaxSize: 65536 }).length).toBeGreaterThan(700_000);
    expect(same((await freshRoom()).decompress(linked), sample)).toBe(true);
    expect(
      same(
        decodeCut(linked, () => 777),
        sample,
      ),
    ).toBe(true);
  });

  it("of stored and compressed blocks in turn, linked", () => {
    const noise = randomBytes(65_536);
    const sample = join([noise, new Uint8Array(65_536), noise, noise, textBytes(65_536), noise]);
    const frame = compress(sample, { blockMaxSize: 65536, blockIndependence: false });
    expect([...inspectFrames(frame)][0]!.blocks.some((block) => block.stored)).toBe(true);
    expect(
      same(
        decodeCut(frame, () => 5000),
        sample,
      ),
    ).toBe(true);
  });

  it("in blocks that keep the rules of the format, cut at the block size", () => {
    const sample = mixedBytes(400_000, 3);
    for (const blockIndependence of [true, false]) {
      const frame = compress(sample, { blockMaxSize: 65536, blockIndependence });
      const [info] = [...inspectFrames(frame)];
      expect(info!.blocks.map((block) => block.decompressedSize)).toEqual([
        ...new Array<number>(6).fill(65536),
        400_000 - 6 * 65536,
      ]);
      let history = 0;
      for (const { offset, compressedSize, stored, decompressedSize } of info!.blocks) {
        if (!stored) checkBlockRules(frame.subarray(offset + 4, offset + 4 + compressedSize), history);
        if (!blockIndependence) history += decompressedSize;
      }
    }
  });

  it("of legacy frames of more than one block", () => {
    for (const sample of [new Uint8Array(0), textBytes(100), mixedBytes(300_000)]) {
      expect(same(decompress(compressLegacy(sample)), sample)).toBe(true);
      expect(
        same(
          decodeCut(compressLegacy(sample), () => 1000),
          sample,
        ),
      ).toBe(true);
    }
    const large = new Uint8Array(8388608 + 25_005);
    large.set(textBytes(50_000), 8388608 - 25_000);
    const frame = compressLegacy(large);
    expect(same(decompress(frame), large)).toBe(true);
    expect([...inspectFrames(frame)][0]!.blocks).toHaveLength(2);
    expect(compressLegacy(randomBytes(1000)).length).toBeGreaterThan(1000);
  });
});

describe("FrameEncoder", () => {
  it("stores what does not shrink", () => {
    const frame = compress(randomBytes(1000));
    expect(frame.length).toBe(7 + 4 + 1000 + 4 + 4);
    expect([...inspectFrames(frame)][0]!.blocks).toEqual([
      { offset: 7, compressedSize: 1000, stored: true, decompressedSize: 1000 },
    ]);
  });

  it("holds the content to its declared size", () => {
    expect(() => compress(new Uint8Array(10), { contentSize: 9 })).toThrow(RangeError);
    expect(() => compress(new Uint8Array(10), { contentSize: 11 })).toThrow("Expected 11 bytes");
    expect(() => new FrameEncoder({ contentSize: -1 })).toThrow(RangeError);
    expect(() => new FrameEncoder({ contentSize: 2 ** 60 })).toThrow(RangeError);
    expect(() => new FrameEncoder({ blockMaxSize: 65537 as 65536 })).toThrow(RangeError);
  });

  it("says when it is used out of order", () => {
    const encoder = new FrameEncoder();
    encoder.push(new Uint8Array(4));
    expect(() => encoder.push(new Uint8Array(4))).toThrow(TypeError);
    const ended = new FrameEncoder();
    expect(join(ended.end()).length).toBe(15);
    expect(() => ended.push(new Uint8Array(4))).toThrow(TypeError);
  });

  it("hands out arrays that stay as they are", () => {
    const encoder = new FrameEncoder({ blockMaxSize: 65536 });
    const sample = mixedBytes(300_000, 8);
    const parts = [...encoder.push(sample), ...encoder.end()];
    expect(same(decompress(join(parts)), sample)).toBe(true);
  });
});

describe("FrameDecoder", () => {
  it("keeps count", () => {
    const a = textBytes(1000);
    const b = compress(randomBytes(100_000), { blockMaxSize: 65536 });
    const file = join([skippableFrame(new Uint8Array(9), 15), compress(a), b]);
    const decoder = new FrameDecoder();
    const seen: number[] = [];
    for (const _ of decoder.push(file)) seen.push(decoder.frames, decoder.produced);
    decoder.end();
    expect(seen).toEqual([0, 1000, 1, 1000 + 65536, 1, 101_000]);
    expect(decoder.frames).toBe(2);
    expect(decoder.consumed).toBe(file.length);
    expect(decoder.header?.offset).toBe(file.length - b.length);
    expect(decoder.trailingOffset).toBeUndefined();
  });

  it("decodes interleaved with others without mixing them up", () => {
    const samples = [0, 1, 2, 3].map((seed) => mixedBytes(200_000 + seed, seed));
    const runs = samples.map((sample, seed) => ({
      decoder: new FrameDecoder(),
      pieces: cut(
        compress(sample, { blockMaxSize: 65536, blockIndependence: seed % 2 === 0 }),
        () => 1000 + seed * 333,
      ),
      parts: [] as Uint8Array[],
      live: undefined as Generator<Uint8Array> | undefined,
    }));
    // Each step advances one decoder by one block; the others hold theirs meanwhile.
    const held: (Uint8Array | undefined)[] = [];
    const copies: (Uint8Array | undefined)[] = [];
    for (let open = runs.length; open > 0; ) {
      open = 0;
      for (const [i, run] of runs.entries()) {
        if (held[i] !== undefined && !same(held[i], copies[i]!)) throw new Error("a live block changed");
        held[i] = undefined;
        if (run.live === undefined) {
          const piece = run.pieces.next();
          if (piece.done) continue;
          run.live = run.decoder.push(piece.value);
        }
        open++;
        const block = run.live.next();
        if (block.done) run.live = undefined;
        else {
          held[i] = block.value;
          copies[i] = block.value.slice();
          run.parts.push(copies[i]!);
        }
      }
    }
    for (const [i, run] of runs.entries()) {
      run.decoder.end();
      expect(same(join(run.parts), samples[i]!)).toBe(true);
    }
  });

  it("decodes thousands of small frames, each with a decoder of its own", () => {
    const frames = [0, 1, 2, 3].map((seed) => compress(textBytes(200 + seed, seed)));
    const started = performance.now();
    for (let i = 0; i < 20_000; i++) {
      if (decompress(frames[i % 4]!).length !== 200 + (i % 4)) throw new Error("wrong size");
    }
    // Takes a tenth of a second or two; a buffer of 4 MiB for each would take many.
    expect(performance.now() - started).toBeLessThan(5000);
  });

  it("needs to be drained", () => {
    const decoder = new FrameDecoder();
    const frame = compress(textBytes(100));
    const live = decoder.push(frame);
    expect(() => decoder.push(frame)).toThrow(TypeError);
    expect(() => decoder.end()).toThrow(TypeError);
    expect(join(live).length).toBe(100);
    decoder.end();
  });

  it("is over where its generator is left, and hands its memory on", () => {
    const contents = [0, 1, 2].map((seed) => mixedBytes(300_000, seed));
    const [first, ...others] = contents.map((content) => compress(content, { blockMaxSize: 65536 }));
    const decoder = new FrameDecoder();
    for (const block of decoder.push(first!)) if (block.length > 0) break;
    expect(() => [...decoder.push(first!)]).toThrow(TypeError);
    expect(() => decoder.end()).toThrow(TypeError);
    expect(others.map((frame) => decompress(frame))).toEqual(contents.slice(1));
  });

  it("repeats its error", () => {
    const decoder = new FrameDecoder();
    expect(codeOf(() => join(decoder.push(textBytes(10))))).toBe("lz4/bad-magic");
    expect(codeOf(() => join(decoder.push(compress(textBytes(10)))))).toBe("lz4/bad-magic");
    expect(codeOf(() => decoder.end())).toBe("lz4/bad-magic");
  });

  it("takes time in proportion to a block that comes byte by byte", async () => {
    const fresh = await freshRoom();
    const time = (size: number) => {
      const frame = compress(randomBytes(size), { contentChecksum: false });
      const started = performance.now();
      const decoder = new fresh.FrameDecoder();
      for (let i = 0; i < frame.length; i++) for (const _ of decoder.push(frame.subarray(i, i + 1)));
      decoder.end();
      return performance.now() - started;
    };
    time(20_000);
    const small = time(50_000);
    const large = time(800_000);
    expect(large / Math.max(small, 1)).toBeLessThan(16 * 6);
  });
});

describe("several frames", () => {
  const a = textBytes(500, 1);
  const b = mixedBytes(80_000, 2);
  const junk = Uint8Array.of(1, 2, 3, 4, 5);

  it("decode one after another, of every kind", () => {
    const file = join([
      skippableFrame(Uint8Array.of(1, 2, 3)),
      compress(a, { blockChecksum: true }),
      compressLegacy(b),
      skippableFrame(new Uint8Array(0), 7),
      compress(b, { blockIndependence: false, blockMaxSize: 65536 }),
      compress(new Uint8Array(0)),
      compressLegacy(a),
    ]);
    const expected = join([a, b, b, a]);
    for (const size of [whole, () => 1, () => 17, () => 4096]) {
      expect(same(decodeCut(file, size), expected)).toBe(true);
    }
    const infos = [...inspectFrames(file)];
    expect(infos.map((info) => info.header.kind)).toEqual([
      "skippable",
      "lz4",
      "legacy",
      "skippable",
      "lz4",
      "lz4",
      "legacy",
    ]);
    let at = 0;
    for (const info of infos) {
      expect(info.header.offset).toBe(at);
      at = info.end;
    }
    expect(at).toBe(file.length);
    expect(infos[1]!.contentChecksum).toBe(xxh32(a));
    const [block] = infos[1]!.blocks;
    const data = block!.offset + 4;
    expect(block!.checksum).toBe(xxh32(file.subarray(data, data + block!.compressedSize)));
    expect(infos[0]!.header.skippableSize).toBe(3);
  });

  it("ignore or refuse what follows the last one", () => {
    for (const tail of [junk, junk.subarray(0, 2), Uint8Array.of(0x04, 0x23)])
      for (const size of [whole, () => 1]) {
        const frame = compress(a);
        const file = join([frame, tail]);
        expect(codeOf(() => decodeCut(file, size))).toBe("lz4/trailing-data");
        const decoder = new FrameDecoder({ trailing: "ignore" });
        const parts: Uint8Array[] = [];
        for (const piece of cut(file, size)) parts.push(join(decoder.push(piece)));
        decoder.end();
        expect(same(join(parts), a)).toBe(true);
        expect(decoder.trailingOffset).toBe(frame.length);
        expect(decoder.consumed).toBe(frame.length);
      }
    // The beginning of a frame is not trailing data but a frame cut short.
    const cutShort = join([compress(a), Uint8Array.of(0x04, 0x22)]);
    expect(codeOf(() => decompress(cutShort, { trailing: "ignore" }))).toBe("lz4/truncated");
    expect(codeOf(() => decompress(junk, { trailing: "ignore" }))).toBe("lz4/bad-magic");
  });

  it("stop after the first on request", () => {
    const first = join([skippableFrame(junk), compress(a)]);
    expect(same(decompress(first, { frames: "first" }), a)).toBe(true);
    for (const rest of [compress(b), skippableFrame(junk), junk])
      for (const size of [whole, () => 1]) {
        const file = join([first, rest]);
        expect(codeOf(() => decodeCut(file, size, { frames: "first" }))).toBe("lz4/trailing-data");
        const decoded = decodeCut(file, size, { frames: "first", trailing: "ignore" });
        expect(same(decoded, a)).toBe(true);
      }
    const legacy = join([compressLegacy(a), compress(b)]);
    expect(same(decompress(legacy, { frames: "first", trailing: "ignore" }), a)).toBe(true);
    expect(codeOf(() => decompress(legacy, { frames: "first" }))).toBe("lz4/trailing-data");
  });

  it("may be skippable only", () => {
    expect(decompress(skippableFrame(junk, 3)).length).toBe(0);
    expect(() => skippableFrame(junk, 16)).toThrow(RangeError);
  });
});
