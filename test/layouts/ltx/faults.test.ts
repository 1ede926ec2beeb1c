import { describe, expect, it } from "vitest";
import { deleted, missingTxids, notWhole } from "../../../src/layouts/ltx/faults.ts";
import type { LtxFile } from "../../../src/layouts/ltx/types.ts";
import { parseLtxHeader } from "../../../src/ltx/index.ts";
import { LtxHistory, pathOf } from "../../support/ltx-history.ts";

function file(level: number, minTxid: number, maxTxid: number): LtxFile {
  const path = pathOf(level, minTxid, maxTxid);
  return { level, minTxid, maxTxid, path, size: 1, modified: undefined };
}

describe("missing transactions", () => {
  it.each([
    ["TXID 0000000000000004", 3, file(0, 5, 5)],
    ["TXIDs 0000000000000004 to 000000000000000f", 3, file(1, 16, 20)],
    // A snapshot holds all of them: what is missing is the way to it.
    ["TXIDs 0000000000000004 to 0000000000000008", 3, file(9, 1, 8)],
    ["TXID 0000000000000004", 3, file(9, 1, 4)],
    ["TXID 0000000000000001", 0, file(0, 2, 2)],
  ])("are %s", (which, reach, next) => {
    const error = missingTxids(reach, next);
    expect(error.message).toContain(`Expected ${which} behind`);
    expect(error.message).toMatch(new RegExp(`found ${next.path} to be the next file there is$`));
    expect([error.code, error.path, Number.parseInt(error.position!, 16)]).toEqual([
      "replica/missing-txid",
      next.path,
      reach,
    ]);
  });
});

it("a file behind which there is no database is named with the place that says it", () => {
  expect(deleted("ltx/x", 10)).toMatchObject({
    ...{ code: "database/size", path: "ltx/x", position: "000000000000000a", offset: 12 },
    message: "Expected a database behind TXID 000000000000000a, found that it was deleted",
  });
});

it("a file that is no whole database says which page it lacks", () => {
  const header = parseLtxHeader(new LtxHistory().transact(3).transact(5).file(0, 1, 2).data.subarray(0, 100));
  expect(notWhole("ltx/x", header, 4)).toMatchObject({
    ...{ code: "ltx/missing-page", path: "ltx/x", position: "0000000000000002" },
    message: "Expected every one of the 5 pages in the file, found page 4 missing",
  });
});
