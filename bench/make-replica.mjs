/**
 * Makes a large replica with the real Litestream, once, under `bench/.data/`:
 *
 *     node bench/make-replica.mjs [--force]
 *
 * Litestream and the application run side by side, though the application's SQLite (WebAssembly) knows nothing of shared
 * memory: Litestream copies the WAL's bytes as they come, and is kept from checkpoints of its own by limits that are
 * never reached. The application begins the WAL anew when Litestream has all of it, which makes a new index.
 */

import { spawn, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { decompress } from "../dist/lz4/index.js";
import { Application, sha256, walEnd } from "./application.mjs";
import { DATA, findLitestream } from "./peers.mjs";

const FOLDER = join(DATA, "large");
const ORDERS = 1_050_000;
const INDEXES = 32;
const TRANSACTIONS = 20;
const CHANGES = { updates: 40, inserts: 10 };

/**
 * The replica and what is known of it, made now if need be. Undefined where there is no Litestream.
 *
 * @returns {Promise<{ replica: string, generation: string, snapshot: string, [figure: string]: unknown } | undefined>}
 */
export async function largeReplica({ force = false } = {}) {
  const facts = join(FOLDER, "facts.json");
  if (!existsSync(facts) || force) {
    const litestream = findLitestream();
    if (!litestream) return undefined;
    await make(litestream, facts);
  }
  return { ...JSON.parse(readFileSync(facts, "utf8")), replica: join(FOLDER, "replica") };
}

async function make(litestream, facts) {
  rmSync(FOLDER, { recursive: true, force: true });
  const work = join(FOLDER, "work");
  mkdirSync(work, { recursive: true });
  const database = join(work, "app.db");
  const replica = join(FOLDER, "replica");
  console.error("making a large replica with Litestream, once: less than a minute");

  let application = await Application.start(database);
  await application.do("fill", { count: ORDERS });
  await application.kill();

  const config = join(work, "litestream.json"); // JSON is YAML
  const settings = {
    path: database,
    "monitor-interval": "50ms",
    "checkpoint-interval": "24h",
    "min-checkpoint-page-count": 10_000_000,
    "max-checkpoint-page-count": 20_000_000,
    replicas: [{ type: "file", path: replica, "sync-interval": "50ms" }],
  };
  writeFileSync(config, JSON.stringify({ dbs: [settings] }));
  const log = openSync(join(FOLDER, "litestream.log"), "w");
  const replicating = spawn(litestream.program, ["replicate", "-config", config], {
    stdio: ["ignore", log, log],
  });
  const over = new Promise((resolve) => replicating.once("exit", resolve));
  try {
    await until("the snapshot", () => filesIn(replica).some((path) => path.endsWith(".snapshot.lz4")));
    // Litestream's own tables, its first transaction, are in the WAL by now.
    await until("the first segment", () => filesIn(replica).some((path) => path.endsWith(".wal.lz4")));
    application = await Application.start(database);
    await application.do("open");
    const shadow = join(work, ".app.db-litestream");
    for (let index = 0; index < INDEXES; index++) {
      for (let i = 0; i < TRANSACTIONS; i++) {
        // The first one after a restart is small, and Litestream gets to see it by itself: the place of the last frame
        // that it copied must not have been written over when it looks.
        const first = i === 0 && index > 0;
        await application.do("transaction", first ? { updates: 1, inserts: 0 } : CHANGES);
        if (first) await until(`index ${index}`, () => newestIn(shadow).index === index);
        // Time for Litestream to look: else most of an index would be a single segment.
        else if (i % 3 === 0) await pause(60);
      }
      await until(`all of index ${index}`, () => newestIn(shadow).size === walEnd(`${database}-wal`));
      if (index < INDEXES - 1) await application.do("restart");
    }
    const end = walEnd(`${database}-wal`);
    await until("the last segment", () => endOfReplica(replica) === end);
  } finally {
    // Not asked to stop but killed: closing, it would checkpoint with what it believes to be in the WAL.
    replicating.kill("SIGKILL");
    await over;
  }
  await application.do("finish");
  await application.kill();
  const expected = await sha256(database);

  const restored = join(work, "restored.db");
  const { status, stderr } = spawnSync(litestream.program, ["restore", "-o", restored, `file://${replica}`]);
  if (status !== 0) throw new Error(`litestream restore failed: ${stderr}`);
  const hash = await sha256(restored);
  if (hash !== expected)
    throw new Error("what Litestream restores is not what the application's database was");
  const figures = describe(replica, statSync(restored).size);
  rmSync(work, { recursive: true });
  const temporary = `${facts}.tmp`;
  writeFileSync(
    temporary,
    JSON.stringify({ ...figures, sha256: hash, litestream: litestream.version }, null, 2),
  );
  renameSync(temporary, facts);
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function until(what, holds) {
  for (const end = Date.now() + 120_000; !holds(); ) {
    if (Date.now() > end) throw new Error(`waited in vain for ${what}: see ${FOLDER}/litestream.log`);
    await pause(20);
  }
}

/** Files of a folder, by name, so that indexes and offsets ascend. Those that Litestream has finished. */
function filesIn(folder) {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder, { recursive: true }).filter((name) => !name.endsWith(".tmp"));
  return names.sort().map((name) => join(folder, name));
}

/** The newest of Litestream's own copies of the WAL, one an index; it deletes them once they are in the replica. */
function newestIn(folder) {
  const path = filesIn(folder)
    .filter((name) => name.endsWith(".wal"))
    .at(-1);
  return { index: Number.parseInt(path.slice(-12, -4), 16), size: statSync(path).size };
}

/** Offset in the newest index up to which the replica has the WAL. */
function endOfReplica(replica) {
  const last = filesIn(replica)
    .filter((path) => path.endsWith(".wal.lz4"))
    .at(-1);
  return Number.parseInt(last.slice(-16, -8), 16) + decompress(readFileSync(last)).length;
}

function describe(replica, databaseBytes) {
  const files = filesIn(replica).filter((path) => path.endsWith(".lz4"));
  const snapshots = files.filter((path) => path.endsWith(".snapshot.lz4"));
  const segments = files.filter((path) => path.endsWith(".wal.lz4"));
  const total = (paths, size) => paths.reduce((sum, path) => sum + size(path), 0);
  return {
    generation: readdirSync(join(replica, "generations"))[0],
    snapshot: snapshots[0].slice(replica.length + 1),
    databaseBytes,
    snapshotBytes: total(snapshots, (path) => statSync(path).size),
    snapshots: snapshots.length,
    walBytes: total(segments, (path) => statSync(path).size),
    walDecodedBytes: total(segments, (path) => decompress(readFileSync(path)).length),
    segments: segments.length,
    indexes: new Set(segments.map((path) => path.match(/([0-9a-f]{8})_[0-9a-f]+\.wal\.lz4$/)[1])).size,
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const made = await largeReplica({ force: process.argv.includes("--force") });
  if (!made) {
    console.error("there is no Litestream for this machine: nothing was made");
    process.exit(1);
  }
  console.log(JSON.stringify(made, null, 2));
}
