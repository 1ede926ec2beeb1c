/** Copies of the whole database at level 0: where nothing leads to one, a restore begins with it. */

import { expect, it } from "vitest";
import { replicaIn } from "../../../src/layouts/open.ts";
import { listMoments } from "../../../src/moments/index.ts";
import { catalogOf } from "../../../src/replay/replica.ts";
import { verify } from "../../../src/verify/index.ts";
import { CountingStorage } from "../../support/counting.ts";
import {
  databaseOf,
  LtxHistory,
  momentOf,
  type Placed,
  pathOf,
  replicaOf,
} from "../../support/ltx-history.ts";

/** TXIDs 1 to 10, each a file of level 0; 7 is a copy of the whole database, and larger than any other. */
function history(): LtxHistory {
  const made = new LtxHistory();
  for (let txid = 1; txid <= 10; txid++) made.transact(6, txid === 7 ? [1, 2, 3, 4, 5, 6] : [2]);
  return made;
}

const syncs = (...txids: number[]): Placed[] => txids.map((txid) => [0, txid, txid]);

async function statesIn(made: LtxHistory, files: Placed[]): Promise<unknown[]> {
  const replica = replicaOf(made.storage(files));
  const [one] = await listMoments(replica);
  const commits = one!.segments.flatMap(({ commits }) => commits).filter(({ restorable }) => restorable);
  const txids = [
    ...one!.snapshots.map(({ position }) => position.txid!),
    ...commits.map(({ end }) => end.txid!),
  ];
  for (const txid of txids)
    expect([txid, made.txidOf(await databaseOf(replica, { position: { txid } }))]).toEqual([txid, txid]);
  return [...new Set(txids)].sort((a, b) => a - b);
}

it("begins with one where the chain before it is broken, and says what is missing", async () => {
  const made = history();
  const files: Placed[] = [[9, 1, 2], ...syncs(3, 4, 6, 7, 8, 9, 10)];
  expect(await statesIn(made, files)).toEqual([2, 3, 4, 7, 8, 9, 10]);
  const replica = replicaOf(made.storage(files));
  const { status, findings, generations } = await verify(replica, { level: "replay" });
  expect([status, findings.map(({ code }) => code)]).toEqual(["damaged", ["replica/missing-txid"]]);
  expect(generations[0]!.restorable.map(({ from, to }) => [from.at(-1), to.at(-1)])).toEqual([
    ["2", "4"],
    ["7", "a"],
  ]);
  await expect(databaseOf(replica, { position: { txid: 6 } })).rejects.toMatchObject({
    code: "target/out-of-range",
    nearest: [{ position: "0000000000000004" }, { position: "0000000000000007" }],
  });
  // What is missing may be from before that time.
  await expect(databaseOf(replica, { timestamp: momentOf(5) })).rejects.toMatchObject({
    code: "replica/missing-txid",
  });
  expect(made.txidOf(await databaseOf(replica, { timestamp: momentOf(8) }))).toBe(8);
  expect(made.txidOf(await databaseOf(replica))).toBe(10);
});

it("begins with one where there is no snapshot, which is damage: Litestream does not", async () => {
  const made = history();
  const files = syncs(5, 6, 7, 8, 9);
  expect(await statesIn(made, files)).toEqual([7, 8, 9]);
  const { findings } = await verify(replicaOf(made.storage(files)), { level: "replay" });
  expect(findings.map(({ code, severity, path }) => [code, severity, path])).toEqual([
    ["replica/no-snapshot", "damage", pathOf(0, 7, 7)],
  ]);
});

it("takes a merged file that has a copy in it for one, too", async () => {
  expect(await statesIn(history(), [[9, 1, 2], [1, 6, 8], ...syncs(9, 10)])).toEqual([2, 8, 9, 10]);
});

