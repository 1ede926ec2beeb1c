/** What other threads decode is what this one decodes: bytes, errors, and the order in which they come. */

import { existsSync } from "node:fs";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { concat } from "../../src/bytes.ts";
import type { WalkitError } from "../../src/errors.ts";
import { compress, type EncodeOptions, FrameDecoder } from "../../src/lz4/index.ts";
import type { Storage } from "../../src/storage/index.ts";
import { ThreadPool } from "../../src/threads/index.ts";
import { verify } from "../../src/verify/index.ts";
import { mixedBytes, randomBytes } from "../lz4/helpers.ts";
import { attemptRestore } from "../support/attempt.ts";
import { DAMAGED, GOLDEN, readFixture } from "../support/fixtures.ts";
import { channelPool, channelThread } from "./channel.ts";

async function* cut(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  // One buffer for all pieces, as a storage may have it.
  const buffer = new Uint8Array(size);
  for (let at = 0; at < bytes.length; at += size) {
    const piece = bytes.subarray(at, at + size);
    buffer.set(piece);
    yield buffer.subarray(0, piece.length);
  }
}

interface Outcome {
  bytes: Uint8Array;
  trailing?: number | undefined;
  error?: Record<string, unknown>;
}

async function collect(pieces: AsyncGenerator<Uint8Array, number | undefined>): Promise<Outcome> {
  const parts: Uint8Array[] = [];
  const join = () => concat(parts);
  try {
    for (;;) {
      const { done, value } = await pieces.next();
      if (done) return { bytes: join(), trailing: value };
      parts.push(value.slice());
    }
  } catch (error) {
    return { bytes: join(), error: (error as WalkitError).toJSON() };
  }
}

async function* decodeHere(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array, number | undefined> {
  const decoder = new FrameDecoder({ path: "a.lz4", frames: "first", trailing: "ignore" });
  for await (const piece of cut(bytes, size)) yield* decoder.push(piece);
  decoder.end();
  return decoder.trailingOffset;
}

let pool: ThreadPool;
beforeAll(async () => {
  pool = (await channelPool(2)).pool;
});
afterAll(() => pool.close());

const begin = (bytes: Uint8Array, size = 1 << 20) => pool.begin("a.lz4", cut(bytes, size))!;

describe("a file decoded by a thread", () => {
  it("is the same, whatever the frame and however it is cut", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 300_000 }),
        fc.record({
          blockMaxSize: fc.constantFrom(65536, 262144, 1048576, 4194304),
          blockIndependence: fc.boolean(),
          blockChecksum: fc.boolean(),
        }),
        fc.integer({ min: 1000, max: 2_500_000 }),
        fc.constantFrom(new Uint8Array(0), Uint8Array.of(1, 2, 3)),
        async (size, options, piece, trailing) => {
          const content = size % 3 === 0 ? randomBytes(size) : mixedBytes(size, size);
          const frame = Uint8Array.from([...compress(content, options as EncodeOptions), ...trailing]);
          const outcome = await collect(begin(frame, piece).read());
          expect(outcome).toEqual(await collect(decodeHere(frame, piece)));
          expect(outcome.bytes).toEqual(content);
        },
      ),
      { numRuns: 25 },
    );
  });

  it("fails the same, at every byte changed and every length", async () => {
    const frame = compress(mixedBytes(400, 7), { blockMaxSize: 65536, contentSize: 400 });
    for (let at = 0; at < frame.length; at++) {
      const changed = frame.slice();
      changed[at]! ^= 0x11;
      for (const bytes of [changed, frame.subarray(0, at)]) {
        expect(await collect(begin(bytes, 100).read()), `byte ${at}`).toEqual(
          await collect(decodeHere(bytes, 100)),
        );
      }
    }
  });

  it("gives what came before the damage, in a frame of many blocks", async () => {
    const content = randomBytes(3_000_000);
    const frame = compress(content, { blockMaxSize: 65536, blockChecksum: true });
    frame[2_000_000]! ^= 1;
    const { bytes, error } = await collect(begin(frame).read());
    expect(error).toMatchObject({ code: "lz4/block-checksum", path: "a.lz4" });
    expect(bytes).toEqual(content.subarray(0, bytes.length));
    expect(bytes.length).toBeGreaterThan(1_900_000);
  });
});

