import { expect, it } from "vitest";
import { listLtx } from "../../../src/layouts/ltx/catalog.ts";
import { nearTime } from "../../../src/layouts/ltx/nearest.ts";
import { LtxHistory, momentOf } from "../../support/ltx-history.ts";

it("the nearest states to a time are the last before it and the first after it", async () => {
  const history = new LtxHistory().transact(2).transact(2).transact(2).transact(2).transact(2);
  const storage = history.storage([
    [9, 1, 2],
    [1, 3, 4],
    [0, 5, 5],
  ]);
  const branch = (await listLtx(storage, "", undefined)).branch!;
  const near = (time: bigint) => nearTime(branch, time).map(({ position }) => Number(position));
  expect(near(momentOf(1))).toEqual([2]);
  expect(near(momentOf(2))).toEqual([2, 4]);
  expect(near(momentOf(3))).toEqual([2, 4]);
  expect(near(momentOf(4))).toEqual([4, 5]);
  expect(near(momentOf(9))).toEqual([5]);
});
