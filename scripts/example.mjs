// Makes the example of the page, web/example/shop.tar: four days of a small shop, as Litestream would have kept them. After
// `npm run build`: node scripts/example.mjs [another file]
//
// Real SQLite writes the database; what it draws by lot comes from a seed, so the same bytes come out each time. The story:
//
//   Tuesday    the shop is open. In the afternoon the disk with the backup is full, and of a WAL segment half is missing.
//   Wednesday  at 15:41 somebody drops the table of reviews. They go back to just before that: timeline 2.
//   Thursday   at 16:26 an UPDATE without its WHERE gives every customer the same address. It is noticed in the evening.
//   Friday     they go back to just before that: timeline 3. Prices rise at ten; the moment before has a name.
import crypto from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { packTar } from "modern-tar";
import { MemorySink, MemoryStorage, replicaIn, restore, verify } from "../dist/index.js";
import { compress } from "../dist/lz4/index.js";
import { formatPosition, formatSegmentName, formatSnapshotName } from "../dist/snapshot/index.js";

let state = 20261117;
/** A whole number below `n`. */
function draw(n) {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % n;
}
const pick = (from) => from[draw(from.length)];
// SQLite's own lots, such as the salts of a WAL, are drawn here.
crypto.randomFillSync = (buffer) => {
  for (let i = 0; i < buffer.length; i++) buffer[i] = draw(256);
  return buffer;
};
const { default: sqlite } = await import("node-sqlite3-wasm");

const storage = new MemoryStorage();
const folder = mkdtempSync(join(tmpdir(), "walkit-example-"));

/** `at(2, "15:41")`: of the third day, in milliseconds. */
function at(day, time) {
  const [hours, minutes] = time.split(":").map(Number);
  return Date.UTC(2026, 10, 17 + day, hours, minutes);
}
const stamp = (time) => new Date(time).toISOString().slice(0, 19).replace("T", " ");

/** What Litestream writes of one database until it is put aside. */
class Generation {
  #db;
  #path;
  #index = 0;
  #offset = 0;

  constructor(id, time, { bytes, setup = "" } = {}) {
    this.id = id;
    this.#path = join(folder, id);
    if (bytes) writeFileSync(this.#path, bytes);
    this.#db = new sqlite.Database(this.#path);
    this.#db.exec("PRAGMA locking_mode=exclusive; PRAGMA page_size=512");
    this.#db.exec(setup);
    this.#db.exec("PRAGMA journal_mode=wal; PRAGMA wal_autocheckpoint=0; PRAGMA synchronous=off");
    this.#db.exec("CREATE TABLE IF NOT EXISTS _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER)");
    this.#db.exec("CREATE TABLE IF NOT EXISTS _litestream_lock (id INTEGER)");
    this.#bump();
    this.#db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    this.#bump();
    this.snapshot(time);
    this.segment(time + 1_000);
  }

  #bump() {
    this.#db.exec("INSERT INTO _litestream_seq VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET seq = seq + 1");
  }

  exec(sql) {
    this.#db.exec(sql);
  }

