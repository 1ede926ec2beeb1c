/** The oracle: real SQLite with a real `-wal` on disk (node-sqlite3-wasm), and a naive model of what a WAL means. */

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sqlite from "node-sqlite3-wasm";
import { concat } from "../../src/bytes.ts";
import { WalWriter } from "../../src/wal/index.ts";

export interface Pair {
  db: Uint8Array;
  wal: Uint8Array;
}

/** A database that exists while `use` runs, in WAL mode, never checkpointed unasked. */
export function withDatabase<T>(pageSize: number, use: (db: LiveDatabase) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "walkit-wal-"));
  const path = join(folder, "db");
  const db = new sqlite.Database(path);
  try {
    // Exclusive before WAL: the index then lies in memory, since this VFS has no shared memory.
    db.exec(`PRAGMA page_size=${pageSize}; PRAGMA auto_vacuum=FULL; PRAGMA locking_mode=exclusive`);
    db.exec("PRAGMA journal_mode=wal; PRAGMA wal_autocheckpoint=0; PRAGMA synchronous=off");
    return use({
      exec: (sql) => db.exec(sql),
      read: () => ({ db: read(path), wal: read(`${path}-wal`) }),
    });
  } finally {
    db.close();
    rmSync(folder, { recursive: true });
  }
}

export interface LiveDatabase {
  exec(sql: string): void;
  /** Both files as they are now. */
  read(): Pair;
}

/** One folder and path for many recoveries. */
export class Recovery {
  readonly #folder: string = mkdtempSync(join(tmpdir(), "walkit-wal-"));
  readonly #path: string = join(this.#folder, "db");

  /** The database file after real SQLite has recovered `wal` over `db` and checkpointed it. */
  recover(db: Uint8Array, wal: Uint8Array): Uint8Array {
    writeFileSync(this.#path, db);
    writeFileSync(`${this.#path}-wal`, wal);
    const connection = new sqlite.Database(this.#path);
    try {
      connection.exec("PRAGMA locking_mode=exclusive; PRAGMA synchronous=off");
      const result = connection.get("PRAGMA wal_checkpoint(PASSIVE)") as { busy: number } | null;
      if (result?.busy !== 0) throw new Error("The checkpoint did not run");
      return read(this.#path);
    } finally {
      connection.close();
      rmSync(`${this.#path}-wal`, { force: true });
    }
  }

  /** What `PRAGMA integrity_check` says of `db`. */
  integrity(db: Uint8Array): unknown {
    writeFileSync(this.#path, db);
    const connection = new sqlite.Database(this.#path);
    try {
      connection.exec("PRAGMA locking_mode=exclusive");
      return connection.get("PRAGMA integrity_check")?.integrity_check;
    } finally {
      connection.close();
    }
  }

  dispose(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function read(path: string): Uint8Array {
  return existsSync(path) ? new Uint8Array(readFileSync(path)) : new Uint8Array();
}

/** A few transactions of every kind: growth, rewriting, overflow pages, a rollback, shrinking. */
export function exercise(db: LiveDatabase, pageSize: number): void {
  db.exec("CREATE TABLE t(id INTEGER PRIMARY KEY, x BLOB); CREATE INDEX tx ON t(x)");
  for (let i = 0; i < 4; i++) db.exec(`INSERT INTO t(x) VALUES (randomblob(${pageSize >> i}))`);
  db.exec(
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30) INSERT INTO t(x) SELECT randomblob(${pageSize >> 2}) FROM n`,
  );
  db.exec("BEGIN; UPDATE t SET x = zeroblob(9) WHERE id % 2; ROLLBACK");
  db.exec("UPDATE t SET x = randomblob(11) WHERE id % 3 = 0");
  db.exec("DELETE FROM t WHERE id > 20");
}

/** `db` with the frames of `wal` up to byte `end` (a commit's end, or 32) laid over it: no checksum is looked at. */
export function apply(db: Uint8Array, wal: Uint8Array, end: number): Uint8Array {
  if (end <= 32) return db;
  const view = new DataView(wal.buffer, wal.byteOffset, wal.length);
  const pageSize = view.getUint32(8);
  const pages = new Map<number, Uint8Array>();
  let size = 0;
  for (let at = 32; at < end; at += 24 + pageSize) {
    pages.set(view.getUint32(at), wal.subarray(at + 24, at + 24 + pageSize));
    size = view.getUint32(at + 4);
  }
  const out = new Uint8Array(size * pageSize);
  out.set(db.subarray(0, out.length));
  for (const [number, page] of pages) if (number <= size) out.set(page, (number - 1) * pageSize);
  return out;
}

export function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/** A pseudo-random generator (mulberry32): a test that fails fails again. */
export function random(seed: number): (below: number) => number {
  let a = seed;
  return (below) => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

/**
 * A database and a WAL over it, written by `WalWriter`: the transactions lead through real states of a real database,
 * with pages written twice, unchanged pages, and frames past the end of the database thrown in.
 */
export function writtenPair(pageSize: number, bigEndian: boolean, seed: number): Pair & { ends: number[] } {
  const pick = random(seed);
  const states = withDatabase(pageSize, (live) => {
    const all: Uint8Array[] = [];
    const keep = (sql: string): void => {
      live.exec(sql);
      live.exec("PRAGMA wal_checkpoint(TRUNCATE)");
      all.push(live.read().db);
    };
    keep("CREATE TABLE t(id INTEGER PRIMARY KEY, x BLOB)");
    for (let i = 0; i < 3; i++) keep(`INSERT INTO t(x) VALUES (randomblob(${1 + pick(3 * pageSize)}))`);
    keep("DELETE FROM t WHERE id = 1");
    keep(`UPDATE t SET x = randomblob(${pageSize >> 2})`);
    return all;
  });
  const writer = new WalWriter({
    pageSize,
    bigEndian,
    checkpointSequence: pick(2 ** 32),
    salt1: pick(2 ** 32),
    salt2: pick(2 ** 32),
  });
  const page = (state: Uint8Array, n: number): Uint8Array => state.subarray((n - 1) * pageSize, n * pageSize);
  const parts = [writer.header()];
  const ends: number[] = [];
  for (let i = 1; i < states.length; i++) {
    const [before, after] = [states[i - 1]!, states[i]!];
    const count = after.length / pageSize;
    const pages: [number, Uint8Array][] = [];
    for (let n = 1; n <= count; n++) {
      if (same(page(before, n), page(after, n)) && pick(4) > 0) continue;
      if (pick(4) === 0) pages.push([n, crypto.getRandomValues(new Uint8Array(pageSize))]);
      if (pick(8) === 0) pages.push([count + 1 + pick(3), new Uint8Array(pageSize)]);
      pages.push([n, page(after, n)]);
    }
    parts.push(writer.transaction(pages, count));
    ends.push(writer.offset);
  }
  return { db: states[0]!, wal: concat(parts), ends };
}
