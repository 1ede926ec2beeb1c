/** One table of two states: its rows by key, and the bounds of what is held in memory. */

import { describe, expect, it } from "vitest";
import { State } from "../../src/diff/state.ts";
import { type Sides, TableReader } from "../../src/diff/table.ts";
import { touchedTrees } from "../../src/diff/touched.ts";
import { cellsOf } from "../../src/sqlite/btree.ts";
import { Malformed } from "../../src/sqlite/malformed.ts";
import { pagesOf } from "../../src/sqlite/pages.ts";
import { pagesIn } from "../sqlite/hostile.ts";
import { Maker, upTo } from "../sqlite/made.ts";
import { dump, inputOf, type StateDump } from "./states.ts";

/** Reads one table of two states. */
async function read(
  before: StateDump | undefined,
  after: StateDump,
  tree: string,
  limits: Partial<Sides> = {},
) {
  const { columnsOf } = inputOf(before ?? after, after);
  const sides: Sides = {
    ...{ mostRows: 1000, mostBytes: 1 << 20, columnsOf },
    before: before && new State(before.pages),
    after: new State(after.pages),
    ...limits,
  };
  const written = new Set(Array.from({ length: after.pages.count }, (_, i) => i + 1));
  const { trees, loose } = touchedTrees(sides.before, sides.after, written);
  const reader = new TableReader(sides, trees.find((one) => one.tree === tree)!);
  await reader.read(loose, undefined);
  return { reader, loose, result: reader.result(), sides };
}

/** States before and after statements. */
function states(setup: string, change: string, pageSize = 1024): [StateDump, StateDump] {
  const maker = new Maker({ pageSize }).run(setup);
  const before = dump(maker);
  const after = dump(maker.run(change));
  maker.close();
  return [before, after];
}

const [BEFORE, AFTER] = states(
  `CREATE TABLE t (id INTEGER PRIMARY KEY, x); ${upTo(100)} INSERT INTO t SELECT i, 'x' || i FROM n`,
  "UPDATE t SET x = 'new' WHERE id = 7; DELETE FROM t WHERE id = 8; INSERT INTO t VALUES (-3, 'minus')",
);

describe("a table with rowids", () => {
  it("has the rows that differ, by rowid", async () => {
    const { reader, result } = await read(BEFORE, AFTER, "table t");
    expect(reader.tree).toBe("table t");
    const { changes, ...about } = result!;
    expect(about).toEqual({
      ...{ table: "t", counts: { added: 1, removed: 1, changed: 1 }, columns: ["id", "x"] },
      ...{ rowsBefore: undefined, rowsAfter: undefined },
    });
    expect([...changes()]).toEqual([
      { kind: "added", before: undefined, after: [-3, "minus"] },
      { kind: "changed", before: [7, "x7"], after: [7, "new"] },
      { kind: "removed", before: [8, "x8"], after: undefined },
    ]);
    expect([...changes()]).toHaveLength(3);
  });

  it("has none where nothing differs", async () => {
    expect((await read(AFTER, AFTER, "table t")).result).toBeUndefined();
  });

  it("is but counted where there are too many rows, or the state before is not known", async () => {
    const counted = { table: "t", counts: undefined, columns: [], rowsBefore: 100, rowsAfter: 100 };
    const few = (await read(BEFORE, AFTER, "table t", { mostRows: 99 })).result!;
    expect(few).toMatchObject(counted);
    expect([...few.changes()]).toEqual([]);
    expect((await read(BEFORE, AFTER, "table t", { mostRows: 100 })).result!.counts).toBeDefined();
    const { result } = await read(undefined, AFTER, "table t");
    expect(result).toMatchObject({ ...counted, rowsBefore: undefined });
  });

  it("gives no rows where its columns are not known", async () => {
    const { result } = await read(BEFORE, AFTER, "table t", { columnsOf: () => undefined });
    expect([result!.counts, result!.columns, [...result!.changes()]]).toEqual([
      { added: 1, removed: 1, changed: 1 },
      [],
      [],
    ]);
  });
});

it("a table without rowids has its rows by their key, in whatever order its columns are", async () => {
  const [before, after] = states(
    `CREATE TABLE w (v, k, j, PRIMARY KEY (j, k)) WITHOUT ROWID; ${upTo(60)} INSERT INTO w SELECT 'v' || i, i, i % 3 FROM n`,
    "UPDATE w SET v = NULL WHERE k = 4; UPDATE w SET k = 99 WHERE k = 5",
  );
  const { result } = await read(before, after, "table w");
  expect(result!.counts).toEqual({ added: 1, removed: 1, changed: 1 });
  const changes = [...result!.changes()].sort((a, b) => (a.kind < b.kind ? -1 : 1));
  expect(changes).toEqual([
    { kind: "added", before: undefined, after: ["v5", 99, 2] },
    { kind: "changed", before: ["v4", 4, 1], after: [null, 4, 1] },
    { kind: "removed", before: ["v5", 5, 2], after: undefined },
  ]);
  // All of a row is its key.
  const { result: unknown } = await read(before, after, "table w", { columnsOf: () => undefined });
  expect(unknown!.counts).toEqual({ added: 2, removed: 2, changed: 0 });
});

