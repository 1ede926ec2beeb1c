/** Pages of a database in memory: which there are, and how many a pass may meet. */

import { describe, expect, it } from "vitest";
import { Malformed } from "../../src/sqlite/malformed.ts";
import { pagesOf, Visits } from "../../src/sqlite/pages.ts";
import { isRefused } from "./hostile.ts";
import { makeRich } from "./made.ts";

/** `count` pages, each of its number. */
const numbered = (count: number, pageSize = 512) =>
  Uint8Array.from({ length: count * pageSize }, (_, at) =>
    at < pageSize ? 0 : Math.floor(at / pageSize) + 1,
  );

describe("the pages of a database", () => {
  it("are parts of its bytes", () => {
    const bytes = numbered(4);
    const pages = pagesOf(bytes, 512);
    expect([pages.count, pages.pageSize, pages.usable]).toEqual([4, 512, 512]);
    for (const page of [2, 3, 4]) {
      expect(pages.get(page)).toEqual(new Uint8Array(512).fill(page));
      expect(pages.get(page).buffer).toBe(bytes.buffer);
    }
  });

  it("are those of another time, where these are given", () => {
    const over = new Map([
      [2, new Uint8Array(512).fill(9)],
      [6, new Uint8Array(512).fill(8)],
    ]);
    const pages = pagesOf(numbered(4), 512, 6, over);
    expect([2, 3, 6].map((page) => pages.get(page)[0])).toEqual([9, 3, 8]);
    expect(() => pages.get(5)).toThrow(new Malformed("page 5 is not known"));
    expect(pagesOf(numbered(4), 512, 2, over).count).toBe(2);
    expect(() => pagesOf(numbered(4), 512, 2, over).get(3)).toThrow(Malformed);
  });

  it("are no others", () => {
    const pages = pagesOf(numbered(4).subarray(0, 4 * 512 - 1), 512);
    expect(pages.count).toBe(3);
    for (const page of [0, -1, 4, 2.5, Number.NaN, 2 ** 32]) expect(() => pages.get(page)).toThrow(Malformed);
    expect(pagesOf(new Uint8Array(0), 512).count).toBe(0);
  });

  it("are used but for what extensions keep", () => {
    const bytes = numbered(2, 1024);
    bytes[20] = 32;
    expect(pagesOf(bytes, 1024).usable).toBe(992);
    const small = numbered(2);
    small[20] = 32;
    expect(pagesOf(small, 512).usable).toBe(480);
    small[20] = 33;
    expect(() => pagesOf(small, 512)).toThrow(new Malformed("of a page 479 bytes are used"));
  });

  it("are there or not, however short the file is", () => {
    const { bytes } = makeRich(512);
    for (let length = 0; length < 3000; length += 7) {
      isRefused(() => {
        const pages = pagesOf(bytes.subarray(0, length), 512);
        for (let page = 0; page <= pages.count + 1; page++) isRefused(() => pages.get(page));
      });
    }
  });
});

it("a pass may meet as many pages as there are", () => {
  const visits = new Visits(pagesOf(numbered(3), 512));
  expect([1, 2, 3, 4, 5].map(() => visits.take())).toEqual([true, true, true, false, false]);
});
