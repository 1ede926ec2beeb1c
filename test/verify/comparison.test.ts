/** A claim held against the state that the changes of its section lead to. */

import { beforeEach, expect, it } from "vitest";
import type { Claim } from "../../src/replay/catalog.ts";
import { Comparison } from "../../src/verify/comparison.ts";
import { ClaimedState, State } from "../../src/verify/state.ts";

const PAGE = new Uint8Array(512).fill(1);
const ZEROS = new Uint8Array(512);
const section = { index: 3, offset: 0 };
const claim: Claim = { ...section, path: "snapshot", size: undefined, modified: undefined };
const end = (offset: number) => ({ index: 3, offset });

/** Page 1 of a database of so many pages. */
function pageOne(pages: number, changes: number): Uint8Array {
  const page = new Uint8Array(512);
  page.set(new TextEncoder().encode("SQLite format 3\0"));
  page.set([2, 0, 1, 1], 16);
  page.set([0, 0, 0, changes, 0, 0, 0, pages], 24);
  page.set([0, 0, 0, changes], 92);
  return page;
}

let state: State;

/** The section began with pages 1 to 3; then page 2 was changed twice, and page 5 came, and 4 that is not known. */
beforeEach(() => {
  state = new State();
  state.pageSize = 512;
  const before = new ClaimedState(section);
  for (const page of [1, 2, 3]) before.page(page, page === 1 ? pageOne(3, 7) : PAGE, page * 10);
  state.take(before, 3);
  state.opens();
  for (const hash of [21, 22]) state.page(section, 2, PAGE, hash, true);
  state.page(section, 5, PAGE, 50, true);
  state.commit(end(100), 5, true);
});

/** A claim of these pages, as hashes. */
function compared(pages: Record<number, number>, { inUse = 5, data = PAGE, changes = 7 } = {}): Comparison {
  const claimed = new ClaimedState(section);
  const comparison = new Comparison(state, claimed, claim);
  for (const [number, hash] of Object.entries(pages)) {
    const page = Number(number);
    const bytes = page === 1 ? pageOne(inUse, changes) : data;
    claimed.page(page, bytes, hash);
    comparison.page(page, bytes, hash);
  }
  return comparison;
}

const wrong = (comparison: Comparison) => [...comparison.wrong];

it("a page may be as it was when the section began, or any version from within", () => {
  for (const hash of [20, 21, 22]) expect(wrong(compared({ 1: 10, 2: hash, 3: 30, 5: 50 }))).toEqual([]);
  const comparison = compared({ 1: 10, 2: 23, 3: 31 });
  expect([wrong(comparison), comparison.wrongPages]).toEqual([
    [
      [2, 23],
      [3, 31],
    ],
    2,
  ]);
});

it("a page that the section brought first may be full of zeros, as a checkpoint leaves holes", () => {
  expect(wrong(compared({ 1: 10, 4: 1 }, { data: ZEROS }))).toEqual([]);
  expect(wrong(compared({ 1: 10, 3: 1 }, { data: ZEROS }))).toEqual([[3, 1]]);
  expect(wrong(compared({ 1: 10, 4: 1 }))).toEqual([[4, 1]]);
});

it("behind what page 1 says is in use lies anything, and on the page for locks", () => {
  expect(wrong(compared({ 1: 10, 3: 31 }, { inUse: 2 }))).toEqual([]);
  expect(wrong(compared({ 1: 10, 3: 31 }, { inUse: 3 }))).toEqual([[3, 31]]);
  state.pageSize = 2 ** 29; // The third page has the byte that locks begin at.
  expect(wrong(compared({ 1: 10, 3: 31 }))).toEqual([]);
});

it("counters are those of the claim, and those from when the section began", () => {
  expect(compared({ 1: 10 }, { changes: 9 }).counters()).toEqual({
    change: { snapshot: 9, state: 7 },
    litestream: { snapshot: undefined, state: undefined },
  });
  expect(compared({ 2: 20 }).counters().change).toEqual({ snapshot: undefined, state: 7 });
});

it("a mismatch says how many pages differ, and where the first of them lies", () => {
  expect(compared({ 1: 10, 2: 23, 3: 30 }).mismatch(3)).toMatchObject({
    ...{ code: "replica/snapshot-mismatch", path: "snapshot", position: "00000003:00000000" },
    ...{ offset: 512, decoded: true },
    message: expect.stringContaining("found 1 page that differs, the first of them page 2"),
  });
  expect(compared({ 1: 10, 2: 23, 3: 31 }).mismatch(3).message).toContain("2 pages that differ, the first");
});

it("a mismatch where no page differs is that there are too few", () => {
  const error = compared({ 1: 10, 2: 20 }).mismatch(2);
  expect([error.code, error.offset, error.decoded]).toEqual([
    "replica/snapshot-mismatch",
    undefined,
    undefined,
  ]);
  expect(error.message).toContain("at least the 3 pages that the WAL before it leads to, found 2");
});

it("a doubt is that the claim is ahead, or that nothing tells, and names the first page", () => {
  const comparison = compared({ 1: 10, 2: 23, 3: 31 });
  expect(comparison.doubt("ahead", 3)).toMatchObject({
    ...{ code: "replica/snapshot-ahead", path: "snapshot" },
    message: expect.stringMatching(/page 2$/),
  });
  expect(comparison.doubt("ambiguous", 3)).toMatchObject({
    ...{ code: "replica/snapshot-ambiguous", path: "snapshot" },
    message: expect.stringMatching(/found 2 that differ, .* the first is page 2$/),
  });
  // Where no page differs, there are more of them than any WAL has brought.
  expect(compared({ 1: 10 }).doubt("ahead", 9).message).toMatch(/page 9$/);
});
