/**
 * Makes a large LTX replica, once, under `bench/.data/ltx/`: the database of the large replica of Litestream 0.3 as a snapshot,
 * and a few thousand files of level 0 behind it, in the layout of Litestream 0.5. Written by walkit, so that no program has to run
 * for an hour; Litestream 0.5 restores it all the same.
 */

import { spawnSync } from "node:child_process";
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { FLAG_NO_CHECKSUM, LtxWriter, ltxName } from "../dist/ltx/index.js";
import { sha256 } from "./application.mjs";
import { largeReplica } from "./make-replica.mjs";
import { DATA, WALKIT } from "./peers.mjs";

const FOLDER = join(DATA, "ltx");
const FILES = 3000;
const PAGES = 24;

/** The replica and what is known of it; undefined where the large replica cannot be made. */
export async function ltxReplica() {
  const facts = join(FOLDER, "facts.json");
  if (!existsSync(facts)) {
    const large = await largeReplica();
    if (!large) return undefined;
    await make(large.replica, facts);
  }
  return { ...JSON.parse(readFileSync(facts, "utf8")), replica: join(FOLDER, "replica") };
}

async function make(large, facts) {
  console.error("making a large LTX replica, once: half a minute");
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(join(FOLDER, "replica/ltx/0"), { recursive: true });
  mkdirSync(join(FOLDER, "replica/ltx/9"), { recursive: true });
  const database = join(FOLDER, "database.db");
  const { status } = spawnSync(process.execPath, [WALKIT, "restore", large, "-o", database]);
  if (status !== 0) throw new Error("the large replica cannot be restored");
  const file = openSync(database, "r+");
  const page1 = Buffer.alloc(100);
  readSync(file, page1, 0, 100, 0);
  const pageSize = page1.readUInt16BE(16);
  const count = statSync(database).size / pageSize;
  const time = (txid) => Date.UTC(2026, 0, 1) + txid * 1000;
  const write = (level, minTxid, maxTxid, commit, batches) => {
    const header = {
      ...{ flags: FLAG_NO_CHECKSUM, pageSize, commit, minTxid, maxTxid, timestamp: time(maxTxid) },
      ...{ preApplyChecksum: 0n, walOffset: 0, walSize: 0, walSalt1: 0, walSalt2: 0, nodeId: 0n },
    };
    const writer = new LtxWriter({ header, variant: "v3-block" });
    const path = join(FOLDER, `replica/ltx/${level}/${ltxName(minTxid, maxTxid)}`);
    const out = openSync(path, "w");
    for (const [numbers, data] of batches)
      for (const bytes of writer.push(numbers, data)) writeSync(out, bytes);
    for (const bytes of writer.end(0n)) writeSync(out, bytes);
    closeSync(out);
    utimesSync(path, header.timestamp / 1000, header.timestamp / 1000);
  };
  write(9, 1, 1, count, snapshotOf(file, pageSize, count));
  let random = 1;
  const next = (below) => {
    random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
    return random % below;
  };
  for (let txid = 2; txid <= FILES + 1; txid++) {
    const pages = new Set([1]);
    while (pages.size < PAGES) pages.add(1 + next(count));
    const numbers = [...pages].sort((a, b) => a - b);
    const data = Buffer.alloc(numbers.length * pageSize);
    for (const [i, page] of numbers.entries()) {
      const bytes = data.subarray(i * pageSize, (i + 1) * pageSize);
      readSync(file, bytes, 0, pageSize, (page - 1) * pageSize);
      // Bytes that SQLite does not look at: a page is as compressible as it was.
      bytes.writeUInt32BE(txid, page === 1 ? 72 + 20 : pageSize - 4);
      if (page === 1) bytes.writeUInt32BE(txid, 24);
      writeSync(file, bytes, 0, pageSize, (page - 1) * pageSize);
    }
    write(0, txid, txid, count, [[numbers, data]]);
  }
  closeSync(file);
  const known = { bytes: statSync(database).size, files: FILES + 1, sha256: await sha256(database) };
  writeFileSync(facts, JSON.stringify(known));
}

function* snapshotOf(file, pageSize, count) {
  const many = 256;
  for (let first = 1; first <= count; first += many) {
    const numbers = Array.from({ length: Math.min(many, count - first + 1) }, (_, i) => first + i);
    const data = Buffer.alloc(numbers.length * pageSize);
    readSync(file, data, 0, data.length, (first - 1) * pageSize);
    yield [numbers, data];
  }
}
