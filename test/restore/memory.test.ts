/**
 * The memory that a restore takes does not grow with the database, nor with what the WAL changes: a replica that is made
 * up while it is read, so that nothing of it is ever in memory as a whole, into a sink that keeps nothing.
 */

import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, describe, expect, it } from "vitest";
import { writeUint32BE } from "../../src/bytes.ts";
import { replicaIn } from "../../src/layouts/open.ts";
import { FrameEncoder } from "../../src/lz4/index.ts";
import { type DatabaseSink, type RestoreOptions, restore, type Spill } from "../../src/restore/index.ts";
import { formatSegmentName, formatSnapshotName } from "../../src/snapshot/index.ts";
import type { Entry, Storage } from "../../src/storage/index.ts";
import { WalWriter } from "../../src/wal/index.ts";

const MB = 1 << 20;
const PAGE = 4096;
const FOLDER = "generations/0123456789abcdef";
const WAL = [0, 1, 2];

/** A replica of `pages` pages, of which each of three WAL indexes changes `changed`, in transactions of 256 pages. */
class MadeUpStorage implements Storage {
  readonly pages: number;
  readonly changed: number;

  constructor(pages: number, changed: number) {
    this.pages = pages;
    this.changed = changed;
  }

  async *list(prefix: string): AsyncGenerator<Entry> {
    // Without sizes: then nothing is read ahead whole.
    const snapshot = `${FOLDER}/snapshots/${formatSnapshotName(0)}`;
    const segments = WAL.map((index) => `${FOLDER}/wal/${formatSegmentName({ index, offset: 0 })}`);
    for (const [i, path] of [snapshot, ...segments].entries()) {
      if (path.startsWith(prefix)) yield { path, modified: BigInt(i + 1) * 1_000_000_000n };
    }
  }

  async *read(path: string): AsyncGenerator<Uint8Array> {
    const encoder = new FrameEncoder();
    const content = path.includes("/snapshots/") ? this.#snapshot() : this.#wal(path);
    for (const piece of content) yield* encoder.push(piece);
    yield* encoder.end();
  }

  *#snapshot(): Generator<Uint8Array> {
    const piece = new Uint8Array(256 * PAGE);
    for (let first = 1; first <= this.pages; first += 256) {
      for (let i = 0; i < 256; i++) writePage(piece, i, first + i, 0, this.pages);
      yield piece;
    }
  }

  *#wal(path: string): Generator<Uint8Array> {
    const index = WAL.findIndex((i) => path.endsWith(formatSegmentName({ index: i, offset: 0 })));
    const writer = new WalWriter({ pageSize: PAGE, salt1: 1 + index, salt2: 2 });
    yield writer.header();
    const page = new Uint8Array(PAGE);
    const stride = Math.floor(this.pages / (this.changed * WAL.length));
    for (let i = 0; i < this.changed; i++) {
      const number = 2 + (i * WAL.length + index) * stride;
      writePage(page, 0, number, 1 + index, this.pages);
      yield writer.frame(number, page, i % 256 === 255 ? this.pages : 0);
    }
  }
}

function writePage(into: Uint8Array, slot: number, number: number, version: number, pages: number): void {
  const page = into.subarray(slot * PAGE, (slot + 1) * PAGE);
  page.fill(number ^ version);
  writeUint32BE(page, 120, number);
  writeUint32BE(page, 124, version);
  if (number > 1) return;
  page.fill(0, 0, 100);
  page.set(new TextEncoder().encode("SQLite format 3\0\x10\0\x02\x02\0\x40\x20\x20"));
  writeUint32BE(page, 28, pages);
}

/** Keeps nothing but a count of each version of a page, and looks at the memory in use. */
class MeasuringSink implements DatabaseSink {
  readonly versions: number[] = [0, 0, 0, 0];
  bytes = 0;
  misplaced = 0;
  peak = 0;
  readonly #start: number = buffers();

  async write(chunk: Parameters<DatabaseSink["write"]>[0]): Promise<void> {
    if (chunk.type === "truncate") return;
    const view = new DataView(chunk.data.buffer, chunk.data.byteOffset, chunk.data.length);
    for (let at = 0; at < chunk.data.length; at += PAGE) {
      const number = (chunk.position + at) / PAGE + 1;
      if (view.getUint32(at + 120) !== number) this.misplaced++;
      this.versions[view.getUint32(at + 124)]!++;
    }
    this.bytes += chunk.data.length;
  }

  look(): void {
    this.peak = Math.max(this.peak, buffers() - this.#start);
  }
}

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

/** Memory of typed arrays, in bytes, but for garbage: how much of that lies about is not the restore's doing. */
function buffers(): number {
  collectGarbage();
  return process.memoryUsage().arrayBuffers;
}

const folder = mkdtempSync(join(tmpdir(), "walkit-memory-"));
afterAll(() => rmSync(folder, { recursive: true }));

class TemporarySpill implements Spill {
  static written = 0;
  readonly #file: number = openSync(join(folder, "spill"), "w+");

  write(data: Uint8Array, position: number): void {
    TemporarySpill.written += writeSync(this.#file, data, 0, data.length, position);
  }

  read(into: Uint8Array, position: number): void {
    expect(readSync(this.#file, into, 0, into.length, position)).toBe(into.length);
  }

  close(): void {
    closeSync(this.#file);
  }
}

async function measure(megabytes: number, changed: number, options: RestoreOptions): Promise<MeasuringSink> {
  const storage = new MadeUpStorage((megabytes * MB) / PAGE, changed);
  const sink = new MeasuringSink();
  const { frames } = await restore(replicaIn(storage), {}, sink, {
    ...options,
    onProgress: () => sink.look(),
  });
  expect(frames).toBe(changed * WAL.length);
  expect(sink.bytes).toBe(megabytes * MB);
  expect(sink.misplaced).toBe(0);
  expect(sink.versions.slice(1)).toEqual(WAL.map(() => changed));
  return sink;
}

describe("The memory of a restore", () => {
  const spilling = { memoryBudget: 2 * MB, openSpill: () => new TemporarySpill() };
  // What three indexes change, in bytes: 96 MB, far more than the budget.
  const changed = 8192;
  const changedBytes = changed * WAL.length * PAGE;

  it("grows neither with the database nor with what the WAL changes", async () => {
    const { peak } = await measure(256, changed, spilling);
    // All but the budget, and the last run of the spill, which is not full.
    expect(TemporarySpill.written).toBeGreaterThan(changedBytes - 4 * MB);
    // One block in, one block out, what the made-up replica itself takes: not 256, and not 96.
    expect(peak).toBeLessThan(56 * MB);
  });

  it("is what the WAL changes where there is no budget: the measure tells", async () => {
    const { peak } = await measure(256, changed, {});
    expect(peak).toBeGreaterThan(80 * MB);
  });

  it("is refused where the budget is too small and nothing can be spilled", async () => {
    const storage = new MadeUpStorage((64 * MB) / PAGE, 1024);
    await expect(
      restore(replicaIn(storage), {}, new MeasuringSink(), { memoryBudget: 2 * MB }),
    ).rejects.toMatchObject({
      code: "restore/memory-budget",
    });
  });
});
