import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AheadStorage } from "../../src/storage/ahead.ts";
import type { Storage } from "../../src/storage/storage.ts";

/** Files whose bytes are their number, in pieces that one buffer serves; and what was read, and how many at a time. */
function counted(sizes: readonly number[], broken: ReadonlySet<number> = new Set()) {
  const reads: string[] = [];
  let [under, most] = [0, 0];
  const storage: Storage = {
    async *list() {},
    async *read(path) {
      reads.push(path);
      most = Math.max(most, ++under);
      try {
        await new Promise((resolve) => setTimeout(resolve, 1));
        if (broken.has(Number(path))) throw new Error(`broken ${path}`);
        const buffer = new Uint8Array(2);
        for (let left = sizes[Number(path)]!; left > 0; left -= buffer.length) {
          buffer.fill(Number(path));
          yield buffer.subarray(0, Math.min(left, buffer.length));
          buffer.fill(255);
        }
      } finally {
        under--;
      }
    },
  };
  return { storage, reads, most: () => most, under: () => under };
}

async function bytesOf(storage: Storage, path: string): Promise<number[]> {
  const bytes: number[] = [];
  for await (const piece of storage.read(path)) bytes.push(...piece);
  return bytes;
}

describe("reading ahead", () => {
  it("gives each file's bytes, and reads each once, whatever is passed over", async () => {
    const files = fc.array(fc.record({ size: fc.integer({ min: 0, max: 9 }), skip: fc.boolean() }), {
      maxLength: 12,
    });
    await fc.assert(
      fc.asyncProperty(files, fc.integer({ min: 1, max: 4 }), async (all, parallelism) => {
        const { storage, reads, most, under } = counted(all.map(({ size }) => size));
        const planned = all.map(({ size }, i) => ({ path: `${i}`, size }));
        const ahead = new AheadStorage(storage, planned, parallelism, undefined);
        for (const [i, { size, skip }] of all.entries())
          if (!skip) expect(await bytesOf(ahead, `${i}`)).toEqual(new Array(size).fill(i));
        expect(new Set(reads).size).toBe(reads.length);
        expect(most()).toBeLessThanOrEqual(parallelism);
        await ahead.close();
        expect(under()).toBe(0);
      }),
      { numRuns: 30 },
    );
  });

  it("has as many on their way as it may", async () => {
    const { storage, most } = counted(new Array(20).fill(4));
    const files = new Array(20).fill(0).map((_, i) => ({ path: `${i}`, size: 4 }));
    const ahead = new AheadStorage(storage, files, 5, undefined);
    for (const { path } of files) await bytesOf(ahead, path);
    expect(most()).toBe(5);
  });

  it("tells of a failure in its turn, and leaves large files and parts alone", async () => {
    const { storage, reads } = counted([4, 4, 4], new Set([1]));
    const files = [{ size: 4 }, { size: 4 }, { size: 2 ** 30 }].map(({ size }, i) => ({
      path: `${i}`,
      size,
    }));
    const ahead = new AheadStorage(storage, files, 8, undefined);
    expect(await bytesOf(ahead, "0")).toEqual([0, 0, 0, 0]);
    expect(reads).toEqual(["0", "1"]);
    await expect(bytesOf(ahead, "1")).rejects.toThrow("broken 1");
    expect(await bytesOf(ahead, "2")).toEqual([2, 2, 2, 2]);
    for await (const _ of ahead.read("0", { start: 1, end: 2 }));
    expect(reads).toEqual(["0", "1", "2", "0"]);
  });

  it("begins the next files with the one that is read, and reads one that is asked for again", async () => {
    const { storage, reads } = counted(new Array(6).fill(3));
    const files = new Array(6).fill(0).map((_, i) => ({ path: `${i}`, size: i === 2 ? undefined : 3 }));
    const ahead = new AheadStorage(storage, files, 3, undefined);
    expect(reads).toEqual([]);
    await bytesOf(ahead, "0");
    expect(reads).toEqual(["0", "1"]);
    await bytesOf(ahead, "1");
    expect(await bytesOf(ahead, "1")).toEqual([1, 1, 1]);
    expect(await bytesOf(ahead, "2")).toEqual([2, 2, 2]);
    expect(await bytesOf(ahead, "5")).toEqual([5, 5, 5]);
    expect(reads).toEqual(["0", "1", "3", "1", "4", "2", "5"]);
    await ahead.close();
  });

  it("leaves nothing open where a file is not read to its end, or reading ends before the last", async () => {
    const { storage, reads, under } = counted(new Array(20).fill(9));
    const files = new Array(20).fill(0).map((_, i) => ({ path: `${i}`, size: 9 }));
    const ahead = new AheadStorage(storage, files, 4, undefined);
    for await (const _ of ahead.read("0")) break;
    expect(under()).toBe(3);
    await ahead.close();
    expect([under(), reads]).toEqual([0, ["0", "1", "2", "3"]]);
  });
});
