import { beforeEach, expect, it } from "vitest";
import { ClaimedState, State } from "../../src/verify/state.ts";

const PAGE = new Uint8Array(512);
const section = { index: 3, offset: 0 };
const end = (offset: number) => ({ index: 3, offset });

/** Three pages, as a claim has them. */
function claimed(): ClaimedState {
  const claim = new ClaimedState(section);
  for (const page of [1, 2, 3]) claim.page(page, PAGE, page * 10);
  return claim;
}

let state: State;
beforeEach(() => {
  state = new State();
  state.pageSize = 512;
  state.take(claimed(), 3);
  state.opens();
});

it("misses the first page that nothing brought, the page for locks aside", () => {
  state.page(section, 5, PAGE, 50, true);
  state.commit(end(100), 5, true);
  expect(state.firstMissing(5, false)).toBe(4);
  state.page(section, 4, PAGE, 40, true);
  state.commit(end(200), 5, true);
  expect([state.firstMissing(5, false), state.known]).toEqual([undefined, 5]);
});

it("misses no page past what is in use, once a checkpoint may have made the file longer", () => {
  state.inUse = 3;
  expect([state.firstMissing(5, true), state.firstMissing(5, false)]).toEqual([undefined, 4]);
});

it("misses a page again that was cut off and did not come back", () => {
  state.commit(end(100), 2, true);
  expect(state.firstMissing(2, false)).toBeUndefined();
  state.commit(end(200), 3, true);
  expect(state.firstMissing(3, false)).toBe(3);
});

it("lets the claim of its section show a page that was cut off, or any version of it", () => {
  state.page(section, 3, PAGE, 31, true);
  state.commit(end(100), 3, true);
  state.commit(end(200), 2, true);
  const allows = (hash: number) => state.window.allows(3, hash, state.hashes.get(3));
  expect([30, 31, 32].map(allows)).toEqual([true, true, false]);
});

it("is corrected by a claim, but for what its section changed", () => {
  state.page(section, 2, PAGE, 21, true);
  state.commit(end(100), 3, true);
  const other = claimed();
  other.page(3, PAGE, 33);
  state.correct(other, 3);
  expect([1, 2, 3].map((page) => state.hashes.get(page))).toEqual([10, 21, 33]);
});
