/** Snapshots that hold changes from behind their TXID: told from those that are wrong, and no state but theirs is doubted. */

import { describe, expect, it } from "vitest";
import type { LtxVariant } from "../../src/ltx/index.ts";
import type { MemoryStorage } from "../../src/storage/index.ts";
import { verify } from "../../src/verify/index.ts";
import { databaseOf, LtxHistory, type Placed, pathOf, replicaOf } from "../support/ltx-history.ts";

const PAGES = 6;

interface Raced {
  /** The TXID that the snapshot is named by, and the one whose pages it has. */
  at: number;
  holds: number;
  last: number;
  variant?: LtxVariant;
  more?: readonly Placed[];
}

/** Each transaction writes page 1 and another one. */
function racedBy({ at, holds, last, variant = "v3-frame", more = [] }: Raced): [LtxHistory, MemoryStorage] {
  const made = new LtxHistory().transact(PAGES);
  for (let txid = 2; txid <= last; txid++) made.transact(PAGES, [(txid % 5) + 2]);
  const files: Placed[] = [[9, 1, 1], ...more];
  for (let txid = 2; txid <= last; txid++) files.push([0, txid, txid]);
  const storage = made.storage(files);
  const state = made.states[holds]!;
  const pages = Array.from(
    { length: PAGES },
    (_, i) => [i + 1, state.slice(i * 512, (i + 1) * 512)] as const,
  );
  storage.files.set(pathOf(9, 1, at), made.file(9, 1, at, { variant, pages }));
  return [made, storage];
}

async function saidOf(
  storage: MemoryStorage,
): Promise<{ status: string; found: unknown[]; ranges: string[][] }> {
  const { status, findings, generations } = await verify(replicaOf(storage), { level: "replay" });
  const found = findings.map(({ code, severity, path }) => [code, severity, path]);
  const ranges = generations[0]!.restorable.map(({ from, to }) => [from.slice(-2), to.slice(-2)]);
  return { status, found, ranges };
}

const AHEAD = [["replica/snapshot-ahead", "warning", pathOf(9, 1, 4)]];

describe("a snapshot that is ahead", () => {
  it("is told of, with all states behind it in one range, and each of them is restored as it was", async () => {
    const [made, storage] = racedBy({ at: 4, holds: 6, last: 9 });
    expect(await saidOf(storage)).toEqual({ status: "ok", found: AHEAD, ranges: [["01", "09"]] });
    for (let txid = 1; txid <= 9; txid++)
      expect(made.txidOf(await databaseOf(replicaOf(storage), { position: { txid } }))).toBe(txid);
  });

  it("lets merged files beside it be what they are", async () => {
    const [, storage] = racedBy({
      at: 4,
      holds: 6,
      last: 9,
      more: [
        [1, 2, 4],
        [1, 5, 6],
        [2, 1, 6],
      ],
    });
    expect((await saidOf(storage)).found).toEqual(AHEAD);
  });

  it("is told from a merged file that begins with TXID 1 and ends there as well", async () => {
    const [, storage] = racedBy({ at: 4, holds: 6, last: 9, more: [[3, 1, 4]] });
    for (const txid of [1, 2, 3, 4])
      storage.files.delete(txid === 1 ? pathOf(9, 1, 1) : pathOf(0, txid, txid));
    expect((await saidOf(storage)).found).toEqual(AHEAD);
  });

  it("may be told of next to another one", async () => {
    const [made, storage] = racedBy({ at: 4, holds: 6, last: 12 });
    const state = made.states[8]!;
    const pages = Array.from(
      { length: PAGES },
      (_, i) => [i + 1, state.slice(i * 512, (i + 1) * 512)] as const,
    );
    storage.files.set(pathOf(9, 1, 5), made.file(9, 1, 5, { variant: "v3-frame", pages }));
    const { status, found } = await saidOf(storage);
    expect([status, found]).toEqual([
      "ok",
      [...AHEAD, ["replica/snapshot-ahead", "warning", pathOf(9, 1, 5)]],
    ]);
  });
});

describe("a snapshot that differs is wrong", () => {
  const WRONG = [["replica/snapshot-mismatch", "damage", pathOf(9, 1, 4)]];

  it("where what would have been ahead is a minute away", async () => {
    const made = new LtxHistory().transact(PAGES);
    for (let txid = 2; txid <= 70; txid++) made.transact(PAGES, txid < 68 ? [] : [5]);
    const files: Placed[] = [[9, 1, 1]];
    for (let txid = 2; txid <= 70; txid++) files.push([0, txid, txid]);
    const storage = made.storage(files);
    const state = made.states[4]!.slice();
    state.fill(7, 4 * 512, 5 * 512);
    const pages = Array.from(
      { length: PAGES },
      (_, i) => [i + 1, state.slice(i * 512, (i + 1) * 512)] as const,
    );
    storage.files.set(pathOf(9, 1, 4), made.file(9, 1, 4, { variant: "v3-frame", pages }));
    const { status, found, ranges } = await saidOf(storage);
    expect([status, found]).toEqual(["damaged", WRONG]);
    expect(ranges).toEqual([
      ["01", "04"],
      ["04", "46"],
    ]);
  });

  it("where a version wrote it that makes no such snapshots", async () => {
    const [, storage] = racedBy({ at: 4, holds: 6, last: 9, variant: "v3-block" });
    const { status, found, ranges } = await saidOf(storage);
    expect([status, found]).toEqual(["damaged", WRONG]);
    expect(ranges).toEqual([
      ["01", "04"],
      ["04", "09"],
    ]);
  });

  it("where the files end before they bring what it has, and counts from there on", async () => {
    const [, storage] = racedBy({ at: 4, holds: 9, last: 9 });
    for (const txid of [7, 8, 9]) storage.files.delete(pathOf(0, txid, txid));
    const { status, found, ranges } = await saidOf(storage);
    expect([status, found]).toEqual(["damaged", WRONG]);
    expect(ranges).toEqual([
      ["01", "04"],
      ["04", "06"],
    ]);
  });
});
