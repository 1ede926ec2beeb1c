/**
 * The application whose database the bench replicates: real SQLite (node-sqlite3-wasm), a process of its own, which does
 * what it is told by message. Its contents depend on nothing but the seed. It never closes the database: that would
 * checkpoint, and delete the WAL under Litestream's hands. Whoever has started it kills it.
 */

import sqlite from "node-sqlite3-wasm";

const WORDS =
  "account address amount approved archive balance batch billing branch cancelled carrier catalogue charge checkout client confirmed country courier credit currency customer damaged declined delayed delivered delivery deposit discount dispatch duplicate estimate exchange expired express failed forwarded fragile handling held inbound insured invoice item ledger limited manual merchant missing notice office open order outbound overdue package paid parcel partial pending picked platform policy postage priority processed product quantity queue receipt received refund region rejected reminder replaced request reserved retail return review route sample scheduled sender settled shipment signature standard status stock storage submitted supplier surcharge terminal total tracking transfer transit unpaid update urgent verified voucher waiting warehouse window".split(
    " ",
  );
const STATUSES = ["new", "paid", "packed", "sent", "delivered", "returned", "refunded"];

let state = 20_240_131;

/** mulberry32: a whole number below `limit`. */
function random(limit) {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) % limit;
}

const word = () => WORDS[random(WORDS.length)];

function text(count) {
  let result = word();
  for (let i = 1; i < count; i++) result += ` ${word()}`;
  return result;
}

function bytes(count) {
  const result = new Uint8Array(count);
  for (let i = 0; i < count; i++) result[i] = random(256);
  return result;
}

function row(id) {
  const email = `${word()}.${word()}${random(100_000)}@${word()}.example`;
  const address = `${1 + random(400)} ${word()} street, ${10_000 + random(90_000)} ${word()}`;
  const detail = JSON.stringify({
    sku: random(1 << 30).toString(36),
    quantity: 1 + random(9),
    note: text(6),
  });
  const created = 1_700_000_000 + id * 17 + random(17);
  return [
    id,
    random(200_000),
    email,
    STATUSES[random(7)],
    created,
    random(1e7) / 100,
    address,
    detail,
    bytes(80),
  ];
}

const db = new sqlite.Database(process.argv[2]);
let insert;
let update;
let rows = 0;

function prepare() {
  insert = db.prepare("INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
  update = db.prepare("UPDATE orders SET status = ?, total = ?, detail = ? WHERE id = ?");
  rows = db.get("SELECT max(id) AS n FROM orders")?.n ?? 0;
  // So that what a burst does depends on the number of rows alone, not on this process's past.
  state = rows;
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
    for (let id = 1; id <= count; id++) insert.run(row(id));
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
      const detail = JSON.stringify({
        sku: random(1 << 30).toString(36),
        quantity: 1 + random(9),
        note: text(6),
      });
      update.run([STATUSES[random(7)], random(1e7) / 100, detail, 1 + random(rows)]);
    }
    for (let i = 0; i < inserts; i++) insert.run(row(++rows));
    db.exec("COMMIT");
  },

  /** Moves the WAL into the database; the next transaction begins it anew. */
  restart() {
    db.exec("PRAGMA wal_checkpoint(RESTART)");
  },

  finish() {
    db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
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