it("opens no file where names say that each leads on", async () => {
  const made = history();
  const storage = new CountingStorage(
    made.storage([[9, 1, 2], [1, 1, 2], ...syncs(3, 4, 5, 6, 7, 8, 9, 10)]),
  );
  await catalogOf(replicaIn(storage));
  expect(storage.reads.size).toBe(0);
});

it("reads a file's ends once, however often the replica is listed, and no more of what is too small", async () => {
  const made = history();
  const storage = new CountingStorage(made.storage([[9, 1, 2], ...syncs(5, 6, 7, 8)]));
  for (let i = 0; i < 3; i++) await catalogOf(replicaIn(storage));
  const { reads } = storage;
  expect([...reads.keys()].sort()).toEqual([5, 6, 7, 8].map((txid) => pathOf(0, txid, txid)));
  expect(Math.max(...reads.values())).toBeLessThanOrEqual(5);
});

it("is not taken in by a file that is damaged, or is not what its index says", async () => {
  const made = history();
  const storage = made.storage([[9, 1, 2], ...syncs(6, 7, 8)]);
  const { data } = storage.files.get(pathOf(0, 7, 7))!;
  for (let at = 0; at < data.length; at += 7) {
    const bytes = data.slice();
    bytes[at]! ^= 0x10;
    storage.files.set(pathOf(0, 7, 7), { data: bytes, modified: BigInt(at) });
    for (const txid of [7, 8]) {
      const found = await databaseOf(replicaOf(storage), { position: { txid } }).catch((error) => error.code);
      if (typeof found !== "string") expect([at, made.txidOf(found)]).toEqual([at, txid]);
    }
  }
});

it("begins with one behind a damaged file, as verify says", async () => {
  const made = history();
  const storage = made.storage([[9, 1, 2], ...syncs(3, 4, 5, 6, 7, 8, 9, 10)]);
  const { data } = storage.files.get(pathOf(0, 5, 5))!;
  data[data.length - 30]! ^= 1;
  const replica = replicaOf(storage);
  const { generations } = await verify(replica, { level: "replay" });
  expect(generations[0]!.restorable.map(({ from, to }) => [from.at(-1), to.at(-1)])).toEqual([
    ["2", "4"],
    ["7", "a"],
  ]);
  for (const txid of [2, 3, 4, 7, 8, 9, 10])
    expect(made.txidOf(await databaseOf(replica, { position: { txid } }))).toBe(txid);
  expect(made.txidOf(await databaseOf(replica, { timestamp: momentOf(8) }))).toBe(8);
  expect(made.txidOf(await databaseOf(replica))).toBe(10);
  for (const txid of [5, 6])
    await expect(databaseOf(replica, { position: { txid } })).rejects.toMatchObject({
      path: pathOf(0, 5, 5),
    });
});

it("says what is missing before one also where nothing follows on it, nothing leads to what is before it, and each file is one", async () => {
  const small = new LtxHistory();
  for (let txid = 1; txid <= 8; txid++) small.transact(1);
  const all = [
    [1, 2, 3, 5],
    [1, 2, 3, 5, 6, 7],
    [1, 2, 4, 6, 8],
    [1, 3],
    [1, 3, 4],
    [1, 3, 5, 6, 8],
  ];
  for (const files of all.map((txids) => syncs(...txids))) {
    const storage = small.storage(files);
    const { status, findings, generations } = await verify(replicaOf(storage), { level: "replay" });
    const missing = [1, 2, 3, 4, 5, 6, 7].filter(
      (txid) => txid < files.at(-1)![1] && !files.some(([, min]) => min === txid),
    );
    expect([status, new Set(findings.map(({ code }) => code))]).toEqual([
      "damaged",
      new Set(["replica/missing-txid"]),
    ]);
    expect(findings.length).toBe(missing.length);
    expect(await statesIn(small, [...files])).toEqual(files.map(([, min]) => min));
    expect(generations[0]!.restorable.at(-1)!.newest).toBe(true);
  }
});
