/** A merged file in place of one that is damaged or gone. */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { GoneError } from "../../../src/errors.ts";
import { MemorySink, MemoryStorage, replicaIn, restore, verify } from "../../../src/index.ts";
import type { Storage } from "../../../src/storage/storage.ts";

const CHAIN = fileURLToPath(new URL("../../fixtures/ltx/reference-library/", import.meta.url));
const nameOf = (min: number, max: number) =>
  `${[min, max].map((txid) => txid.toString(16).padStart(16, "0")).join("-")}.ltx`;
const file = (min: number, max: number) =>
  readFileSync(`${CHAIN}v3-block-nochksum/${max > min ? "compacted/" : ""}${nameOf(min, max)}`);
const stateAfter = (txid: number) => readFileSync(`${CHAIN}states/s${txid}.db`);
const MERGED = `ltx/1/${nameOf(2, 3)}`;
const SINGLE = `ltx/0/${nameOf(3, 3)}`;

/** A snapshot, three files behind it, and two of these merged. */
function replica(): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>([
    [`ltx/9/${nameOf(1, 1)}`, file(1, 1)],
    [MERGED, file(2, 3)],
  ]);
  for (const txid of [2, 3, 4]) files.set(`ltx/0/${nameOf(txid, txid)}`, file(txid, txid));
  return files;
}

const storageOf = (files: ReadonlyMap<string, Uint8Array>) => {
  const storage = new MemoryStorage();
  for (const [path, data] of files) storage.files.set(path, { data, modified: undefined });
  return storage;
};

async function restored(storage: Storage, txid: number): Promise<Uint8Array | string> {
  const sink = new MemorySink();
  try {
    await restore(replicaIn(storage), { position: { txid } }, sink, { offer: false });
    return sink.bytes;
  } catch (error) {
    return (error as { code: string }).code;
  }
}

it("a healthy replica has every state", async () => {
  const storage = storageOf(replica());
  const { status, findings } = await verify(replicaIn(storage));
  expect([status, findings]).toEqual(["ok", []]);
  for (const txid of [1, 2, 3, 4])
    expect(await restored(storage, txid)).toEqual(new Uint8Array(stateAfter(txid)));
});

it("damage to a single file costs the states that it alone led to", async () => {
  const files = replica();
  const bytes = file(2, 2).slice();
  bytes[150]! ^= 1;
  files.set(`ltx/0/${nameOf(2, 2)}`, bytes);
  const storage = storageOf(files);
  const { status, generations } = await verify(replicaIn(storage));
  expect(status).toBe("damaged");
  expect(
    generations[0]!.restorable.map(({ from, to }) => [from, to].map((text) => Number.parseInt(text, 16))),
  ).toEqual([
    [1, 1],
    [3, 4],
  ]);
  const found = await Promise.all([1, 2, 3, 4].map((txid) => restored(storage, txid)));
  expect(typeof found[1]).toBe("string");
  for (const txid of [1, 3, 4]) expect(found[txid - 1]).toEqual(new Uint8Array(stateAfter(txid)));
});

it("damage to a merged file costs nothing while its parts are there", async () => {
  const files = replica();
  const bytes = file(2, 3).slice();
  bytes[bytes.length - 1]! ^= 1;
  files.set(MERGED, bytes);
  const storage = storageOf(files);
  expect((await verify(replicaIn(storage))).status).toBe("damaged");
  for (const txid of [1, 2, 3, 4])
    expect(await restored(storage, txid)).toEqual(new Uint8Array(stateAfter(txid)));
});

it("what retention deletes meanwhile is read from what it was merged into", async () => {
  const all = replica();
  for (const isListed of [true, false]) {
    const gone = new Set<string>();
    const files = storageOf(all);
    const storage: Storage = {
      async *list(prefix) {
        for await (const entry of files.list(prefix)) {
          // Merged between the listing and the reading.
          const isYet = entry.path !== MERGED || isListed || gone.size > 0;
          if (isYet && !gone.has(entry.path)) yield entry;
        }
      },
      async *read(path, options) {
        if (path === `ltx/0/${nameOf(2, 2)}` || path === SINGLE) gone.add(path);
        if (gone.has(path)) throw new GoneError(`Expected a file at ${path}, found none`, { path });
        yield* files.read(path, options);
      },
    };
    const { status, findings, generations } = await verify(replicaIn(storage), { level: "replay" });
    expect([status, findings]).toEqual(["ok", []]);
    expect(generations[0]!.restorable.map(({ to }) => Number.parseInt(to, 16))).toEqual([4]);
  }
});
