import { expect, it } from "vitest";
import { timeRange } from "../../src/replay/times.ts";

const file = (offset: number, modified: bigint | undefined) => ({
  ...{ index: 0, offset, path: `${offset}`, size: 1 },
  modified,
});

it("the range of times is that of snapshots and segments, whatever their order", () => {
  const branch = {
    id: "0",
    snapshots: [file(0, 5n)],
    segments: [file(1, 3n), file(2, undefined), file(3, 9n)],
  };
  expect(timeRange(branch)).toEqual({ oldest: 3n, newest: 9n });
  // 0 is a time, and not none.
  expect(timeRange({ ...branch, segments: [file(1, 0n)] })).toEqual({ oldest: 0n, newest: 5n });
});

it("there is none where no file has a time", () => {
  expect(timeRange({ id: "0", snapshots: [file(0, undefined)], segments: [] })).toBeUndefined();
});
