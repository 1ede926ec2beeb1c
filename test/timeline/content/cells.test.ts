/** Hashes of cells: what two versions of a page have in common. */

import { describe, expect, it } from "vitest";
import { cellsOf, isTelling } from "../../../src/timeline/content/cells.ts";
import { forEachCut, forEachFlip, forgePage, rowCell } from "../../sqlite/hostile.ts";
import { KINDS, makeRich } from "../../sqlite/made.ts";

const leaf = (...rows: number[]) =>
  forgePage(
    512,
    13,
    rows.map((row) => rowCell(row, [2, 15, row])),
  );

describe.each(KINDS)("pages of %i bytes, auto-vacuum %i", (pageSize, autoVacuum) => {
  it("have a hash for each cell", () => {
    const { pages, stat } = makeRich(pageSize, autoVacuum);
    for (const { page, kind, cells } of stat) {
      if (kind === "overflow" || page === 1) continue;
      expect([page, cellsOf(page, pages.get(page)).size]).toEqual([page, cells]);
      expect(isTelling(page, pages.get(page))).toBe(cells > 0);
    }
  });
});

it("cells are the same wherever they stand on their page", () => {
  const [one, other] = [cellsOf(2, leaf(1, 2, 3)), cellsOf(7, leaf(3, 4, 1))];
  expect([...one].filter((cell) => other.has(cell))).toHaveLength(2);
});

it("no page of a b-tree has no cells; it is telling where it holds anything", () => {
  expect(cellsOf(2, new Uint8Array(512)).size).toBe(0);
  expect([isTelling(2, new Uint8Array(512)), isTelling(2, new Uint8Array(512).fill(1))]).toEqual([
    false,
    true,
  ]);
  expect([isTelling(2, leaf()), isTelling(2, leaf(1)), isTelling(1, leaf(1))]).toEqual([false, true, false]);
});

it("cells that overlap are none, and soon", () => {
  const record = new Array<number>(60_000).fill(1);
  const page = forgePage(131_072, 13, [rowCell(1, record)], { times: 30_000 }).slice(0, 131_072);
  const began = performance.now();
  expect(cellsOf(2, page).size).toBe(0);
  expect(performance.now() - began).toBeLessThan(200);
});

it("whatever the bytes, there are no more hashes than cells", () => {
  const page = leaf(1, 2, 3, 4, 5);
  const look = (data: Uint8Array) => {
    if (cellsOf(2, data).size > data[4]! + 256 * data[3]!) throw new Error("found more");
  };
  forEachCut(page, look);
  forEachFlip(page, look);
});
