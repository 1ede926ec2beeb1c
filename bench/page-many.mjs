/**
 * Makes a replica of very many, very small WAL segments in one archive, once, under `bench/.data/page-many/`: a small
 * database that was written to every second for a day and a half, and snapshotted once. Real SQLite wrote each transaction;
 * it is cut out of the WAL as in `make-many.mjs`.
 */

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import sqlite from "node-sqlite3-wasm";
import { sha256, transactionsOf, walEnd } from "./application.mjs";
import { kept } from "./own-replica.mjs";
import { DATA } from "./peers.mjs";

const INDEXES = 111;
/** In each index. */
const SEGMENTS = 1000;
const ROWS = 20;

/** What is known of the replica, and the archive that holds it; made now if need be. */
export async function segmentsByTheThousand() {
  const folder = join(DATA, "page-many");
  const facts = await kept(folder, `1: ${INDEXES} x ${SEGMENTS} segments of one small row`, make);
  const archive = join(folder, "replica.tar");
  if (!existsSync(archive)) {
    // In PAX's format: times to the nanosecond, as the folder has them.
    const args = ["--format=pax", "--sort=name", "-cf", `${archive}.tmp`, "-C", facts.replica, "generations"];
    const { status, stderr } = spawnSync("tar", args, { encoding: "utf8" });
    if (status !== 0) throw new Error(`tar ended with ${status}: ${stderr}`);
    renameSync(`${archive}.tmp`, archive);
  }
  return { ...facts, archive, archiveBytes: statSync(archive).size };
}

async function make(replica, work) {
  console.error(`making a replica of ${INDEXES * SEGMENTS} segments, once: less than a minute`);
  const path = join(work, "small.db");
  const wal = `${path}-wal`;
  const db = new sqlite.Database(path);
  db.exec("PRAGMA page_size=512; CREATE TABLE readings (id INTEGER PRIMARY KEY, value INTEGER)");
  for (let id = 1; id <= ROWS; id++) db.exec(`INSERT INTO readings VALUES (${id}, 0)`);
  db.exec("CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER)");
  db.exec("PRAGMA locking_mode=exclusive; PRAGMA journal_mode=wal; PRAGMA wal_autocheckpoint=0");
  db.exec("PRAGMA synchronous=off; PRAGMA wal_checkpoint(TRUNCATE)");
  replica.snapshot([readFileSync(path)]);
  for (let index = 0; index < INDEXES; index++) {
    // As Litestream begins each WAL.
    db.exec("INSERT INTO _litestream_seq VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET seq = seq + 1");
    for (let i = 1; i < SEGMENTS; i++) {
      db.exec(`UPDATE readings SET value = ${index * SEGMENTS + i} WHERE id = ${1 + (i % ROWS)}`);
    }
    const bytes = readFileSync(wal).subarray(0, walEnd(wal));
    for (const [start, end] of transactionsOf(bytes))
      replica.segment(index, start, [bytes.subarray(start, end)]);
    if (index < INDEXES - 1) db.exec("PRAGMA wal_checkpoint(RESTART)");
  }
  db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  db.close();
  const made = { databaseBytes: statSync(path).size, sha256: await sha256(path) };
  rmSync(path);
  return made;
}
