/** Databases into handles of files, and of OPFS in a worker. */

import { describe, expect, it } from "vitest";
import type { DatabaseWrite } from "../../../src/index.ts";
import { MemorySink, restore } from "../../../src/index.ts";
import { replicaIn } from "../../../src/layouts/open.ts";
import { HandleSink, openHandleSpill, type SyncFileLike } from "../../../src/restore/sinks/handle.ts";
import { readFixture, readManifest, sha256 } from "../../support/fixtures.ts";

const NAME = "multi-snapshot";
const storage = readFixture(NAME);
const latest = readManifest(NAME).restores.find(({ id }) => id === "latest")!.db!.sha256;

/** A `FileSystemWritableFileStream`: what is written appears when it is closed. */
class Writable {
  readonly #sink = new MemorySink();
  file: Uint8Array = new Uint8Array(0);
  aborted = false;
  failure: Error | undefined;

  async write(chunk: DatabaseWrite): Promise<void> {
    if (this.failure) throw this.failure;
    await this.#sink.write(chunk);
  }

  async close(): Promise<void> {
    this.file = this.#sink.bytes;
  }

  async abort(): Promise<void> {
    this.aborted = true;
  }
}

/** A `FileSystemSyncAccessHandle` that does `most` bytes at a time, and has room for `quota` bytes. */
class SyncFile implements SyncFileLike {
  bytes: Uint8Array<ArrayBuffer>;
  readonly #most: number;
  readonly #quota: number;
  closed = false;
  flushed = false;

  constructor(old = "", most = Number.POSITIVE_INFINITY, quota = Number.POSITIVE_INFINITY) {
    this.bytes = new Uint8Array(Buffer.from(old));
    this.#most = most;
    this.#quota = quota;
  }

  read(into: Uint8Array, { at }: { at: number }): number {
    const part = this.bytes.subarray(at, at + Math.min(into.length, this.#most));
    into.set(part);
    return part.length;
  }

  write(data: Uint8Array, { at }: { at: number }): number {
    if (at + data.length > this.#quota) throw new DOMException("No space available", "QuotaExceededError");
    const part = data.subarray(0, this.#most);
    if (at + part.length > this.bytes.length) this.truncate(at + part.length);
    this.bytes.set(part, at);
    return part.length;
  }

  truncate(size: number): void {
    const resized = new Uint8Array(size);
    resized.set(this.bytes.subarray(0, size));
    this.bytes = resized;
  }

  getSize(): number {
    return this.bytes.length;
  }

  flush(): void {
    this.flushed = true;
  }

  close(): void {
    this.closed = true;
  }
}

describe("HandleSink", () => {
  it("restores into a writable stream, which is the file once it is closed", async () => {
    const file = new Writable();
    const sink = new HandleSink(file);
    await restore(replicaIn(storage), {}, sink);
    expect(file.file.length).toBe(0);
    await sink.close();
    expect(sha256(file.file)).toBe(latest);
  });

  it.each([Number.POSITIVE_INFINITY, 1000])(
    "restores into a file of OPFS, %d bytes at a time",
    async (most) => {
      const file = new SyncFile("x".repeat(1_000_000), most);
      const sink = new HandleSink(file);
      await restore(replicaIn(storage), {}, sink);
      await sink.close();
      expect(sha256(file.bytes)).toBe(latest);
      expect([file.flushed, file.closed]).toEqual([true, true]);
    },
  );

  it("begins anew where the restore does", async () => {
    for (const file of [new Writable(), new SyncFile("old")]) {
      const sink = new HandleSink(file);
      await sink.write({ type: "write", position: 0, data: new Uint8Array(100) });
      await sink.write({ type: "truncate", size: 0 });
      await sink.write({ type: "write", position: 0, data: Uint8Array.of(1, 2) });
      await sink.close();
      expect([...(file instanceof Writable ? file.file : file.bytes)]).toEqual([1, 2]);
    }
  });

  it("says why it cannot write, and leaves nothing behind", async () => {
    const full = new SyncFile("old", Number.POSITIVE_INFINITY, 10);
    const broken = new Writable();
    broken.failure = new DOMException("The quota has been exceeded", "QuotaExceededError");
    for (const file of [full, broken]) {
      const sink = new HandleSink(file);
      await expect(restore(replicaIn(storage), {}, sink)).rejects.toMatchObject({
        code: "output/unwritable",
        remedy: { do: "make-writable", failure: "QuotaExceededError" },
      });
      await sink.abort();
    }
    expect([full.bytes.length, full.closed, broken.aborted, broken.file.length]).toEqual([0, true, true, 0]);
    const stuck = new HandleSink(new SyncFile("", 0));
    await expect(stuck.write({ type: "write", position: 0, data: new Uint8Array(3) })).rejects.toMatchObject({
      code: "output/unwritable",
      message: expect.stringContaining("only 0 of 3 bytes"),
    });
  });

  it("says why it cannot close, and says nothing where it cannot abort", async () => {
    const failing = () => Promise.reject(new DOMException("It has gone", "InvalidStateError"));
    const file = Object.assign(new Writable(), { close: failing, abort: failing });
    await expect(new HandleSink(file).close()).rejects.toMatchObject({
      code: "output/unwritable",
      message: "Cannot write the database: It has gone",
    });
    await new HandleSink(file).abort();
  });

  it("leaves the file as it was where nothing was written", async () => {
    const file = new SyncFile("old");
    await new HandleSink(file).abort();
    expect(Buffer.from(file.bytes).toString()).toBe("old");
    expect(file.closed).toBe(true);
  });
});

describe("openHandleSpill", () => {
  it("takes the pages that do not fit into memory", async () => {
    const file = new SyncFile("left over from another time");
    const sink = new MemorySink();
    let opened = 0;
    const openSpill = () => {
      opened++;
      return openHandleSpill(file);
    };
    await restore(replicaIn(storage), {}, sink, { memoryBudget: 8192, openSpill });
    expect(sha256(sink.bytes)).toBe(latest);
    expect(opened).toBeGreaterThan(0);
    expect([file.bytes.length, file.closed]).toEqual([0, true]);
  });

  it("says so when there is no room, or bytes are gone", () => {
    const spill = openHandleSpill(new SyncFile("", 100, 10));
    expect(() => spill.write(new Uint8Array(20), 0)).toThrow(/No space available/);
    expect(() => spill.read(new Uint8Array(20), 0)).toThrow(/become shorter/);
  });
});
