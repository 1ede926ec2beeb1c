import { expect, it } from "vitest";
import { finishRange, startRange } from "../../src/verify/ranges.ts";

const file = (offset: number, seconds: bigint | undefined) => ({
  ...{ index: 3, offset, path: `${offset}`, size: 1 },
  modified: seconds === undefined ? undefined : seconds * 1_000_000_000n,
});
const time = (seconds: number) => `1970-01-01T00:00:0${seconds}Z`;

it("a snapshot alone is one moment", () => {
  const range = finishRange(startRange(file(0, 5n)), true);
  expect(range).toMatchObject({ from: "00000003:00000000", to: "00000003:00000000", snapshot: 3 });
  expect([range.fromTime, range.toTime]).toEqual([time(5), time(5)]);
});

it("its times begin no earlier than the snapshot's, and never run back", () => {
  const times = (first: bigint, last: bigint) => {
    const draft = { ...startRange(file(0, 5n)), first: file(32, first), last: file(64, last) };
    const { fromTime, toTime } = finishRange(draft, true);
    return [fromTime, toTime];
  };
  expect(times(3n, 8n)).toEqual([time(5), time(8)]);
  expect(times(6n, 8n)).toEqual([time(6), time(8)]);
  expect(times(3n, 4n)).toEqual([time(5), time(5)]);
});

it("the position reached counts for more than a name; times that are not trusted are not told", () => {
  const last = file(64, 8n);
  const draft = { ...startRange(file(0, 5n)), first: last, last };
  expect(finishRange(draft, false)).toMatchObject({
    to: "00000003:00000040",
    fromTime: undefined,
    toTime: undefined,
  });
  expect(finishRange({ ...draft, to: "00000003:00000fff" }, true).to).toBe("00000003:00000fff");
});
