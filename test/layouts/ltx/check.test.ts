/** What names alone show. */

import { describe, expect, it } from "vitest";
import { WalkitError } from "../../../src/errors.ts";
import { listLtx } from "../../../src/layouts/ltx/catalog.ts";
import { findGaps, nameFindings } from "../../../src/layouts/ltx/check.ts";
import type { LtxBranch } from "../../../src/layouts/ltx/types.ts";
import { LtxHistory, type Placed, pathOf } from "../../support/ltx-history.ts";

const history = new LtxHistory();
for (let txid = 1; txid <= 12; txid++) history.transact(2);

const singles = (from: number, to: number): Placed[] =>
  Array.from({ length: to - from + 1 }, (_, i): Placed => [0, from + i, from + i]);

async function branchOf(...files: Placed[]) {
  return (await listLtx(history.storage(files), "", undefined)).branch!;
}

async function found(...files: Placed[]) {
  return nameFindings(await branchOf(...files)).map(({ code, path }) => [code, path]);
}

describe("names", () => {
  it("of a replica as it should be show nothing", async () => {
    expect(await found(...singles(8, 12), [1, 1, 4], [1, 5, 9], [2, 1, 9], [9, 1, 1], [9, 1, 7])).toEqual([]);
  });

  it("show that nothing can be had", async () => {
    expect(await found(...singles(3, 5))).toEqual([["replica/no-snapshot", pathOf(0, 3, 3)]]);
  });

  it("show a hole of a level that others cover, and where it is", async () => {
    const files: Placed[] = [...singles(2, 4), ...singles(6, 8), [1, 1, 4], [1, 5, 8]];
    expect(await found(...files)).toEqual([["replica/level-gap", pathOf(0, 6, 6)]]);
    const { findings } = findGaps(await branchOf(...files));
    expect(findings).toEqual([]);
  });

  it("show that files lead to nothing, behind the last state", async () => {
    expect(await found([9, 1, 3], ...singles(6, 8))).toEqual([["replica/missing-txid", pathOf(0, 6, 6)]]);
    expect(await found([1, 1, 3], [0, 4, 4], ...singles(6, 8))).toEqual([
      ["replica/missing-txid", pathOf(0, 6, 6)],
    ]);
  });

  it("show that nothing follows on a snapshot, though more was written", async () => {
    expect(await found([9, 1, 3], [9, 1, 6], ...singles(7, 8))).toEqual([
      ["replica/missing-txid", pathOf(0, 7, 7)],
    ]);
    // What a level has from before the oldest snapshot is all that retention left.
    expect(await found([2, 1, 3], [9, 1, 6], ...singles(7, 8))).toEqual([]);
    // A snapshot may be uploaded before the files that lead to it.
    expect(await found([9, 1, 3], [9, 1, 6])).toEqual([]);
  });
});

describe("chains", () => {
  it("go from a snapshot as far as files follow on one another", async () => {
    const { findings, chains } = findGaps(
      await branchOf([9, 1, 2], ...singles(3, 5), [9, 1, 7], ...singles(8, 9)),
    );
    expect(findings.map(({ code, path }) => [code, path])).toEqual([
      ["replica/missing-txid", pathOf(0, 8, 8)],
    ]);
    expect(chains.map(({ claim, last, newest }) => [claim.txid, last?.path, newest])).toEqual([
      [2, pathOf(0, 5, 5), false],
      [7, pathOf(0, 9, 9), true],
    ]);
  });
});

describe("snapshots that nothing leads from one to the next", () => {
  const chainsOf = (branch: LtxBranch) =>
    findGaps(branch).chains.map(({ claim, last }) => [claim.txid, last?.end?.txid]);

  it("are chains of their own", async () => {
    expect(chainsOf(await branchOf([9, 1, 3], [9, 1, 6], [0, 7, 7], [0, 8, 8]))).toEqual([
      [3, undefined],
      [6, 8],
    ]);
  });

  it("are told of once, however many files end there", async () => {
    const branch = await branchOf([9, 1, 3], [1, 1, 3], [9, 1, 6], [0, 7, 7], [0, 8, 8]);
    expect(nameFindings(branch).map(({ code, position }) => [code, position])).toEqual([
      ["replica/missing-txid", "0000000000000003"],
    ]);
    expect(chainsOf(branch)).toEqual([
      [3, undefined],
      [6, 8],
    ]);
  });

  it("lead on where the file that ends there cannot be read", async () => {
    const branch = await branchOf([9, 1, 2], [0, 3, 3], [9, 1, 3], [0, 4, 4]);
    branch.segments[0]!.unreadable = new WalkitError("storage/unreadable", "Cannot read it");
    expect(chainsOf(branch)).toEqual([
      [2, undefined],
      [3, 4],
    ]);
  });
});
