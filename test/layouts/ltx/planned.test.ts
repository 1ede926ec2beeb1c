import { describe, expect, it } from "vitest";
import { changesIn, noOther, planOf, txidOf } from "../../../src/layouts/ltx/planned.ts";
import type { LtxFile } from "../../../src/layouts/ltx/types.ts";
import { pathOf } from "../../support/ltx-history.ts";

function file(minTxid: number, maxTxid = minTxid, size: number | undefined = 10): LtxFile {
  return { level: 0, minTxid, maxTxid, path: pathOf(0, minTxid, maxTxid), size, modified: undefined };
}

describe("the transaction of a target", () => {
  it("is the one that it names, if any", () => {
    expect(txidOf({})).toBeUndefined();
    expect(txidOf({ timestamp: 5n })).toBeUndefined();
    expect(txidOf({ commit: { txid: 0 } })).toBe(0);
    expect(txidOf({ commit: { txid: 255 } })).toBe(255);
  });

  it.each([
    [{ index: 0 }, "index 0"],
    [{ commit: { index: 1, offset: 32 } }, "00000001:00000020"],
  ])("is none of %j, which lies in a WAL", (target, found) => {
    expect(() => txidOf(target)).toThrow(
      expect.objectContaining({
        code: "target/out-of-range",
        message: expect.stringContaining(`found ${found},`),
        remedy: { do: "list", what: "ltx" },
      }),
    );
  });
});

describe("a plan", () => {
  it("lays each file over what those before it lead to, wherever it begins", () => {
    const plan = planOf([file(1, 4), file(5), file(3, 8), file(9)], undefined);
    expect([plan.snapshot.path, plan.snapshot.txid]).toEqual([pathOf(0, 1, 4), 4]);
    expect(plan.segments.map(({ path, txid }) => [path, txid])).toEqual([
      [pathOf(0, 5, 5), 4],
      [pathOf(0, 3, 8), 5],
      [pathOf(0, 9, 9), 8],
    ]);
    expect([plan.end, plan.next, plan.bytes]).toEqual([{ txid: 9 }, undefined, 40]);
    expect(JSON.parse(JSON.stringify(plan)).segments).toEqual(plan.segments);
  });

  it("of a claim alone ends with no change", () => {
    expect(planOf([file(1, 4)], undefined)).toMatchObject({ segments: [], end: undefined, settled: true });
  });

  it("says where what follows begins: where the plan ends, or behind a gap", () => {
    expect(planOf([file(1, 4)], file(5)).next).toEqual({ txid: 4 });
    expect(planOf([file(1, 4)], file(2, 9)).next).toEqual({ txid: 4 });
    expect(planOf([file(1, 4)], file(8)).next).toEqual({ txid: 7 });
  });

  it("knows how much is to be read where the listing told of each file", () => {
    expect(planOf([file(1, 4), { ...file(5), size: undefined }], undefined).bytes).toBeUndefined();
  });

  it("has changes, which begin with the first of its branch", () => {
    const plan = planOf([file(1), file(2)], file(4));
    const { segments, end, next } = plan;
    expect(changesIn(plan)).toEqual({ generation: "ltx", segments, proof: [], end, next, later: [] });
  });
});

it("where there is no other way, the file is named that does not serve, and the state", () => {
  expect(noOther(255, new Set([pathOf(0, 9, 9)]))).toMatchObject({
    ...{ code: "target/no-snapshot", path: pathOf(0, 9, 9), position: "00000000000000ff" },
    message: expect.stringContaining(`than through ${pathOf(0, 9, 9)}`),
  });
});
