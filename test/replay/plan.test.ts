import { expect, it } from "vitest";
import { plannedSegment, sizeOf } from "../../src/replay/plan.ts";

const change = { index: 1, offset: 32, path: "a", size: 7, modified: 5n };

it("a planned change is plain JSON: no time, no error", () => {
  expect(plannedSegment(change)).toEqual({ index: 1, offset: 32, path: "a", size: 7 });
  expect(() => JSON.stringify(plannedSegment(change))).not.toThrow();
});

it("the size of files is known where that of each is", () => {
  expect(sizeOf([])).toBe(0);
  expect(sizeOf([change, { path: "b", size: 0 }])).toBe(7);
  expect(sizeOf([change, { path: "b", size: undefined }])).toBeUndefined();
});
