import { expect, it } from "vitest";
import { holdsChange, holdsMoment } from "../../src/restore/holds.ts";

const dated = (index: number, offset: number, modified: bigint | undefined = 5n) => ({
  index,
  offset,
  modified,
});

it("a commit is reached by what begins before it, and is a moment of its own", () => {
  const target = { commit: { index: 2, offset: 100 } };
  const both = [dated(2, 99), dated(2, 100), dated(2, 101), dated(1, 500)].map((one) => [
    holdsChange(target, one),
    holdsMoment(target, one),
  ]);
  expect(both).toEqual([
    [true, true],
    [false, true],
    [false, false],
    [true, true],
  ]);
});

it("a time takes in what was there by then, and nothing whose time is not known", () => {
  const times = [4n, 5n, 6n].map((timestamp) => holdsMoment({ timestamp }, dated(0, 0)));
  expect(times).toEqual([false, true, true]);
  expect(holdsChange({ timestamp: 9n }, { ...dated(0, 0), modified: undefined })).toBe(false);
});

it("an index takes in all of itself", () => {
  expect([1, 2, 3].map((index) => holdsChange({ index: 2 }, dated(index, 9000)))).toEqual([
    true,
    true,
    false,
  ]);
});
