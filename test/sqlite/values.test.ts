/** Values and keys of records, held against what real SQLite says of rows that it wrote, in each encoding of texts. */

import { createRequire } from "node:module";
import fc from "fast-check";
import type { SqlJs } from "sql.js";
import { afterAll, describe, expect, it } from "vitest";
import { cellsOf, overflowOf, recordOf } from "../../src/sqlite/btree.ts";
import { parseDatabaseHeader } from "../../src/sqlite/header.ts";
import { Malformed } from "../../src/sqlite/malformed.ts";
import { type DatabasePages, pagesOf } from "../../src/sqlite/pages.ts";
import { encodingOf, readSchema } from "../../src/sqlite/schema.ts";
import { keyOf, type Value, valuesOf } from "../../src/sqlite/values.ts";
import { forEachCut, forEachFlip, forgeRecord, isRefused, pagesIn, varintOf } from "./hostile.ts";
import { Maker } from "./made.ts";

/** All rows of a table with rowids. */
function rowsOf(pages: DatabasePages, table: string): { rowid: bigint; values: Value[] }[] {
  const { root } = readSchema(pages).get(`table ${table}`)!;
  const cells = pagesIn(pages, root).flatMap((page) => cellsOf(pages, page));
  return cells.map((cell) => {
    const record = recordOf(pages, cell, overflowOf(pages, cell));
    return { rowid: cell.rowid!, values: valuesOf(record, encodingOf(pages)) };
  });
}

const scalar = fc.oneof(
  fc.constant(null),
  fc.integer(),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.double({ noNaN: true }),
  // SQLite ends a text at its first character 0 here and there.
  fc.string({ unit: "grapheme", maxLength: 30 }).map((text) => text.replaceAll("\0", "")),
  fc.uint8Array({ maxLength: 40 }),
  fc.nat(3000).map((size) => "é".repeat(size)),
  fc.nat(3000).map((size) => new Uint8Array(size).fill(size)),
);

/** As SQLite stores and gives it: integers where a number holds them, -0 as 0. */
function plain(value: unknown): unknown {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  return value === 0 ? 0 : value;
}

it("values are those that were written", () => {
  const maker = new Maker({ pageSize: 512 }).run("CREATE TABLE t (a, b, c)");
  afterAll(() => maker.close());
  const rowid = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
  fc.assert(
    fc.property(fc.array(fc.tuple(rowid, scalar, scalar, scalar), { maxLength: 20 }), (rows) => {
      maker.run("DELETE FROM t");
      for (const row of rows) maker.put("INSERT OR REPLACE INTO t (rowid, a, b, c) VALUES (?, ?, ?, ?)", row);
      const { pages, all } = maker.made;
      const expected = all("SELECT rowid, a, b, c FROM t ORDER BY rowid");
      const found = rowsOf(pages, "t");
      expect(found.map(({ rowid: id, values }) => [plain(id), ...values.map(plain)])).toEqual(
        expected.map(({ rowid: id, a, b, c }) => [id, a, b, c].map(plain)),
      );
    }),
    { numRuns: Number(process.env.WALKIT_RUNS ?? 60) },
  );
});

describe.each(["UTF-8", "UTF-16le", "UTF-16be"])("texts in %s", (encoding) => {
  it("are those that were written", async () => {
    const texts = ["", "a", "é", "漢字", "𝄞 clef", "\ufeffmarked", "x".repeat(5000), "𝄞".repeat(700)];
    const initSqlJs = createRequire(import.meta.url)("sql.js") as () => Promise<SqlJs>;
    const { Database } = await initSqlJs();
    const database = new Database();
    database.exec(`PRAGMA encoding='${encoding}'; CREATE TABLE "täble" (x)`);
    for (const text of texts) database.exec(`INSERT INTO "täble" VALUES ('${text}')`);
    const bytes = (database as unknown as { export(): Uint8Array }).export();
    database.close();
    const pages = pagesOf(bytes, parseDatabaseHeader(bytes).pageSize);
    expect(encodingOf(pages)).toBe(encoding.toLowerCase());
    expect(rowsOf(pages, "täble").map(({ values }) => values[0])).toEqual(texts);
  });
});

describe("keys", () => {
  const record = fc
    .array(fc.oneof(fc.constant(null), fc.nat(300), fc.string({ unit: "binary-ascii", maxLength: 6 })), {
      minLength: 1,
      maxLength: 4,
    })
    .map((values) => ({ values, bytes: Uint8Array.from(forgeRecord(values)) }));

  it("are the same for the same values, and for no others", () => {
    fc.assert(
      fc.property(record, record, fc.nat(4), (one, other, count) => {
        const isSame =
          JSON.stringify(one.values.slice(0, count)) === JSON.stringify(other.values.slice(0, count));
        expect(keyOf(one.bytes, count) === keyOf(other.bytes, count)).toBe(isSame);
        expect(keyOf(one.bytes, Number.POSITIVE_INFINITY)).toBe(keyOf(one.bytes.slice(), 4));
      }),
    );
  });

  it("may be long", () => {
    const long = Uint8Array.from(forgeRecord(["x".repeat(200_000), 1]));
    expect(keyOf(long, 1)).toBe(`${13 + 400_000}:${"x".repeat(200_000)}`);
  });
});

describe("a record that no SQLite makes", () => {
  it("is refused", () => {
    const many = new Uint8Array(100_000).fill(8);
    many.set(varintOf(many.length));
    const refused: [string, number[] | Uint8Array][] = [
      ["a record's header cannot be read", []],
      ["a record's header cannot be read", [2, 10]],
      ["a value reaches past its record's end", [2, 6, 1, 2, 3]],
      ["a value reaches past its record's end", [3, 8, 100]],
      ["a value reaches past its record's end", [10, 255, 255, 255, 255, 255, 255, 255, 255, 254, 0]],
      ["a record has more than 32767 values", many],
    ];
    for (const [message, bytes] of refused) {
      expect(() => valuesOf(Uint8Array.from(bytes), "utf-8")).toThrow(new Malformed(message));
      expect(() => keyOf(Uint8Array.from(bytes), Number.POSITIVE_INFINITY)).toThrow(new Malformed(message));
    }
  });

  it("is read or refused, whatever its bytes", () => {
    const record = Uint8Array.from([...forgeRecord(["table", 5, null, "text"]), 0, 0]);
    const look = (bytes: Uint8Array) =>
      isRefused(() => {
        valuesOf(bytes, "utf-16le");
        keyOf(bytes, 2);
      });
    let refused = 0;
    forEachCut(record, (cut) => void (refused += look(cut) ? 1 : 0));
    expect(refused).toBe(record.length - 2);
    forEachFlip(record, look);
  });
});
