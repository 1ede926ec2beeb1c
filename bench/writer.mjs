/**
 * The application whose database the bench replicates: real SQLite (node-sqlite3-wasm), a process of its own, which does
 * what it is told by message. Its contents depend on nothing but the seed. It never closes the database: that would
 * checkpoint, and delete the WAL under Litestream's hands. Whoever has started it kills it.
 */

import sqlite from "node-sqlite3-wasm";
import { detail, order, random, seed, status, total } from "./rows.mjs";

const db = new sqlite.Database(process.argv[2]);
let insert;
let update;
let rows = 0;

function prepare() {
  insert = db.prepare("INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
  update = db.prepare("UPDATE orders SET status = ?, total = ?, detail = ? WHERE id = ?");
  rows = db.get("SELECT max(id) AS n FROM orders")?.n ?? 0;
  // So that what a burst does depends on the number of rows alone, not on this process's past.
  seed(rows);
}

const jobs = {
  /** A database of `count` orders, in WAL mode, with nothing in the WAL. */
  fill({ count }) {
    db.exec("PRAGMA locking_mode=exclusive; PRAGMA journal_mode=off; PRAGMA synchronous=off");
    db.exec(
      "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER, email TEXT, status TEXT, created INTEGER, total REAL, address TEXT, detail TEXT, token BLOB)",
    );
    prepare();
    db.exec("BEGIN");
    for (let id = 1; id <= count; id++) insert.run(order(id));
    db.exec("COMMIT");
    insert.finalize();
    update.finalize();
    db.exec("CREATE INDEX by_email ON orders(email); CREATE INDEX by_customer ON orders(customer, created)");
    db.exec("PRAGMA journal_mode=wal; PRAGMA wal_checkpoint(TRUNCATE)");
  },

  /** Opens the WAL as it is, to write on. Exclusive: the WebAssembly build has no shared memory. */
  open() {
    db.exec("PRAGMA locking_mode=exclusive; PRAGMA journal_mode=wal; PRAGMA wal_autocheckpoint=0");
    db.exec("PRAGMA synchronous=off; PRAGMA cache_size=-65536");
    prepare();
  },

  /** One transaction of `updates` changed and `inserts` new orders. */
  transaction({ updates, inserts }) {
    db.exec("BEGIN");
    for (let i = 0; i < updates; i++) {
      const particulars = detail();
      update.run([status(), total(), particulars, 1 + random(rows)]);
    }
    for (let i = 0; i < inserts; i++) insert.run(order(++rows));
    db.exec("COMMIT");
  },

  /** `count` transactions of one changed order each, every fourth with a new one as well. */
  transactions({ count }) {
    for (let i = 0; i < count; i++) jobs.transaction({ updates: 1, inserts: i % 4 === 0 ? 1 : 0 });
  },

  /** The tables that Litestream makes in each database that it replicates. */
  litestreamTables() {
    db.exec("CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER)");
    db.exec("CREATE TABLE _litestream_lock (id INTEGER)");
  },

  /** The transaction with which Litestream begins each WAL. */
  litestreamSequence() {
    db.exec(
      "INSERT INTO _litestream_seq (id, seq) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET seq = seq + 1",
    );
  },

  /** Moves the WAL into the database; the next transaction begins it anew. */
  restart() {
    db.exec("PRAGMA wal_checkpoint(RESTART)");
  },

  finish() {
    db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  },

  check() {
    const [found] = Object.values(db.get("PRAGMA integrity_check"));
    if (found !== "ok") throw new Error(`integrity_check: ${found}`);
  },
};

process.on("message", ({ job, ...options }) => {
  try {
    jobs[job](options);
    process.send({});
  } catch (error) {
    process.send({ error: String(error) });
  }
});
process.send({});
