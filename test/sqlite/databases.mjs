/**
 * `databases.mjs <folder>` writes databases, by real SQLite, of every kind that its check may stumble on, and into
 * databases.json the verdict that each must get from every engine; `blind` from an engine that lacks a module, where it differs. What an application brings along (functions, collations, tokenizers, modules) is written into the schema:
 * no engine here has it.
 */

import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sqlite from "node-sqlite3-wasm";
import initSqlJs from "sql.js";

const ROWS = `CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INT); CREATE INDEX ti ON t(a);
  WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 2000)
  INSERT INTO t (a, b) SELECT 'some text of row number ' || x, x FROM n;`;

/** Makes `name`'s schema say `sql`, whatever lies below it. */
const say = (name, sql) => `PRAGMA writable_schema=1;
  UPDATE sqlite_schema SET sql = '${sql.replaceAll("'", "''")}' WHERE name = '${name}'`;

const FTS5 = `${ROWS} CREATE VIRTUAL TABLE v USING fts5(x); INSERT INTO v SELECT a FROM t LIMIT 100;`;
const FTS4 = FTS5.replace("fts5", "fts4");
const U = "CREATE TABLE u (a TEXT, b); INSERT INTO u SELECT a, b FROM t;";

const overwritten = (page, bytes) => (file) => {
  bytes.copy(file, (page - 1) * 4096);
  return file;
};

