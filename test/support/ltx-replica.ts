/**
 * LTX replicas of a database that real SQLite writes: each transaction is given as SQL, and any files over any stretch of them, at any
 * level, with any time in the header. Nothing in it depends on the clock or on chance.
 *
 *     const replica = new LtxReplica(["CREATE TABLE t (x)", "INSERT INTO t VALUES (1)", "INSERT INTO t VALUES (2)"]);
 *     replica.put(9, 1, 1);             // a snapshot of TXID 1
 *     replica.put(0, 2);                // a sync
 *     replica.put(1, 2, 3);             // two of them merged
 *     replica.write(folder);
 */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import sqlite from "node-sqlite3-wasm";
import { concat } from "../../src/bytes.ts";
import { FLAG_NO_CHECKSUM, type LtxVariant, LtxWriter, ltxName } from "../../src/ltx/index.ts";
import { MemoryStorage } from "../../src/storage/index.ts";

export interface LtxReplicaOptions {
  pageSize?: number;
  /** When TXID 1 was made, in milliseconds since 1970. */
  start?: number;
  /** Milliseconds from one TXID to the next. */
  interval?: number;
  /** Levels as S3 has them: `0000` to `0009`, without `ltx/`. */
  s3?: boolean;
  variant?: LtxVariant;
}

export interface PutOptions {
  /** In the header, in milliseconds since 1970; 0: none. By default that of the last transaction in it, as Litestream has it. */
  time?: number;
  /** Of the state that the file is said to lead to, other pages: as if the file were of another database. */
  change?: (page: number, data: Uint8Array) => void;
}

/** A file, as it was put. */
export interface PutFile {
  path: string;
  bytes: Uint8Array<ArrayBuffer>;
  /** In milliseconds since 1970. */
  time: number;
}

export class LtxReplica {
  readonly files: Map<string, PutFile> = new Map();
  /** The database behind each TXID; behind 0 there is none. */
  readonly states: readonly Uint8Array[];
  readonly #pageSize: number;
  readonly #start: number;
  readonly #interval: number;
  readonly #s3: boolean;
  readonly #variant: LtxVariant;

  /** Each of `transactions` is SQL that becomes one TXID, from 1. */
  constructor(transactions: readonly string[], options: LtxReplicaOptions = {}) {
    this.#pageSize = options.pageSize ?? 1024;
    this.#start = options.start ?? Date.UTC(2026, 10, 20, 12);
    this.#interval = options.interval ?? 1000;
    this.#s3 = options.s3 ?? false;
    this.#variant = options.variant ?? "v3-block";
    this.states = [new Uint8Array(), ...statesOf(transactions, this.#pageSize)];
  }

  /** When a transaction was made, in milliseconds since 1970. */
  timeOf(txid: number): number {
    return this.#start + (txid - 1) * this.#interval;
  }

  /** Puts a file of transactions `min` to `max` at `level`; returns its path. From TXID 1 on it holds every page. */
  put(level: number, min: number, max: number = min, { time, change }: PutOptions = {}): string {
    const size = this.#pageSize;
    const [before, after] = [this.states[min - 1]!, this.states[max]!];
    const header = {
      ...{ flags: FLAG_NO_CHECKSUM, pageSize: size, commit: after.length / size, minTxid: min, maxTxid: max },
      ...{ timestamp: time ?? this.timeOf(max), preApplyChecksum: 0n },
      ...{ walOffset: 0, walSize: 0, walSalt1: 0, walSalt2: 0, nodeId: 0n },
    };
    const writer = new LtxWriter({ header, variant: this.#variant });
    const pages = this.#changedIn(before, after, min, max);
    const data = pages.map((page) => {
      const own = after.slice((page - 1) * size, page * size);
      change?.(page, own);
      return own;
    });
    const bytes = new Uint8Array(concat([...writer.push(pages, concat(data)), ...writer.end()]));
    const folder = this.#s3 ? `000${level}` : `ltx/${level}`;
    const path = `${folder}/${ltxName(min, max)}`;
    this.files.set(path, { path, bytes, time: header.timestamp });
    return path;
  }

  /** Pages that any of the transactions changed, ascending: also those that were changed back. */
  #changedIn(before: Uint8Array, after: Uint8Array, min: number, max: number): number[] {
    const size = this.#pageSize;
    const pages: number[] = [];
    for (let page = 1; page <= after.length / size; page++) {
      const of = (state: Uint8Array) => Buffer.from(state.subarray((page - 1) * size, page * size));
      const isChanged =
        before.length === 0 ||
        Array.from({ length: max - min + 1 }, (_, i) => min + i).some(
          (txid) => !of(this.states[txid]!).equals(of(this.states[txid - 1]!)),
        );
      if (isChanged) pages.push(page);
    }
    return pages;
  }

  /** Files of a level, each of `step` transactions, from `min` to `max`. */
  putAll(level: number, min: number, max: number, step = 1): string[] {
    const paths: string[] = [];
    for (let at = min; at <= max; at += step) paths.push(this.put(level, at, Math.min(at + step - 1, max)));
    return paths;
  }

  /** Takes files out, as retention, a lifecycle rule or an accident does. */
  drop(...paths: string[]): void {
    for (const path of paths)
      if (!this.files.delete(path)) throw new RangeError(`Expected a file to drop at ${path}, found none`);
  }

  /** With times as Litestream gives them to files: those of the headers. */
  storage(): MemoryStorage {
    const storage = new MemoryStorage();
    for (const { path, bytes, time } of this.files.values())
      storage.files.set(path, { data: bytes, modified: BigInt(time) * 1_000_000n });
    return storage;
  }

  /** Into a folder, with the times of the headers, or as a copy without times that was made at `copied`. */
  write(folder: string, { copied }: { copied?: Date } = {}): string {
    for (const { path, bytes, time } of this.files.values()) {
      const target = join(folder, path);
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, bytes);
      const when = copied ?? new Date(time);
      utimesSync(target, when, when);
    }
    return folder;
  }
}

function statesOf(transactions: readonly string[], pageSize: number): Uint8Array[] {
  const folder = mkdtempSync(join(tmpdir(), "walkit-ltx-"));
  try {
    const path = join(folder, "db");
    const database = new sqlite.Database(path);
    try {
      database.exec(`PRAGMA page_size=${pageSize}`);
      return transactions.map((sql) => {
        database.exec(sql);
        return new Uint8Array(readFileSync(path));
      });
    } finally {
      database.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A table, and a row in each further transaction: `count` transactions in all. */
export function rows(count: number): string[] {
  const inserts = Array.from(
    { length: count - 1 },
    (_, i) => `INSERT INTO t VALUES (${i + 2}, 'row ${i + 2}')`,
  );
  return ["CREATE TABLE t (id INTEGER PRIMARY KEY, what TEXT)", ...inserts];
}

/**
 * A replica as Litestream leaves it, of 20 transactions a second apart: snapshots of TXID 1 and 9, level 1 up to 4, 8, 12 and 16, level 0
 * from 13 on. The snapshot of TXID 9 is the only file that ends with it.
 */
export function usualReplica(options: LtxReplicaOptions = {}): LtxReplica {
  const replica = new LtxReplica(rows(20), options);
  replica.put(9, 1, 1);
  replica.put(9, 1, 9);
  replica.put(1, 1, 1);
  replica.put(1, 2, 4);
  replica.putAll(1, 5, 16, 4);
  replica.putAll(0, 13, 20);
  return replica;
}
