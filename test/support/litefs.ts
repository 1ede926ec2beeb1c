/**
 * Data directories of LiteFS, as a primary lays them down: real SQLite commits, and each transaction becomes an LTX file with the
 * checksums of the database before and after it.
 */

import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sqlite from "node-sqlite3-wasm";
import { concat } from "../../src/bytes.ts";
import {
  CHECKSUM_FLAG,
  DatabaseChecksum,
  type LtxHeader,
  type LtxVariant,
  LtxWriter,
  ltxName,
} from "../../src/ltx/index.ts";
import { MemoryStorage } from "../../src/storage/index.ts";

/** When the first transaction was written, less a second; a second lies between one and the next. */
const CLOCK = 1_700_000_000_000;

export interface NodeOptions {
  wal?: boolean | undefined;
  variant?: LtxVariant | undefined;
  pageSize?: number | undefined;
  /** The database's folder in the storage. */
  prefix?: string | undefined;
  /** More to set up the database with. */
  setup?: string | undefined;
}

export class LitefsNode {
  readonly prefix: string;
  readonly pageSize: number;
  /** LTX files, by name. */
  readonly ltx: Map<string, Uint8Array> = new Map();
  /** The true database behind each transaction; empty: there is none. */
  readonly states: Map<number, Uint8Array> = new Map();
  txid = 0;
  readonly #wal: boolean;
  readonly #variant: LtxVariant;
  readonly #folder: string = mkdtempSync(join(tmpdir(), "walkit-litefs-"));
  readonly #path: string = join(this.#folder, "db");
  readonly #setup: string;
  #db: InstanceType<typeof sqlite.Database>;
  #walEnd = 0;

  constructor({ wal = false, variant = "v1-lz4", pageSize = 512, prefix, setup = "" }: NodeOptions = {}) {
    this.prefix = prefix ?? "dbs/app.db/";
    this.pageSize = pageSize;
    this.#wal = wal;
    this.#variant = variant;
    this.#setup = setup;
    this.#db = this.#open();
  }

  #open(): InstanceType<typeof sqlite.Database> {
    const db = new sqlite.Database(this.#path);
    db.exec(`PRAGMA page_size=${this.pageSize}; ${this.#setup}`);
    if (this.#wal) {
      db.exec("PRAGMA locking_mode=exclusive; PRAGMA journal_mode=wal; PRAGMA wal_autocheckpoint=0");
    } else db.exec("PRAGMA journal_mode=delete");
    return db;
  }

  /** The newest true database. */
  get state(): Uint8Array {
    return this.states.get(this.txid) ?? new Uint8Array(0);
  }

