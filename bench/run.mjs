/**
 * walkit beside the programs it is compared with, in one run:
 *
 *     node bench/run.mjs [--quick] [--only restore|decode|encode] [--folder <dir>] [--json]
 *
 * Each figure is the median of several runs that take turns (A B A B …) after one that does not count. Every run is a
 * process of its own from start to end, files in the page cache. The replica is made first, by the real Litestream, if it
 * is not there yet (`make-replica.mjs`).
 */

import { spawnSync } from "node:child_process";
import { closeSync, existsSync, openSync, rmSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { largeReplica, sha256 } from "./make-replica.mjs";
import { HOW, measure, medianOf } from "./measure.mjs";
import { DATA, describeMachine, findLitestream, findLz4, findLz4js, requireBuild, WALKIT } from "./peers.mjs";

const JOB = fileURLToPath(new URL("lz4-job.mjs", import.meta.url));
/** The finished database, to copy and to encode. */
const DATABASE = join(DATA, "database.db");

const { values: flags } = parseArgs({
  options: {
    quick: { type: "boolean" },
    only: { type: "string" },
    folder: { type: "string", default: DATA },
    json: { type: "boolean" },
  },
});
/** `--folder`: to restore to another disk, or into memory (/dev/shm), where writing and flushing cost nothing. */
const OUTPUT = join(flags.folder, "walkit-bench.db");

const litestream = findLitestream();
const lz4 = findLz4();
const lz4js = findLz4js();

/** Standard error: standard output is for the table. */
const say = (line) => console.error(line);

/**
 * @typedef {{ name: string, floor?: boolean, run: () => Promise<import("./measure.mjs").Run & { ratio?: number }> }} Contestant
 *   walkit where the name begins so; `floor`: no peer, but the time that nobody can be below
 */

/** @returns {Record<string, () => Contestant[]>} */
function comparisonsOf({ replica, snapshot, databaseBytes, sha256: expected }) {
  const frame = join(replica, snapshot);
  const job = (codec, direction, file) =>
    measure(process.execPath, [JOB, codec, direction, file, "stream"], { keep: true });
  const alone = async (codec, direction, file) => {
    const { stdout } = await measure(process.execPath, [JOB, codec, direction, file, "memory"], {
      keep: true,
    });
    const { seconds, bytes } = JSON.parse(stdout);
    return { wall: seconds, ratio: direction === "encode" ? databaseBytes / bytes : undefined };
  };
  const checked = new Set();
  const restoring = (name, program, args) => ({
    name,
    run: async () => {
      rmSync(OUTPUT, { force: true });
      const run = await measure(program, args);
      if (!checked.has(name) && (await sha256(OUTPUT)) !== expected) {
        throw new Error(`${name} restored other bytes than Litestream had when the replica was made`);
      }
      checked.add(name);
      // Litestream leaves its own temporary files' companions beside the output.
      for (const ending of ["", ".tmp-shm", ".tmp-wal"]) rmSync(OUTPUT + ending, { force: true });
      return run;
    },
  });
  const ratioOf = (stdout) => databaseBytes / JSON.parse(stdout).bytes;
  const verifying = (level) => ({
    name: `walkit verify --level ${level}`,
    run: () => measure(process.execPath, [WALKIT, "verify", replica, "--level", level]),
  });
  const theirRestore =
    litestream &&
    restoring(`litestream ${litestream.version} restore`, litestream.program, [
      "restore",
      "-o",
      OUTPUT,
      pathToFileURL(replica).href,
    ]);
  return {
    restore: () => [
      restoring("walkit restore", process.execPath, [WALKIT, "restore", replica, "-o", OUTPUT]),
      verifying("replay"),
      verifying("integrity"),
      ...present("litestream", theirRestore),
      { ...restoring("cp, of the finished file", "cp", [DATABASE, OUTPUT]), floor: true },
    ],
    decode: () => [
      { name: "walkit", run: () => job("walkit", "decode", frame) },
      ...present("lz4", lz4 && { name: `lz4 ${lz4.version}`, run: () => measure("lz4", ["-dc", frame]) }),
      ...present("lz4js", lz4js && { name: `lz4js ${lz4js}`, run: () => job("lz4js", "decode", frame) }),
    ],
    "decode-memory": () => [
      { name: "walkit, in memory", run: () => alone("walkit", "decode", frame) },
      ...present(
        "lz4js",
        lz4js && { name: `lz4js ${lz4js}, in memory`, run: () => alone("lz4js", "decode", frame) },
      ),
    ],
    encode: () => [
      {
        name: "walkit",
        run: async () => {
          const run = await job("walkit", "encode", DATABASE);
          return { ...run, ratio: ratioOf(run.stdout) };
        },
      },
      ...present(
        "lz4",
        lz4 && {
          name: `lz4 ${lz4.version} -1 -B7`,
          run: async () => ({ ...(await measure("lz4", ["-1", "-B7", "-c", DATABASE])), ratio: lz4Ratio() }),
        },
      ),
      ...present(
        "lz4js",
        lz4js && {
          name: `lz4js ${lz4js}`,
          run: async () => {
            const run = await job("lz4js", "encode", DATABASE);
            return { ...run, ratio: ratioOf(run.stdout) };
          },
        },
      ),
    ],
    "encode-memory": () => [
      { name: "walkit, in memory", run: () => alone("walkit", "encode", DATABASE) },
      ...present(
        "lz4js",
        lz4js && { name: `lz4js ${lz4js}, in memory`, run: () => alone("lz4js", "encode", DATABASE) },
      ),
    ],
  };
}

const absent = new Set();

function present(peer, contestant) {
  if (contestant) return [contestant];
  if (!absent.has(peer)) say(`skipped: ${peer} is not on this machine`);
  absent.add(peer);
  return [];
}

let knownLz4Ratio;
function lz4Ratio() {
  if (knownLz4Ratio === undefined) {
    const packed = join(DATA, "database.lz4");
    spawnSync("lz4", ["-1", "-B7", "-f", "-q", DATABASE, packed]);
    knownLz4Ratio = statSync(DATABASE).size / statSync(packed).size;
    rmSync(packed);
  }
  return knownLz4Ratio;
}

/** The database as the replica has it last: made by walkit, held against the hash of Litestream's. */
async function makeDatabase({ replica, sha256: expected }) {
  if (existsSync(DATABASE) && (await sha256(DATABASE)) === expected) return;
  rmSync(DATABASE, { force: true });
  await measure(process.execPath, [WALKIT, "restore", replica, "-o", DATABASE]);
  if ((await sha256(DATABASE)) !== expected) throw new Error(`${DATABASE} is not what Litestream restored`);
}

/**
 * The same state for everyone: nothing left of what the one before wrote, and as much memory freed just now as a restore
 * fills with files. Pages that a virtual machine has never touched cost several times the usual.
 */
function settle() {
  const piece = new Uint8Array(1 << 20);
  const file = openSync(`${OUTPUT}.settle`, "w");
  for (let i = 0; i < 600; i++) writeSync(file, piece);
  closeSync(file);
  rmSync(`${OUTPUT}.settle`);
  spawnSync("sync");
}

/** Medians and single runs, in the order of the contestants. The first round does not count. */
async function compare(contestants, rounds, writes) {
  const runs = contestants.map(() => []);
  for (let round = 0; round <= rounds; round++) {
    for (const [i, { run }] of contestants.entries()) {
      if (writes) settle();
      const measured = await run();
      if (round > 0) runs[i].push(measured);
    }
  }
  return { medians: runs.map(medianOf), runs };
}

const seconds = (value) => (value === undefined ? "" : `${value.toFixed(2)} s`);
const megabytes = (value) => (value === undefined ? "" : `${(value / 1e6).toFixed(0)} MB`);
const times = (ours, theirs) => (ours === undefined || !theirs ? "" : (ours / theirs).toFixed(2));

const isOurs = ({ name }) => name.startsWith("walkit");

function tableOf(results) {
  const lines = ["| | wall | CPU | peak memory | compression |", "|---|--:|--:|--:|--:|"];
  for (const { title, contestants, medians } of results) {
    lines.push(`| **${title}** | | | | |`);
    for (const [i, { wall, cpu, rss, ratio }] of medians.entries()) {
      const cells = [seconds(wall), seconds(cpu), megabytes(rss), ratio?.toFixed(3) ?? ""];
      lines.push(`| ${contestants[i].name} | ${cells.join(" | ")} |`);
    }
    for (const [i, own] of medians.entries()) {
      if (!isOurs(contestants[i])) continue;
      for (const [j, their] of medians.entries()) {
        const { name, floor } = contestants[j];
        if (isOurs(contestants[j]) || (floor && i > 0)) continue;
        const cells = (floor ? ["wall"] : ["wall", "cpu", "rss", "ratio"]).map((f) =>
          times(own[f], their[f]),
        );
        lines.push(`| *${contestants[i].name} ÷ ${name}* | ${cells.join(" | ")} |${floor ? " | | |" : ""}`);
      }
    }
  }
  return lines;
}

const TITLES = {
  restore: "Restore the newest state; verify everything",
  decode: "LZ4 decode the snapshot, file to nowhere",
  "decode-memory": "LZ4 decode the snapshot, the codec alone",
  encode: "LZ4 encode the database, file to nowhere",
  "encode-memory": "LZ4 encode the database, the codec alone",
};

requireBuild();
const facts = await largeReplica();
if (!facts) {
  say("There is no replica to measure with, and no Litestream to make one: nothing was measured");
  process.exit(1);
}
await makeDatabase(facts);
const rounds = flags.quick ? 1 : 5;
const results = [];
for (const [name, contestantsOf] of Object.entries(comparisonsOf(facts))) {
  if (flags.only && !name.startsWith(flags.only)) continue;
  say(`measuring: ${TITLES[name]}`);
  const contestants = contestantsOf();
  // Those have the best of three of their own.
  const own = name.endsWith("-memory") ? 1 : rounds;
  const { medians, runs } = await compare(contestants, own, name === "restore");
  results.push({ name, title: TITLES[name], contestants, medians, runs });
}
const { databaseBytes, snapshotBytes, walDecodedBytes, segments, indexes } = facts;
const about = [
  `Machine: ${describeMachine()}.`,
  `Replica made by Litestream ${facts.litestream}: database ${megabytes(databaseBytes)}, snapshot ${megabytes(snapshotBytes)}, WAL ${megabytes(walDecodedBytes)} before compression in ${segments} segments, ${indexes} indexes.`,
  `Restored to ${flags.folder === DATA ? "disk" : flags.folder}. Median of ${rounds} run${rounds === 1 ? "" : "s"} each, taking turns; ${HOW}. "The codec alone": input in memory, the best of three in one process.`,
];
if (flags.json) console.log(JSON.stringify({ about, results }, null, 2));
else console.log([...tableOf(results), "", ...about].join("\n"));
