/**
 * Histories of databases, made up, and the LTX files of them: by a naive model, whole databases in memory and one transaction
 * laid over another, with no line in common with what it is held against but the writer of single files.
 */

import { createHash } from "node:crypto";
import { concat, writeUint32BE } from "../../src/bytes.ts";
import { replicaIn } from "../../src/layouts/open.ts";
import {
  FLAG_NO_CHECKSUM,
  type LtxHeader,
  type LtxVariant,
  LtxWriter,
  ltxName,
} from "../../src/ltx/index.ts";
import type { Replica } from "../../src/replay/layout.ts";
import { MemorySink, restore } from "../../src/restore/index.ts";
import { type MemoryFile, MemoryStorage } from "../../src/storage/index.ts";
import type { Target } from "../../src/timeline/target/target.ts";

/** When the first transaction was written, in milliseconds; a second lies between one and the next. */
export const CLOCK = 1_700_000_000_000;

/** One TXID: the size of the database behind it, and the pages that it wrote. */
export interface Transaction {
  commit: number;
  pages: ReadonlyMap<number, Uint8Array>;
}

export interface FileOptions {
  variant?: LtxVariant | undefined;
  /** In place of what the model has in the header. */
  header?: Partial<LtxHeader> | undefined;
  /** In place of the pages that the model has. */
  pages?: readonly (readonly [page: number, data: Uint8Array])[] | undefined;
}

const FRAMES = 32;

export class LtxHistory {
  readonly pageSize: number;
  /** By TXID; 0 is the empty database before the first. */
  readonly states: Uint8Array[] = [new Uint8Array(0)];
  readonly transactions: Transaction[] = [{ commit: 0, pages: new Map() }];
  /** Where in the WAL each transaction stood. */
  readonly #wal: { offset: number; size: number; salt: number }[] = [{ offset: FRAMES, size: 0, salt: 0 }];
  readonly #salt: number;
  #seed: number;

  constructor({ pageSize = 512, seed = 1 }: { pageSize?: number; seed?: number } = {}) {
    this.pageSize = pageSize;
    this.#seed = seed;
    this.#salt = 0x1000 * seed;
  }

  /** The newest TXID. */
  get last(): number {
    return this.states.length - 1;
  }