const DATABASES = [
  { name: "plain", verdict: "ok", sql: ROWS },
  { name: "empty", verdict: "ok", sql: "" },
  { name: "wal", verdict: "ok", sql: ROWS, damage: inWalMode },
  { name: "utf-16", verdict: "ok", sql: ROWS, before: "PRAGMA encoding='UTF-16le'; PRAGMA page_size=512" },
  { name: "page-65536", verdict: "ok", sql: ROWS, before: "PRAGMA page_size=65536" },
  {
    name: "auto-vacuum",
    verdict: "ok",
    sql: `${ROWS} DELETE FROM t WHERE id > 300`,
    before: "PRAGMA auto_vacuum=1",
  },
  { name: "freelist", verdict: "ok", sql: `${ROWS} DELETE FROM t WHERE id > 300` },
  {
    name: "modern",
    verdict: "ok",
    sql: `${ROWS} CREATE TABLE s (a INT, b TEXT, c ANY) STRICT; INSERT INTO s VALUES (1, 'x', x'00');
      CREATE TABLE w (a PRIMARY KEY, b) WITHOUT ROWID; INSERT INTO w SELECT a, b FROM t;
      CREATE TABLE g (a INT, d AS (a * 2) STORED, e AS (a * 3)); CREATE INDEX ge ON g(e); INSERT INTO g (a) SELECT id FROM t;
      CREATE INDEX tx ON t (lower(a)) WHERE b > 10`,
  },
  { name: "fts5", verdict: "ok", sql: FTS5 },
  { name: "fts5-trigram", verdict: "ok", sql: FTS5.replace("fts5(x)", "fts5(x, tokenize='trigram')") },
  { name: "fts4", verdict: "ok", sql: FTS4 },
  {
    name: "rtree",
    verdict: "ok",
    // None of those who write here has R-trees: an empty one, by its tables.
    sql: `${ROWS} CREATE TABLE v_node (nodeno INTEGER PRIMARY KEY, data);
      CREATE TABLE v_rowid (rowid INTEGER PRIMARY KEY, nodeno);
      CREATE TABLE v_parent (nodeno INTEGER PRIMARY KEY, parentnode); INSERT INTO v_node VALUES (1, zeroblob(1228));
      PRAGMA writable_schema=1;
      INSERT INTO sqlite_schema VALUES ('table', 'v', 'v', 0, 'CREATE VIRTUAL TABLE v USING rtree(id, x0, x1)')`,
  },
  {
    name: "unknown-module",
    verdict: "ok",
    sql: `${ROWS} PRAGMA writable_schema=1;
      INSERT INTO sqlite_schema VALUES ('table', 'v', 'v', 0, 'CREATE VIRTUAL TABLE v USING appmodule(x)')`,
  },
  // An engine without FTS5 (sql.js) does not look at it.
  {
    name: "fts5-tokenizer",
    verdict: "skipped",
    blind: "ok",
    sql: `${FTS5} ${say("v", "CREATE VIRTUAL TABLE v USING fts5(x, tokenize='apptokens')")}`,
  },
  {
    name: "fts4-tokenizer",
    verdict: "skipped",
    blind: "ok",
    sql: `${FTS4} ${say("v", "CREATE VIRTUAL TABLE v USING fts4(x, tokenize=apptokens)")}`,
  },
  {
    name: "collation-index",
    verdict: "skipped",
    sql: `${ROWS} ${say("ti", "CREATE INDEX ti ON t(a COLLATE appcollation)")}`,
  },
  {
    name: "collation-wal",
    verdict: "skipped",
    sql: `${ROWS} ${say("ti", "CREATE INDEX ti ON t(a COLLATE appcollation)")}`,
    damage: inWalMode,
  },
  {
    name: "collation-column",
    verdict: "ok",
    sql: `${ROWS} ${U} ${say("u", "CREATE TABLE u (a TEXT COLLATE appcollation, b)")}`,
  },
  {
    name: "function-index",
    verdict: "skipped",
    sql: `${ROWS} ${say("ti", "CREATE INDEX ti ON t(appfunction(a))")}`,
  },
  {
    name: "function-partial",
    verdict: "skipped",
    sql: `${ROWS} ${say("ti", "CREATE INDEX ti ON t(a) WHERE appfunction(b) > 3")}`,
  },
  {
    name: "function-check",
    verdict: "ok",
    sql: `${ROWS} ${U} ${say("u", "CREATE TABLE u (a TEXT CHECK (appfunction(a)), b)")}`,
  },
  {
    name: "function-view",
    verdict: "ok",
    sql: `${ROWS} CREATE VIEW w AS SELECT appfunction(a) FROM t;
      CREATE TRIGGER r AFTER INSERT ON t BEGIN SELECT appfunction(1); END`,
  },
  {
    name: "newer-syntax",
    verdict: "skipped",
    sql: `${ROWS} ${say("ti", "CREATE INDEX ti ON t(a) SOMETHING NEW")}`,
  },
  {
    name: "newer-schema-format",
    verdict: "skipped",
    sql: ROWS,
    damage: (file) => {
      file.writeUInt32BE(5, 44);
      return file;
    },
  },
  {
    name: "page-overwritten",
    verdict: "damaged",
    sql: ROWS,
    damage: overwritten(6, Buffer.alloc(4096, 0xa5)),
  },
  {
    name: "page-overwritten-wal",
    verdict: "damaged",
    sql: ROWS,
    damage: (file) => inWalMode(overwritten(6, Buffer.alloc(4096, 0xa5))(file)),
  },
  { name: "page-zeroed", verdict: "damaged", sql: ROWS, damage: overwritten(3, Buffer.alloc(4096)) },
  {
    name: "page-swapped",
    verdict: "damaged",
    sql: ROWS,
    damage: (file) => overwritten(6, Buffer.from(file.subarray(6 * 4096, 7 * 4096)))(file),
  },
  { name: "schema-page", verdict: "damaged", sql: ROWS, damage: (file) => file.fill(0xff, 100, 120) },
  { name: "short", verdict: "damaged", sql: ROWS, damage: (file) => file.subarray(0, file.length - 8192) },
  { name: "no-database", verdict: "damaged", sql: ROWS, damage: (file) => file.fill("abcd", 0, 4) },
  {
    name: "root-page",
    verdict: "damaged",
    sql: `${ROWS} PRAGMA writable_schema=1; UPDATE sqlite_schema SET rootpage = 900 WHERE name = 'ti'`,
  },
  { name: "index-of-another", verdict: "damaged", sql: `${ROWS} ${say("ti", "CREATE INDEX ti ON t(b)")}` },
  {
    name: "not-unique",
    verdict: "damaged",
    sql: `${ROWS} UPDATE t SET a = 'same'; ${say("ti", "CREATE UNIQUE INDEX ti ON t(a)")}`,
  },
  { name: "fts5-broken", verdict: "damaged", blind: "ok", sql: `${FTS5} DELETE FROM v_content WHERE id = 5` },
];

function inWalMode(file) {
  return file.fill(2, 18, 20);
}

const folder = process.argv[2];
const sqlJs = await initSqlJs();
const made = DATABASES.map(({ name, sql, verdict, before = "", damage, blind = verdict }) => {
  const path = join(folder, `${name}.db`);
  const text = `${before}; BEGIN; ${sql}; COMMIT`;
  // node-sqlite3-wasm has FTS5, sql.js has FTS4.
  if (sql.includes("USING fts4")) {
    const database = new sqlJs.Database();
    database.exec(text);
    writeFileSync(path, database.export());
    database.close();
  } else {
    const database = new sqlite.Database(path);
    database.exec(text);
    database.close();
    rmSync(`${path}.lock`, { recursive: true, force: true });
  }
  if (damage) writeFileSync(path, damage(readFileSync(path)));
  return { name, verdict, blind };
});
writeFileSync(join(folder, "databases.json"), JSON.stringify(made));
