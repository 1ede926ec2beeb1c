/** Snapshots that may be ahead of their TXID, as Litestream up to 0.5.14 makes them: a restore does without, where it can. */

import { describe, expect, it } from "vitest";
import type { LtxVariant } from "../../../src/ltx/index.ts";
import { MemorySink, planTarget, restore } from "../../../src/restore/index.ts";
import type { MemoryStorage } from "../../../src/storage/index.ts";
import { databaseOf, LtxHistory, type Placed, pathOf, replicaOf } from "../../support/ltx-history.ts";

/** The snapshot of TXID 4 has the pages of 6. Each transaction but the first writes another page. */
function raced(last: number, variant: LtxVariant, files: readonly Placed[]): [LtxHistory, MemoryStorage] {
  const made = new LtxHistory().transact(6);
  for (let txid = 2; txid <= last; txid++) made.transact(6, [(txid % 5) + 2]);
  const storage = made.storage(files);
  const state = made.states[6]!;
  const pages = Array.from({ length: 6 }, (_, i) => [i + 1, state.slice(i * 512, (i + 1) * 512)] as const);
  storage.files.set(pathOf(9, 1, 4), made.file(9, 1, 4, { variant, pages }));
  return [made, storage];
}

const syncs = (from: number, to: number): Placed[] =>
  Array.from({ length: to - from + 1 }, (_, i) => [0, from + i, from + i]);

const baseOf = async (storage: MemoryStorage, txid: number) =>
  (await planTarget(replicaOf(storage), { position: { txid } })).snapshot.path;

describe("a snapshot of the variant of those versions", () => {
  const [made, storage] = raced(70, "v3-frame", [[9, 1, 1], ...syncs(2, 70)]);

  it("is no base for what lies within a minute behind it: every state is the true one", async () => {
    for (const txid of [3, 4, 5, 6, 7, 30, 64])
      expect([txid, made.txidOf(await databaseOf(replicaOf(storage), { position: { txid } }))]).toEqual([
        txid,
        txid,
      ]);
    expect(await baseOf(storage, 64)).toBe(pathOf(9, 1, 1));
  });

  it("is one for what lies behind that", async () => {
    expect(await baseOf(storage, 65)).toBe(pathOf(9, 1, 4));
    expect(made.txidOf(await databaseOf(replicaOf(storage)))).toBe(70);
  });

  it("is one where no other way leads there, with a warning", async () => {
    const [, alone] = raced(7, "v3-frame", syncs(5, 7));
    const sink = new MemorySink();
    const { findings } = await restore(replicaOf(alone), { position: { txid: 5 } }, sink);
    expect(findings.map(({ code, severity, path }) => [code, severity, path])).toEqual([
      ["replica/snapshot-ahead", "warning", pathOf(9, 1, 4)],
    ]);
  });

  it("is one where the other way is damaged, with a warning", async () => {
    const [, broken] = raced(7, "v3-frame", [[9, 1, 1], ...syncs(2, 7)]);
    broken.files.get(pathOf(0, 3, 3))!.data[110]! ^= 1;
    const { findings, plan } = await restore(replicaOf(broken), { position: { txid: 7 } }, new MemorySink());
    expect(plan.snapshot.path).toBe(pathOf(9, 1, 4));
    expect(findings.map(({ code }) => code)).toContain("replica/snapshot-ahead");
  });
});

it("what later versions write is a base at once, and nothing else of it is read", async () => {
  const [, storage] = raced(7, "v3-block", [[9, 1, 1], ...syncs(2, 7)]);
  expect(await baseOf(storage, 5)).toBe(pathOf(9, 1, 4));
});