  /** A transaction that writes `pages`, and leaves a database of `commit` pages. Page 1, and those that it grows by, are written anyway. */
  transact(commit: number, pages: Iterable<number> = [], { restart = false } = {}): this {
    const before = this.states.at(-1)!;
    const { pageSize } = this;
    const written = new Set([1, ...pages].filter((page) => page <= commit));
    for (let page = before.length / pageSize + 1; page <= commit; page++) written.add(page);
    const after = new Uint8Array(commit * pageSize);
    after.set(before.subarray(0, after.length));
    for (const page of written) this.#fill(after.subarray((page - 1) * pageSize, page * pageSize), page);
    this.#begin(after, commit);
    const inOrder = [...written].sort((a, b) => a - b);
    this.transactions.push({
      commit,
      pages: new Map(inOrder.map((page) => [page, after.slice((page - 1) * pageSize, page * pageSize)])),
    });
    this.states.push(after);
    const wal = this.#wal.at(-1)!;
    const size = inOrder.length * (pageSize + 24);
    this.#wal.push(
      restart
        ? { offset: FRAMES, size, salt: wal.salt + 1 }
        : { offset: wal.offset + wal.size, size, salt: wal.salt },
    );
    return this;
  }

  /** A transaction that somebody else made. */
  record(commit: number, pages: ReadonlyMap<number, Uint8Array>): this {
    const after = new Uint8Array(commit * this.pageSize);
    after.set(this.states.at(-1)!.subarray(0, after.length));
    for (const [page, data] of pages) if (page <= commit) after.set(data, (page - 1) * this.pageSize);
    this.states.push(after);
    this.transactions.push({ commit, pages: new Map([...pages].filter(([page]) => page <= commit)) });
    this.#wal.push({ offset: FRAMES, size: 0, salt: this.last });
    return this;
  }

  #random(below: number): number {
    this.#seed = (Math.imul(this.#seed, 1103515245) + 12345) >>> 0;
    return (this.#seed >>> 8) % below;
  }

  /** Pages that shrink well, so that their files are small; now and then one that does not. */
  #fill(page: Uint8Array, number: number): void {
    const size = this.#random(12) === 0 ? page.length : 8;
    page.fill(number & 0xff);
    for (let at = 0; at < size; at++) page[page.length - 1 - at] = this.#random(256);
  }

  /** The header of the database. */
  #begin(database: Uint8Array, commit: number): void {
    database.fill(0, 0, 100);
    for (const [i, char] of [..."SQLite format 3\0"].entries()) database[i] = char.charCodeAt(0);
    const stored = this.pageSize === 65536 ? 1 : this.pageSize;
    database.set([stored >> 8, stored & 0xff, 2, 2, 0, 64, 32, 32], 16);
    const counter = this.states.length;
    writeUint32BE(database, 24, counter);
    writeUint32BE(database, 28, commit);
    writeUint32BE(database, 92, counter);
  }

  /** What `min` to `max` wrote, merged. */
  #merged(min: number, max: number): [number, Uint8Array][] {
    let pages = new Map<number, Uint8Array>();
    for (const transaction of this.transactions.slice(min, max + 1)) {
      for (const [page, data] of transaction.pages) pages.set(page, data);
      pages = new Map([...pages].filter(([page]) => page <= transaction.commit));
    }
    return [...pages].sort(([a], [b]) => a - b);
  }

  /** Whether a file of these TXIDs has every page of the database that it leads to. */
  isWhole(min: number, max: number): boolean {
    return this.#merged(min, max).length === this.transactions[max]!.commit;
  }

  /** An LTX file of the TXIDs `min` to `max`, as Litestream writes it to `level`. */
  file(
    level: number,
    min: number,
    max: number,
    { variant = "v3-block", header, pages }: FileOptions = {},
  ): MemoryFile {
    const { commit } = this.transactions[max]!;
    const { offset, size, salt } = this.#wal[max]!;
    const own = level === 0 || level === 9;
    const writer = new LtxWriter({
      variant,
      header: {
        ...{ flags: FLAG_NO_CHECKSUM, pageSize: this.pageSize, commit, minTxid: min, maxTxid: max },
        ...{ timestamp: timeOf(max), preApplyChecksum: 0n, nodeId: 0n },
        ...{ walOffset: own ? offset : 0, walSize: own ? size : 0 },
        ...{ walSalt1: own ? this.#salt + salt : 0, walSalt2: own ? 0x2000 + salt : 0 },
        ...header,
      },
    });
    const parts: Uint8Array[] = [];
    for (const [page, data] of pages ?? this.#merged(min, max)) parts.push(...writer.push([page], data));
    parts.push(...writer.end());
    return { data: concat(parts), modified: BigInt(timeOf(max)) * 1_000_000n };
  }

  /** The TXID of a database; undefined: it never was. */
  txidOf(database: Uint8Array): number | undefined {
    const hash = hashOf(database);
    const txid = this.states.findIndex((state) => state.length === database.length && hashOf(state) === hash);
    return txid < 0 ? undefined : txid;
  }

  /** A replica of these files: those of the higher levels by an older Litestream. */
  storage(files: Iterable<Placed>): MemoryStorage {
    return new MemoryStorage(
      [...files].map(([level, min, max]) => {
        const variant = level === 2 || (level === 1 && max < 9) ? "v3-frame" : "v3-block";
        return [pathOf(level, min, max), this.file(level, min, max, { variant })] as const;
      }),
    );
  }
}

export type Placed = readonly [level: number, min: number, max: number];

export function pathOf(level: number, min: number, max: number): string {
  return `ltx/${level}/${ltxName(min, max)}`;
}

/** When a transaction was written, milliseconds since 1970. */
export function timeOf(txid: number): number {
  return CLOCK + txid * 1000;
}

/** The same, as a target. */
export function momentOf(txid: number): bigint {
  return BigInt(timeOf(txid)) * 1_000_000n;
}

const hashes = new WeakMap<Uint8Array, string>();

function hashOf(bytes: Uint8Array): string {
  let hash = hashes.get(bytes);
  if (hash === undefined) hashes.set(bytes, (hash = createHash("sha256").update(bytes).digest("hex")));
  return hash;
}

export function replicaOf(storage: MemoryStorage): Replica {
  return replicaIn(storage);
}

/** The database that a target is; what is thrown is thrown. */
export async function databaseOf(replica: Replica, target: Target = {}): Promise<Uint8Array> {
  const sink = new MemorySink();
  await restore(replica, target, sink);
  return sink.bytes;
}

/** A dozen transactions, with growth and shrinking, and the levels that Litestream would have made of them. */
export function dozen({ seed = 1 } = {}): { history: LtxHistory; files: Placed[] } {
  const history = new LtxHistory({ seed });
  history.transact(3).transact(3, [2]).transact(5, [3]).transact(5, [4, 5]);
  history.transact(4, [2]).transact(6, [], { restart: true }).transact(6, [3, 6]).transact(7, [4]);
  history.transact(2, [2]).transact(3, [2]).transact(4, [3], { restart: true }).transact(4, [2, 4]);
  const files: Placed[] = [
    ...Array.from({ length: 6 }, (_, i): Placed => [0, i + 7, i + 7]),
    ...([
      [1, 1, 2],
      [1, 3, 4],
      [1, 5, 7],
      [1, 8, 9],
      [1, 10, 11],
    ] as Placed[]),
    ...([
      [2, 1, 4],
      [2, 5, 9],
    ] as Placed[]),
    ...([
      [9, 1, 3],
      [9, 1, 8],
    ] as Placed[]),
  ];
  return { history, files };
}
