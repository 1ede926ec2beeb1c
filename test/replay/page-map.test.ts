/** The map of pages against a plain one, in its sparse and its dense form. */

import fc from "fast-check";
import { expect, it } from "vitest";
import { PageMap } from "../../src/replay/page-map.ts";

const page = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 1, max: 5000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 0xffffffff }) },
);
const action = fc.oneof(
  { weight: 30, arbitrary: fc.record({ page, value: fc.integer({ min: 0, max: 0xffffffff }) }) },
  { weight: 1, arbitrary: fc.record({ truncate: page }) },
);

it("holds what a map holds", () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 400, size: "max" }), (actions) => {
      const pages = new PageMap();
      const model = new Map<number, number>();
      for (const a of actions) {
        if ("truncate" in a) {
          const told: number[] = [];
          pages.truncate(a.truncate, (value) => told.push(value));
          const gone = [...model].filter(([page, value]) => page > a.truncate && value !== 0);
          expect(told.sort()).toEqual(gone.map(([, value]) => value).sort());
          for (const page of model.keys()) if (page > a.truncate) model.delete(page);
        } else {
          pages.set(a.page, a.value);
          model.set(a.page, a.value);
        }
      }
      for (let page = 1; page <= 5000; page++) expect(pages.get(page)).toBe(model.get(page) ?? 0);
      for (const [page, value] of model) expect(pages.get(page)).toBe(value);
    }),
    { numRuns: 60 },
  );
});

it("costs little where page numbers lie far apart", () => {
  const pages = new PageMap();
  const before = process.memoryUsage().arrayBuffers;
  for (let i = 1; i <= 20_000; i++) pages.set(i * 2048, i);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20_000 * 512);
  expect(pages.get(2048 * 777)).toBe(777);
});
