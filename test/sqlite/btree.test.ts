/** B-trees, held against what SQLite says of their pages and rows; and hostile ones, which must not be walked for ever. */

import { describe, expect, it } from "vitest";
import { cellsOf, countRows, isIndexTree, overflowOf, recordOf, walkTree } from "../../src/sqlite/btree.ts";
import { Malformed } from "../../src/sqlite/malformed.ts";
import { type DatabasePages, pagesOf, Visits } from "../../src/sqlite/pages.ts";
import { readSchema } from "../../src/sqlite/schema.ts";
import {
  childCell,
  forEachCut,
  forEachFlip,
  forge,
  forgePage,
  forgeRecord,
  isRefused,
  overflowCell,
  pagesIn,
  readAll,
  rowCell,
  schemaCell,
} from "./hostile.ts";
import { KINDS, Maker, makeRich } from "./made.ts";

describe.each(KINDS)("pages of %i bytes, auto-vacuum %i", (pageSize, autoVacuum) => {
  const { pages, stat, all } = makeRich(pageSize, autoVacuum);
  const roots = all("SELECT name, rootpage AS root, type FROM sqlite_schema WHERE rootpage > 0") as {
    name: string;
    root: number;
    type: string;
  }[];

  it("belong to the b-trees that SQLite says", () => {
    for (const { name, root } of roots) {
      const own = stat.filter((one) => one.name === name && one.kind !== "overflow").map(({ page }) => page);
      expect([name, pagesIn(pages, root).sort((a, b) => a - b)]).toEqual([name, own]);
    }
  });

  it("have as many rows as are counted", () => {
    for (const { name, root, type } of roots) {
      if (type !== "table") continue;
      expect([name, countRows(pages, root)]).toEqual([
        name,
        all(`SELECT count(*) AS rows FROM "${name}"`)[0]!.rows,
      ]);
    }
  });

  it("overflow to the pages that SQLite says, each once", () => {
    for (const { name, root } of roots) {
      const visits = new Visits(pages);
      const found: number[] = [];
      for (const page of pagesIn(pages, root)) {
        const cells = cellsOf(pages, page);
        expect(cellsOf(pages, page, true)).toEqual(cells.filter(({ overflow }) => overflow > 0));
        for (const cell of cells) {
          const overflow = overflowOf(pages, cell, visits);
          found.push(...overflow);
          const record = recordOf(pages, cell, overflow);
          expect([record.length, overflow.length > 0]).toEqual([cell.size, cell.local.length < cell.size]);
        }
      }
      const own = stat.filter((one) => one.name === name && one.kind === "overflow").map(({ page }) => page);
      expect([name, found.sort((a, b) => a - b)]).toEqual([name, own]);
    }
  });

  it("have an index's cells where there are no rowids", () => {
    const kinds = Object.fromEntries(roots.map(({ name, root }) => [name, isIndexTree(pages, root)]));
    expect(kinds).toMatchObject({
      plain: false,
      keyed: true,
      plain_a: true,
      sqlite_autoindex_unlike_1: true,
    });
  });
});

it("rows have the rowids that they were given", () => {
  const ids = [-(2n ** 63n), -1n, 0n, 1n, 127n, 128n, 2n ** 53n, 2n ** 63n - 1n];
  const maker = new Maker().run("CREATE TABLE t (x)");
  for (const id of ids) maker.put("INSERT INTO t (rowid, x) VALUES (?, 'x')", [id]);
  const { pages } = maker.made;
  maker.close();
  const { root } = readSchema(pages).get("table t")!;
  expect(cellsOf(pages, root).map(({ rowid }) => rowid)).toEqual(ids);
});

/** An empty schema, then these pages. */
const behind = (...pages: Uint8Array[]): DatabasePages =>
  forge([forgePage(pages[0]!.length, 13, [], { start: 100 }), ...pages]);

