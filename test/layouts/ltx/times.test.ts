import { describe, expect, it } from "vitest";
import type { WalkitError } from "../../../src/errors.ts";
import { listLtx } from "../../../src/layouts/ltx/catalog.ts";
import { doubtOf, withTimes } from "../../../src/layouts/ltx/times.ts";
import { replicaIn } from "../../../src/layouts/open.ts";
import { formatPosition } from "../../../src/replay/position.ts";
import { MemorySink, restore } from "../../../src/restore/index.ts";
import type { MemoryStorage } from "../../../src/storage/index.ts";
import { verify } from "../../../src/verify/index.ts";
import { dozen, momentOf, pathOf } from "../../support/ltx-history.ts";
import { LtxReplica } from "../../support/ltx-replica.ts";

const { history, files } = dozen();

async function branchOf(storage: MemoryStorage) {
  return (await listLtx(storage, "", undefined)).branch!;
}

/** Copied: the times of the storage are those of the copy. */
function copied(): MemoryStorage {
  const storage = history.storage(files);
  for (const [path, { data }] of storage.files) storage.files.set(path, { data, modified: 5n });
  return storage;
}

describe("the times of headers", () => {
  it("stand in for those of the storage, of every file", async () => {
    const storage = copied();
    const dated = await withTimes(await branchOf(storage), { storage });
    for (const one of [...dated.files, ...dated.snapshots, ...dated.segments, ...dated.merged])
      expect(one.modified).toBe(momentOf(one.maxTxid));
    expect(dated.files.length).toBe(files.length);
  });

  it("are not known of a file whose header cannot be read, and of one that has none", async () => {
    const storage = copied();
    storage.files.set(pathOf(0, 8, 8), { data: new Uint8Array(50), modified: 5n });
    storage.files.set(pathOf(0, 9, 9), history.file(0, 9, 9, { header: { timestamp: 0 } }));
    const { files: dated } = await withTimes(await branchOf(storage), { storage });
    const without = dated.filter(({ modified }) => modified === undefined);
    expect(without.map(({ path }) => path)).toEqual([pathOf(0, 8, 8), pathOf(0, 9, 9)]);
  });

  it("take with them what has gone since it was listed", async () => {
    const storage = copied();
    const branch = await branchOf(storage);
    storage.files.delete(pathOf(0, 7, 7));
    const dated = await withTimes(branch, { storage });
    expect(dated.files.some(({ path }) => path === pathOf(0, 7, 7))).toBe(false);
  });
});

describe("a doubt", () => {
  it("is where times go back from one file of a level to the next", async () => {
    const storage = history.storage(files);
    expect(doubtOf(await withTimes(await branchOf(storage), { storage }))).toBeUndefined();
    storage.files.set(pathOf(0, 9, 9), history.file(0, 9, 9, { header: { timestamp: 1_600_000_000_000 } }));
    const doubt = doubtOf(await withTimes(await branchOf(storage), { storage }));
    expect(doubt).toMatchObject({ kind: "clock", path: pathOf(0, 9, 9) });
  });
});

describe("a clock that was set back", () => {
  const second = (n: number) => BigInt(Date.UTC(2026, 10, 20, 12, 0, n)) * 1_000_000n;
  /** TXIDs 1 to 9, a second apart; that of 6 is an hour earlier. */
  const replicaWith = (time: (replica: LtxReplica) => number) => {
    const sql = Array.from({ length: 9 }, (_, i) =>
      i === 0 ? "CREATE TABLE t (x)" : `INSERT INTO t VALUES (${i})`,
    );
    const replica = new LtxReplica(sql);
    replica.put(9, 1, 1);
    for (let txid = 2; txid <= 9; txid++)
      replica.put(0, txid, txid, txid === 6 ? { time: time(replica) } : {});
    return replica;
  };
  const back = replicaWith((replica) => replica.timeOf(2) - 3_600_000);
  const restored = async (replica: LtxReplica, timestamp: bigint, salvage = false) => {
    const sink = new MemorySink();
    await restore(replicaIn(replica.storage()), { timestamp }, sink, { salvage });
    return replica.states.findIndex((state) => Buffer.compare(Buffer.from(state), sink.bytes) === 0);
  };

  it("makes a time that came twice ambiguous, and no other", async () => {
    for (const [seconds, txids] of [
      [0, [1, 6]],
      [1, [2, 6]],
      [3, [4, 6]],
      [4, [6]],
      [5, [6]],
      [6, [7]],
      [7, [8]],
    ] as const) {
      const done = await restored(back, second(seconds)).catch((error: WalkitError) => error);
      if (txids.length === 1) {
        expect([seconds, done]).toEqual([seconds, txids[0]]);
        continue;
      }
      const positions = txids.map((txid) => formatPosition({ txid }));
      // Salvage does not choose, either.
      const salvaged = await restored(back, second(seconds), true).catch((error: WalkitError) => error);
      for (const refused of [done, salvaged])
        expect(refused).toMatchObject({
          code: "replica/times-untrusted",
          remedy: { do: "choose-reading", generation: "ltx", positions },
        });
      for (const txid of txids) {
        const sink = new MemorySink();
        await restore(replicaIn(back.storage()), { position: { txid } }, sink);
        expect(Buffer.compare(Buffer.from(back.states[txid]!), sink.bytes)).toBe(0);
      }
    }
  });

  it("is told of by verify, once, and times are shown all the same", async () => {
    const { status, findings, generations } = await verify(replicaIn(back.storage()), { level: "replay" });
    expect(status).toBe("ok");
    expect(findings.map(({ code, severity, position }) => [code, severity, position])).toEqual([
      ["replica/clock-set-back", "warning", formatPosition({ txid: 6 })],
    ]);
    expect(generations[0]!.timesTrusted).toBe(true);
  });

  it("is none where times only stand still", async () => {
    const still = replicaWith((replica) => replica.timeOf(5));
    expect((await verify(replicaIn(still.storage()), { level: "replay" })).findings).toEqual([]);
    expect(await restored(still, second(4))).toBe(6);
  });
});
