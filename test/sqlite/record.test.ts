/** Records: where values are, held against what SQLite says of their types and lengths. */

import { describe, expect, it } from "vitest";
import { cellsOf } from "../../src/sqlite/btree.ts";
import { type Field, readFields as readFirst, readInteger } from "../../src/sqlite/record.ts";
import { MOST_VALUES } from "../../src/sqlite/values.ts";
import { forEachCut, forEachFlip, forgeRecord, varintOf } from "./hostile.ts";
import { Maker } from "./made.ts";

const readFields = (record: Uint8Array) => readFirst(record, MOST_VALUES);

const INTEGERS = [0, 1, -1, 2, 127, -128, 128, 32767, -32769, 8388607, -8388609, 2 ** 31, -(2 ** 40)];

/** The records of a table of one leaf, with what SQLite says of its columns. */
function recordsOf(values: readonly string[]) {
  const maker = new Maker().run("CREATE TABLE t (id INTEGER PRIMARY KEY, x)");
  for (const value of values) maker.run(`INSERT INTO t (x) VALUES (${value})`);
  const { pages, all } = maker.made;
  const root = Number(all("SELECT rootpage FROM sqlite_schema")[0]!.rootpage);
  const rows = all("SELECT typeof(x) AS type, length(CAST(x AS BLOB)) AS size, x FROM t ORDER BY id");
  maker.close();
  return cellsOf(pages, root).map(({ local }, i) => ({ record: local, row: rows[i]! }));
}

describe("fields", () => {
  it("are of the type and size that SQLite says", () => {
    const values = ["NULL", "1.5", "'text'", "''", "x'00ff'", "x''", "zeroblob(60)", "hex(zeroblob(40))"];
    const typeOf = ({ type }: Field) =>
      type === 0 ? "null" : type === 7 ? "real" : type < 12 ? "integer" : type % 2 ? "text" : "blob";
    for (const { record, row } of recordsOf(values)) {
      const [id, x] = readFields(record)!;
      // The rowid stands for it.
      expect(id).toEqual({ type: 0, at: record[0], size: 0 });
      expect([typeOf(x!), x!.at]).toEqual([row.type, record[0]]);
      if (row.type === "text" || row.type === "blob") expect(x!.size).toBe(row.size);
      expect(x!.at + x!.size).toBe(record.length);
      expect(readInteger(record, x!)).toBeUndefined();
      expect(readFirst(record, 1)).toHaveLength(1);
    }
  });

  it("of integers are read, as large as a number can be", () => {
    for (const { record, row } of recordsOf(INTEGERS.map(String))) {
      expect(readInteger(record, readFields(record)![1]!)).toBe(Number(row.x));
    }
    const far = [2n ** 53n - 1n, 1n - 2n ** 53n, 2n ** 53n, -(2n ** 53n), 2n ** 63n - 1n, -(2n ** 63n) + 1n];
    for (const { record, row } of recordsOf(far.map(String))) {
      const value = BigInt(row.x as bigint);
      const isSafe = Number.isSafeInteger(Number(value));
      expect(readInteger(record, readFields(record)![1]!)).toBe(isSafe ? Number(value) : undefined);
    }
  });

  it("are found in a record of which only the beginning is there", () => {
    const record = Uint8Array.from(forgeRecord(["table", 7, "x".repeat(300)]));
    const fields = readFields(record)!;
    expect(fields.map(({ size }) => size)).toEqual([5, 4, 300]);
    expect(readFields(record.subarray(0, 20))).toEqual(fields);
    expect(readInteger(record.subarray(0, 20), fields[1]!)).toBe(7);
    expect(readInteger(record.subarray(0, 12), fields[1]!)).toBeUndefined();
  });
});

describe("a record that no SQLite makes", () => {
  it("has no fields where its header is cut off, or a type is none", () => {
    expect(readFields(new Uint8Array(0))).toBeUndefined();
    expect(readFields(Uint8Array.of(3, 1))).toBeUndefined();
    expect(readFields(Uint8Array.of(2, 10))).toBeUndefined();
    expect(readFields(Uint8Array.of(2, 11))).toBeUndefined();
    expect(readFields(Uint8Array.of(9, 255, 255, 255, 255))).toBeUndefined();
  });

  it("has so many values and no more", () => {
    const many = new Uint8Array(2_000_000).fill(8);
    many.set(varintOf(many.length));
    expect(readFields(many)).toHaveLength(MOST_VALUES);
  });

  it("is read or not, whatever its bytes", () => {
    const record = Uint8Array.from(forgeRecord(["table", "name", 5, null, "text"]));
    const look = (bytes: Uint8Array) => {
      for (const field of readFields(bytes) ?? []) {
        expect(field.size).toBeGreaterThanOrEqual(0);
        readInteger(bytes, field);
      }
    };
    forEachCut(record, look);
    forEachFlip(record, look);
  });
});
