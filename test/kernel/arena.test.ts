/** Arenas: that they are the kernel's here, that they grow, and what happens where there is no WebAssembly. */

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ARENA_START, encodeIn, hasKernel, openArena, openPlainArena } from "../../src/kernel/index.ts";
import { mixedBytes, randomBytes } from "../lz4/helpers.ts";
import { readFixture, readManifest, sha256 } from "../support/fixtures.ts";
import { same } from "./helpers.ts";

it("is WebAssembly on Node", () => {
  expect(hasKernel()).toBe(true);
  expect(Object.getPrototypeOf(openArena(0))).not.toBe(Object.getPrototypeOf(openPlainArena(0)));
});

describe.each([
  ["compiled", openArena],
  ["plain", openPlainArena],
])("an arena, %s,", (_, open) => {
  it("has the positions that it was opened for", () => {
    for (const end of [ARENA_START, ARENA_START + 1, ARENA_START + 65536, ARENA_START + 65537, 1_000_000]) {
      const { bytes } = open(end);
      expect(bytes.length).toBeGreaterThanOrEqual(end);
      expect(bytes.byteOffset).toBe(0);
      expect(bytes.every((byte) => byte === 0)).toBe(true);
    }
  });

  it("grows, and keeps what is there", () => {
    const arena = open(ARENA_START + 1000);
    const content = randomBytes(1000);
    arena.bytes.set(content, ARENA_START);
    let last = arena.bytes;
    let size = last.length;
    arena.reserve(0);
    arena.reserve(ARENA_START + 1000);
    arena.reserve(size);
    expect(arena.bytes === last).toBe(true);
    for (const more of [1, 65536, 65537, 1_000_000]) {
      arena.reserve(size + more);
      const { bytes } = arena;
      expect(bytes === last).toBe(false);
      expect(bytes.length).toBeGreaterThanOrEqual(size + more);
      expect(same(bytes.subarray(ARENA_START, ARENA_START + 1000), content)).toBe(true);
      // All of it can be written to, and is kept in its turn.
      if (more > 1) expect(bytes[size - 1]).toBe(0x77);
      expect(bytes.subarray(size).every((byte) => byte === 0)).toBe(true);
      bytes[bytes.length - 1] = 0x77;
      [last, size] = [bytes, bytes.length];
    }
  });

  it("works in all of its memory when it has grown", () => {
    const arena = open(0);
    arena.reserve(ARENA_START + 3000);
    arena.reserve(ARENA_START + 300_000);
    const { bytes } = arena;
    const input = mixedBytes(20_000, 2);
    const from = bytes.length - input.length;
    bytes.set(input, from);
    const end = encodeIn(arena, from, bytes.length, from, ARENA_START, from);
    expect(end).toBeGreaterThan(ARENA_START);
    const block = bytes.slice(ARENA_START, end);
    bytes.fill(0, from);
    expect(arena.decodeBlock(ARENA_START, end, from, from, bytes.length)).toBe(bytes.length);
    expect(same(bytes.subarray(from), input)).toBe(true);

    const another = openPlainArena(ARENA_START + 60_000);
    another.bytes.set(input, ARENA_START);
    const [at, to] = [ARENA_START, ARENA_START + input.length];
    expect(encodeIn(another, at, to, at, to, to + 40_000)).toBe(to + block.length);
    expect(same(another.bytes.subarray(to, to + block.length), block)).toBe(true);
    for (const run of [
      (a: typeof arena, start: number, state: Int32Array) => a.stripes(state, start, start + 16_000),
      (a: typeof arena, start: number, state: Int32Array) =>
        a.walChecksum(state, start, start + 16_000, true),
      (a: typeof arena, start: number, state: Int32Array) => a.crc64(state, start, start + 16_001),
    ]) {
      const states = [Int32Array.of(1, 2, 3, 4), Int32Array.of(1, 2, 3, 4)] as const;
      run(arena, from, states[0]);
      run(another, at, states[1]);
      expect(states[0]).toEqual(states[1]);
    }
  });

  it("has nothing in common with another", () => {
    const [a, b] = [open(ARENA_START + 100), open(ARENA_START + 100)];
    a.bytes.fill(1, ARENA_START);
    expect(b.bytes.every((byte) => byte === 0)).toBe(true);
    const state = new Int32Array(2);
    a.crc64(state, ARENA_START, ARENA_START + 50);
    expect(b.bytes.every((byte) => byte === 0)).toBe(true);
  });
});