  value(sql) {
    return Object.values(this.#db.get(sql))[0];
  }

  /** What was committed since the last segment becomes one, and where it ends. */
  segment(time) {
    const wal = readFileSync(`${this.#path}-wal`);
    const pageSize = wal.readUInt32BE(8);
    let end = 0;
    for (let frame = 32; frame + 24 + pageSize <= wal.length; frame += 24 + pageSize) {
      if (wal.compare(wal, 16, 24, frame + 8, frame + 16) !== 0) break;
      if (wal.readUInt32BE(frame + 4) > 0) end = frame + 24 + pageSize;
    }
    if (end > this.#offset) {
      const name = formatSegmentName({ index: this.#index, offset: this.#offset });
      this.#put(`wal/${name}`, wal.subarray(this.#offset, end), time);
      this.#offset = end;
    }
    return { index: this.#index, offset: this.#offset };
  }

  /** The WAL goes into the database, and begins anew. */
  checkpoint(time) {
    this.segment(time);
    this.#db.exec("PRAGMA wal_checkpoint(RESTART)");
    this.#bump();
    this.#index++;
    this.#offset = 0;
  }

  snapshot(time) {
    this.#put(`snapshots/${formatSnapshotName(this.#index)}`, readFileSync(this.#path), time);
  }

  end() {
    this.#db.close();
  }

  #put(name, data, time) {
    put(`generations/${this.id}/${name}`, compress(data, { contentChecksum: true }), time);
  }
}

function put(path, data, time) {
  storage.files.set(path, { data, modified: BigInt(time) * 1_000_000n + BigInt(draw(1_000_000_000)) });
}

/** The database just before a moment, as a restore gives it. */
async function before({ id }, position) {
  const sink = new MemorySink();
  const restored = await restore(replicaIn(storage), { generation: id, position, exclusive: true }, sink);
  return { bytes: sink.bytes, left: restored.position };
}

/** Says where a generation comes from, as `walkit timelines --write` does. */
function history(id, time, lines, names) {
  const about = names.map((name, i) => `# timeline ${i + 1} is generation ${name}\n`).join("");
  put(
    `generations/${id}.history`,
    new TextEncoder().encode(about + lines.map((line) => `${line.join("\t")}\n`).join("")),
    time,
  );
}

// The shop

const GIVEN =
  "Mira Jonas Ingrid Tomasz Aisha Pedro Yuki Hanna Luca Saoirse Emeka Clara Viktor Noor Amélie Bram Zofia Mateo Freya Idris".split(
    " ",
  );
const FAMILY =
  "Solheim Petrov Adeyemi Lindqvist Moreau Kowalska Tanaka Ferreira Byrne Haddad Novak Rossi Okafor Brandt Dubois Silva".split(
    " ",
  );
const TOWNS = "Bergen Ghent Porto Leeds Turin Malmö Graz Brno Nantes Galway".split(" ");
const GOODS = [
  ["Assam, second flush, 100 g", 7.9],
  ["Darjeeling, first flush, 100 g", 14.5],
  ["Sencha Fukamushi, 80 g", 12.8],
  ["Genmaicha, 100 g", 8.4],
  ["Earl Grey, 100 g", 6.9],
  ["Lapsang Souchong, 75 g", 9.2],
  ["Rooibos, plain, 150 g", 5.9],
  ["Peppermint, 60 g", 4.5],
  ["Espresso blend No. 3, 500 g", 16.9],
  ["Ethiopia Sidamo, 250 g", 11.9],
  ["Colombia Huila, 250 g", 10.9],
  ["Decaf Brazil, 250 g", 11.2],
  ["Kettle, steel, 1.2 l", 49],
  ["Teapot, clay, 0.8 l", 34.5],
  ["Cup, stoneware", 13.5],
  ["Strainer, fine", 8.9],
  ["Hand grinder", 59],
  ["Filter papers, 100", 4.2],
];
const PRAISE = [
  "Smells like the whole garden.",
  "Arrived a day early, packed with care.",
  "Second order already. My mother wants some too.",
  "A little lighter than last year, still my favourite.",
  "The lid does not quite close; they sent another one.",
  "Exactly as strong as promised.",
];
const text = (value) => `'${String(value).replaceAll("'", "''")}'`;

function person(time) {
  const [given, family] = [pick(GIVEN), pick(FAMILY)];
  const email = `${given}.${family}`
    .toLowerCase()
    .normalize("NFD")
    .replace(/[^a-z.]/g, "");
  return `(NULL, ${text(`${given} ${family}`)}, ${text(`${email}@example.org`)}, ${text(pick(TOWNS))}, ${text(stamp(time).slice(0, 10))})`;
}

function setup() {
  const day = 86_400_000;
  const statements = [
    "CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL, town TEXT, joined TEXT)",
    "CREATE TABLE products (id INTEGER PRIMARY KEY, name TEXT NOT NULL, price REAL NOT NULL, stock INTEGER NOT NULL)",
    "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers, placed_at TEXT NOT NULL, status TEXT NOT NULL, total REAL NOT NULL)",
    "CREATE TABLE order_items (id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL REFERENCES orders, product_id INTEGER NOT NULL REFERENCES products, quantity INTEGER NOT NULL, price REAL NOT NULL)",
    "CREATE TABLE reviews (id INTEGER PRIMARY KEY, product_id INTEGER NOT NULL REFERENCES products, customer_id INTEGER NOT NULL, stars INTEGER NOT NULL, text TEXT, written_at TEXT)",
    "CREATE VIEW open_orders AS SELECT orders.id, name, placed_at, status, total FROM orders JOIN customers ON customers.id = customer_id WHERE status <> 'sent'",
    `INSERT INTO products VALUES ${GOODS.map(([name, price]) => `(NULL, ${text(name)}, ${price}, ${20 + draw(90)})`).join(", ")}`,
    `INSERT INTO customers VALUES ${Array.from({ length: 48 }, (_, i) => person(at(0, "08:00") - (200 - 4 * i + draw(4)) * day)).join(", ")}`,
  ];
  for (let i = 0; i < 60; i++)
    statements.push(
      ...order(
        at(0, "08:00") - (20 - Math.floor(i / 3)) * day + ((i % 3) * 3 * 3_600 + draw(9_000)) * 1000,
        48,
        "sent",
      ),
    );
  for (let i = 0; i < 22; i++)
    statements.push(review(at(0, "08:00") - (22 - i) * day + draw(40_000) * 1000, 48));
  return `BEGIN; ${statements.join("; ")}; COMMIT`;
}

function order(time, customers, status = "new") {
  const statements = [
    `INSERT INTO orders VALUES (NULL, ${1 + draw(customers)}, ${text(stamp(time))}, ${text(status)}, 0)`,
  ];
  const last = "(SELECT max(id) FROM orders)";
  for (let i = 1 + draw(3); i > 0; i--) {
    const [product, quantity] = [1 + draw(GOODS.length), 1 + draw(3)];
    statements.push(
      `INSERT INTO order_items SELECT NULL, ${last}, id, ${quantity}, price FROM products WHERE id = ${product}`,
      `UPDATE products SET stock = max(stock - ${quantity}, 0) WHERE id = ${product}`,
    );
  }
  statements.push(
    `UPDATE orders SET total = (SELECT round(sum(quantity * price), 2) FROM order_items WHERE order_id = orders.id) WHERE id = ${last}`,
  );
  return statements;
}

function review(time, customers) {
  return `INSERT INTO reviews VALUES (NULL, ${1 + draw(GOODS.length)}, ${1 + draw(customers)}, ${3 + draw(3)}, ${text(pick(PRAISE))}, ${text(stamp(time))})`;
}

/** One thing that happens in the shop, in one transaction. */
function happening(shop, time, hasReviews = true) {
  const customers = shop.value("SELECT count(*) FROM customers");
  const kind = draw(10);
  const oldest = (status) => `(SELECT min(id) FROM orders WHERE status = '${status}')`;
  if (kind < 4) return order(time, customers).join("; ");
  if (kind < 6) return `UPDATE orders SET status = 'paid' WHERE id = ${oldest("new")}`;
  if (kind < 8) return `UPDATE orders SET status = 'sent' WHERE id = ${oldest("paid")}`;
  if (kind === 8 && hasReviews) return review(time, customers);
  if (kind === 8) return `UPDATE products SET stock = stock + 24 WHERE stock < 12`;
  return `INSERT INTO customers VALUES ${person(time)}`;
}

/** Business from one time to another, a segment about every `minutes`. */
function trade(shop, from, to, { minutes = 26, hasReviews = true } = {}) {
  for (let time = from + draw(9) * 60_000; time < to; time += (minutes / 2 + draw(minutes)) * 60_000) {
    for (let i = 1 + draw(3); i > 0; i--) {
      const sql = happening(shop, time - i * 21_000, hasReviews);
      const before = shop.value("SELECT total_changes()");
      shop.exec(`BEGIN; ${sql}; COMMIT`);
      if (shop.value("SELECT total_changes()") === before) i++;
    }
    shop.segment(time);
  }
}

/** At noon the WAL begins anew; at night there is a snapshot as well. */
function night(shop, day) {
  shop.checkpoint(at(day, "18:02"));
  shop.snapshot(at(day, "23:00"));
}

const [FIRST, SECOND, THIRD] = ["b4e1c07d92f3586a", "1f9a6d3cc85e7042", "7c02e5b8a94d13f6"];

// Tuesday and Wednesday
const first = new Generation(FIRST, at(0, "07:55"), { setup: setup() });
trade(first, at(0, "08:10"), at(0, "12:20"));
first.checkpoint(at(0, "12:31"));
trade(first, at(0, "13:00"), at(0, "17:50"));
night(first, 0);
trade(first, at(1, "08:05"), at(1, "12:20"));
first.checkpoint(at(1, "12:34"));
trade(first, at(1, "13:05"), at(1, "15:35"));
first.exec("DROP TABLE reviews");
const dropped = first.segment(at(1, "15:41") + 12_000);
trade(first, at(1, "15:44"), at(1, "15:58"), { minutes: 6, hasReviews: false });
first.end();

// Back to just before the table was dropped
const one = await before(first, dropped);
const second = new Generation(SECOND, at(1, "16:14"), { bytes: one.bytes });
history(
  SECOND,
  at(1, "16:15"),
  [[1, formatPosition(one.left), "before DROP TABLE reviews"]],
  [FIRST, SECOND],
);
trade(second, at(1, "16:20"), at(1, "17:55"));
night(second, 1);
trade(second, at(2, "08:12"), at(2, "12:25"));
second.checkpoint(at(2, "12:33"));
trade(second, at(2, "13:02"), at(2, "16:20"));
second.exec("UPDATE customers SET email = 'mira.solheim@example.org'");
const overwritten = second.segment(at(2, "16:26") + 47_000);
trade(second, at(2, "16:30"), at(2, "17:40"));
second.end();

// Back to just before all customers had one address
const two = await before(second, overwritten);
const third = new Generation(THIRD, at(3, "07:41"), { bytes: two.bytes });
history(
  THIRD,
  at(3, "07:42"),
  [
    [1, formatPosition(one.left), "before DROP TABLE reviews"],
    [2, formatPosition(two.left), "before UPDATE customers without WHERE"],
  ],
  [FIRST, SECOND, THIRD],
);
trade(third, at(3, "08:08"), at(3, "09:50"));
const { index, offset } = third.segment(at(3, "09:58"));
put(
  `generations/${THIRD}.restore-points`,
  new TextEncoder().encode(
    `${formatPosition({ index, offset })}\tbefore the new prices\t${new Date(at(3, "09:58")).toISOString()}\n`,
  ),
  at(3, "09:58"),
);
third.exec("UPDATE products SET price = round(price * 1.04, 1)");
third.segment(at(3, "10:00") + 31_000);
trade(third, at(3, "10:10"), at(3, "12:25"));
third.checkpoint(at(3, "12:32"));
trade(third, at(3, "13:01"), at(3, "16:58"));
third.end();
rmSync(folder, { recursive: true, force: true });

// On Tuesday afternoon the disk with the backup is full for a moment.
const paths = [...storage.files.keys()];
const bad = paths.find(
  (path) => path.includes(FIRST) && storage.files.get(path).modified > BigInt(at(0, "14:20")) * 1_000_000n,
);
const whole = storage.files.get(bad);
storage.files.set(bad, { ...whole, data: whole.data.subarray(0, Math.floor(whole.data.length / 2)) });

const entries = paths.map((path) => {
  const { data, modified } = storage.files.get(path);
  const mtime = `${modified / 1_000_000_000n}.${String(modified % 1_000_000_000n).padStart(9, "0")}`;
  const header = { name: `shop/${path}`, size: data.length, mode: 0o644, uid: 0, gid: 0 };
  return {
    header: { ...header, mtime: new Date(Number(modified / 1_000_000n)), pax: { mtime } },
    body: data,
  };
});
const target = process.argv[2] ?? fileURLToPath(new URL("../web/example/shop.tar", import.meta.url));
mkdirSync(dirname(target), { recursive: true });
const tar = await packTar(entries);
writeFileSync(target, tar);

const { status, generations, findings } = await verify(replicaIn(storage));
console.log(
  `${paths.length} files, ${tar.length} bytes, sha256 ${crypto.createHash("sha256").update(tar).digest("hex")}`,
);
console.log(
  status,
  generations.map(({ generation, transactions, restorable }) => [
    generation,
    transactions,
    restorable.length,
  ]),
);
for (const { code, severity, path } of findings) console.log(severity, code, path);
