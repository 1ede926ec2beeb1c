import { beforeEach, expect, it } from "vitest";
import type { Claim } from "../../src/replay/catalog.ts";
import { type Against, ExactComparison } from "../../src/verify/exact-comparison.ts";
import { ExactState } from "../../src/verify/exact-state.ts";

const PAGE = new Uint8Array(512);
let state: ExactState;

/** Pages 1 to 4 behind TXID 1; then 2 and 3 are changed by TXID 2, and 3 by 3 to 5. */
beforeEach(() => {
  state = new ExactState(undefined, true);
  state.pageSize = 512;
  const pages = state.noPages();
  for (const page of [1, 2, 3, 4]) state.collect(pages, page, PAGE, page * 10);
  state.take({ txid: 1 }, 4, pages);
  for (const page of [2, 3]) state.add(page, PAGE, page * 10 + 1);
  state.commit({ txid: 2 }, undefined, 4);
  state.add(3, PAGE, 32);
  state.commit({ txid: 5 }, undefined, 4);
});

/** What is said of a claim with these hashes, by page. */
function said(
  { txid = 5, since }: { txid?: number; since?: number },
  against: Against,
  hashes: Record<number, number>,
): string | undefined {
  const about = { path: "file", size: undefined, modified: undefined };
  const claim: Claim = { ...about, txid, ...(since !== undefined && { since: { txid: since } }) };
  const comparison = new ExactComparison(claim, state, against);
  const pages = Object.entries(hashes);
  for (const [page, hash] of pages) comparison.page(Number(page), PAGE, hash);
  const error = comparison.mismatch(pages.length);
  return error && `${error.code} ${error.position}: ${error.message.replace(/.*found /, "")}`;
}

const AT = "0000000000000005";

it("of a snapshot at the state: every page, as it is there", () => {
  expect(said({}, "state", { 1: 10, 2: 21, 3: 32, 4: 40 })).toBeUndefined();
  expect(said({}, "state", { 1: 10, 2: 20, 3: 32, 4: 40 })).toBe(
    `replica/snapshot-mismatch ${AT}: 1 page that is not, the first of them page 2`,
  );
  expect(said({}, "state", { 1: 11, 2: 20, 3: 32, 4: 40 })).toMatch(/2 pages that are not, .* page 1$/);
  expect(said({}, "state", { 1: 10, 2: 21, 3: 32 })).toMatch(/3 pages in place of 4$/);
});

it("of a snapshot within the last change: what that did not bring", () => {
  expect(said({ txid: 3 }, "rest", { 1: 10, 2: 21, 3: 99, 4: 40, 5: 50 })).toBeUndefined();
  expect(said({ txid: 3 }, "rest", { 1: 10, 2: 99, 3: 32, 4: 40 })).toBe(
    "replica/snapshot-mismatch 0000000000000003: others, the first of them page 2",
  );
  expect(said({ txid: 3 }, "rest", { 1: 10, 2: 21, 3: 32 })).toMatch(/2 in place of 3 of them$/);
});

it("of merged changes: the pages that were changed since, and no other", () => {
  expect(said({ since: 1 }, "state", { 2: 21, 3: 32 })).toBeUndefined();
  expect(said({ since: 2 }, "state", { 3: 32 })).toBeUndefined();
  expect(said({ since: 2 }, "state", { 2: 21, 3: 32 })).toBe(
    `replica/merge-mismatch ${AT}: 1 page that is not, the first of them page 2`,
  );
  expect(said({ since: 1 }, "state", { 3: 32 })).toMatch(/1 pages in place of 2$/);
});

it("nothing, where the pass did not come by what there is to compare", () => {
  expect(said({ since: 3 }, "state", { 3: 99 })).toBeUndefined();
  expect(said({ since: 1 }, undefined, { 3: 99 })).toBeUndefined();
  expect(said({}, undefined, { 1: 99 })).toBeUndefined();
});

it("a whole claim is kept, to begin anew with; one of merged changes is not", () => {
  const claim = { path: "file", size: undefined, modified: undefined, txid: 5 };
  const whole = new ExactComparison(claim, state, undefined);
  whole.page(1, PAGE, 77);
  expect(whole.pages!.hashes.get(1)).toBe(77);
  expect(new ExactComparison({ ...claim, since: { txid: 1 } }, state, "state").pages).toBeUndefined();
});
