/** Headers of b-tree pages and their children, held against what SQLite says of each page. */

import { describe, expect, it } from "vitest";
import { cellStart, childOf, isInterior, readPageHeader } from "../../src/sqlite/page.ts";
import { forEachCut, forEachFlip } from "./hostile.ts";
import { KINDS, makeRich } from "./made.ts";

describe.each(KINDS)("pages of %i bytes, auto-vacuum %i", (pageSize, autoVacuum) => {
  const { pages, stat } = makeRich(pageSize, autoVacuum);
  const trees = stat.filter(({ kind }) => kind !== "overflow");

  it("have as many cells as SQLite says, and are of its kind", () => {
    expect(trees.length).toBeGreaterThan(20);
    for (const { page, kind, cells } of trees) {
      const header = readPageHeader(page, pages.get(page))!;
      expect([page, header.cells, isInterior(header.type)]).toEqual([page, cells, kind === "internal"]);
    }
  });

  it("have the children that are in the file, each once", () => {
    const children = trees.flatMap(({ page }) => {
      const data = pages.get(page);
      const header = readPageHeader(page, data)!;
      if (!isInterior(header.type)) return [];
      return Array.from({ length: header.cells + 1 }, (_, i) => childOf(data, header, i));
    });
    expect(new Set(children).size).toBe(children.length);
    const roots = trees.filter(({ page }) => !children.includes(page)).map(({ name }) => name);
    expect(roots.sort()).toEqual([...new Set(trees.map(({ name }) => name))].sort());
  });
});

it("other pages are none of a b-tree", () => {
  const { pages, stat } = makeRich(1024, 1);
  expect(readPageHeader(3, new Uint8Array(1024))).toBeUndefined();
  expect(readPageHeader(1, pages.get(1))).toBeDefined();
  expect(readPageHeader(2, pages.get(1))).toBeUndefined();
  const map = stat.every(({ page }) => page !== 2);
  expect([map, readPageHeader(2, pages.get(2))?.cells ?? 0]).toEqual([true, expect.any(Number)]);
});

it("whatever its bytes, what is found lies on the page, or is no page", () => {
  const { pages, stat } = makeRich(512);
  const look = (page: number, data: Uint8Array) => {
    const header = readPageHeader(page, data);
    if (!header) return;
    expect(header.pointers + 2 * header.cells).toBeLessThanOrEqual(data.length);
    for (let i = 0; i < header.cells; i++) expect(cellStart(data, header, i)).toBeLessThan(65536);
    if (isInterior(header.type))
      for (let i = 0; i <= header.cells; i++) expect(childOf(data, header, i)).toBeGreaterThanOrEqual(0);
  };
  for (const kind of ["internal", "leaf", "overflow"]) {
    const { page } = stat.findLast((one) => one.kind === kind)!;
    forEachCut(pages.get(page), (cut) => look(page, cut));
    forEachFlip(pages.get(page), (changed) => look(page, changed));
  }
  forEachCut(pages.get(1), (cut) => look(1, cut));
});
