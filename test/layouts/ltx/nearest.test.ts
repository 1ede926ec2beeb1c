import { expect, it } from "vitest";
import { listLtx } from "../../../src/layouts/ltx/catalog.ts";
import { momentsOf, nearTime, offering } from "../../../src/layouts/ltx/nearest.ts";
import { formatTime } from "../../../src/time.ts";
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

it("a state that is asked for has the time of a file that ends with it, and one that is not there is left out", async () => {
  const history = new LtxHistory().transact(2).transact(2).transact(2);
  const storage = history.storage([
    [9, 1, 2],
    [0, 3, 3],
  ]);
  const branch = (await listLtx(storage, "", undefined)).branch!;
  expect(momentsOf(branch, [2, undefined, 1]).map(({ position, time }) => [Number(position), time])).toEqual([
    [2, formatTime(momentOf(2))],
    [1, undefined],
  ]);
  expect(offering([])).toEqual({ nearest: [], remedy: undefined });
  const nearest = momentsOf(branch, [3]);
  expect(offering(nearest)).toEqual({ nearest, remedy: { do: "choose-moment", nearest } });
});
