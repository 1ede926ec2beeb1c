/** Small files are read once, alone or together, and are the same bytes; what changes or goes is noticed. */

import { afterEach, describe, expect, it, vi } from "vitest";
import { MemoryStorage } from "../../../src/storage/index.ts";
import type { ReadOptions, Storage } from "../../../src/storage/storage.ts";
import { KeptStorage } from "../../../web/engine/kept.ts";

function bytesOf(size: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i++) bytes[i] = i * 7 + seed;
  return bytes;
}

/** Files in three folders, some of them not small. */
function someFiles(count: number): Map<string, { data: Uint8Array; modified: bigint }> {
  const size = (i: number) => (i % 50 === 49 ? 70_000 : (i * 37) % 3000);
  return new Map(
    Array.from({ length: count }, (_, i) => [
      `${"abc"[i % 3]}/${String(i).padStart(5, "0")}`,
      { data: bytesOf(size(i), i), modified: BigInt(i) },
    ]),
  );
}

/** Later, so that a listing no longer holds. */
function wait(milliseconds: number): void {
  const now = performance.now() + milliseconds;
  vi.spyOn(performance, "now").mockReturnValue(now);
}

afterEach(() => void vi.restoreAllMocks());

/** Counts how often each file is read, and all are listed. */
class Counted extends MemoryStorage {
  readonly reads = new Map<string, number>();
  listings = 0;

  override async *list(prefix: string) {
    this.listings++;
    yield* super.list(prefix);
  }

  override async *read(path: string, options?: ReadOptions): AsyncGenerator<Uint8Array> {
    this.reads.set(path, (this.reads.get(path) ?? 0) + 1);
    yield* super.read(path, options);
  }
}

async function list(storage: Storage, prefix = ""): Promise<void> {
  for await (const _ of storage.list(prefix));
}

async function read(storage: Storage, path: string, options?: ReadOptions): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of storage.read(path, options)) pieces.push(piece.slice());
  return new Uint8Array(Buffer.concat(pieces));
}

