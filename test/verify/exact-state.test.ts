import { beforeEach, describe, expect, it } from "vitest";
import { ExactState } from "../../src/verify/exact-state.ts";

const PAGE = new Uint8Array(512);
/** Each page adds a bit of its own, by its hash. */
const pageSum = (page: number, data: Uint8Array) => BigInt(data[0]!) << BigInt(page);
const of = (first: number) => new Uint8Array(512).fill(first);

let state: ExactState;

/** A state of three pages behind TXID 7. */
function taken(sums: typeof pageSum | undefined, isRedundant = false): ExactState {
  const made = new ExactState(sums, isRedundant);
  made.pageSize = 512;
  const pages = made.noPages();
  for (const page of [1, 2, 3]) made.collect(pages, page, of(1), page * 10);
  made.take({ txid: 7 }, 3, pages);
  return made;
}

beforeEach(() => {
  state = taken(pageSum, true);
});

it("is what was taken, and the changes that are laid over it", () => {
  state.add(2, of(3), 21);
  state.add(4, of(1), 40);
  expect(state.holds(2, 20)).toBe(true);
  expect(state.commit({ txid: 8 }, undefined, 4)).toBeUndefined();
  expect([state.holds(2, 21), state.holds(3, 30), state.holds(4, 40)]).toEqual([true, true, true]);
  expect(state.sum).toBe((1n << 1n) ^ (3n << 2n) ^ (1n << 3n) ^ (1n << 4n));
});

it("has nothing of a change that is forgotten", () => {
  state.add(2, of(3), 21);
  state.forget();
  state.commit({ txid: 8 }, undefined, 3);
  expect([state.holds(2, 20), state.changed!.countSince(1)]).toEqual([true, 0]);
});

it("misses the first page that nothing brought, the page for locks aside", () => {
  state.add(5, PAGE, 50);
  expect(state.commit({ txid: 8 }, undefined, 5)).toBe(4);
  state.pageSize = 2 ** 28; // Pages 1 to 4, then that for locks.
  state.add(4, PAGE, 40);
  expect(state.commit({ txid: 9 }, undefined, 5)).toBeUndefined();
  expect([state.lock, state.inFiles(4), state.inFiles(5)]).toEqual([5, 4, 4]);
});

it("misses a page again that was cut off and did not come back", () => {
  expect(state.commit({ txid: 8 }, undefined, 2)).toBeUndefined();
  state.pageCount = 2;
  expect(state.commit({ txid: 9 }, undefined, 3)).toBe(3);
  expect(state.sum).toBe((1n << 1n) ^ (1n << 2n));
});

it("sums up nothing where no file tells what it is to be", () => {
  expect(taken(undefined).sum).toBeUndefined();
});

it("knows a change that holds every page", () => {
  for (const page of [1, 2]) state.add(page, PAGE, 1);
  expect([1, 2, 3].map((count) => state.isAll(count))).toEqual([false, true, false]);
  state.forget();
  expect(state.isAll(0)).toBe(false);
});

describe("a position", () => {
  const within = (made: ExactState) => [7, 8, 9, 10, 11].filter((txid) => made.isWithinLast({ txid }));

  it("lies within the last change, or does not", () => {
    expect(within(state)).toEqual([]);
    state.commit({ txid: 10 }, undefined, 3);
    expect(within(state)).toEqual([8, 9]);
    state.commit({ txid: 11 }, undefined, 3);
    expect(within(state)).toEqual([]);
  });

  it("is not looked for where nothing is there twice", () => {
    const made = taken(pageSum);
    made.commit({ txid: 10 }, undefined, 3);
    expect(within(made)).toEqual([]);
  });
});
