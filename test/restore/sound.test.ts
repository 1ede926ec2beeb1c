/** The newest moment that SQLite finds in order, held against a look at every moment. */

import { describe, expect, it } from "vitest";
import { WalkitError } from "../../src/errors.ts";
import { replicaIn } from "../../src/layouts/open.ts";
import { compress, decompress } from "../../src/lz4/index.ts";
import { sectionOf, type WalPosition } from "../../src/replay/position.ts";
import { MemorySink, newestSound, restore, type SoundMoment } from "../../src/restore/index.ts";
import { comparePositions, formatPosition, formatTime, type Position } from "../../src/snapshot/index.ts";
import { checkIntegrity } from "../../src/sqlite/index.ts";
import type { MemoryStorage } from "../../src/storage/index.ts";
import { commitsOf, withoutLastSegment, work } from "../support/lost-tail.ts";
import { SqliteReplica } from "../support/sqlite-replica.ts";

const check = (bytes: Uint8Array<ArrayBuffer>) => checkIntegrity(bytes, "full");

async function isSound({ storage, generation }: SqliteReplica, position: Position) {
  const sink = new MemorySink();
  try {
    await restore(replicaIn(storage), { generation, position }, sink);
    await check(sink.bytes);
    return true;
  } catch (error) {
    if (error instanceof WalkitError) return false;
    throw error;
  }
}

/** A check that finds one moment in order, and no other. */
async function nothingBut({ storage, generation }: SqliteReplica, position: Position) {
  const sink = new MemorySink();
  await restore(replicaIn(storage), { generation, position }, sink);
  return async (bytes: Uint8Array<ArrayBuffer>) => {
    if (Buffer.compare(bytes, sink.bytes) !== 0) throw new WalkitError("database/integrity", "not this");
  };
}

const search = (replica: SqliteReplica, options = {}): Promise<SoundMoment | undefined> =>
  newestSound(replicaIn(replica.storage), { generation: replica.generation }, { check, ...options });

