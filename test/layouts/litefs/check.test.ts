/** What names alone show. */

import { describe, expect, it } from "vitest";
import { WalkitError } from "../../../src/errors.ts";
import { findGaps, nameFindings } from "../../../src/layouts/litefs/check.ts";
import type { LitefsBranch, LitefsFile } from "../../../src/layouts/litefs/types.ts";
import { branchOf } from "../../../src/layouts/litefs/walk.ts";
import { ltxName } from "../../../src/ltx/index.ts";

const pathOf = (min: number, max = min) => `ltx/${ltxName(min, max)}`;
const DATABASE = { path: "database", size: 512, modified: 7n };

function branch(
  places: [min: number, max?: number, more?: Partial<LitefsFile>][],
  { database, unreadable = [] }: { database?: typeof DATABASE; unreadable?: WalkitError[] } = {},
): LitefsBranch {
  const files = places.map(([minTxid, maxTxid = minTxid, more]): LitefsFile => {
    const path = pathOf(minTxid, maxTxid);
    return { level: 0, minTxid, maxTxid, path, size: 9, modified: 5n, ...more };
  });
  return branchOf({ files, database, unreadable });
}

const told = (one: LitefsBranch) =>
  nameFindings(one).map(({ code, path, position }) => [code, path, position]);
const gaps = (one: LitefsBranch) => findGaps(one).findings.map(({ code, path }) => [code, path]);
const chains = (one: LitefsBranch) =>
  findGaps(one).chains.map(({ claim, last, newest }) => [claim.txid, last?.end?.txid, newest]);

const denied = new WalkitError("storage/unreadable", "Expected to read it, found that it is forbidden");

describe("names", () => {
  it("of a whole history, of a tail with its database, and of a deleted one show nothing", () => {
    for (const one of [
      branch([[1], [2], [3]]),
      branch([[5], [6]], { database: DATABASE }),
      branch([[1, 4], [5], [6, 6, { isDeletion: true }]]),
      branch([[5], [6, 6, { isDeletion: true }]]),
      branch([]),
    ]) {
      expect([told(one), gaps(one)]).toEqual([[], []]);
    }
  });

  it("show that nothing leads to a tail without its database", () => {
    expect(told(branch([[5], [6]]))).toEqual([["replica/no-snapshot", pathOf(5), undefined]]);
    expect(nameFindings(branch([[5]]))[0]!.message).toMatch(/found a file that does not$/);
    expect(nameFindings(branch([[5], [6]]))[0]!.message).toMatch(/found 2 files that do not$/);
  });

  it("show what is missing right behind the snapshot, once", () => {
    const one = branch([[1, 3], [6], [7]], { database: DATABASE });
    expect(told(one)).toEqual([["replica/missing-txid", pathOf(6), "0000000000000003"]]);
    expect(gaps(one)).toEqual([]);
  });

  it("show each other gap, beside the chains that it parts", () => {
    const one = branch([[1], [2], [4], [5], [8]]);
    expect(told(one)).toEqual([]);
    expect(gaps(one)).toEqual([
      ["replica/missing-txid", pathOf(4)],
      ["replica/missing-txid", pathOf(8)],
    ]);
  });

  it("of what cannot be read say so, and nothing of what may lie in there", () => {
    const codes = (one: LitefsBranch) => nameFindings(one).map(({ code }) => code);
    expect(codes(branch([[5]], { unreadable: [denied] }))).toEqual(["storage/unreadable"]);
    const file = branch([[1], [2, 2, { unreadable: denied }]]);
    expect(codes(file)).toEqual(["storage/unreadable"]);
  });
});

describe("chains", () => {
  it("go from what holds every page as far as files follow on one another", () => {
    expect(chains(branch([[1], [2], [3]]))).toEqual([[1, 3, true]]);
    expect(chains(branch([[1], [2], [4], [5]]))).toEqual([[1, 2, false]]);
    expect(chains(branch([[1, 3]]))).toEqual([[3, undefined, true]]);
    expect(chains(branch([[5], [6]]))).toEqual([]);
  });

  it("begin anew at the database, where files do not lead there", () => {
    expect(chains(branch([[1], [2], [4], [5]], { database: DATABASE }))).toEqual([
      [1, 2, false],
      [5, undefined, true],
    ]);
    // Where they do it is one more way to the same end.
    expect(chains(branch([[1], [2]], { database: DATABASE }))).toEqual([[1, 2, true]]);
  });

  it("end before a file that cannot be read", () => {
    expect(chains(branch([[1], [2], [3, 3, { unreadable: denied }], [4]]))).toEqual([[1, 2, false]]);
    expect(chains(branch([[1, 1, { unreadable: denied }], [2]]))).toEqual([]);
  });
});