describe.each(["alone", "together"] as const)("%s", (how) => {
  const open = (files: Map<string, { data: Uint8Array; modified: bigint }>) => {
    const inner = new Counted(files);
    const asked: number[] = [];
    const together = async (paths: readonly string[]) => {
      asked.push(paths.length);
      // Of what has gone there is nothing.
      return new Map(
        paths.flatMap((path) => (inner.files.has(path) ? [[path, inner.files.get(path)!.data]] : [])),
      );
    };
    return { inner, asked, storage: new KeptStorage(inner, how === "together" ? together : undefined) };
  };

  it("reads each small file once, whatever is read of it, several at a time", async () => {
    const files = someFiles(2000);
    const { inner, asked, storage } = open(files);
    await list(storage);
    for (let round = 0; round < 3; round++) {
      await Promise.all(
        [...files].map(async ([path, { data }], i) => {
          const range = [{}, { start: 5 }, { start: 3, end: 40 }, { end: 7 }][(i + round) % 4]!;
          const found = Buffer.compare(
            await read(storage, path, range),
            data.slice(range.start ?? 0, range.end),
          );
          expect([path, found]).toEqual([path, 0]);
        }),
      );
      await list(storage, "a/");
    }
    for (const [path, { data }] of files) {
      const times = inner.reads.get(path) ?? 0;
      expect([path, times]).toEqual([path, data.length > 65_536 ? 3 : how === "together" ? 0 : 1]);
    }
    if (how === "together") expect(asked.length).toBeLessThan(60);
    expect(asked.every((many) => many <= 512)).toBe(true);
  });

  it("reads anew what a listing says has changed, and says what has gone", async () => {
    const files = someFiles(40);
    const { inner, storage } = open(files);
    await list(storage);
    const path = "a/00003";
    await read(storage, path);
    inner.files.set(path, { data: bytesOf(12, 99), modified: 77n });
    wait(6000);
    await list(storage);
    expect(await read(storage, path)).toEqual(bytesOf(12, 99));
    inner.files.delete("b/00004");
    inner.files.delete("b/00007");
    if (how === "alone")
      await expect(read(storage, "b/00004")).rejects.toMatchObject({ code: "storage/not-found" });
    await read(storage, "b/00001");
    for (const gone of ["b/00004", "b/00007", "never"]) {
      await expect(read(storage, gone)).rejects.toMatchObject({ code: "storage/not-found", path: gone });
    }
    inner.files.set("b/00004", { data: bytesOf(9, 1), modified: 5n });
    expect(await read(storage, "b/00004")).toEqual(bytesOf(9, 1));
  });

  it("is listed anew after a while, and when something has gone", async () => {
    const files = someFiles(300);
    const { inner, storage } = open(files);
    const paths = async (prefix = "") => {
      const found: string[] = [];
      for await (const { path } of storage.list(prefix)) found.push(path);
      return found;
    };
    expect(await paths("a/")).toEqual([...files.keys()].filter((path) => path.startsWith("a/")));
    expect(await paths()).toEqual([...files.keys()]);
    expect(await paths("b/")).toEqual([...files.keys()].filter((path) => path.startsWith("b/")));
    expect(inner.listings).toBe(2);
    // A large one, and a small one.
    for (const [i, gone] of [[...files.keys()][49]!, [...files.keys()][7]!].entries()) {
      inner.files.delete(gone);
      expect(await paths()).toContain(gone);
      await expect(read(storage, gone)).rejects.toMatchObject({ code: "storage/not-found" });
      expect(await paths()).not.toContain(gone);
      expect(inner.listings).toBe(3 + i);
    }
    inner.files.set("c/new", { data: bytesOf(4, 4), modified: 1n });
    wait(6000);
    expect(await paths()).toContain("c/new");
    const aborted = { signal: AbortSignal.abort(new Error("enough")) };
    const again = async () => {
      for await (const _ of storage.list("", aborted));
    };
    await expect(again()).rejects.toThrow("enough");
  });

  it("asks anew for what could not be read, and hears of an abort", async () => {
    const files = someFiles(10);
    let broken = true;
    const inner = new MemoryStorage(files);
    const fail = async () => {
      if (broken) throw new Error("broken");
      return new Map([...files].map(([path, { data }]) => [path, data]));
    };
    const failing = {
      list: (prefix: string) => inner.list(prefix),
      async *read(path: string, options?: ReadOptions) {
        await fail();
        yield* inner.read(path, options);
      },
    };
    const storage = new KeptStorage(failing, how === "together" ? fail : undefined);
    await list(storage);
    await expect(read(storage, "a/00003")).rejects.toThrow("broken");
    broken = false;
    expect(await read(storage, "a/00003")).toEqual(files.get("a/00003")!.data);
    const aborted = { signal: AbortSignal.abort(new Error("enough")) };
    await expect(read(storage, "a/00003", aborted)).rejects.toThrow("enough");
  });

  it("keeps no more than there is room for", async () => {
    const files = new Map(
      Array.from({ length: 700 }, (_, i) => [`a/${1000 + i}`, { data: bytesOf(60_000, i), modified: 1n }]),
    );
    const { inner, asked, storage } = open(files);
    await list(storage);
    const paths = [...files.keys()];
    for (const path of [...paths, ...paths])
      expect((await read(storage, path))[9]).toBe(files.get(path)!.data[9]);
    // 42 MB go by, 32 MiB stay: in turn, each is gone before it is wanted again.
    const times = how === "together" ? asked.reduce((a, b) => a + b, 0) / 700 : inner.reads.get(paths[0]!)!;
    expect(times).toBeGreaterThan(1.5);
    const before = [...inner.reads.values()].reduce((a, b) => a + b, 0) + asked.length;
    for (const path of paths.slice(-300)) await read(storage, path);
    expect([...inner.reads.values()].reduce((a, b) => a + b, 0) + asked.length).toBe(before);
  });
});
