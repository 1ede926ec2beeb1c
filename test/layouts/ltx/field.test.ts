/** What has gone wrong with replicas of Litestream 0.5 where it was used: each told by verify, and no restore is misled. */

import { describe, expect, it } from "vitest";
import { GoneError, WalkitError } from "../../../src/errors.ts";
import { replicaIn } from "../../../src/layouts/open.ts";
import { LtxWriter, ltxName } from "../../../src/ltx/index.ts";
import { planTarget } from "../../../src/restore/index.ts";
import type { MemoryStorage, Storage } from "../../../src/storage/index.ts";
import type { Target } from "../../../src/timeline/target/target.ts";
import { verify } from "../../../src/verify/index.ts";
import {
  CLOCK,
  databaseOf,
  LtxHistory,
  momentOf,
  type Placed,
  pathOf,
  replicaOf,
  timeOf,
} from "../../support/ltx-history.ts";

/** Eight transactions; the third and the sixth make the database grow, the seventh makes it shrink. */
function history(seed = 1): LtxHistory {
  const made = new LtxHistory({ seed });
  made.transact(3).transact(3, [2]).transact(5, [2]).transact(5, [4]);
  return made.transact(5, [3]).transact(7, [5]).transact(4, [2]).transact(4, [3]);
}

const singles = (from: number, to: number): Placed[] =>
  Array.from({ length: to - from + 1 }, (_, i): Placed => [0, from + i, from + i]);

async function codes(storage: MemoryStorage, severity?: string): Promise<string[]> {
  const { findings } = await verify(replicaOf(storage), { level: "replay" });
  return findings.filter((one) => !severity || one.severity === severity).map(({ code }) => code);
}

/** The TXID of what is restored, or the refusal. */
async function asked(storage: MemoryStorage, target: Target, made = history()) {
  try {
    return made.txidOf(await databaseOf(replicaOf(storage), target)) ?? "never was";
  } catch (error) {
    if (!(error instanceof WalkitError)) throw error;
    return {
      code: error.code,
      nearest: error.nearest?.map(({ position }) => Number.parseInt(position!, 16)),
    };
  }
}

describe("a file that makes the database larger, and lacks the pages", () => {
  const made = history();
  const lacking = (level: number, min: number, max: number, lost: number[]) => {
    const pages = new Map<number, Uint8Array>();
    for (const { pages: written } of made.transactions.slice(min, max + 1))
      for (const [page, data] of written) if (!lost.includes(page)) pages.set(page, data);
    const inOrder = [...pages].sort(([a], [b]) => a - b);
    return made.file(level, min, max, { pages: inOrder });
  };

  it.each([[[4]], [[5]], [[4, 5]]])("%j", async (lost) => {
    const storage = made.storage(singles(1, 8));
    storage.files.set(pathOf(0, 3, 3), lacking(0, 3, 3, lost));
    expect(await codes(storage, "damage")).toContain("replica/missing-page");
    for (let txid = 1; txid <= 8; txid++) {
      const found = await asked(storage, { position: { txid } });
      // Where a later one brings the pages, or makes the database end before them, they are there, or not needed.
      const isWhole = txid < 3 || (txid > 3 && !lost.includes(5)) || txid > 5;
      if (isWhole) expect(found).toBe(txid);
      else expect(found).toMatchObject({ code: "replica/missing-page" });
    }
  });

  it("as it was merged on", async () => {
    const files: Placed[] = [
      [1, 1, 2],
      [1, 3, 5],
    ];
    const storage = made.storage(files);
    storage.files.set(pathOf(1, 3, 5), lacking(1, 3, 5, [5]));
    expect(await codes(storage, "damage")).toContain("replica/missing-page");
    expect(await asked(storage, { position: { txid: 2 } })).toBe(2);
    expect(await asked(storage, {})).toMatchObject({ code: "replica/missing-page" });
  });

  it("is mended by the next snapshot", async () => {
    const storage = made.storage([...singles(1, 8), [9, 1, 5]]);
    storage.files.set(pathOf(0, 3, 3), lacking(0, 3, 3, [5]));
    expect(await codes(storage, "damage")).toEqual(["replica/missing-page"]);
    for (const txid of [1, 2, 5, 6, 7, 8]) expect(await asked(storage, { position: { txid } })).toBe(txid);
    for (const txid of [3, 4])
      expect(await asked(storage, { position: { txid } })).toMatchObject({ code: "replica/missing-page" });
    expect(await asked(storage, {})).toBe(8);
  });
});

