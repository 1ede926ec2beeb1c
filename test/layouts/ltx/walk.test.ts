/** The walk: see `model.test.ts` for any files. */

import { expect, it } from "vitest";
import type { LtxFile } from "../../../src/layouts/ltx/types.ts";
import { branchOfFiles } from "../../../src/layouts/ltx/walk.ts";
import { type Placed, pathOf } from "../../support/ltx-history.ts";

function branch(...places: Placed[]) {
  const files = places.map(([level, minTxid, maxTxid]): LtxFile => {
    const path = pathOf(level, minTxid, maxTxid);
    return { level, minTxid, maxTxid, path, size: 1, modified: undefined };
  });
  const { snapshots, segments, merged } = branchOfFiles(files);
  const named = (all: readonly (LtxFile & { txid: number })[]) =>
    all.map(({ level, minTxid, maxTxid, txid }) => [level, minTxid, maxTxid, txid]);
  return { snapshots: named(snapshots), segments: named(segments), merged: named(merged) };
}

it("goes by the smallest steps, and takes what repeats them for merged", () => {
  expect(branch([9, 1, 2], [0, 3, 3], [0, 4, 4], [1, 3, 4], [1, 5, 7], [0, 6, 6])).toEqual({
    snapshots: [[9, 1, 2, 2]],
    segments: [
      [0, 3, 3, 2],
      [0, 4, 4, 3],
      [1, 5, 7, 4],
    ],
    merged: [
      [1, 3, 4, 4],
      [0, 6, 6, 6],
    ],
  });
});

it("takes every file that begins with TXID 1 for a snapshot, of those with one end the highest level first", () => {
  expect(branch([2, 1, 4], [9, 1, 4], [1, 1, 2]).snapshots).toEqual([
    [1, 1, 2, 2],
    [9, 1, 4, 4],
    [2, 1, 4, 4],
  ]);
});

it("goes on at the next snapshot where no file leads on", () => {
  expect(branch([9, 1, 2], [0, 3, 3], [9, 1, 6], [0, 7, 7]).segments).toEqual([
    [0, 3, 3, 2],
    [0, 7, 7, 6],
  ]);
});

it("lays a file over a state within it, and says where it begins", () => {
  const file = { path: pathOf(1, 4, 6), size: 1, modified: undefined };
  const base = { path: pathOf(9, 1, 5), size: 1, modified: undefined };
  const { segments } = branchOfFiles([
    { ...file, level: 1, minTxid: 4, maxTxid: 6 },
    { ...base, level: 9, minTxid: 1, maxTxid: 5 },
  ]);
  expect(segments).toMatchObject([{ path: file.path, txid: 5, since: { txid: 3 } }]);
});

it("comes by no file that nothing leads to", () => {
  expect(branch([0, 3, 3], [1, 5, 6])).toMatchObject({
    segments: [],
    merged: [
      [0, 3, 3, 3],
      [1, 5, 6, 6],
    ],
  });
});