describe("the newest moment in order", () => {
  it.each([1, 1000, 2000])("with few commits is what a look at every moment finds (%i)", async (seed) => {
    const replica = await withoutLastSegment(seed, 4, 3);
    const { ends, segments } = await commitsOf(replica);
    let newest: (typeof ends)[number] | undefined;
    for (const end of ends) if (await isSound(replica, end as WalPosition)) newest = end;
    const found = await search(replica);
    expect(found?.position).toEqual(newest);
    expect(found?.exhaustive).toBe(true);
    const after = ends[ends.findIndex((end) => comparePositions(end, newest!) === 0) + 1]!;
    expect(found?.broken).toEqual(after);
    const segment = segments.findLast((one) => comparePositions(one, newest!) < 0)!;
    expect(found?.time).toBe(formatTime(segment.modified!));
  });

  it("with many commits is in order, and the moment behind it is not; few databases are looked at", async () => {
    const replica = await withoutLastSegment(3000, 24, 16);
    const { ends } = await commitsOf(replica);
    let checks = 0;
    const told: number[] = [];
    const found = await search(replica, {
      check: async (bytes: Uint8Array<ArrayBuffer>) => {
        checks++;
        await check(bytes);
      },
      onProgress: ({ done, total }: { done: number; total: number }) => {
        told.push(done);
        expect(done).toBeLessThan(total);
      },
    });
    expect(found?.exhaustive).toBe(false);
    expect(await isSound(replica, found!.position as WalPosition)).toBe(true);
    expect(await isSound(replica, found!.broken as WalPosition)).toBe(false);
    const at = ends.findIndex((end) => comparePositions(end, found!.position) === 0);
    expect(ends[at + 1]).toEqual(found!.broken);
    expect(checks).toBeLessThan(40);
    expect(told).toEqual(told.map((_, i) => i));
  }, 60_000);

  it("is the newest at once where that is in order, and stays at or before a target", async () => {
    const replica = work(5, 5, 4);
    replica.close();
    const { ends, segments } = await commitsOf(replica);
    expect((await search(replica))?.position).toEqual(ends.at(-1));
    const of = async (target: object) => {
      const all = { generation: replica.generation, ...target };
      return formatPosition((await newestSound(replicaIn(replica.storage), all, { check }))!.position);
    };
    expect(await of({ index: 2 })).toBe(formatPosition(ends.findLast(({ index }) => index === 2)!));
    expect(await of({ commit: ends[7] })).toBe(formatPosition(ends[7]!));
    expect(await of({ commit: { index: sectionOf(ends[7]!), offset: ends[7]!.offset! + 1 } })).toBe(
      formatPosition(ends[7]!),
    );
    const time = segments[9]!.modified!;
    expect(await of({ timestamp: time })).toBe(
      formatPosition(ends.findLast((end) => comparePositions(end, segments[10]!) <= 0)!),
    );
  });

  it("is the snapshot alone where nothing behind it is in order, and nothing where that is not either", async () => {
    const replica = work(6, 1, 3);
    replica.close();
    const first = await search(replica, {
      check: async (bytes: Uint8Array<ArrayBuffer>) => {
        if (bytes.length > 2 * 512) throw new WalkitError("database/integrity", "not this");
      },
    });
    expect(first).toMatchObject({ position: { index: 0, offset: 0 }, exhaustive: true });
    expect(first?.time).toBeDefined();
    const none = await search(replica, {
      check: async () => {
        throw new WalkitError("database/integrity", "none");
      },
    });
    expect(none).toBeUndefined();
  });

  it("lies behind damage where a later snapshot leads on", async () => {
    const replica = new SqliteReplica();
    replica.exec("CREATE TABLE t (a)");
    for (let i = 0; i < 3; i++) {
      for (let j = 0; j < 3; j++) {
        replica.exec(`INSERT INTO t VALUES (${i * 10 + j})`);
        replica.segment();
      }
      replica.checkpoint();
      if (i === 1) replica.snapshot();
    }
    replica.exec("INSERT INTO t VALUES (99)");
    replica.finish();
    const { ends, segments } = await commitsOf(replica);
    const whole = segments.filter(({ index }) => index === 1);
    replica.storage.files.delete(whole[1]!.path);
    expect((await search(replica))?.position).toEqual(ends.at(-1));
    // And before the damage, where what is behind it is not wanted.
    const target = { generation: replica.generation, index: 1 };
    const found = await newestSound(replicaIn(replica.storage), target, { check });
    expect(found?.position).toEqual(ends.findLast((end) => comparePositions(end, whole[1]!) <= 0));
  });

  it("is the last commit of an index that has a snapshot of its own", async () => {
    const replica = new SqliteReplica();
    replica.exec("CREATE TABLE t (a)");
    for (let i = 0; i < 4; i++) {
      replica.exec(`INSERT INTO t VALUES (${i})`);
      if (i < 3) replica.checkpoint();
      if (i === 1) replica.snapshot();
    }
    replica.finish();
    const { ends } = await commitsOf(replica);
    const only = ends.findLast(({ index }) => index === 2)!;
    expect((await search(replica, { check: await nothingBut(replica, only) }))?.position).toEqual(only);
  });

  it("is found where what is corrupt does not stay so, if the steps meet none in order", async () => {
    const replica = work(7, 30, 1);
    replica.close();
    const { ends } = await commitsOf(replica);
    const only = ends.findLast(({ index }) => index === 12)!;
    const found = await search(replica, { check: await nothingBut(replica, only) });
    expect(found?.position).toEqual(only);
    expect(found?.exhaustive).toBe(false);
  });

  it("stops at the bound on trials, on a cancel, on a check that cannot be made, and at too large a database", async () => {
    const replica = work(8, 12, 2);
    replica.close();
    let checks = 0;
    const never = async () => {
      checks++;
      throw new WalkitError("database/integrity", "never");
    };
    expect(await search(replica, { check: never, mostTrials: 5 })).toBeUndefined();
    expect(checks).toBe(5);
    const skipped = new WalkitError("database/integrity-skipped", "no module");
    await expect(search(replica, { check: () => Promise.reject(skipped) })).rejects.toBe(skipped);
    const controller = new AbortController();
    const cancel = async () => controller.abort(new Error("enough"));
    await expect(
      search(replica, { signal: controller.signal, check: () => cancel().then(never) }),
    ).rejects.toThrow("enough");
    await expect(search(replica, { maxBytes: 512 })).rejects.toMatchObject({ code: "restore/memory-budget" });
    await expect(
      newestSound(replicaIn(replica.storage), { generation: "ffffffffffffffff" }, { check }),
    ).rejects.toMatchObject({
      code: "target/no-generation",
    });
  });

  it("begins anew where a file has gone meanwhile", async () => {
    const replica = work(9, 3, 3);
    replica.close();
    const { ends, segments } = await commitsOf(replica);
    const { storage } = replica;
    let reads = 0;
    const read = storage.read.bind(storage);
    const shaky = Object.assign(Object.create(storage) as MemoryStorage, {
      read: (...args: Parameters<MemoryStorage["read"]>) => {
        if (reads++ === 0) storage.files.delete(segments.at(-1)!.path);
        return read(...args);
      },
    });
    const found = await newestSound(replicaIn(shaky), { generation: replica.generation }, { check });
    expect(found?.position).toEqual(ends.findLast((end) => comparePositions(end, segments.at(-1)!) <= 0));
  });

  it("is looked for in the bytes of snapshots as well: a corrupt one leaves an older", async () => {
    const replica = new SqliteReplica();
    replica.exec("CREATE TABLE t (a UNIQUE); INSERT INTO t VALUES (1), (2), (3)");
    replica.checkpoint();
    replica.exec("INSERT INTO t VALUES (4)");
    replica.checkpoint();
    replica.snapshot();
    replica.exec("INSERT INTO t VALUES (5)");
    replica.finish();
    const path = [...replica.storage.files.keys()].findLast((name) => name.includes("snapshots/"))!;
    const file = replica.storage.files.get(path)!;
    const bytes = decompress(file.data as Uint8Array<ArrayBuffer>).slice();
    // A page that only the snapshot brings: its cells are made to overlap.
    const page = bytes.subarray(2 * 1024, 3 * 1024);
    page[5] = 255;
    page[6] = 255;
    replica.storage.files.set(path, { ...file, data: compress(bytes) });
    const found = await search(replica);
    expect(found).toBeDefined();
    expect(await isSound(replica, found!.position as WalPosition)).toBe(true);
  });
});
