import fc from "fast-check";
import { expect, it } from "vitest";
import { Changed } from "../../src/verify/changed.ts";

const change = fc.record({
  pages: fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 12 }),
  size: fc.integer({ min: 1, max: 40 }),
});

it("counts pages as a list of all changes does", () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 200 }), fc.integer({ min: 0, max: 200 }), (changes, from) => {
      const changed = new Changed();
      changed.reset({ txid: 100 });
      const last = new Map<number, number>();
      for (const [i, { pages, size }] of changes.entries()) {
        changed.begin({ txid: 101 + i });
        for (const page of pages) {
          changed.add(page);
          last.set(page, i + 1);
        }
        changed.truncate(size);
        for (const page of last.keys()) if (page > size) last.delete(page);
      }
      const number = changed.changeBehind({ txid: 100 + from });
      if (from > changes.length) {
        expect(number).toBeUndefined();
        return;
      }
      const since = [...last].filter(([, at]) => at > from).map(([page]) => page);
      expect(changed.countSince(number!)).toBe(since.length);
      for (let page = 1; page <= 40; page++)
        expect(changed.isSince(number!, page)).toBe(since.includes(page));
    }),
  );
});

it("knows no change that does not begin where it is asked for", () => {
  const changed = new Changed();
  changed.reset({ txid: 1 });
  changed.begin({ txid: 5 });
  changed.begin({ txid: 9 });
  expect([0, 1, 3, 5, 9, 10].map((txid) => changed.changeBehind({ txid }))).toEqual([
    undefined,
    1,
    undefined,
    2,
    3,
    undefined,
  ]);
});

it("begins anew", () => {
  const changed = new Changed();
  changed.reset({ txid: 1 });
  changed.begin({ txid: 2 });
  changed.add(7);
  changed.reset({ txid: 9 });
  changed.begin({ txid: 10 });
  changed.add(3);
  expect(changed.countSince(1)).toBe(1);
  expect([3, 7].map((page) => changed.isSince(1, page))).toEqual([true, false]);
});

it("knows no change behind which a later one begins earlier: that has pages from before", () => {
  const changed = new Changed();
  changed.reset({ txid: 1 });
  changed.begin({ txid: 3 });
  changed.begin({ txid: 6 }, { txid: 2 });
  changed.begin({ txid: 7 }, { txid: 6 });
  expect([1, 3, 6].map((txid) => changed.changeBehind({ txid }))).toEqual([1, undefined, 3]);
  changed.reset({ txid: 3 });
  changed.begin({ txid: 6 });
  expect(changed.changeBehind({ txid: 3 })).toBe(1);
});

it("says where the last change begins and ends", () => {
  const changed = new Changed();
  changed.reset({ txid: 1 });
  expect(changed.step).toBeUndefined();
  changed.begin({ txid: 3 });
  changed.begin({ txid: 6 });
  expect(changed.step).toEqual([{ txid: 3 }, { txid: 6 }]);
});
