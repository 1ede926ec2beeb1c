import { expect, it } from "vitest";
import { commitMoment } from "../../src/replay/nearest.ts";

const segment = (index: number, offset: number, modified: bigint | undefined) => ({
  ...{ index, offset, path: `${index}:${offset}`, size: 1 },
  modified,
});
const branch = {
  id: "00112233aabbccdd",
  snapshots: [],
  segments: [segment(0, 0, 1_000_000_000n), segment(0, 100, 2_000_000_000n), segment(1, 0, undefined)],
};

it("a commit has the time of the segment that it ends in", () => {
  const times = [
    { index: 0, offset: 100 },
    { index: 0, offset: 101 },
    { index: 1, offset: 50 },
  ].map((end) => commitMoment(branch, end).time);
  expect(times).toEqual(["1970-01-01T00:00:01Z", "1970-01-01T00:00:02Z", undefined]);
});
