/** A file on disk as a place for a database, and for pages past the memory budget. */

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { GoneError } from "../../../src/errors.ts";
import { FileSink, FileSpill, wrap } from "../../../src/restore/sinks/file.ts";
import { folderOf } from "../folders.ts";

const bytes = (length: number, value = 0) => new Uint8Array(length).fill(value);

const opened: FileHandle[] = [];
afterEach(async () => {
  for (const file of opened.splice(0)) await file.close().catch(() => {});
});

async function sinkAt(path: string, flags = "w+"): Promise<{ sink: FileSink; file: FileHandle }> {
  const file = await open(path, flags);
  opened.push(file);
  return { sink: new FileSink(file, path), file };
}

describe("FileSink", () => {
  it("puts each write at its place, also those that are on their way at once", async () => {
    const path = join(folderOf({}), "a.db");
    const { sink } = await sinkAt(path);
    expect(sink.atOnce).toBeGreaterThan(1);
    const writes = Array.from({ length: sink.atOnce }, (_, i) =>
      sink.write({ type: "write", position: 1000 * i, data: bytes(1000, i + 1) }),
    );
    await Promise.all(writes);
    await sink.sync();
    const all = readFileSync(path);
    expect(all).toHaveLength(1000 * writes.length);
    expect(all.every((byte, at) => byte === 1 + Math.floor(at / 1000))).toBe(true);
  });

  it("begins anew where the restore does", async () => {
    const path = join(folderOf({}), "a.db");
    const { sink } = await sinkAt(path);
    await sink.write({ type: "write", position: 0, data: bytes(100, 1) });
    await sink.write({ type: "truncate", size: 0 });
    await sink.write({ type: "write", position: 0, data: bytes(3, 2) });
    expect([...readFileSync(path)]).toEqual([2, 2, 2]);
  });

  it("says which file cannot be written to, and why", async () => {
    const path = join(folderOf({ "a.db": "old" }), "a.db");
    const { sink, file } = await sinkAt(path, "r");
    const refusal = { code: "output/unwritable", path, message: expect.stringMatching(/bad file|EBADF/i) };
    await expect(sink.write({ type: "write", position: 0, data: bytes(3) })).rejects.toMatchObject(refusal);
    await expect(sink.write({ type: "truncate", size: 0 })).rejects.toMatchObject({
      code: "output/unwritable",
      path,
    });
    expect(readFileSync(path, "utf8")).toBe("old");
    await file.close();
    await expect(sink.sync()).rejects.toMatchObject({ code: "output/unwritable", path });
  });

  it("keeps a failure that the system told of on the way for the end", async () => {
    const path = join(folderOf({}), "a.db");
    const { sink, file } = await sinkAt(path);
    // No disk here fails on demand.
    file.datasync = () => Promise.reject(Object.assign(new Error("i/o error"), { code: "EIO" }));
    for (let i = 0; i < 16; i++)
      await sink.write({ type: "write", position: i << 22, data: bytes(1 << 22, i) });
    await expect(sink.sync()).rejects.toMatchObject({
      ...{ code: "output/unwritable", path },
      message: expect.stringContaining("i/o error"),
    });
  });
});

describe("FileSpill", () => {
  it("gives back what was written last", () => {
    const write = fc.record({ position: fc.nat(300), length: fc.integer({ min: 1, max: 100 }) });
    fc.assert(
      fc.property(fc.array(write, { minLength: 1, maxLength: 20 }), (writes) => {
        const spill = new FileSpill(join(folderOf({}), "spill"));
        const model = bytes(400);
        let end = 0;
        for (const [i, { position, length }] of writes.entries()) {
          spill.write(bytes(length, i + 1), position);
          model.fill(i + 1, position, position + length);
          end = Math.max(end, position + length);
        }
        const all = bytes(end);
        spill.read(all, 0);
        spill.close();
        expect(Buffer.compare(all, model.subarray(0, end))).toBe(0);
      }),
      { numRuns: 30 },
    );
  });

  it("leaves no file behind: where the system allows it, none has a name", () => {
    const folder = folderOf({});
    const spill = new FileSpill(join(folder, "spill"));
    expect(readdirSync(folder)).toEqual(process.platform === "win32" ? ["spill"] : []);
    spill.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  it("says so where bytes are gone, and where it cannot be written to", () => {
    const path = join(folderOf({}), "spill");
    const spill = new FileSpill(path);
    spill.write(bytes(10), 0);
    expect(() => spill.read(bytes(11), 0)).toThrow(
      expect.objectContaining({ code: "output/unwritable", path, message: expect.stringMatching(/shorter/) }),
    );
    spill.close();
    expect(() => spill.write(bytes(1), 0)).toThrow(expect.objectContaining({ code: "output/unwritable" }));
  });

  it("takes no file that is there already, and needs a folder", () => {
    const folder = folderOf({ spill: "another's" });
    mkdirSync(join(folder, "sub"));
    for (const name of ["spill", "none/spill", "sub"]) {
      const path = join(folder, name);
      expect(() => new FileSpill(path)).toThrow(expect.objectContaining({ code: "output/unwritable", path }));
    }
    expect(readFileSync(join(folder, "spill"), "utf8")).toBe("another's");
    expect(existsSync(join(folder, "sub"))).toBe(true);
  });
});

it("what knows its own code keeps it", async () => {
  const error = new GoneError("Expected a file, found none", { path: "x" });
  await expect(wrap("a.db", () => Promise.reject(error))).rejects.toBe(error);
  const other = wrap("a.db", async () => writeFileSync(join(folderOf({}), "no", "file"), ""));
  await expect(other).rejects.toMatchObject({ code: "output/unwritable", path: "a.db" });
  expect(await wrap("a.db", async () => 5)).toBe(5);
});
