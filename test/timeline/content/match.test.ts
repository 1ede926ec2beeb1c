/** How alike a state is to the beginning of another generation, against a comparison of all pages. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { replicaIn } from "../../../src/layouts/open.ts";
import type { Branch } from "../../../src/replay/catalog.ts";
import { PageHashes } from "../../../src/replay/page-hashes.ts";
import { sectionAt } from "../../../src/replay/position.ts";
import { MemoryStorage } from "../../../src/storage/index.ts";
import type { Beginning } from "../../../src/timeline/content/beginning.ts";
import { Match } from "../../../src/timeline/content/match.ts";

const { layout } = replicaIn(new MemoryStorage());

/** A branch with a snapshot and WAL of the index that it begins with. */
function branch(id: string, index = 0): Branch {
  const file = { ...sectionAt(index), size: 1, modified: undefined };
  return { id, snapshots: [{ ...file, path: "snapshot" }], segments: [{ ...file, path: "segment" }] };
}

const PARENT = branch("parent");

/** The beginning of a child with these pages, as hashes; from page 2 on each is telling. */
function beginning(pages: readonly number[], about: Partial<Beginning> = {}): Beginning {
  const hashes = new PageHashes();
  for (const [i, hash] of pages.entries()) hashes.set(i + 1, hash);
  const own = about.own ?? new Set<number>();
  const all = pages.map((_, i) => i + 1);
  return {
    ...{ generation: branch("child"), pageCount: pages.length, hashes, own },
    telling: new Set(all.filter((page) => page > 1 && !own.has(page))),
    ...{ counterPage: undefined, cells: new Set(), cellPages: new Set(), counters: undefined },
    ...{ countBefore: [0, Number.POSITIVE_INFINITY], mostChanges: Number.POSITIVE_INFINITY },
    ...{ changesBefore: undefined, isNew: false, began: undefined },
    ...about,
  };
}

/** A match that is shown states, each all of its pages, at offsets 0, 100 and so on of index 0. */
class Shown {
  readonly match: Match;
  #pages: readonly number[] = [];
  #count = 0;

  constructor(child: Beginning, isOnly = false) {
    this.match = new Match(layout, child, isOnly);
  }

