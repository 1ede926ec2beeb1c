import fc from "fast-check";
import { expect, it } from "vitest";
import { IndexWindow } from "../../src/snapshot/window.ts";

const transaction = fc.record({
  pages: fc.dictionary(fc.constantFrom("1", "2", "3", "4", "5"), fc.integer({ min: 1, max: 4 })),
  size: fc.integer({ min: 1, max: 5 }),
});

it("allows what a page was at the beginning of the section, or at any commit within", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 5 }),
      fc.array(transaction, { maxLength: 6 }),
      (begin, transactions) => {
        const state = new Map(begin.map((hash, i) => [i + 1, hash]));
        const window = new IndexWindow(begin.length);
        /** Versions of each page, with the first commit that has them; 0: the beginning. */
        const seen = new Map([...state].map(([page, hash]) => [page, new Map([[hash, 0]])]));
        let least = begin.length;
        for (const [i, { pages, size }] of transactions.entries()) {
          for (const [name, hash] of Object.entries(pages)) {
            const page = Number(name);
            window.change(page, state.get(page) ?? 0, hash);
            state.set(page, hash);
            const versions = seen.get(page) ?? new Map<number, number>();
            seen.set(page, versions);
            if (!versions.has(hash)) versions.set(hash, i + 1);
          }
          for (const page of state.keys()) {
            if (page <= size) continue;
            window.drop(page, state.get(page)!);
            state.delete(page);
          }
          window.commit({ index: 0, offset: i + 1 }, size);
          least = Math.min(least, size);
        }
        for (let page = 1; page <= 5; page++) {
          for (let hash = 1; hash <= 4; hash++) {
            const isSeen = seen.get(page)?.has(hash) ?? false;
            expect([page, hash, window.allows(page, hash, state.get(page) ?? 0)]).toEqual([
              page,
              hash,
              isSeen,
            ]);
          }
        }
        expect([window.least, window.beganWith(begin.length), window.beganWith(begin.length + 1)]).toEqual([
          least,
          true,
          false,
        ]);
      },
    ),
  );
});

it("finds the mark: the first commit at which the snapshot, with all that follows, is whole", () => {
  // The snapshot has page 1 of the first commit, page 2 of the second; page 3 as it was.
  const window = new IndexWindow(3);
  const at = (offset: number) => ({ index: 4, offset });
  window.change(1, 11, 11);
  window.commit(at(100), 3);
  window.change(2, 22, 22);
  window.commit(at(200), 3);
  window.change(3, 30, 31);
  window.commit(at(300), 3);
  expect(window.mark).toEqual(at(200));
  expect(new IndexWindow(3).mark).toBeUndefined();
});