  get database(): Uint8Array {
    return existsSync(this.#path) ? new Uint8Array(readFileSync(this.#path)) : new Uint8Array(0);
  }

  get wal(): Uint8Array | undefined {
    return existsSync(`${this.#path}-wal`) ? new Uint8Array(readFileSync(`${this.#path}-wal`)) : undefined;
  }

  get journal(): Uint8Array | undefined {
    return existsSync(`${this.#path}-journal`)
      ? new Uint8Array(readFileSync(`${this.#path}-journal`))
      : undefined;
  }

  /** Runs SQL without telling LiteFS. */
  exec(sql: string): void {
    this.#db.exec(sql);
  }

  /** One transaction, and its LTX file. */
  commit(sql: string): void {
    this.exec(sql);
    this.record();
  }

  /** What was committed since the last file becomes one. */
  record(): void {
    const from = this.#wal ? this.#newFrames() : undefined;
    this.put(from ? from.state : this.database, from?.about);
  }

  /** The database with the WAL's new frames, and where these stand. */
  #newFrames(): { state: Uint8Array; about: Partial<LtxHeader> } {
    const wal = readFileSync(`${this.#path}-wal`);
    const size = 24 + this.pageSize;
    if (this.#walEnd > wal.length || this.#walSalts !== wal.toString("hex", 16, 24)) this.#walEnd = 32;
    const pages: Uint8Array[] = [];
    for (let at = 0; at < this.state.length; at += this.pageSize)
      pages.push(this.state.subarray(at, at + this.pageSize));
    // In WAL mode the first pages were written before the mode was changed.
    if (this.txid === 0) {
      const { database } = this;
      for (let at = 0; at < database.length; at += this.pageSize)
        pages.push(database.subarray(at, at + this.pageSize));
    }
    const start = this.#walEnd;
    for (let at = start; at + size <= wal.length; at += size) {
      if (wal.toString("hex", at + 8, at + 16) !== wal.toString("hex", 16, 24)) break;
      pages[wal.readUInt32BE(at) - 1] = wal.subarray(at + 24, at + size);
      const commit = wal.readUInt32BE(at + 4);
      if (commit > 0) pages.length = commit;
      this.#walEnd = at + size;
    }
    this.#walSalts = wal.toString("hex", 16, 24);
    const about = {
      ...{ walOffset: start, walSize: this.#walEnd - start },
      ...{ walSalt1: wal.readUInt32BE(16), walSalt2: wal.readUInt32BE(20) },
    };
    return { state: concat(pages), about };
  }
  #walSalts = "";

  checkpoint(mode = "RESTART"): void {
    this.exec(`PRAGMA wal_checkpoint(${mode})`);
  }

  /** Puts the next file: from the newest state to `state`; `all`: with every page, as an import. */
  put(state: Uint8Array, about: Partial<LtxHeader> = {}, all = false): void {
    const before = this.state;
    this.txid++;
    this.states.set(this.txid, state.slice());
    const changed = all ? new Uint8Array(0) : before;
    const name = ltxName(this.txid, this.txid);
    this.ltx.set(name, this.file(this.txid, this.txid, before, changed, state, about));
  }

  /** A file of `min` to `max`, with the pages that differ between `base` and `after`; its checksum is that of `told`. */
  file(
    min: number,
    max: number,
    before: Uint8Array,
    base: Uint8Array,
    after: Uint8Array,
    about: Partial<LtxHeader> = {},
    told: Uint8Array = after,
  ): Uint8Array {
    const { pageSize } = this;
    const header: LtxHeader = {
      ...{ flags: 0, pageSize, commit: after.length / pageSize, minTxid: min, maxTxid: max },
      ...{ timestamp: CLOCK + max * 1000, walOffset: 0, walSize: 0, walSalt1: 0, walSalt2: 0, nodeId: 7n },
      preApplyChecksum: min === 1 ? 0n : checksumOf(before, pageSize),
      ...about,
    };
    const writer = new LtxWriter({ variant: this.#variant, header });
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < after.length; at += pageSize) {
      const page = after.subarray(at, at + pageSize);
      const old = base.subarray(at, at + pageSize);
      if (min !== 1 && old.length === pageSize && Buffer.compare(page, old) === 0) continue;
      pieces.push(...writer.push([at / pageSize + 1], page));
    }
    pieces.push(...writer.end(after.length === 0 ? CHECKSUM_FLAG : checksumOf(told, pageSize)));
    return concat(pieces);
  }

  /** LiteFS is told to import `bytes`: all pages in the next file. */
  import(bytes: Uint8Array): void {
    this.put(bytes, {}, true);
  }

  /** The database is deleted; what is committed next is in a new one. */
  delete(): void {
    this.#db.close();
    for (const ending of ["", "-wal", "-journal"]) rmSync(this.#path + ending, { force: true });
    this.put(new Uint8Array(0));
    this.#db = this.#open();
  }

  /** A snapshot from a primary: all other files go. */
  snapshot(): void {
    this.ltx.clear();
    this.ltx.set(ltxName(1, this.txid), this.file(1, this.txid, this.state, new Uint8Array(0), this.state));
  }

  /** Retention: only files from `txid` on are left. */
  retain(txid: number): void {
    for (const name of this.ltx.keys())
      if (Number.parseInt(name.slice(0, 16), 16) < txid) this.ltx.delete(name);
  }

  /** The directory as it lies on disk, with what `more` puts in the place of its files; undefined: not there. */
  storage(more: Record<string, Uint8Array | undefined> = {}): MemoryStorage {
    const files: Record<string, Uint8Array | undefined> = {
      database: this.database,
      wal: this.wal,
      journal: this.journal,
      ...Object.fromEntries([...this.ltx].map(([name, data]) => [`ltx/${name}`, data])),
      ...more,
    };
    const there = Object.entries(files).flatMap(([path, data]) =>
      data ? ([[this.prefix + path, { data, modified: 1n }]] as const) : [],
    );
    return new MemoryStorage(new Map(there));
  }

  close(): void {
    this.#db.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

export function checksumOf(database: Uint8Array, pageSize: number): bigint {
  const sum = new DatabaseChecksum(pageSize);
  for (let at = 0; at < database.length; at += pageSize)
    sum.add(at / pageSize + 1, database.subarray(at, at + pageSize));
  return sum.value;
}