describe("a hostile b-tree", () => {
  const leaf = forgePage(512, 13, [rowCell(1, forgeRecord(["x"]))]);
  const up = (...children: number[]) =>
    forgePage(512, 5, children.slice(0, -1).map(childCell), { right: children.at(-1)! });

  it.each<[string, Uint8Array[]]>([
    ["there is no page 99", [up(99, 3), leaf]],
    ["there is no page 0", [up(3, 0), leaf]],
    ["page 3 is none of a b-tree", [up(3), new Uint8Array(512)]],
    ["the b-tree at page 2 is too deep", [up(2)]],
    ["the b-tree at page 2 is too deep", [up(3), up(2)]],
    ["page 4 is a leaf too high up", [up(3, 4), up(4), leaf]],
    ["the b-tree at page 2 runs in circles", [up(3, 2, 2, 2), up(4), leaf]],
    ["the b-tree at page 2 runs in circles", [up(3, 3, 3, 3, 3), leaf]],
  ])("is refused: %s", (message, pages) => {
    const hostile = behind(...pages);
    const visited: number[] = [];
    expect(() => walkTree(hostile, 2, (page) => visited.push(page))).toThrow(new Malformed(message));
    expect(visited.length).toBeLessThanOrEqual(hostile.count);
    expect(isRefused(() => countRows(hostile, 2))).toBe(true);
  });

  it("is not followed where that is not wanted", () => {
    const pages = behind(up(3, 99), leaf);
    const visited: number[] = [];
    walkTree(pages, 2, (page) => {
      visited.push(page);
      return false;
    });
    expect(visited).toEqual([2]);
  });

  it("is walked in time that grows with its size, however many names it has", () => {
    const time = (count: number) => {
      // Half of the pages are roots, each above all of the others.
      const leaves = Array.from({ length: count }, () => forgePage(4096, 13, []));
      const first = 3;
      const cells = Array.from({ length: Math.min(count, 300) }, (_, i) => childCell(first + (i % count), i));
      const roots = Array.from({ length: count }, () => forgePage(4096, 5, cells, { right: first }));
      const pages = forge([
        forgePage(4096, 13, [], { start: 100 }),
        forgePage(4096, 13, []),
        ...leaves,
        ...roots,
      ]);
      const visits = new Visits(pages);
      const began = performance.now();
      let refused = 0;
      for (let root = first + count; root < first + 2 * count; root++)
        refused += isRefused(() => countRows(pages, root, visits)) ? 1 : 0;
      expect(refused).toBeGreaterThan(count - 10);
      return performance.now() - began;
    };
    time(100);
    expect(time(1000)).toBeLessThan(1000);
  });
});

describe("hostile cells", () => {
  const record = forgeRecord(["x".repeat(20)]);

  it("that overlap are refused", () => {
    const many = behind(forgePage(512, 13, [rowCell(1, record)], { times: 25 }));
    expect(() => cellsOf(many, 2)).toThrow(new Malformed("cells of page 2 overlap"));
    expect(cellsOf(behind(forgePage(512, 13, [rowCell(1, record)], { times: 2 })), 2)).toHaveLength(2);
  });

  it("that reach past the page are refused", () => {
    for (const cell of [[], [128], [5], [5, 1, 1], [255, 255]]) {
      const page = forgePage(512, 13, [cell]);
      // Of no bytes: the pointer is the page's end.
      expect(() => cellsOf(behind(page), 2)).toThrow(new Malformed("a cell of page 2 reaches past its end"));
    }
  });

  it("are refused where their rows overflow to too many pages", () => {
    const local = new Array<number>(39).fill(1);
    const next = (page: number) => Uint8Array.from({ length: 512 }, (_, i) => (i === 3 ? page : 0));
    const chain = (size: number, first: number, ...more: Uint8Array[]) =>
      behind(forgePage(512, 13, [overflowCell(1, size, local, first)]), ...more);
    // Of 547 bytes all but 39 are on one page.
    const [sound] = cellsOf(chain(547, 3, next(0)), 2);
    expect(overflowOf(chain(547, 3, next(0)), sound!)).toEqual([3]);
    const whole = recordOf(chain(547, 3, next(7)), sound!, [3]);
    expect([whole.length, [...whole.subarray(36, 42)]]).toEqual([547, [1, 1, 1, 0, 0, 0]]);
    const refused = (pages: DatabasePages) => {
      const [cell] = cellsOf(pages, 2, true);
      return () => overflowOf(pages, cell!);
    };
    expect(refused(chain(547, 9, next(0)))).toThrow(new Malformed("there is no page 9"));
    // Sizes of which 39 bytes stay: 547 and each page's 508 more.
    expect(refused(chain(547 + 508 * 2, 3, next(3)))).toThrow("a row has 1563 bytes");
    expect(refused(chain(547 + 508, 3, next(99), next(0)))).toThrow(new Malformed("there is no page 99"));
    const pages = chain(547 + 508, 3, next(3), next(0));
    const visits = new Visits(pages);
    const [circle] = cellsOf(pages, 2);
    expect(overflowOf(pages, circle!, visits)).toEqual([3, 3]);
    expect(overflowOf(pages, circle!, visits)).toEqual([3, 3]);
    expect(() => overflowOf(pages, circle!, visits)).toThrow(
      new Malformed("rows overflow to the same pages"),
    );
  });

  it("of the largest number of rows are read in time", () => {
    // Each page has cells that name the same overflow page, as large as the file.
    const cells = Array.from({ length: 8 }, (_, i) =>
      overflowCell(i, 60_000, new Array<number>(39).fill(1), 3),
    );
    const page = () => forgePage(512, 13, cells.slice(0, 8));
    const pages = behind(
      page(),
      Uint8Array.from({ length: 512 }, (_, i) => (i === 3 ? 3 : 0)),
      ...Array.from({ length: 3000 }, page),
    );
    const visits = new Visits(pages);
    let read = 0;
    expect(
      isRefused(() => {
        for (let one = 4; one <= pages.count; one++)
          for (const cell of cellsOf(pages, one)) read += overflowOf(pages, cell, visits).length;
      }),
    ).toBe(true);
    expect(read).toBeLessThanOrEqual(pages.count);
  });
});