describe("a snapshot that raced with a checkpoint holds two states", () => {
  const made = history();
  const before = made.states[4]!;
  const state = made.states[5]!;
  const raced = made.file(9, 1, 5, {
    pages: [1, 2, 3, 4, 5].map((page) => {
      const from = page === 3 ? before : state;
      return [page, from.slice((page - 1) * 512, page * 512)] as const;
    }),
  });

  it("beside the files that it should equal", async () => {
    const storage = made.storage([...singles(1, 8), [9, 1, 5]]);
    storage.files.set(pathOf(9, 1, 5), raced);
    expect(await codes(storage)).toEqual(["replica/snapshot-mismatch"]);
  });

  it("where these were merged", async () => {
    const storage = made.storage([[1, 1, 3], [1, 4, 5], ...singles(6, 8), [9, 1, 5]]);
    storage.files.set(pathOf(9, 1, 5), raced);
    expect(await codes(storage)).toEqual(["replica/snapshot-mismatch"]);
  });

  it("where it lies within a merged file that left the page as it was", async () => {
    const storage = made.storage([
      [1, 1, 3],
      [1, 4, 8],
      [9, 1, 5],
    ]);
    // Page 3 is written in it, and may be any.
    storage.files.set(pathOf(9, 1, 5), raced);
    expect(await codes(storage)).toEqual([]);
    const wrong = made.file(9, 1, 5, {
      pages: [1, 2, 3, 4, 5].map((page) => {
        const from = page === 1 ? state : made.states[3]!;
        return [page, from.slice((page - 1) * 512, page * 512)] as const;
      }),
    });
    storage.files.set(pathOf(9, 1, 5), wrong);
    // All that differs was written between 4 and 8: of that nothing tells.
    expect(await codes(storage)).toEqual([]);
    const other = new LtxHistory().transact(5).transact(5, [2]).transact(5, [3]).transact(5, [2]);
    const within = other.storage([
      [1, 1, 1],
      [1, 2, 2],
      [1, 3, 4],
      [9, 1, 3],
    ]);
    within.files.set(
      pathOf(9, 1, 3),
      other.file(9, 1, 3, {
        pages: [1, 2, 3, 4, 5].map((page) => {
          const from = other.states[page === 4 ? 4 : 3]!.slice((page - 1) * 512, page * 512);
          if (page === 4) from[9]! ^= 4;
          return [page, from] as const;
        }),
      }),
    );
    expect(await codes(within)).toEqual(["replica/snapshot-mismatch"]);
  });
});

describe("a gap", () => {
  const storage = history().storage([[1, 1, 4], ...singles(7, 8)]);

  it("is damage, whatever the target is", async () => {
    expect(await codes(storage, "damage")).toEqual(["replica/missing-txid"]);
    expect(await asked(storage, {})).toEqual({ code: "replica/missing-txid", nearest: [4] });
  });

  it("asked for by time is no state of before it", async () => {
    for (const txid of [5, 6, 7, 8]) {
      const found = await asked(storage, { timestamp: momentOf(txid) });
      expect(found).toEqual({ code: "replica/missing-txid", nearest: [4] });
    }
    expect(await asked(storage, { timestamp: momentOf(4) })).toBe(4);
  });

  it("that a snapshot covers costs what lies in it alone", async () => {
    const covered = history().storage([[1, 1, 4], ...singles(7, 8), [9, 1, 6]]);
    // Retention deletes what is older than the oldest snapshot, but for the last file of each level.
    expect(await codes(covered)).toEqual([]);
    expect(await asked(covered, {})).toBe(8);
    expect(await asked(covered, { position: { txid: 5 } })).toEqual({
      code: "target/out-of-range",
      nearest: [4, 6],
    });
  });
});

describe("times", () => {
  const files: Placed[] = [[1, 1, 2], [1, 3, 4], ...singles(3, 8), [9, 1, 5]];

  it("from the future are refused: until then there may be more", async () => {
    const found = await asked(history().storage(files), { timestamp: momentOf(4000) });
    expect(found).toEqual({ code: "target/out-of-range", nearest: [8] });
  });

  it("from before the first state are none", async () => {
    const found = await asked(history().storage(files), { timestamp: momentOf(1) });
    expect(found).toEqual({ code: "target/out-of-range", nearest: [2] });
  });

  it.each([
    ["of the copy, later than all", () => BigInt(CLOCK + 86_400_000) * 1_000_000n],
    ["of the copy, earlier than all", () => 1_000_000_000n],
    ["in the order of the copy", (_: string, i: number) => momentOf(8) - BigInt(i) * 500_000_000n],
    ["that are not kept", () => undefined],
  ])("of files %s are those of their headers", async (_name, timeOfCopy) => {
    const storage = history().storage(files);
    for (const [i, [path, { data }]] of [...storage.files].entries())
      storage.files.set(path, { data, modified: timeOfCopy(path, i) });
    for (const txid of [2, 3, 4, 5, 6, 7, 8]) {
      expect([txid, await asked(storage, { timestamp: momentOf(txid) })]).toEqual([txid, txid]);
      expect([txid, await asked(storage, { timestamp: momentOf(txid) - 1n })]).toEqual([
        txid,
        txid === 2 ? { code: "target/out-of-range", nearest: [2] } : txid - 1,
      ]);
    }
  });
});

