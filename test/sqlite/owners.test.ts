/** Which page belongs to what, held against what SQLite says of each page; and hostile databases. */

import { describe, expect, it } from "vitest";
import { lockPage } from "../../src/sqlite/header.ts";
import { Malformed } from "../../src/sqlite/malformed.ts";
import { PageOwners } from "../../src/sqlite/owners.ts";
import { type DatabasePages, pagesOf } from "../../src/sqlite/pages.ts";
import { readSchema } from "../../src/sqlite/schema.ts";
import {
  childCell,
  forEachCut,
  forEachFlip,
  forge,
  forgePage,
  forgeShared,
  isRefused,
  schemaCell,
} from "./hostile.ts";
import { KINDS, Maker, makeRich, upTo } from "./made.ts";

const ownersOf = (pages: DatabasePages) => new PageOwners(pages, readSchema(pages));

describe.each(KINDS)("pages of %i bytes, auto-vacuum %i", (pageSize, autoVacuum) => {
  const { pages, stat, all } = makeRich(pageSize, autoVacuum);
  const owners = ownersOf(pages);

  it("belong to what SQLite says", () => {
    const known = new Map(stat.map((one) => [one.page, one]));
    let [free, reserved] = [0, 0];
    for (let page = 1; page <= pages.count; page++) {
      const one = known.get(page);
      const use = owners.useOf(page);
      if (one?.kind === "overflow") expect([page, use]).toEqual([page, "other"]);
      else if (one) expect([page, owners.treeOf(page)?.name.split(" ")[1]]).toEqual([page, one.name]);
      if (one) continue;
      if (use === "free") free++;
      else reserved += use === "reserved" ? 1 : Number.NaN;
    }
    expect(free).toBe(all("PRAGMA freelist_count")[0]!.freelist_count);
    expect(reserved > 0).toBe(autoVacuum > 0);
  });

  it("that are not there are nothing's", () => {
    for (const page of [0, -1, pages.count + 1, 2 ** 32])
      expect([owners.treeOf(page), owners.useOf(page)]).toEqual([undefined, "other"]);
  });
});

it("pages that tell where others belong come again and again", () => {
  const maker = new Maker({ pageSize: 512, autoVacuum: 1 }).run(
    `CREATE TABLE t (x); ${upTo(1000)} INSERT INTO t SELECT zeroblob(400) FROM n`,
  );
  const { pages, stat } = maker.made;
  maker.close();
  const used = new Set(stat.map(({ page }) => page));
  const owners = ownersOf(pages);
  const reserved = Array.from({ length: pages.count }, (_, i) => i + 1).filter(
    (page) => owners.useOf(page) === "reserved",
  );
  expect(reserved.length).toBeGreaterThan(5);
  expect(reserved).toEqual(
    Array.from({ length: pages.count }, (_, i) => i + 1).filter((page) => !used.has(page)),
  );
});

it("the page of the locks is reserved, and the map that would be there is behind it", () => {
  // Of all sizes that can be, pages of 1024 bytes alone have a map there.
  const lock = lockPage(1024);
  const first = forgePage(1024, 13, [], { start: 100 });
  const empty = new Uint8Array(1024);
  const large = (page1: Uint8Array): DatabasePages => ({
    ...{ pageSize: 1024, usable: 1024, count: lock + 3 },
    get: (page) => (page === 1 ? page1 : empty),
  });
  const usesOf = (pages: DatabasePages) => {
    const owners = ownersOf(pages);
    return [2, 3, 206, 207, 208, lock - 1, lock, lock + 1, lock + 2].map((page) => owners.useOf(page));
  };
  const [o, r] = ["other", "reserved"];
  expect(usesOf(large(first))).toEqual([o, o, o, o, o, o, r, o, o]);
  const withMaps = first.slice();
  withMaps[55] = 1;
  expect(usesOf(large(withMaps))).toEqual([r, o, o, r, o, o, r, r, o]);
});

describe("a hostile database", () => {
  const leaf = () => forgePage(512, 13, []);
  const schema = (...roots: number[]) =>
    forgePage(
      512,
      13,
      roots.map((root, i) => schemaCell(i, `t${i}`, root)),
      { start: 100 },
    );
  const up = (...children: number[]) =>
    forgePage(512, 5, children.slice(0, -1).map(childCell), { right: children.at(-1)! });

  it("has b-trees that share pages: the first has them", () => {
    const owners = ownersOf(forge([schema(2, 3, 2, 4), up(4, 5), up(5, 6), leaf(), leaf(), leaf()]));
    const names = [1, 2, 3, 4, 5, 6].map((page) => owners.treeOf(page)?.name);
    expect(names).toEqual([
      "table sqlite_schema",
      "table t0",
      "table t1",
      "table t0",
      "table t0",
      "table t1",
    ]);
    expect(owners.trees.map(({ name }) => name)).toEqual([
      "table sqlite_schema",
      ...[0, 1, 2, 3].map((i) => `table t${i}`),
    ]);
  });

  it.each<[string, Uint8Array[]]>([
    ["the b-tree at page 2 runs in circles", [up(3, 3), leaf()]],
    ["the b-tree at page 2 runs in circles", [up(3, 4), up(5), up(3), leaf()]],
    ["the b-tree at page 2 is too deep", [up(2)]],
    ["there is no page 77", [up(77, 3), leaf()]],
    ["page 2 is none of a b-tree", [new Uint8Array(512)]],
  ])("is refused: %s", (message, pages) => {
    expect(() => ownersOf(forge([schema(2), ...pages]))).toThrow(new Malformed(message));
  });

  it("with all of its pages below each of its tables takes time that grows with its size", () => {
    const pages = forgeShared(2000);
    expect(isRefused(() => ownersOf(pages))).toBe(false);
  });

  it("is read or refused, whatever its bytes", () => {
    const maker = new Maker({ pageSize: 512, autoVacuum: 1 }).run(`CREATE TABLE t (a UNIQUE, b);
      ${upTo(60)} INSERT INTO t SELECT i, hex(zeroblob(30)) FROM n; CREATE TABLE x (y); DELETE FROM t WHERE a < 20`);
    const { bytes } = maker.made;
    maker.close();
    const read = (data: Uint8Array) => isRefused(() => ownersOf(pagesOf(data, 512)));
    forEachCut(bytes, read);
    forEachFlip(bytes, read);
  });
});
