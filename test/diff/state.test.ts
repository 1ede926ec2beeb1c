/** A state as the diff reads it: no more pages are met than there are. */

import { describe, expect, it } from "vitest";
import { State } from "../../src/diff/state.ts";
import { cellsOf, overflowOf } from "../../src/sqlite/btree.ts";
import { Malformed } from "../../src/sqlite/malformed.ts";
import { childCell, forge, forgePage, overflowCell, pagesIn, schemaCell } from "../sqlite/hostile.ts";
import { KINDS, makeRich } from "../sqlite/made.ts";

describe.each(KINDS)("pages of %i bytes, auto-vacuum %i", (pageSize, autoVacuum) => {
  it("are met once, whatever is asked of a sound database", () => {
    const { pages, all } = makeRich(pageSize, autoVacuum);
    const state = new State(pages);
    expect([state.encoding, state.schema.size]).toEqual([
      "utf-8",
      all("SELECT count(*) AS n FROM sqlite_schema")[0]!.n,
    ]);
    for (const object of state.schema.values()) {
      if (object.type !== "table") continue;
      const { rows } = all(`SELECT count(*) AS rows FROM "${object.name}"`)[0]!;
      expect([object.name, state.countRows(object)]).toEqual([object.name, rows]);
    }
    for (const { root } of state.schema.values()) {
      if (root === 0) continue;
      for (const page of pagesIn(pages, root))
        for (const cell of cellsOf(pages, page))
          expect(state.overflowOf(cell)).toEqual(overflowOf(pages, cell));
    }
  });
});

it("what is not there has no rows", () => {
  const state = new State(makeRich(512).pages);
  expect(state.countRows(undefined)).toBe(0);
  expect(state.countRows(state.schema.get("view seen"))).toBe(0);
});

it("what cannot be counted is not known, and what is met too often is refused", () => {
  const chain = new Uint8Array(512);
  chain[3] = 4;
  const pages = forge([
    forgePage(512, 13, [schemaCell(1, "t", 2), schemaCell(2, "u", 2), schemaCell(3, "w", 9)], { start: 100 }),
    forgePage(512, 5, [childCell(3, 1), childCell(3, 2)], { right: 3 }),
    forgePage(512, 13, [overflowCell(1, 39 + 508 * 2, new Array<number>(39).fill(1), 4)]),
    chain,
  ]);
  const state = new State(pages);
  const counts = ["t", "u", "w"].map((name) => state.countRows(state.schema.get(`table ${name}`)));
  expect(counts).toEqual([3, undefined, undefined]);
  const [cell] = cellsOf(pages, 3);
  expect([state.overflowOf(cell!), state.overflowOf(cell!)]).toEqual([
    [4, 4],
    [4, 4],
  ]);
  expect(() => state.overflowOf(cell!)).toThrow(Malformed);
});

it("a schema that cannot be read is refused", () => {
  expect(() => new State(forge([new Uint8Array(512)]))).toThrow(new Malformed("page 1 is none of a b-tree"));
});
