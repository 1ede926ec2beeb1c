/** Cells, held against what SQLite says of the records of each page. */

import { describe, expect, it } from "vitest";
import { readCell } from "../../src/sqlite/cell.ts";
import { cellStart, readPageHeader, TABLE_INTERIOR } from "../../src/sqlite/page.ts";
import { forEachCut, forEachFlip } from "./hostile.ts";
import { KINDS, makeRich } from "./made.ts";

/** The cells of a page; undefined for one that cannot be read. */
function cellsIn(page: number, data: Uint8Array, usable = data.length) {
  const header = readPageHeader(page, data);
  if (!header) return [];
  return Array.from({ length: header.cells }, (_, i) => {
    const start = cellStart(data, header, i);
    return { start, type: header.type, place: readCell(data, header.type, start, usable) };
  });
}

describe.each(KINDS)("pages of %i bytes, auto-vacuum %i", (pageSize, autoVacuum) => {
  const { pages, stat } = makeRich(pageSize, autoVacuum);

  it("have the payload that SQLite says", () => {
    for (const { page, kind, payload, largest } of stat) {
      if (kind === "overflow") continue;
      const cells = cellsIn(page, pages.get(page)).map(({ place }) => place!);
      expect([page, cells.reduce((sum, { local }) => sum + local, 0)]).toEqual([page, payload]);
      expect([page, Math.max(0, ...cells.map(({ size }) => size))]).toEqual([page, largest]);
    }
  });

  it("have cells that do not overlap, and end where they end", () => {
    for (const { page, kind } of stat) {
      if (kind === "overflow") continue;
      const cells = cellsIn(page, pages.get(page)).sort((a, b) => a.start - b.start);
      for (const [i, { start, type, place }] of cells.entries()) {
        const { record, size, local, end } = place!;
        expect(record).toBeGreaterThan(start);
        expect(end).toBe(record + local + (local < size ? 4 : 0));
        expect(end).toBeLessThanOrEqual(cells[i + 1]?.start ?? pageSize);
        if (type === TABLE_INTERIOR) expect([size, record]).toEqual([0, end]);
      }
    }
  });
});

it("whatever its bytes, a cell lies on the page, or is none", () => {
  const { pages, stat } = makeRich(512);
  const look = (page: number, data: Uint8Array) => {
    for (const { place } of cellsIn(page, data, 512)) {
      if (!place) continue;
      const { local, size, end } = place;
      if (end > data.length || local < 0 || local > size) throw new Error(`found ${JSON.stringify(place)}`);
    }
  };
  for (const name of ["plain", "keyed", "plain_a"]) {
    for (const kind of ["internal", "leaf"]) {
      const { page } = stat.find((one) => one.name === name && one.kind === kind)!;
      forEachCut(pages.get(page), (cut) => look(page, cut));
      forEachFlip(pages.get(page), (changed) => look(page, changed));
    }
  }
});
