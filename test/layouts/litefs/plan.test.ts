import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WalkitError } from "../../../src/errors.ts";
import { newestOf, planLitefs } from "../../../src/layouts/litefs/plan.ts";
import type { LitefsBranch, LitefsFile } from "../../../src/layouts/litefs/types.ts";
import { branchOf, statesOf } from "../../../src/layouts/litefs/walk.ts";
import { ltxName } from "../../../src/ltx/index.ts";
import type { PlanTarget } from "../../../src/replay/plan.ts";

const pathOf = (min: number, max = min) => `ltx/${ltxName(min, max)}`;
const DATABASE = { path: "database", size: 512, modified: undefined };
const SECOND = 1_000_000_000n;

/** Each file from the second of its last transaction. */
function branch(
  places: [min: number, max?: number | undefined, more?: Partial<LitefsFile>][],
  database: typeof DATABASE | undefined = undefined,
  bases: number[] = [],
): LitefsBranch {
  const files = places.map(([minTxid, maxTxid = minTxid, more]): LitefsFile => {
    const at = { path: pathOf(minTxid, maxTxid), size: 9, modified: BigInt(maxTxid) * SECOND };
    return { level: 0, minTxid, maxTxid, ...at, ...more };
  });
  return branchOf({ files, database, unreadable: [] }, new Set(bases.map((txid) => pathOf(txid))));
}

function way(one: LitefsBranch, target: PlanTarget = {}, avoid: string[] = []): string[] {
  const { snapshot, segments } = planLitefs(one, target, { avoid: new Set(avoid) });
  return [snapshot, ...segments].map(({ path }) => path);
}

function refusal(one: LitefsBranch, target: PlanTarget = {}, avoid: string[] = []): WalkitError {
  try {
    way(one, target, avoid);
  } catch (error) {
    if (error instanceof WalkitError) return error;
    throw error;
  }
  throw new Error("Expected a refusal, found a plan");
}

const behind = (txid: number): PlanTarget => ({ commit: { txid } });
const at = (seconds: number): PlanTarget => ({ timestamp: BigInt(seconds * 10) * (SECOND / 10n) });

describe("the way", () => {
  it("to the newest state is the database itself, or files from the first of all pages on", () => {
    expect(way(branch([[1], [2], [3]], DATABASE))).toEqual(["database"]);
    expect(way(branch([[1], [2], [3]]))).toEqual([pathOf(1), pathOf(2), pathOf(3)]);
    expect(way(branch([[1], [2], [3]], DATABASE), {}, ["database"])).toEqual([1, 2, 3].map((n) => pathOf(n)));
  });

  it("begins as late as it can: at an import rather than at the first transaction", () => {
    const one = branch([[1], [2], [3], [4]], undefined, [3]);
    expect(way(one, behind(4))).toEqual([pathOf(3), pathOf(4)]);
    expect(way(one, behind(2))).toEqual([pathOf(1), pathOf(2)]);
  });

  it("to any state ends with it, without a step left out", () => {
    const place = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.constantFrom(0, 0, 0, 1, 2));
    const places = fc.uniqueArray(place, { maxLength: 14, selector: ([min, more]) => `${min} ${more}` });
    fc.assert(
      fc.property(places, fc.boolean(), (all, isThere) => {
        const one = branch(
          all.map(([min, more]) => [min, min + more]),
          isThere ? DATABASE : undefined,
        );
        for (const txid of statesOf(one)) {
          const { snapshot, segments, end } = planLitefs(one, behind(txid));
          let reach = snapshot.txid!;
          for (const { path, txid: from } of segments) {
            const { minTxid, maxTxid } = one.files.find((file) => file.path === path)!;
            expect([from, minTxid <= reach + 1, maxTxid > reach]).toEqual([reach, true, true]);
            reach = maxTxid;
          }
          expect([reach, end?.txid]).toEqual([txid, segments.length > 0 ? txid : undefined]);
        }
      }),
    );
  });

  it("has what follows in the replica", () => {
    const one = branch([[1], [2], [5]]);
    expect(planLitefs(one, behind(1)).next).toEqual({ txid: 1 });
    expect(planLitefs(one, behind(2)).next).toEqual({ txid: 4 });
  });
});

