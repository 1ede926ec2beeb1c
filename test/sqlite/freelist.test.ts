/** The freelist, held against what SQLite says is free; and hostile ones. */

import { describe, expect, it } from "vitest";
import { writeUint32BE } from "../../src/bytes.ts";
import { freePages } from "../../src/sqlite/freelist.ts";
import { Malformed } from "../../src/sqlite/malformed.ts";
import { type DatabasePages, pagesOf } from "../../src/sqlite/pages.ts";
import { forEachFlip, isRefused } from "./hostile.ts";
import { KINDS, Maker, makeRich, upTo } from "./made.ts";

describe.each(KINDS)("pages of %i bytes, auto-vacuum %i", (pageSize, autoVacuum) => {
  it("are free where nothing has them", () => {
    const { pages, stat, all } = makeRich(pageSize, autoVacuum);
    const free = freePages(pages);
    expect(free.size).toBe(all("PRAGMA freelist_count")[0]!.freelist_count);
    if (autoVacuum !== 1) expect(free.size).toBeGreaterThan(0);
    expect(stat.filter(({ page }) => free.has(page))).toEqual([]);
  });
});

it("many trunk pages are followed", () => {
  const maker = new Maker({ pageSize: 512 }).run(
    `CREATE TABLE t (x); ${upTo(3000)} INSERT INTO t SELECT zeroblob(400) FROM n; DROP TABLE t`,
  );
  const { pages, all } = maker.made;
  const free = freePages(pages);
  expect([free.size, free.has(1)]).toEqual([all("PRAGMA freelist_count")[0]!.freelist_count, false]);
  maker.close();
  expect(free.size).toBeGreaterThan(1000);
});

/** Pages of 512 bytes, of which the first names `trunk`; `lists`: of the pages from 2 on, the next trunk and the numbers. */
function listed(trunk: number, ...lists: [next: number, ...numbers: number[]][]): DatabasePages {
  const bytes = new Uint8Array(512 * (lists.length + 1));
  writeUint32BE(bytes, 32, trunk);
  for (const [i, [next, ...numbers]] of lists.entries()) {
    const at = 512 * (i + 1);
    writeUint32BE(bytes, at, next);
    writeUint32BE(bytes, at + 4, numbers.length);
    for (const [k, number] of numbers.entries()) writeUint32BE(bytes, at + 8 + 4 * k, number);
  }
  return pagesOf(bytes, 512);
}

describe("a hostile freelist", () => {
  it("ends where it runs in circles", () => {
    expect([...freePages(listed(2, [3], [2]))]).toEqual([2, 3]);
    expect([...freePages(listed(2, [2]))]).toEqual([2]);
    expect([...freePages(listed(2, [4, 3, 3, 2], [0], [3]))]).toEqual([2, 3, 4]);
  });

  it("has no pages that are not there", () => {
    expect([...freePages(listed(2, [0, 0, 1, 3, 4, 2 ** 32 - 1], [0]))]).toEqual([2, 1, 3]);
    expect(() => freePages(listed(9, [0]))).toThrow(new Malformed("there is no page 9"));
    expect(() => freePages(listed(2, [9]))).toThrow(Malformed);
  });

  it("has no more numbers than its page has room for", () => {
    const pages = listed(2, [0], [0]);
    pages.get(2).fill(255, 4, 8);
    expect(freePages(pages).size).toBe(1);
  });

  it("is read or refused, whatever its bytes", () => {
    const pages = listed(2, [3, 4, 5], [0, 6], [0], [0], [0]);
    const bytes = new Uint8Array(pages.get(1).buffer).slice();
    forEachFlip(bytes.subarray(0, 3 * 512), (changed) => {
      const whole = bytes.slice();
      whole.set(changed);
      isRefused(() => {
        if (freePages(pagesOf(whole, 512)).size > 6) throw new Error("found more pages than there are");
      });
    });
  });
});