describe("a database cut or changed anywhere", () => {
  const maker = new Maker({ pageSize: 512 }).run(`CREATE TABLE t (id INTEGER PRIMARY KEY, a, b);
    CREATE TABLE w (k PRIMARY KEY, v) WITHOUT ROWID; CREATE INDEX i ON t (a);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40)
    INSERT INTO t SELECT i, 'text ' || i, CASE WHEN i = 9 THEN zeroblob(1500) END FROM n;
    INSERT INTO w SELECT a, b FROM t; CREATE TABLE x AS SELECT * FROM t; DROP TABLE x`);
  const { bytes } = maker.made;
  maker.close();
  const read = (data: Uint8Array) => isRefused(() => readAll(pagesOf(data, 512)));

  it("is read as it is", () => {
    expect([...readAll(pagesOf(bytes, 512))].map(([name, rows]) => [name, rows.length])).toEqual(
      [
        ["table sqlite_schema", 3],
        ["table t", 40],
        ["table w", 40],
        ["index i", 40],
      ].map(([name, rows]) => [name, rows]),
    );
  });

  it("is read or refused, soon", () => {
    let [cuts, flips] = [0, 0];
    forEachCut(bytes, (cut) => void (cuts += read(cut) ? 1 : 0));
    forEachFlip(bytes, (changed) => void (flips += read(changed) ? 1 : 0));
    expect(cuts).toBeGreaterThan(bytes.length / 2);
    expect(flips).toBeGreaterThan(100);
  });

  it("is read or refused with many bytes changed", () => {
    let seed = 7;
    const next = (below: number) => {
      seed = Math.imul(seed, 1664525) + 1013904223;
      return (seed >>> 8) % below;
    };
    for (let run = 0; run < 2000; run++) {
      const changed = bytes.slice();
      for (let i = 0; i < 20; i++) changed[next(3) ? next(bytes.length) : 100 + next(300)] = next(256);
      read(changed);
    }
  });
});

it("a schema of the largest size is read in time", () => {
  // Rows without end: each of them names the same table.
  const leaf = () =>
    forgePage(
      4096,
      13,
      Array.from({ length: 100 }, (_, i) => schemaCell(i, `t${i}`, 2)),
    );
  const leaves = Array.from({ length: 600 }, leaf);
  const children = leaves.map((_, i) => childCell(3 + i, i));
  const pages = forge([
    forgePage(4096, 5, children.slice(0, -200), { start: 100, right: 3 + 599 }),
    forgePage(4096, 13, []),
    ...leaves,
  ]);
  expect(isRefused(() => readSchema(pages))).toBe(false);
  expect(readSchema(pages).size).toBe(100);
});
