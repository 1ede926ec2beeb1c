/**
 * Shows that memory does not grow with the database: makes replicas of a large database, restores each in a process of its
 * own, and looks at its peak memory and at every byte of what came out.
 *
 *     node bench/large.mjs [--gigabytes 2] [--limit 300] [--keep]
 *
 * The pages are made up (only page 1 is SQLite's), the replicas are written with walkit's own encoder and WAL writer. The
 * WAL brings more changed pages than are kept in memory, the last of its indexes in one single transaction. Once with a
 * snapshot as Litestream writes it, once with linked blocks of 4 MiB. Each twice: the faster time, the larger
 * memory. Data is deleted afterwards.
 */

import { spawnSync } from "node:child_process";
import {
  closeSync,
  mkdirSync,
  openSync,
  readSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { compress, FrameEncoder } from "../dist/lz4/index.js";
import { WalWriter } from "../dist/wal/index.js";
import { measure } from "./measure.mjs";
import { DATA, describeMachine, requireBuild, WALKIT } from "./peers.mjs";

const PAGE = 4096;
const INDEXES = 6;
const FRAMES = 16_384;
const SEGMENT = 1024;
const TRANSACTION = 64;
/** The page that SQLite never writes: in the snapshot like any other, but never in a WAL. */
const LOCK_PAGE = 2 ** 30 / PAGE + 1;

const { values: flags } = parseArgs({
  options: {
    gigabytes: { type: "string", default: "2" },
    limit: { type: "string", default: "300" },
    keep: { type: "boolean" },
  },
});
const pages = Math.round((Number(flags.gigabytes) * 2 ** 30) / PAGE);
const limit = Number(flags.limit) * 1e6;

/** Half of each page is noise, half is text, so that it shrinks as a database does. */
const NOISE = new Uint8Array(1 << 20);
let state = 1;
for (let i = 0; i < NOISE.length; i++) {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
  NOISE[i] = state >>> 24;
}
const TEXT = new TextEncoder()
  .encode("the quick brown fox jumps over the lazy dog; ".repeat(PAGE / 45))
  .subarray(0, PAGE / 2);

/** Writes version `version` of page `number` to `into` at `at`; no two pages or versions are the same. */
function makePage(into, at, number, version) {
  const from = (Math.imul(number * 7 + version, 0x9e3779b1) >>> 0) % (NOISE.length - PAGE / 2);
  into.set(TEXT, at);
  into.set(NOISE.subarray(from, from + PAGE / 2), at + PAGE / 2);
  const view = new DataView(into.buffer, into.byteOffset + at, PAGE);
  view.setUint32(120, number);
  view.setUint32(124, version);
  if (number !== 1) return;
  into.fill(0, at, at + 100);
  into.set(new TextEncoder().encode("SQLite format 3\0"), at);
  view.setUint16(16, PAGE);
  into.set([2, 2, 0, 64, 32, 32], at + 18);
  view.setUint32(24, 1);
  view.setUint32(28, pages);
  view.setUint32(92, 1);
}

/** The page that frame `frame` of index `index` brings: spread over the database, all different. */
const stride = Math.floor((pages - 2) / (INDEXES * FRAMES));
function pageOf(index, frame) {
  const number = 2 + (frame * INDEXES + index) * stride;
  return number === LOCK_PAGE ? number + 1 : number;
}

function makeWal(folder) {
  const page = new Uint8Array(PAGE);
  for (let index = 0; index < INDEXES; index++) {
    const last = index === INDEXES - 1;
    const writer = new WalWriter({
      pageSize: PAGE,
      checkpointSequence: index,
      salt1: 1 + index,
      salt2: 99 - index,
    });
    let encoder = new FrameEncoder();
    let parts = [...encoder.push(writer.header())];
    let offset = 0;
    for (let frame = 0; frame < FRAMES; frame++) {
      makePage(page, 0, pageOf(index, frame), 1);
      const commits = last ? frame === FRAMES - 1 : frame % TRANSACTION === TRANSACTION - 1;
      parts.push(...encoder.push(writer.frame(pageOf(index, frame), page, commits ? pages : 0)));
      if (frame !== FRAMES - 1 && (last || frame % SEGMENT !== SEGMENT - 1)) continue;
      parts.push(...encoder.end());
      const name = [index, offset].map((part) => part.toString(16).padStart(8, "0")).join("_");
      writeFileSync(join(folder, `${name}.wal.lz4`), Buffer.concat(parts));
      offset = writer.offset;
      encoder = new FrameEncoder();
      parts = [];
    }
  }
}

function makeSnapshot(path, options) {
  const file = openSync(path, "w");
  const encoder = new FrameEncoder(options);
  const chunk = new Uint8Array(1024 * PAGE);
  const put = (parts) => {
    for (const part of parts) writeSync(file, part);
  };
  for (let first = 1; first <= pages; first += 1024) {
    const count = Math.min(1024, pages - first + 1);
    for (let i = 0; i < count; i++) makePage(chunk, i * PAGE, first + i, 0);
    put(encoder.push(chunk.subarray(0, count * PAGE)));
  }
  put(encoder.end());
  closeSync(file);
}

/** Every byte of the restored database. */
function check(path) {
  const changed = new Set();
  for (let index = 0; index < INDEXES; index++) {
    for (let frame = 0; frame < FRAMES; frame++) changed.add(pageOf(index, frame));
  }
  if (changed.size !== INDEXES * FRAMES)
    throw new Error("some pages were changed twice: the replica is not as meant");
  if (statSync(path).size !== pages * PAGE) throw new Error(`${path} is not ${pages * PAGE} bytes long`);
  const file = openSync(path, "r");
  const found = Buffer.alloc(1024 * PAGE);
  const expected = Buffer.alloc(1024 * PAGE);
  for (let first = 1; first <= pages; first += 1024) {
    const count = Math.min(1024, pages - first + 1);
    for (let i = 0; i < count; i++) makePage(expected, i * PAGE, first + i, changed.has(first + i) ? 1 : 0);
    readSync(file, found, 0, count * PAGE, (first - 1) * PAGE);
    if (found.compare(expected, 0, count * PAGE, 0, count * PAGE) !== 0) {
      throw new Error(`${path} is wrong in the pages from ${first} on`);
    }
  }
  closeSync(file);
}

requireBuild();
mkdirSync(DATA, { recursive: true });
const { bavail, bsize } = statfsSync(DATA);
if (bavail * bsize < pages * PAGE * 3) {
  console.error(`Expected ${((pages * PAGE * 3) / 1e9).toFixed(0)} GB of free disk at ${DATA}, found less`);
  process.exit(2);
}
const root = join(DATA, "synthetic");
const generation = join(root, "generations", "0123456789abcdef");
const output = join(root, "restored.db");
const changedBytes = INDEXES * FRAMES * PAGE;
if (compress(TEXT).length > TEXT.length / 2 || stride < 1)
  throw new Error("the database is too small for its WAL");
const rows = [];
try {
  rmSync(root, { recursive: true, force: true });
  for (const folder of ["snapshots", "wal"]) mkdirSync(join(generation, folder), { recursive: true });
  makeWal(join(generation, "wal"));
  const snapshot = join(generation, "snapshots", "00000000.snapshot.lz4");
  for (const [name, options] of [
    ["independent blocks", {}],
    ["linked blocks", { blockIndependence: false }],
  ]) {
    console.error(`making a snapshot of ${pages * PAGE} bytes, ${name}`);
    makeSnapshot(snapshot, options);
    const runs = [];
    for (let i = 0; i < 2; i++) {
      rmSync(output, { force: true });
      spawnSync("sync"); // the snapshot is still on its way to the disk
      runs.push(await measure(process.execPath, [WALKIT, "restore", root, "-o", output]));
      check(output);
    }
    const { wall, cpu } = runs.reduce((a, b) => (b.wall < a.wall ? b : a));
    const rss = runs[0].rss && Math.max(...runs.map((run) => run.rss));
    const verdict = rss === undefined ? "not measured" : rss <= limit ? "yes" : "NO";
    rows.push([
      name,
      `${wall.toFixed(1)} s`,
      `${cpu?.toFixed(1)} s`,
      `${(rss / 1e6).toFixed(0)} MB`,
      verdict,
    ]);
    if (verdict === "NO") process.exitCode = 1;
  }
} finally {
  if (!flags.keep) rmSync(root, { recursive: true, force: true });
}
console.log(
  `| snapshot of ${(pages * PAGE) / 1e6} MB | wall | CPU | peak memory | within ${flags.limit} MB |`,
);
console.log("|---|--:|--:|--:|---|");
for (const row of rows) console.log(`| ${row.join(" | ")} |`);
console.log(
  `\nThe WAL changes ${changedBytes / 1e6} MB in ${INDEXES} indexes. Every byte was checked. ${describeMachine()}.`,
);
