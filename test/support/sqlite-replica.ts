/**
 * Replicas of databases that real SQLite writes, laid down as Litestream does it: each commit (or few) a segment, a new
 * index at each restart of the WAL, a snapshot where asked for.
 */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sqlite from "node-sqlite3-wasm";
import { compress } from "../../src/lz4/index.ts";
import { formatSegmentName, formatSnapshotName } from "../../src/snapshot/index.ts";
import { MemoryStorage } from "../../src/storage/index.ts";

export class SqliteReplica {
  readonly storage: MemoryStorage = new MemoryStorage();
  readonly generation: string;
  /** The database's bytes after each segment, as SQLite itself would checkpoint them. */
  readonly #folder: string = mkdtempSync(join(tmpdir(), "walkit-replica-"));
  readonly #path: string = join(this.#folder, "db");
  readonly #db: InstanceType<typeof sqlite.Database>;
  #index = 0;
  #offset = 0;
  #clock = 1_700_000_000_000_000_000n;

  constructor(
    options: { pageSize?: number; generation?: string; setup?: string; clock?: bigint | undefined } = {},
  ) {
    this.#clock = options.clock ?? this.#clock;
    this.generation = options.generation ?? "0123456789abcdef";
    this.#db = new sqlite.Database(this.#path);
    this.#db.exec(`PRAGMA page_size=${options.pageSize ?? 1024}; ${options.setup ?? ""}`);
    this.#db.exec(
      "PRAGMA locking_mode=exclusive; PRAGMA journal_mode=wal; PRAGMA wal_autocheckpoint=0; PRAGMA synchronous=off",
    );
    this.#db.exec("CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER)");
    this.#db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    this.snapshot();
  }

  exec(sql: string): void {
    this.#db.exec(sql);
  }

  /** What was committed since the last segment becomes one. */
  segment(): void {
    const wal = readFileSync(`${this.#path}-wal`);
    if (wal.length <= this.#offset) return;
    const end = this.#committedEnd(wal);
    if (end <= this.#offset) return;
    const name = formatSegmentName({ index: this.#index, offset: this.#offset });
    this.#put(`wal/${name}`, wal.subarray(this.#offset, end));
    this.#offset = end;
  }

  /** The end of the last commit of the WAL's current round: behind it old frames may follow. */
  #committedEnd(wal: Buffer): number {
    const pageSize = wal.readUInt32BE(8);
    let end = 0;
    for (let at = 32; at + 24 + pageSize <= wal.length; at += 24 + pageSize) {
      if (wal.compare(wal, 16, 24, at + 8, at + 16) !== 0) break;
      if (wal.readUInt32BE(at + 4) > 0) end = at + 24 + pageSize;
    }
    return end;
  }

  /** Uploads the rest, checkpoints, and goes on in a new WAL, as Litestream does. */
  checkpoint(): void {
    this.segment();
    this.#db.exec("PRAGMA wal_checkpoint(RESTART)");
    this.#db.exec("INSERT INTO _litestream_seq VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET seq = seq + 1");
    this.#index++;
    this.#offset = 0;
  }

  snapshot(): void {
    this.#put(`snapshots/${formatSnapshotName(this.#index)}`, readFileSync(this.#path));
  }

  /** The database as it is now: SQLite's own bytes after a checkpoint. Ends the replica. */
  finish(): Uint8Array {
    this.segment();
    this.#db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    const bytes = new Uint8Array(readFileSync(this.#path));
    this.close();
    return bytes;
  }

  close(): void {
    this.#db.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #put(name: string, data: Uint8Array): void {
    // No faster than Litestream: files that follow each other within a millisecond are taken for a copy's.
    this.#clock += 31_000_000n;
    const path = `generations/${this.generation}/${name}`;
    this.storage.files.set(path, { data: compress(data), modified: this.#clock });
  }
}
