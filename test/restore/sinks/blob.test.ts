/** Databases into a Blob. */

import { describe, expect, it } from "vitest";
import { replicaIn } from "../../../src/layouts/open.ts";
import { restore } from "../../../src/restore/index.ts";
import { BlobSink } from "../../../src/restore/sinks/blob.ts";
import { readFixture, readManifest, sha256 } from "../../support/fixtures.ts";

const NAME = "multi-snapshot";
const storage = readFixture(NAME);
const latest = readManifest(NAME).restores.find(({ id }) => id === "latest")!.db!.sha256;

describe("BlobSink", () => {
  it("makes a Blob of the database", async () => {
    const sink = new BlobSink();
    await restore(replicaIn(storage), {}, sink);
    const blob = sink.blob();
    expect(sha256(new Uint8Array(await blob.arrayBuffer()))).toBe(latest);
    expect([blob.size, blob.type]).toEqual([sink.size, "application/vnd.sqlite3"]);
  });

  it("takes copies of pieces of any size, and begins anew", async () => {
    const sink = new BlobSink();
    await sink.write({ type: "write", position: 0, data: new Uint8Array(7).fill(9) });
    await sink.write({ type: "truncate", size: 0 });
    const expected: number[] = [];
    const data = new Uint8Array(5 << 20);
    for (const [i, size] of [1, 3, 5 << 20, 2, 1 << 22, (1 << 22) - 1, 1].entries()) {
      data.fill(i + 1, 0, size);
      await sink.write({ type: "write", position: sink.size, data: data.subarray(0, size) });
      expected.push(size);
    }
    const bytes = new Uint8Array(await sink.blob().arrayBuffer());
    let at = 0;
    for (const [i, size] of expected.entries()) {
      expect(bytes.subarray(at, at + size).every((byte) => byte === i + 1)).toBe(true);
      at += size;
    }
    expect(bytes.length).toBe(at);
  });

  it("refuses more than it may hold, and what is not in order", async () => {
    const sink = new BlobSink(10);
    const write = (position: number, size: number) =>
      sink.write({ type: "write", position, data: new Uint8Array(size) });
    await write(0, 6);
    await expect(write(6, 5)).rejects.toMatchObject({ code: "restore/memory-budget" });
    expect([sink.size, sink.blob().size]).toEqual([6, 6]);
    await expect(write(7, 1)).rejects.toThrow(RangeError);
    await expect(sink.write({ type: "truncate", size: 3 })).rejects.toThrow(RangeError);
  });
});
