import { describe, expect, it } from "vitest";
import { readFile, readTime } from "../../../src/layouts/ltx/file.ts";
import type { LtxHeader } from "../../../src/ltx/index.ts";
import type { MemoryStorage } from "../../../src/storage/index.ts";
import { LtxHistory, momentOf, pathOf } from "../../support/ltx-history.ts";

const history = new LtxHistory().transact(3).transact(4, [2]).transact(4, [3]);
const path = pathOf(1, 2, 3);
const storage = history.storage([[1, 2, 3]]);

async function read(storage: MemoryStorage, at = path) {
  let header: LtxHeader | undefined;
  let bytes = 0;
  const pages = new Map<number, Uint8Array>();
  const context = { storage, onRead: (count: number) => (bytes += count) };
  for await (const run of readFile({ path: at, size: undefined }, context, (found) => (header = found)))
    run.forEach((page, data) => void pages.set(page, data.slice()));
  return { header, pages, bytes };
}

describe("a file", () => {
  it("gives its header, then its pages, ascending", async () => {
    const { header, pages, bytes } = await read(storage);
    expect(header).toMatchObject({ minTxid: 2, maxTxid: 3, commit: 4 });
    const state = history.states[3]!;
    expect([...pages]).toEqual([1, 2, 3, 4].map((page) => [page, state.slice((page - 1) * 512, page * 512)]));
    expect(bytes).toBe(storage.files.get(path)!.data.length);
  });

  it("with another's name is damaged, before any page of it", async () => {
    const renamed = history.storage([]);
    renamed.files.set(pathOf(0, 3, 3), storage.files.get(path)!);
    await expect(read(renamed, pathOf(0, 3, 3))).rejects.toMatchObject({
      code: "ltx/name",
      path: pathOf(0, 3, 3),
      message: expect.stringContaining("TXIDs 2 to 3"),
    });
  });

  it("cut short is damaged", async () => {
    const cut = history.storage([]);
    cut.files.set(path, { data: storage.files.get(path)!.data.subarray(0, -1) });
    await expect(read(cut)).rejects.toMatchObject({ code: "ltx/truncated", path });
  });

  it("tells its time by 100 bytes", async () => {
    const cut = history.storage([]);
    cut.files.set(path, { data: storage.files.get(path)!.data.subarray(0, 100) });
    expect(await readTime({ path, size: undefined }, { storage: cut })).toBe(momentOf(3));
    cut.files.set(path, { data: new Uint8Array(99) });
    await expect(readTime({ path, size: undefined }, { storage: cut })).rejects.toMatchObject({ path });
  });
});