describe("a time", () => {
  const one = branch([[1], [2], [3], [6], [7, 7, { modified: undefined }], [8]]);

  it("means the last transaction up to it", () => {
    expect(way(one, at(2))).toEqual([pathOf(1), pathOf(2)]);
    expect(way(one, at(2.5))).toEqual([pathOf(1), pathOf(2)]);
    expect(way(one, at(3))).toEqual([pathOf(1), pathOf(2), pathOf(3)]);
  });

  it.each([
    [0.5, "target/out-of-range", /only younger ones/, ["0000000000000001"]],
    [9, "target/out-of-range", /nothing was written since/, ["0000000000000008"]],
    [4, "replica/missing-txid", /TXIDs 0{15}4 to 0{15}5/, ["0000000000000003", "0000000000000006"]],
    [6.5, "target/out-of-range", /LiteFS before 0\.3/, ["0000000000000006", "0000000000000008"]],
  ] as const)("of second %d is refused as %s", (seconds, code, message, nearest) => {
    const error = refusal(one, at(seconds));
    expect([error.code, error.message]).toEqual([code, expect.stringMatching(message)]);
    expect(error.nearest?.map(({ position }) => position)).toEqual(nearest);
  });
});

describe("a refusal", () => {
  it.each([
    ["behind all there is", [[1], [2]], 9, "target/out-of-range", /none from behind 0{15}2/],
    ["inside of a file", [[1], [2, 4]], 3, "target/out-of-range", /inside of ltx\/0{15}2-0{15}4/],
    ["behind a gap", [[1], [2], [4], [5]], 5, "replica/missing-txid", /TXID 0{15}3 behind 0{15}2/],
    ["in a tail", [[5], [6]], 6, "target/out-of-range", /lead forward only/],
    ["before a tail", [[5], [6]], 2, "target/out-of-range", /lead forward only/],
  ] as const)("of a transaction %s says why", (_, places, txid, code, message) => {
    const error = refusal(branch(places.map(([min, max]) => [min, max])), behind(txid));
    expect([error.code, error.message]).toEqual([code, expect.stringMatching(message)]);
  });

  it("of the newest state, where nothing leads there, names the first file", () => {
    expect(refusal(branch([[5], [6]]))).toMatchObject({ code: "replica/no-snapshot", path: pathOf(5) });
  });

  it("of what leads nowhere without a file that does not serve names that file", () => {
    const one = branch([[1], [2], [3], [4]], DATABASE, [3]);
    for (const [txid, avoid] of [
      [4, [pathOf(3)]],
      [1, [pathOf(1)]],
    ] as const) {
      const error = refusal(
        { ...one, database: undefined, snapshots: one.snapshots.slice(0, 1) },
        behind(txid),
        [...avoid],
      );
      expect(error).toMatchObject({ code: "target/no-snapshot", path: avoid[0] });
      expect(error.message).toMatch(/^Expected another way to TXID/);
    }
    // That there is a gap is said all the same.
    expect(refusal(branch([[1], [3]]), behind(3), [pathOf(1)]).code).toBe("replica/missing-txid");
  });

  it("is what cannot be read on the way, and nothing else", () => {
    const denied = new WalkitError("storage/unreadable", "Expected to read it, found that it is forbidden");
    const one = branch([[1], [2, 2, { unreadable: denied }], [3]]);
    expect(refusal(one, behind(3))).toBe(denied);
    expect(way(one, behind(1))).toEqual([pathOf(1)]);
    expect(refusal({ ...branch([[1]]), unreadable: [denied] })).toBe(denied);
  });
});

it("the newest transaction is that of the database or of any file", () => {
  expect(newestOf(branch([[1], [2, 7], [3]], DATABASE))).toBe(7);
  expect(newestOf(branch([]))).toBe(0);
});