describe("rows that overflow", () => {
  const [before, after] = states(
    `CREATE TABLE t (x); ${upTo(8)} INSERT INTO t SELECT CAST(hex(zeroblob(4000)) AS BLOB) FROM n`,
    "UPDATE t SET x = CAST(substr(x, 1, 7999) || 'z' AS BLOB) WHERE rowid = 3",
  );

  it("are held up to so many bytes", async () => {
    const { result, loose } = await read(before, after, "table t", { mostBytes: 2 * 8 * 8010 });
    expect([result!.counts, loose.size]).toEqual([{ added: 0, removed: 0, changed: 1 }, 0]);
    const [change] = [...result!.changes()];
    expect((change!.after![0] as Uint8Array).at(-1)).toBe("z".charCodeAt(0));
    const { result: large } = await read(before, after, "table t", { mostBytes: 2 * 8 * 8000 });
    expect([large!.counts, large!.rowsBefore, large!.rowsAfter]).toEqual([undefined, 8, 8]);
  });

  it("are taken one by one where but their overflow pages were written", async () => {
    const sides: Sides = {
      ...{ mostRows: 10, mostBytes: 1 << 20, columnsOf: inputOf(before, after).columnsOf },
      ...{ before: new State(before.pages), after: new State(after.pages) },
    };
    const reader = new TableReader(sides, { tree: "table t", before: [], after: [] });
    const { root } = sides.after.schema.get("table t")!;
    const cells = pagesIn(after.pages, root).flatMap((page) => cellsOf(after.pages, page, true));
    for (const cell of cells) reader.addLoose(cell, sides.after.overflowOf(cell));
    expect(reader.result()!.counts).toEqual({ added: 0, removed: 0, changed: 1 });
    // Rows whose pages were all met before are none that anybody can count.
    for (const cell of cells) reader.addLoose(cell, [1, 2, 3]);
    expect(reader.result()!.counts).toBeUndefined();
  });
});

it("a table that was dropped or created has all of its rows", async () => {
  const [before, after] = states(
    "CREATE TABLE gone (x); INSERT INTO gone VALUES (1), (2)",
    "DROP TABLE gone; CREATE TABLE fresh (y, z); INSERT INTO fresh VALUES (3, 4)",
  );
  const { result: gone } = await read(before, after, "table gone");
  expect([gone!.counts, gone!.columns]).toEqual([{ added: 0, removed: 2, changed: 0 }, ["x"]]);
  expect([...gone!.changes()].map((change) => change.before)).toEqual([[1], [2]]);
  const { result: fresh } = await read(before, after, "table fresh");
  expect([...fresh!.changes()]).toEqual([{ kind: "added", before: undefined, after: [3, 4] }]);
});

it("a table whose pages are malformed is but counted, as far as it can be", async () => {
  const [before, after] = states(
    `CREATE TABLE t (x); ${upTo(100)} INSERT INTO t SELECT hex(zeroblob(30)) FROM n`,
    "DELETE FROM t WHERE rowid = 7",
  );
  const bytes = new Uint8Array(after.pages.get(1).buffer).slice();
  const page = pagesIn(after.pages, new State(after.pages).schema.get("table t")!.root).at(-1)!;
  // It has 65,535 cells.
  bytes.fill(255, (page - 1) * 1024 + 3, (page - 1) * 1024 + 5);
  const { result } = await read(before, { ...after, pages: pagesOf(bytes, 1024) }, "table t");
  expect([result!.counts, result!.rowsBefore, result!.rowsAfter]).toEqual([undefined, 100, undefined]);
});

it("a row that cannot be read is refused as it is asked for", async () => {
  const bytes = new Uint8Array(AFTER.pages.get(1).buffer).slice();
  const { result } = await read(BEFORE, { ...AFTER, pages: pagesOf(bytes, 1024) }, "table t");
  const changes = result!.changes();
  expect(changes.next().done).toBe(false);
  // The bytes change meanwhile, which nobody may do.
  bytes.fill(255);
  expect(() => [...changes]).toThrow(Malformed);
});