  show(
    pages: readonly number[],
    about: { changes?: number; counter?: number; cells?: Set<number> } = {},
  ): this {
    const { changes = 0, counter, cells } = about;
    const longest = Math.max(pages.length, this.#pages.length);
    for (let i = 0; i < longest; i++)
      this.match.change(i + 1, this.#pages[i] ?? 0, pages[i] ?? 0, pages[i] ? cells : undefined);
    this.#pages = pages;
    const position = { index: 0, offset: 100 * this.#count++ };
    this.match.point(position, { pageCount: pages.length, changes, counter });
    return this;
  }

  /** Offset of the state that it is, as far as there is one. */
  get at(): number | undefined {
    const found = this.match.claim(PARENT)?.inference;
    return found?.parent === undefined ? undefined : found.switchPoint.offset;
  }
}

const state = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 6 });

it("counts the pages that differ as a comparison of all of them does", () => {
  const own = fc.uniqueArray(fc.integer({ min: 2, max: 7 }), { maxLength: 3 });
  fc.assert(
    fc.property(state, fc.array(state, { minLength: 1, maxLength: 8 }), own, (wanted, states, written) => {
      const child = beginning(wanted, { own: new Set(written) });
      const shown = new Shown(child);
      let [least, first] = [Number.POSITIVE_INFINITY, 0];
      for (const [i, pages] of states.entries()) {
        shown.show(pages);
        let different = 0;
        for (let page = 1; page <= Math.max(pages.length, wanted.length); page++) {
          // Its own WAL cut no page off: that would have brought page 1.
          if (written.includes(page) && page <= wanted.length) continue;
          if (pages[page - 1] !== wanted[page - 1]) different++;
        }
        if (different < least) [least, first] = [different, i];
        expect(shown.match.nearest).toEqual({
          different: least,
          position: { index: 0, offset: 100 * first },
        });
      }
      const claim = shown.match.claim(PARENT);
      expect(claim !== undefined).toBe(least === 0);
    }),
  );
});

it("begins anew where the pages do", () => {
  const shown = new Shown(beginning([1, 2, 3])).show([1, 2, 4]);
  shown.match.reset();
  for (const [i, hash] of [1, 2, 3].entries()) shown.match.change(i + 1, 0, hash, undefined);
  shown.match.point({ index: 1, offset: 0 }, { pageCount: 3, changes: 0, counter: undefined });
  expect(shown.match.nearest).toEqual({ position: { index: 1, offset: 0 }, different: 0 });
});

describe("a state is no parent's, however alike", () => {
  it("where Litestream's counter does not fit, and the likelier one counts more", () => {
    const child = beginning([1, 2, 3], { counterPage: 9, counters: [5, 6] });
    const shown = new Shown(child).show([1, 2, 3], { counter: 4 });
    expect([shown.match.nearest, shown.at]).toEqual([undefined, undefined]);
    expect(shown.show([1, 2, 3], { counter: 6 }).at).toBe(100);
    expect(shown.show([1, 2, 3], { counter: 5 }).at).toBe(200);
    expect(shown.show([1, 2, 3], { counter: 6 }).at).toBe(200);
  });

  it("where its change counter is past what the child's was", () => {
    const shown = new Shown(beginning([1, 2, 3], { mostChanges: 7 }));
    expect(shown.show([1, 2, 3], { changes: 8 }).at).toBeUndefined();
    expect(shown.show([1, 2, 3], { changes: 7 }).at).toBe(100);
  });

  it("where the child's own WAL says that it had more pages, or fewer", () => {
    const own = new Set([1, 4]);
    const shown = new Shown(beginning([1, 2, 3, 4], { own, countBefore: [4, 5] }));
    expect(shown.show([9, 2, 3]).at).toBeUndefined();
    expect(shown.show([9, 2, 3, 9, 9, 9]).at).toBeUndefined();
    expect(shown.show([9, 2, 3, 9]).at).toBe(200);
  });

  it("where the change counter is one past it, unless no state follows", () => {
    const child = () => beginning([1, 2, 3], { own: new Set([1]), changesBefore: 7 });
    const held = new Shown(child()).show([9, 2, 3], { changes: 8 });
    expect(held.at).toBeUndefined();
    held.match.end();
    expect(held.at).toBe(0);
    const passed = new Shown(child()).show([9, 2, 3], { changes: 8 }).show([9, 2, 4], { changes: 9 });
    passed.match.end();
    expect(passed.at).toBeUndefined();
    expect(new Shown(child()).show([9, 2, 3], { changes: 7 }).at).toBe(0);
  });
});

describe("of several states that are alike", () => {
  it("the last is meant where all is the same", () => {
    const claim = new Shown(beginning([1, 2, 3]))
      .show([1, 2, 4])
      .show([1, 2, 3])
      .show([1, 2, 3])
      .match.claim(PARENT)!;
    expect(claim.inference).toMatchObject({ switchPoint: { index: 0, offset: 200 }, between: undefined });
    expect([claim.isFirst, claim.fromStart]).toEqual([false, false]);
  });

  it("that differ on pages that the child has written, the one with most cells in common is, and both ends are said", () => {
    const about = { own: new Set([3]), cellPages: new Set([3]), cells: new Set([31, 32, 33]) };
    const shown = new Shown(beginning([1, 2, 3], about));
    shown.show([1, 2, 7], { cells: new Set([31]) });
    shown.show([1, 2, 8], { cells: new Set([31, 32]) });
    shown.show([1, 2, 9], { cells: new Set([31, 98, 99]) });
    const { inference, shared, extra } = shown.match.claim(PARENT)!;
    expect(inference).toMatchObject({
      ...{ switchPoint: { index: 0, offset: 100 }, equal: 2, total: 3 },
      between: [
        { index: 0, offset: 0 },
        { index: 0, offset: 200 },
      ],
    });
    expect([shared, extra]).toEqual([2, 0]);
  });
});

describe("a claim", () => {
  const claimOf = (child: Beginning, pages: readonly number[], isOnly = false) =>
    new Shown(child, isOnly).show(pages).match.claim(PARENT)!;

  it("is complete where the child's own WAL begins with its first byte", () => {
    const segments = [{ ...sectionAt(1), path: "later", size: 1, modified: undefined }];
    const complete = (child: Beginning) =>
      (claimOf(child, [1, 2, 3]).inference as { complete: boolean }).complete;
    expect(complete(beginning([1, 2, 3]))).toBe(true);
    expect(complete(beginning([1, 2, 3], { generation: { ...branch("child"), segments } }))).toBe(false);
  });

  it("may be of the parent's first state, unless one state alone was looked at", () => {
    expect(claimOf(beginning([1, 2, 3]), [1, 2, 3])).toMatchObject({ isFirst: true, fromStart: true });
    expect(claimOf(beginning([1, 2, 3]), [1, 2, 3], true)).toMatchObject({ fromStart: false });
  });

  it("is doubtful where too little is in common", () => {
    const doubt = (child: Beginning, pages: readonly number[]) => claimOf(child, pages).isDoubtful;
    expect(doubt(beginning([1, 2, 3, 4]), [1, 2, 3, 4])).toBe(false);
    // Of one page beside the first any other database might have the same.
    expect(doubt(beginning([1, 2]), [1, 2])).toBe(true);
    // Most pages are the child's own, with none of whose cells the state has anything in common.
    const own = new Set([4, 5, 6, 7, 8]);
    const about = { own, cellPages: own, cells: new Set([1, 2]) };
    const pages = [1, 2, 3, 40, 50, 60, 70, 80];
    const strange = new Shown(beginning([1, 2, 3, 4, 5, 6, 7, 8], about));
    expect(strange.show(pages, { cells: new Set([8, 9]) }).match.claim(PARENT)!.isDoubtful).toBe(true);
    const known = new Shown(beginning([1, 2, 3, 4, 5, 6, 7, 8], about));
    expect(known.show(pages, { cells: new Set([1, 2]) }).match.claim(PARENT)!.isDoubtful).toBe(false);
  });

  it("with pages known to differ takes most of the child, is not complete, and says between which states", () => {
    const shown = new Shown(beginning([1, 2, 3, 4])).show([1, 2, 3, 4]).show([1, 2, 3, 5]);
    const near: [{ index: number; offset: number }, { index: number; offset: number }] = [
      { index: 0, offset: 0 },
      { index: 0, offset: 100 },
    ];
    const claim = shown.match.claim(PARENT, { different: 2, near })!;
    expect([claim.different, claim.between, claim.inference]).toMatchObject([2, near, { complete: false }]);
    const later = new Shown(beginning([1, 2, 3, 4], { generation: branch("child", 1) })).show([1, 2, 3, 4]);
    expect(later.match.claim(PARENT, { different: 2, near })!.isDoubtful).toBe(true);
  });
});

it("keeps the first and the last state that are near enough, where that is asked for", () => {
  const shown = new Shown(beginning([1, 2, 3, 4]));
  shown.match.nearLimit = 1;
  for (const last of [9, 4, 5]) shown.show([1, 2, 3, last]);
  shown.show([1, 2, 9, 9]);
  expect(shown.match.near).toEqual([
    { index: 0, offset: 0 },
    { index: 0, offset: 200 },
  ]);
});