describe("many files", () => {
  const contents = Array.from({ length: 12 }, (_, i) => mixedBytes(5_000_000 + i * 100_000, i));
  const frames = contents.map((content) => compress(content));

  it("do not wait for each other, in whatever order they are read", async () => {
    const files = frames.map((frame) => begin(frame));
    for (const i of [11, 3, 5, 0, 1, 2, 4, 10, 9, 8, 7, 6]) {
      const { bytes } = await collect(files[i]!.read());
      expect(Buffer.compare(bytes, contents[i]!)).toBe(0);
    }
  }, 60_000);

  it("can be dropped: before they are read, half-way, at an end", async () => {
    for (let round = 0; round < 3; round++) {
      const files = frames.slice(0, 6).map((frame) => begin(frame, 70_000));
      files[0]!.drop();
      for await (const piece of files[1]!.read()) if (piece.length > 0) break;
      files[2]!.drop();
      await collect(files[3]!.read());
      files[3]!.drop();
      files[4]!.drop();
      expect(Buffer.compare((await collect(files[5]!.read())).bytes, contents[5]!)).toBe(0);
    }
  }, 60_000);

  it("end with the error of their own source, or of the thread", async () => {
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield frames[0]!.slice(0, 1000);
      throw new Error("the disk is gone");
    }
    await expect(pool.begin("a.lz4", failing())!.read().next()).rejects.toThrow("the disk is gone");
    const { pool: other, threads } = await channelPool();
    const file = other.begin("a.lz4", cut(frames[1]!, 1 << 20))!;
    const reading = file.read();
    await reading.next();
    threads[0]!.break(new Error("out of memory"));
    await expect(
      (async () => {
        for await (const _ of reading);
      })(),
    ).rejects.toThrow("out of memory");
    expect(other.begin("b.lz4", cut(frames[1]!, 1 << 20))).toBeUndefined();
    await other.close();
  });
});

it("starts no thread for little, and gives none a file before it is ready", async () => {
  let started = 0;
  const lazy = new ThreadPool(() => {
    started++;
    return channelThread();
  }, 2);
  const frame = compress(mixedBytes(1000));
  lazy.expect((16 << 20) - 1);
  expect(started).toBe(0);
  lazy.expect(16 << 20);
  lazy.expect(16 << 20);
  expect(started).toBe(2);
  expect(lazy.begin("a.lz4", cut(frame, 1000))).toBeUndefined();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect((await collect(lazy.begin("a.lz4", cut(frame, 1000))!.read())).bytes).toEqual(mixedBytes(1000));
  await lazy.close();
});

/** Without sizes: files of unknown size go to a thread, however small they are. */
function unsized(storage: Storage): Storage {
  return {
    read: (path, options) => storage.read(path, options),
    async *list(prefix, options) {
      for await (const { path, modified } of storage.list(prefix, options)) yield { path, modified };
    },
  };
}

describe.each([...GOLDEN, ...DAMAGED])("%s, through threads", (name) => {
  it("is restored and verified the same, or refused for the same reason", async () => {
    const storage = unsized(readFixture(name));
    const here = await attemptRestore(storage);
    const there = await attemptRestore(storage, {}, { threads: pool });
    expect(there.sha256).toBe(here.sha256);
    expect(there.error?.toJSON()).toEqual(here.error?.toJSON());
    const level = "replay";
    expect(await verify(storage, { level, threads: pool })).toEqual(await verify(storage, { level }));
  });
});

describe("threads of Node", () => {
  const built = new URL("../../dist/node.js", import.meta.url);
  it.skipIf(!existsSync(built))("decode as this one does (skipped where dist/ is not built)", async () => {
    const { openThreads } = await import(built.href);
    const real: ThreadPool = openThreads(2);
    real.expect(undefined);
    const frame = compress(mixedBytes(3_000_000, 5));
    let file: ReturnType<ThreadPool["begin"]>;
    while (!(file = real.begin("a.lz4", cut(frame, 1 << 20)))) await new Promise((r) => setTimeout(r, 10));
    expect(Buffer.compare((await collect(file.read())).bytes, mixedBytes(3_000_000, 5))).toBe(0);
    const broken = real.begin("a.lz4", cut(frame.subarray(0, 70_000), 1 << 20))!;
    expect((await collect(broken.read())).error).toMatchObject({ code: "lz4/truncated", offset: 70_000 });
    await real.close();
  });
});
