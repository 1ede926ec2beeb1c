import fc from "fast-check";
import { expect, it } from "vitest";
import { Holes } from "../../src/restore/holes.ts";

const commit = fc.record({
  pages: fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 6 }),
  pageCount: fc.integer({ min: 1, max: 12 }),
});

it("finds the first commit that needs a page which nothing brings", () => {
  fc.assert(
    fc.property(fc.array(commit, { maxLength: 12 }), fc.nat(13), fc.nat(12), (commits, count, mark) => {
      const holes = new Holes();
      const there = new Set<number>();
      const wanting: number[] = [];
      for (const [i, { pages, pageCount }] of commits.entries()) {
        for (const page of pages) there.add(page);
        for (const page of there) if (page > pageCount) there.delete(page);
        const end = { index: 0, offset: i };
        holes.commit(end, pageCount, (page) => there.has(page));
        let largest = pageCount;
        while (there.has(largest)) largest--;
        if (largest > count && i >= mark) wanting.push(largest);
      }
      const found = holes.past(count, { index: 0, offset: mark });
      expect(found !== undefined).toBe(wanting.length > 0);
      if (found) expect(found.page).toBe(Math.max(...wanting));
    }),
    { numRuns: 2000 },
  );
});