describe("without", () => {
  const real = globalThis.WebAssembly;
  const refuse = (what: string) =>
    class {
      constructor() {
        throw new Error(`no ${what} here`);
      }
    };
  beforeEach(() => void vi.resetModules());
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.resetModules();
  });

  it.each([
    ["WebAssembly", () => vi.stubGlobal("WebAssembly", undefined)],
    [
      "leave to compile",
      () =>
        vi.stubGlobal("WebAssembly", {
          Memory: real.Memory,
          Instance: real.Instance,
          Module: refuse("module"),
        }),
    ],
    [
      "more memories",
      () =>
        vi.stubGlobal("WebAssembly", {
          Memory: refuse("memory"),
          Instance: real.Instance,
          Module: real.Module,
        }),
    ],
    [
      "leave to run",
      () =>
        vi.stubGlobal("WebAssembly", {
          Memory: real.Memory,
          Instance: refuse("instance"),
          Module: real.Module,
        }),
    ],
    ["atob", () => vi.stubGlobal("atob", undefined)],
  ])("%s, frames decode to the same", async (_, take) => {
    const { decompress, compress, FrameDecoder } = await import("../../src/lz4/index.ts");
    const kernel = await import("../../src/kernel/index.ts");
    expect(kernel.hasKernel()).toBe(true);
    const name = "multi-snapshot";
    const files = [...readFixture(name).files].filter(([path]) => path.endsWith(".lz4"));
    const withKernel = files.map(([, { data }]) => ({ content: decompress(data), data: data.slice() }));
    const recorded = readManifest(name).generations.flatMap((g) => [...g.snapshots, ...g.wal]);
    expect(files.length).toBe(recorded.length);
    // What is damaged fails with the same words, too: any one byte of a frame.
    const intact = compress(mixedBytes(1000), { contentChecksum: false });
    const answers = (run: typeof decompress) =>
      Array.from(intact, (byte, at) => {
        const damaged = intact.slice();
        damaged[at] = byte ^ 0x55;
        try {
          return sha256(run(damaged));
        } catch (error) {
          return (error as Error).message;
        }
      });
    const expected = answers(decompress);
    expect(expected.filter((answer) => /match offset of at most/.test(answer)).length).toBeGreaterThan(5);
    const compressed = compress(mixedBytes(200_000));

    take();
    vi.resetModules();
    const {
      openArena: openAnother,
      openPlainArena: openPlain,
      ...plain
    } = await import("../../src/kernel/index.ts");
    const lz4 = await import("../../src/lz4/index.ts");
    expect(lz4.FrameDecoder).not.toBe(FrameDecoder);
    expect(plain.hasKernel()).toBe(false);
    expect(Object.getPrototypeOf(openAnother(0))).toBe(Object.getPrototypeOf(openPlain(0)));
    for (const [i, [path, { data }]] of files.entries()) {
      const decoder = new lz4.FrameDecoder({ path });
      const parts: Uint8Array[] = [];
      for (let at = 0; at < data.length; at += 700)
        for (const block of decoder.push(data.subarray(at, at + 700))) parts.push(block.slice());
      decoder.end();
      const content = Buffer.concat(parts);
      if (!same(content, withKernel[i]!.content)) throw new Error(`${path} decodes to something else`);
      expect(sha256(content)).toBe(recorded.find((file) => path.endsWith(file.path))?.decompressedSha256);
    }
    expect(answers(lz4.decompress)).toEqual(expected);
    expect(same(lz4.compress(mixedBytes(200_000)), compressed)).toBe(true);
  });
});
