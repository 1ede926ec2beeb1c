/** Litestream's counter, held against what SQLite says of its table; and pages that only look like it. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LitestreamSequence, sequenceValue } from "../../src/sqlite/litestream.ts";
import { INDEX_INTERIOR, TABLE_LEAF } from "../../src/sqlite/page.ts";
import {
  childCell,
  forEachCut,
  forEachFlip,
  forgePage,
  forgeRecord,
  rowCell,
  schemaCell,
} from "./hostile.ts";
import { type Made, Maker, upTo } from "./made.ts";

const TABLE = "CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER)";
const raise = "INSERT INTO _litestream_seq VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET seq = seq + 1";

/** Shows all pages of a database as a snapshot's. */
function snapshot(sequence: LitestreamSequence, { pages }: Made, index = 0): LitestreamSequence {
  for (let page = 1; page <= pages.count; page++) sequence.addSnapshotPage(index, page, pages.get(page));
  return sequence;
}

/** Shows the pages in which `now` is not as `before`, as a WAL's. */
function frames(sequence: LitestreamSequence, before: Made, now: Made, index: number): void {
  for (let page = 1; page <= now.pages.count; page++) {
    const data = now.pages.get(page);
    const old = page <= before.pages.count ? before.pages.get(page) : undefined;
    if (!old || Buffer.compare(old, data) !== 0) sequence.addFrame(index, page, data);
  }
}

const rootIn = ({ all }: Made) =>
  all("SELECT rootpage FROM sqlite_schema WHERE name = '_litestream_seq'")[0]!.rootpage;

describe.each([512, 4096, 65536])("with pages of %i bytes", (pageSize) => {
  it.each([0, 1, 5, 40, 300])("it is found behind %i other tables", (tables) => {
    const maker = new Maker({ pageSize });
    for (let i = 0; i < tables; i++)
      maker.run(`CREATE TABLE t${i} (id INTEGER PRIMARY KEY, one, two, three)`);
    maker.run(TABLE);
    expect(snapshot(new LitestreamSequence(), maker.made).value).toBe(0);
    for (const value of [1, 2, 200, 40_000, 2 ** 40, 2 ** 53 - 1]) {
      maker.run(`DELETE FROM _litestream_seq; INSERT INTO _litestream_seq VALUES (1, ${value})`);
      const { made } = maker;
      const sequence = snapshot(new LitestreamSequence(), made);
      expect([sequence.page, sequence.value]).toEqual([rootIn(made), value]);
      expect(sequenceValue(made.pages.get(sequence.page!))).toBe(value);
    }
    maker.close();
  });

  it("it goes on from index to index, whatever else is written", () => {
    const statement = fc.constantFrom(
      "INSERT INTO t (x) VALUES (randomblob(700))",
      "CREATE TABLE IF NOT EXISTS u AS SELECT * FROM t",
      "DROP TABLE IF EXISTS u",
      "DELETE FROM t WHERE id % 2 = 0",
      "ALTER TABLE t ADD COLUMN y",
    );
    fc.assert(
      fc.property(
        fc.array(fc.array(statement, { maxLength: 3 }), { minLength: 1, maxLength: 6 }),
        (indexes) => {
          const maker = new Maker({ pageSize }).run(
            `CREATE TABLE t (id INTEGER PRIMARY KEY, x); ${TABLE}; ${raise}`,
          );
          let before = maker.made;
          const sequence = snapshot(new LitestreamSequence(), before);
          for (const [i, statements] of indexes.entries()) {
            maker.run(raise);
            const raised = maker.made;
            frames(sequence, before, raised, i + 1);
            before = raised;
            for (const sql of statements) {
              try {
                maker.run(sql);
              } catch {
                // It has the column already.
              }
              const { made } = maker;
              frames(sequence, before, made, i + 1);
              before = made;
            }
            expect(sequence.endIndex()).toEqual({ value: i + 2, expected: i + 2 });
            expect(sequence.endIndex()).toBeUndefined();
            expect([sequence.page, sequence.value]).toEqual([rootIn(before), i + 2]);
          }
          maker.close();
        },
      ),
      { numRuns: 15 },
    );
  });
});

it("VACUUM moves its table, and it is found at its new place", () => {
  const maker = new Maker().run(
    `CREATE TABLE a (x); ${upTo(500)} INSERT INTO a SELECT i FROM n; ${TABLE}; ${raise}`,
  );
  const before = maker.made;
  const sequence = snapshot(new LitestreamSequence(), before);
  const root = rootIn(before);
  maker.run("DROP TABLE a; VACUUM");
  const moved = maker.made;
  expect(rootIn(moved)).not.toBe(root);
  frames(sequence, before, moved, 1);
  expect([sequence.page, sequence.value]).toEqual([rootIn(moved), 1]);
  maker.run(raise);
  frames(sequence, moved, maker.made, 2);
  expect(sequence.endIndex()).toEqual({ value: 2, expected: 2 });
  maker.close();
});

