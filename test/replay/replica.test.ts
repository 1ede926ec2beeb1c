import { expect, it } from "vitest";
import { GoneError, isGone, WalkitError } from "../../src/errors.ts";
import { replicaIn } from "../../src/layouts/open.ts";
import { guarded, still } from "../../src/replay/replica.ts";
import { MemoryStorage } from "../../src/storage/index.ts";
import { CountingStorage } from "../support/counting.ts";
import { readFixture } from "../support/fixtures.ts";

const NAME = "basic";

async function drain(source: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of source);
}

it("begins anew where a file of the catalog has gone, with the catalog as it is now", async () => {
  const storage = readFixture(NAME);
  const [path] = [...storage.files.keys()].filter((one) => one.includes("/wal/")).slice(-1);
  const seen: number[] = [];
  const result = await still(replicaIn(storage), async ({ generations }, held) => {
    seen.push(generations[0]!.segments.length);
    if (seen.length === 1) storage.files.delete(path!);
    for (const segment of generations[0]!.segments) await drain(held.storage.read(segment.path));
    return "read";
  });
  expect([result, seen.length, seen[0]! - seen[1]!]).toEqual(["read", 2, 1]);
});

it("gives up a replica that changes each time, with what was gone the last time", async () => {
  const storage = readFixture(NAME);
  let attempts = 0;
  const error = await still(replicaIn(storage), async (_, held) => {
    attempts++;
    await drain(held.storage.read("generations/gone"));
  }).catch((thrown: unknown) => thrown);
  expect([isGone(error), attempts]).toEqual([true, 5]);
});

it("what has gone is none of the errors that say what is wrong with a file", async () => {
  await still(replicaIn(readFixture(NAME)), async (_, held) => {
    const error = await drain(held.storage.read("generations/gone")).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Error);
    expect(error).not.toBeInstanceOf(WalkitError);
  });
  const error = await drain(readFixture(NAME).read("gone")).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(GoneError);
});

it("looks at the listing again where the result is doubted, and believes it where nothing has changed", async () => {
  const storage = new CountingStorage(readFixture(NAME));
  let attempts = 0;
  const work = async () => ++attempts;
  expect(await still(replicaIn(storage), work, { doubts: () => true })).toBe(1);
  expect(storage.lists.filter((prefix) => prefix === "generations/").length).toBe(2);
  const changing = readFixture(NAME);
  const path = [...changing.files.keys()][0]!;
  const change = async () => {
    const file = changing.files.get(path)!;
    changing.files.set(path, { ...file, modified: (file.modified ?? 0n) + 1n });
    return ++attempts;
  };
  attempts = 0;
  expect(await still(replicaIn(changing), change, { doubts: () => true })).toBe(5);
});

it("within work on a replica that is held already, nothing is begun anew", async () => {
  const storage = new CountingStorage(readFixture(NAME));
  let inner = 0;
  const error = await still(replicaIn(storage), async (_, held) => {
    await still(held, async (catalog, again) => {
      inner++;
      expect(catalog.generations.length).toBe(1);
      await drain(again.storage.read("generations/gone"));
    });
  }).catch((thrown: unknown) => thrown);
  expect([isGone(error), inner]).toEqual([true, 5]);
});

it("does not read what the listing says cannot be read", async () => {
  const storage = readFixture(NAME);
  const [path] = storage.files.keys();
  const unreadable = new WalkitError("storage/unreadable", "a folder");
  const file = { index: 0, offset: 0, path: path!, size: undefined, modified: undefined, unreadable };
  const replica = guarded(replicaIn(storage), { id: "0123456789abcdef", snapshots: [file], segments: [] });
  await expect(drain(replica.storage.read(path!))).rejects.toBe(unreadable);
  const plain = replicaIn(new MemoryStorage(storage.files));
  expect(guarded(plain, { id: "0123456789abcdef", snapshots: [], segments: [] })).toBe(plain);
});
