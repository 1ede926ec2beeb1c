/** Databases that real SQLite makes, with what it says of their pages (its table `dbstat`) and rows. */

import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sqlite from "node-sqlite3-wasm";
import { type DatabasePages, pagesOf } from "../../src/sqlite/pages.ts";

const folder = mkdtempSync(join(tmpdir(), "walkit-made-"));

/** One page, as SQLite sees it. */
export interface PageStat {
  /** Of the table or index. */
  name: string;
  page: number;
  kind: "internal" | "leaf" | "overflow";
  cells: number;
  /** Bytes of records that lie on the page. */
  payload: number;
  /** The largest record of its cells, with what overflows. */
  largest: number;
}

export interface Made {
  bytes: Uint8Array<ArrayBuffer>;
  pages: DatabasePages;
  stat: PageStat[];
  /** Rows by column name; integers as `number` or `bigint`. */
  all: (sql: string) => Record<string, unknown>[];
}

export interface MadeOptions {
  pageSize?: number;
  autoVacuum?: number;
}

/** A database that lives on, for states one after another. */
export class Maker {
  readonly #path: string = join(folder, `${count++}.db`);
  readonly #database: InstanceType<typeof sqlite.Database>;
  readonly #pageSize: number;

  constructor({ pageSize = 1024, autoVacuum = 0 }: MadeOptions = {}) {
    this.#pageSize = pageSize;
    this.#database = new sqlite.Database(this.#path);
    this.#database.exec(`PRAGMA page_size=${pageSize}; PRAGMA auto_vacuum=${autoVacuum};
      PRAGMA journal_mode=off; PRAGMA synchronous=off`);
  }

  run(sql: string): this {
    this.#database.exec(sql);
    return this;
  }

  /** Runs one statement with values for its parameters. */
  put(sql: string, values: unknown[]): this {
    this.#database.run(sql, values as never);
    return this;
  }

  get made(): Made {
    const all = (sql: string) => this.#database.all(sql) as Record<string, unknown>[];
    const bytes = new Uint8Array(readFileSync(this.#path));
    const stat =
      all(`SELECT name, pageno AS page, pagetype AS kind, ncell AS cells, payload, mx_payload AS largest
      FROM dbstat ORDER BY pageno`) as unknown as PageStat[];
    return { bytes, pages: pagesOf(bytes, this.#pageSize), stat, all };
  }

  close(): void {
    this.#database.close();
  }
}

let count = 0;

/** Rows 1 to `n`, for use with `INSERT … SELECT … FROM n`. */
export const upTo = (n: number): string =>
  `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${n})`;

/** Tables with and without rowids, indexes, rows that overflow, free pages, a schema of several pages. */
export const RICH = `
  CREATE TABLE plain (id INTEGER PRIMARY KEY, a, b);
  CREATE TABLE keyed (name TEXT, at INT, value, PRIMARY KEY (at, name)) WITHOUT ROWID;
  CREATE TABLE unlike (x UNIQUE, y); CREATE TABLE hollow (x); CREATE VIEW seen AS SELECT * FROM plain;
  CREATE INDEX plain_a ON plain (a, b); CREATE INDEX keyed_value ON keyed (value);
  CREATE TRIGGER made AFTER INSERT ON hollow BEGIN SELECT 1; END;
  BEGIN;
  ${upTo(400)} INSERT INTO plain SELECT (i - 200) * 9007199254740, hex(randomblob(i % 60)),
    CASE WHEN i % 50 = 0 THEN randomblob(i * 20) END FROM n;
  ${upTo(150)} INSERT INTO keyed SELECT hex(randomblob(i % 9)) || i, i % 5, CASE WHEN i % 40 = 0 THEN zeroblob(5000) ELSE i END FROM n;
  ${upTo(80)} INSERT INTO unlike SELECT i * 1.5, 'text ' || i FROM n;
  CREATE TABLE gone AS SELECT * FROM plain;
  COMMIT;
  ${Array.from({ length: 20 }, (_, i) => `CREATE TABLE many${i} (a, b, c CHECK (c <> 'something long to fill the pages of the schema'));`).join("\n")}
  DROP TABLE gone;`;

const rich = new Map<string, Made>();

/** A database of {@link RICH}: made once for each page size and kind of vacuum. It stays open, for `all`. */
export function makeRich(pageSize: number, autoVacuum = 0): Made {
  const key = `${pageSize} ${autoVacuum}`;
  let made = rich.get(key);
  if (!made) {
    rich.set(key, (made = new Maker({ pageSize, autoVacuum }).run(RICH).made));
  }
  return made;
}

export const KINDS: [pageSize: number, autoVacuum: number][] = [
  [512, 0],
  [1024, 1],
  [4096, 0],
  [4096, 2],
  [65536, 0],
];