it("a jump shows, and nothing where the counter was forgotten or is not there", () => {
  const maker = new Maker().run(`${TABLE}; ${raise}`);
  const before = maker.made;
  maker.run("UPDATE _litestream_seq SET seq = 9");
  const after = maker.made;
  const sequence = snapshot(new LitestreamSequence(), before);
  frames(sequence, before, after, 1);
  expect(sequence.endIndex()).toEqual({ value: 9, expected: 2 });
  sequence.reset();
  expect(sequence.value).toBeUndefined();
  frames(sequence, before, after, 2);
  expect([sequence.endIndex(), sequence.value]).toEqual([undefined, 9]);
  maker.close();
  const other = new Maker().run("CREATE TABLE t (id INTEGER PRIMARY KEY, seq)");
  const found = snapshot(new LitestreamSequence(), other.made);
  expect([found.page, found.value]).toEqual([undefined, undefined]);
  other.close();
});

describe("pages that look like its table", () => {
  const row = (...values: (string | number | null)[]) =>
    forgePage(512, TABLE_LEAF, [rowCell(1, forgeRecord(values))]);

  it("have one row of two values, the second an integer", () => {
    expect(sequenceValue(row(null, 7))).toBe(7);
    expect(sequenceValue(forgePage(512, TABLE_LEAF, []))).toBe(0);
    for (const page of [
      row(7),
      row(null, "7"),
      row(null, null),
      row(null, 7, 7),
      forgePage(512, TABLE_LEAF, [rowCell(1, [3, 0, 4, 0, 0, 0, 7]), rowCell(2, [3, 0, 4, 0, 0, 0, 7])]),
      forgePage(512, INDEX_INTERIOR, []),
      new Uint8Array(512),
    ])
      expect(sequenceValue(page)).toBeUndefined();
  });

  it("are read or not, whatever their bytes", () => {
    const page = row(null, 7);
    const look = (data: Uint8Array) => {
      const value = sequenceValue(data);
      if (value !== undefined && !Number.isSafeInteger(value)) throw new Error(`found ${value}`);
    };
    forEachCut(page, look);
    forEachFlip(page, look);
  });

  it("in a hostile schema are followed up to a bound", () => {
    const sequence = new LitestreamSequence();
    sequence.addSnapshotPage(0, 1, forgePage(512, 5, [childCell(2, 1)], { start: 100, right: 3 }));
    // Each page names the next ones: all are taken for the schema's, until there are too many.
    const children = (page: number) =>
      forgePage(
        512,
        5,
        [...Array(50).keys()].map((i) => childCell(50 * page + i, i)),
        { right: page + 1 },
      );
    for (let page = 2; page < 1400; page++) sequence.addSnapshotPage(0, page, children(page));
    const schema = forgePage(512, 13, [schemaCell(1, "_litestream_seq", 7)]);
    sequence.addSnapshotPage(0, 50 * 1399, schema);
    expect(sequence.page).toBeUndefined();
    sequence.addSnapshotPage(0, 50 * 1300, schema);
    expect(sequence.page).toBe(7);
  });

  it("are not its table where another has its name", () => {
    const schema = (name: string, root: number) => {
      const sequence = new LitestreamSequence();
      sequence.addSnapshotPage(0, 1, forgePage(512, 13, [schemaCell(1, name, root)], { start: 100 }));
      sequence.addSnapshotPage(0, 2, row(null, 5));
      return [sequence.page, sequence.value];
    };
    expect(schema("_litestream_seq", 2)).toEqual([2, 5]);
    expect(schema("_litestream_sex", 2)).toEqual([undefined, undefined]);
    expect(schema("_litestream_seqs", 2)).toEqual([undefined, undefined]);
    expect(schema("_litestream_seq", 3)).toEqual([3, undefined]);
  });
});

it("a database cut or changed anywhere gives a counter, or none", () => {
  const maker = new Maker({ pageSize: 512 });
  for (let i = 0; i < 8; i++) maker.run(`CREATE TABLE t${i} (a, b, c)`);
  const { bytes, pages } = maker.run(`${TABLE}; ${raise}`).made;
  maker.close();
  const look = (data: Uint8Array) => {
    const sequence = new LitestreamSequence();
    for (let page = 1; page <= pages.count; page++)
      sequence.addSnapshotPage(0, page, data.subarray((page - 1) * 512, page * 512));
    for (let page = 1; page <= pages.count; page++)
      sequence.addFrame(1, page, data.subarray((page - 1) * 512, page * 512));
    const { value } = sequence;
    if (value !== undefined && !Number.isSafeInteger(value)) throw new Error(`found ${value}`);
  };
  forEachCut(bytes, look);
  forEachFlip(bytes, look);
});
