/** The writer over a sink that takes its time, against a plain copy. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Steps } from "../../src/replay/steps.ts";
import { PageStore } from "../../src/restore/page-store.ts";
import type { DatabaseSink, DatabaseWrite } from "../../src/restore/sinks/sink.ts";
import { Writer } from "../../src/restore/writer.ts";

const PAGE = 65536;

/** Takes the bytes of a write only when it is done with it, which is any time after. */
class SlowSink implements DatabaseSink {
  readonly atOnce: number | undefined;
  readonly bytes = new Uint8Array(60 * PAGE);
  readonly #fails: number;
  /** Where the next write must begin. */
  size = 0;
  under = 0;
  most = 0;
  count = 0;

  constructor(atOnce: number | undefined, fails = -1) {
    this.atOnce = atOnce;
    this.#fails = fails;
  }

  async write(chunk: DatabaseWrite): Promise<void> {
    if (chunk.type !== "write") throw new TypeError("Expected bytes");
    expect(chunk.position).toBe(this.size);
    this.size += chunk.data.length;
    this.most = Math.max(this.most, ++this.under);
    const number = this.count++;
    for (let turns = (number * 7) % 5; turns >= 0; turns--) await new Promise((then) => setImmediate(then));
    this.under--;
    if (number === this.#fails) throw new Error("no room");
    this.bytes.set(chunk.data, chunk.position);
  }
}

/** A database of pages that each have their number in every fourth byte. */
function makeDatabase(pages: number): Uint8Array {
  const bytes = new Uint8Array(pages * PAGE);
  for (let at = 0; at < bytes.length; at += 4) bytes[at] = 1 + at / PAGE;
  bytes.set(new TextEncoder().encode("SQLite format 3\0"));
  bytes.set([0, 1], 16);
  bytes.set([0, 0, 0, pages], 28);
  return bytes;
}

function makeWriter(sink: DatabaseSink, store: PageStore): Writer {
  return new Writer(sink, {
    path: "snapshot",
    pageSize: PAGE,
    pageCount: undefined,
    shortest: Number.POSITIVE_INFINITY,
    store,
    later: new Map(),
    steps: new Steps(),
    provable: false,
    crossed: false,
    position: { index: 0, offset: 0 },
  });
}

async function addAll(writer: Writer, bytes: Uint8Array, cut: number): Promise<void> {
  for (let at = 0; at < bytes.length; at += cut) {
    // What was handed over is the caller's again.
    const piece = bytes.slice(at, at + cut);
    await writer.add(piece);
    piece.fill(0xee);
  }
}

describe("Writer", () => {
  it("lays pages over a snapshot, with no more writes on their way than the sink allows", async () => {
    const cuts = fc.oneof(fc.integer({ min: 5000, max: 3_000_000 }), fc.constantFrom(PAGE, 1 << 22));
    const newer = fc.uniqueArray(fc.integer({ min: 2, max: 60 }), { maxLength: 30 });
    const limits = fc.constantFrom(undefined, 1, 2, 3, 8, 100);
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 60 }),
        newer,
        cuts,
        limits,
        async (pages, set, cut, limit) => {
          const expected = makeDatabase(pages);
          const store = new PageStore(PAGE, Number.POSITIVE_INFINITY);
          const sink = new SlowSink(limit);
          const snapshot = expected.slice();
          for (const page of set.filter((number) => number <= pages)) {
            const data = new Uint8Array(PAGE).fill(100 + page);
            store.set(page, data);
            expected.set(data, (page - 1) * PAGE);
          }
          const writer = makeWriter(sink, store);
          await addAll(writer, snapshot, cut);
          expect(await writer.finish()).toEqual({ pageSize: PAGE, pageCount: pages });
          expect(sink.under).toBe(0);
          expect(sink.most).toBeLessThanOrEqual(limit ?? 1);
          expect(sink.size).toBe(expected.length);
          expect(Buffer.compare(sink.bytes.subarray(0, sink.size), expected)).toBe(0);
        },
      ),
      { numRuns: 40 },
    );
  });

  it("tells of a write that failed, and leaves none on its way", async () => {
    for (let fails = 0; fails < 7; fails++) {
      const sink = new SlowSink(4, fails);
      const writer = makeWriter(sink, new PageStore(PAGE, Number.POSITIVE_INFINITY));
      const all = addAll(writer, makeDatabase(56), 1 << 20).then(() => writer.finish());
      await expect(all).rejects.toThrow("no room");
      await writer.abandon();
      expect(sink.under).toBe(0);
      expect(sink.size).toBeLessThanOrEqual((fails + 5) * (1 << 19));
    }
  });
});
