import { expect, it } from "vitest";
import { branchOf, type Catalog, filesOf, hasChanged, splitLeftover } from "../../src/replay/catalog.ts";

const file = (index: number, offset: number, path: string, more = {}) => {
  return { index, offset, path, size: 10, modified: 5n, ...more };
};
const catalog = (...segments: ReturnType<typeof file>[]): Catalog => ({
  generations: [
    { id: "a", snapshots: [file(1, 0, "a/s1")], segments },
    { id: "b", snapshots: [], segments: [file(0, 0, "b/0")] },
  ],
  timelineFiles: [],
  strays: [],
});

it("has changed where a file has gone, or has another size or time; not where one has come", () => {
  const before = catalog(file(1, 0, "a/1"), file(1, 32, "a/2"));
  expect(hasChanged(before, before)).toBe(false);
  expect(hasChanged(before, catalog(file(1, 0, "a/1"), file(1, 32, "a/2"), file(2, 0, "a/3")))).toBe(false);
  expect(hasChanged(before, catalog(file(1, 0, "a/1")))).toBe(true);
  for (const more of [{ size: 11 }, { modified: 6n }, { modified: undefined }])
    expect(hasChanged(before, catalog(file(1, 0, "a/1"), file(1, 32, "a/2", more)))).toBe(true);
  const part = branchOf(before, "b");
  expect(filesOf(part).map(({ path }) => path)).toEqual(["b/0"]);
  expect(hasChanged(part, catalog())).toBe(false);
});

it("changes from before the first claim are left over", () => {
  const branch = catalog(file(0, 0, "a/0"), file(0, 32, "a/1"), file(1, 0, "a/2"), file(3, 0, "a/3"))
    .generations[0]!;
  const { leftover, segments } = splitLeftover(branch);
  const paths = [leftover, segments].map((files) => files.map(({ path }) => path));
  expect(paths).toEqual([
    ["a/0", "a/1"],
    ["a/2", "a/3"],
  ]);
  expect(splitLeftover({ ...branch, snapshots: [] })).toEqual({ leftover: [], segments: branch.segments });
  const none = splitLeftover({ ...branch, segments: branch.segments.slice(0, 2) });
  expect([none.leftover.length, none.segments.length]).toEqual([2, 0]);
});
