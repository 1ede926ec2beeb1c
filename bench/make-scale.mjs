/**
 * Makes replicas of databases of any size, once, under `bench/.data/scale/`, to see what grows with the size and what
 * does not. The pages are made up of an application's rows, so that they shrink as a database does (only page 1 is
 * SQLite's); the snapshot and the WAL are written with walkit's own encoder and WAL writer.
 *
 * The WAL grows with the database, in indexes that are as long for each size, and changes a fifth of its pages: more than
 * are kept in memory. The last index is one single transaction.
 */

import { createHash } from "node:crypto";
import { statfsSync } from "node:fs";
import { join } from "node:path";
import { WalWriter } from "../dist/wal/index.js";
import { kept } from "./own-replica.mjs";
import { DATA } from "./peers.mjs";
import { order, random, seed } from "./rows.mjs";

export const PAGE = 4096;
/** Pages written at a time. */
const CHUNK = 1024;
/** WAL indexes for the small size; the large one has as many more as it is larger. */
const INDEXES = 3;
const SEGMENT = 1024;
const TRANSACTION = 64;
/** The page that SQLite never writes: in the snapshot like any other, but never in a WAL. */
const LOCK_PAGE = 2 ** 30 / PAGE + 1;
/** Large enough that LZ4, which looks 64 KiB back, does not find the same rows again. */
const POOL = 32 << 20;
/** Bytes of each row that nothing compresses: so many that a snapshot is 1.8 times as small as its database. */
const NOISE = 40;

/**
 * The replica of a database of `pages` pages, `times` as large as the small one. `linked`: with a snapshot whose blocks
 * refer to the ones before them, as other LZ4 encoders write.
 *
 * @param {{ pages: number, times: number, linked?: boolean }} size
 */
export function scaledReplica({ pages, times, linked = false }) {
  const folder = join(DATA, "scale", `${pages}${linked ? "-linked" : ""}`);
  const recipe = `2: ${pages} pages, ${INDEXES * times} indexes, linked: ${linked}`;
  return kept(folder, recipe, async (replica) => {
    console.error(`making a replica of a database of ${pages * PAGE} bytes, once`);
    const indexes = INDEXES * times;
    // A sixteenth of the small size: about a fifth of the database in three of them.
    const frames = Math.floor(pages / times / 16 / SEGMENT) * SEGMENT;
    const changes = changesOf(pages, indexes, frames);
    const make = pageMaker(pages);
    replica.snapshot(
      chunksOf(pages, (into, at, number) => make(into, at, number, 0)),
      linked ? { blockIndependence: false } : {},
    );
    makeWal(replica, pages, changes, make);
    const changed = new Set(changes.flat());
    if (frames === 0 || changed.size !== indexes * frames) {
      throw new Error("some pages are changed twice or not at all: the database is too small for its WAL");
    }
    const hash = createHash("sha256");
    const last = chunksOf(pages, (into, at, number) => make(into, at, number, changed.has(number) ? 1 : 0));
    for (const chunk of last) hash.update(chunk);
    return { databaseBytes: pages * PAGE, sha256: hash.digest("hex") };
  });
}

/** Whether the disk has room for the replicas of a database of `pages` pages and less, and for what is restored. */
export function hasRoom(pages) {
  const { bavail, bsize } = statfsSync(DATA);
  return bavail * bsize > pages * PAGE * 3;
}

/** The pages that each index brings, frame by frame: spread over the database, all different. */
function changesOf(pages, indexes, frames) {
  const stride = Math.floor((pages - 2) / (indexes * frames));
  return Array.from({ length: indexes }, (_, index) =>
    Array.from({ length: frames }, (_, frame) => {
      const number = 2 + (frame * indexes + index) * stride;
      return number === LOCK_PAGE ? number + 1 : number;
    }),
  );
}

/** Rows one after the other, as bytes. */
function makePool() {
  seed(1);
  const pool = new Uint8Array(POOL);
  const encoder = new TextEncoder();
  for (let id = 1, end = 0; end < POOL; id++) {
    for (const value of order(id)) {
      const bytes = typeof value === "object" ? value.subarray(0, NOISE) : encoder.encode(String(value));
      const fits = bytes.subarray(0, POOL - end);
      pool.set(fits, end);
      end += fits.length;
    }
  }
  return pool;
}

/** A function that writes version `version` of page `number` to `into` at `at`: no two pages or versions are the same. */
function pageMaker(pages) {
  const pool = makePool();
  const views = new WeakMap();
  return (into, at, number, version) => {
    let view = views.get(into);
    if (!view) views.set(into, (view = new DataView(into.buffer, into.byteOffset, into.length)));
    seed(number * 2 + version);
    const from = random(POOL - PAGE);
    into.set(pool.subarray(from, from + PAGE), at);
    view.setUint32(at + 120, number);
    view.setUint32(at + 124, version);
    if (number !== 1) return;
    into.fill(0, at, at + 100);
    into.set(new TextEncoder().encode("SQLite format 3\0"), at);
    view.setUint16(at + 16, PAGE);
    into.set([2, 2, 0, 64, 32, 32], at + 18);
    view.setUint32(at + 24, 1);
    view.setUint32(at + 28, pages);
    view.setUint32(at + 92, 1);
  };
}

/** All pages, by the piece. A piece is valid until the next one is asked for. */
function* chunksOf(pages, make) {
  const chunk = new Uint8Array(CHUNK * PAGE);
  for (let first = 1; first <= pages; first += CHUNK) {
    const count = Math.min(CHUNK, pages - first + 1);
    for (let i = 0; i < count; i++) make(chunk, i * PAGE, first + i);
    yield chunk.subarray(0, count * PAGE);
  }
}

function makeWal(replica, pages, changes, make) {
  const page = new Uint8Array(PAGE);
  for (const [index, numbers] of changes.entries()) {
    const single = index === changes.length - 1;
    const writer = new WalWriter({
      pageSize: PAGE,
      checkpointSequence: index,
      salt1: 1 + index,
      salt2: 99 - index,
    });
    let parts = [writer.header()];
    let start = 0;
    for (const [i, number] of numbers.entries()) {
      const last = i === numbers.length - 1;
      make(page, 0, number, 1);
      const commits = last || (!single && i % TRANSACTION === TRANSACTION - 1);
      parts.push(writer.frame(number, page, commits ? pages : 0));
      if (!last && (single || i % SEGMENT !== SEGMENT - 1)) continue;
      replica.segment(index, start, parts);
      start = writer.offset;
      parts = [];
    }
  }
}