it("files of level 0 that went before they were merged are missing", async () => {
  const storage = history().storage([[1, 1, 3], ...singles(6, 8)]);
  expect(await codes(storage, "damage")).toEqual(["replica/missing-txid"]);
  expect(await asked(storage, { position: { txid: 3 } })).toBe(3);
  for (const txid of [4, 5, 6, 7, 8])
    expect(await asked(storage, { position: { txid } })).toMatchObject({ nearest: [3] });
});

describe("two that write to one place", () => {
  it.each([
    ["a merged file", [1, 3, 5] as Placed, "replica/merge-mismatch"],
    ["a merged file from the beginning", [2, 1, 5] as Placed, "replica/snapshot-mismatch"],
    ["a snapshot", [9, 1, 5] as Placed, "replica/snapshot-mismatch"],
  ])("%s of the other", async (_name, place, code) => {
    const storage = history().storage(singles(1, 8));
    storage.files.set(pathOf(...place), history(2).file(...place));
    expect(await codes(storage, "damage")).toContain(code);
  });

  it("the other's newest files stood elsewhere in the WAL", async () => {
    const storage = history().storage(singles(1, 8));
    for (const place of singles(7, 8)) storage.files.set(pathOf(...place), history(2).file(...place));
    expect(await codes(storage)).toContain("replica/wal-gap");
  });
});

it("where the place in the WAL jumps, transactions were left out", async () => {
  const made = history();
  const storage = made.storage(singles(1, 8));
  storage.files.set(pathOf(0, 5, 5), made.file(0, 5, 5, { header: { walOffset: 999_999 } }));
  const { status, findings } = await verify(replicaOf(storage), { level: "replay" });
  expect(findings.map(({ code, path }) => [code, path])).toEqual([["replica/wal-gap", pathOf(0, 5, 5)]]);
  expect(status).toBe("ok");
});

describe("a hundred thousand files of level 0 that nothing merged", () => {
  const COUNT = 100_000;
  const made: Uint8Array[] = [];
  const [first] = history()
    .storage([[9, 1, 1]])
    .files.values();
  const page = history().states[1]!.slice(0, 512);

  /** Made as they are read. */
  const backlog: Storage = {
    async *list(prefix) {
      const entry = (path: string, txid: number, size: number) => {
        return { path, size, modified: BigInt(timeOf(txid)) * 1_000_000n };
      };
      if (!"ltx/9/".startsWith(prefix) && !prefix.startsWith("ltx")) return;
      yield entry(pathOf(9, 1, 1), 1, first!.data.length);
      for (let txid = 2; txid <= COUNT; txid++)
        yield entry(`ltx/0/${ltxName(txid, txid)}`, txid, made[txid]!.length);
    },
    async *read(path, { start = 0, end } = {}) {
      const txid = Number.parseInt(path.slice(6, 22), 16);
      if (path === pathOf(9, 1, 1)) yield first!.data.subarray(start, end);
      else if (made[txid]) yield made[txid].subarray(start, end);
      else throw new GoneError("Expected it, found it gone", { path });
    },
  };

  function fileOf(txid: number): Uint8Array {
    const header = {
      ...{ flags: 2, pageSize: 512, commit: 3, minTxid: txid, maxTxid: txid, timestamp: timeOf(txid) },
      ...{ preApplyChecksum: 0n, nodeId: 0n, walOffset: 32 + txid * 536, walSize: 536 },
      ...{ walSalt1: 1, walSalt2: 1 },
    };
    const writer = new LtxWriter({ variant: "v3-block", header });
    const parts = [...writer.push([1], page), ...writer.end()];
    return Buffer.concat(parts);
  }

  it("are planned, verified and restored in seconds, and told of", async () => {
    const replica = replicaIn(backlog);
    const took: Record<string, number> = {};
    const timed = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
      const begun = performance.now();
      const result = await work();
      took[name] = Math.round(performance.now() - begun);
      return result;
    };
    for (let txid = 2; txid <= COUNT; txid++) made[txid] = fileOf(txid);
    const plan = await timed("plan", () => planTarget(replica, { position: { txid: COUNT / 2 } }));
    expect(plan.segments.length).toBe(COUNT / 2 - 1);
    const names = await timed("names", () => verify(replica, { level: "names" }));
    expect(names.findings.map(({ code }) => code)).toEqual(["replica/backlog"]);
    const report = await timed("verify", () => verify(replica, { level: "replay" }));
    expect(report.findings.map(({ code }) => code)).toEqual(["replica/backlog"]);
    expect(report.generations[0]).toMatchObject({ status: "ok", transactions: COUNT - 1 });
    const database = await timed("restore", () => databaseOf(replica, {}));
    expect(database.length).toBe(3 * 512);

    const missing = await timed("refuse", () =>
      databaseOf(replica, { position: { txid: COUNT + 5 } }).catch((error: WalkitError) => error.code),
    );
    expect(missing).toBe("target/out-of-range");
    for (const [name, ms] of Object.entries(took)) expect(ms, name).toBeLessThan(30_000);
  });
});
