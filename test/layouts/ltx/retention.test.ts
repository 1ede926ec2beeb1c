/** What Litestream's retention leaves: files of each level from long before the oldest snapshot, and what others were merged into. */

import { expect, it } from "vitest";
import { MemorySink, replicaIn, restore, verify } from "../../../src/index.ts";
import { LtxReplica } from "../../support/ltx-replica.ts";

const TRANSACTIONS = [
  "CREATE TABLE t (x)",
  ...Array.from({ length: 9 }, (_, i) => `INSERT INTO t VALUES (randomblob(${100 + i}))`),
];

function replicaOf(...files: [level: number, min: number, max: number][]) {
  const replica = new LtxReplica(TRANSACTIONS);
  for (const [level, min, max] of files) replica.put(level, min, max);
  return replica;
}

it("the last file of a level, from before the oldest snapshot, is no damage", async () => {
  const replica = replicaOf([3, 1, 2], [2, 3, 4], [9, 1, 8], [0, 9, 9], [0, 10, 10]);
  const storage = replica.storage();
  for (const level of ["names", "integrity"] as const) {
    const { status, findings, generations } = await verify(replicaIn(storage), { level });
    expect([status, findings.filter(({ severity }) => severity !== "info")], level).toEqual(["ok", []]);
    expect(generations[0]!.restorable.at(-1)).toMatchObject({ to: "000000000000000a", newest: true });
  }
  const sink = new MemorySink();
  await restore(replicaIn(storage), {}, sink);
  expect(sink.bytes).toEqual(replica.states[10]);
});

it("what is missing behind the oldest snapshot is damage", async () => {
  const replica = replicaOf([9, 1, 2], [1, 3, 4], [9, 1, 8], [0, 9, 9], [0, 10, 10]);
  const { status, findings } = await verify(replicaIn(replica.storage()), { level: "replay" });
  expect([status, findings.map(({ code }) => code)]).toEqual(["damaged", ["replica/missing-txid"]]);
});
