/**
 * What is measured: groups of contestants that take turns. A group makes the data that it needs when its turn comes; data
 * that cannot be made here makes an undefined group.
 *
 * @typedef {import("./measure.mjs").Run & { ratio?: number }} Run
 *
 * @typedef {object} Contestant
 * @property {string} id by which `targets.mjs` knows it
 * @property {string} name walkit's begin so
 * @property {() => Promise<Run>} run
 * @property {string[]} [peers] the ids that it is held against; by default walkit against all others of its group
 * @property {boolean} [floor] no peer, but the time that nobody can be below: for the first contestant alone
 * @property {number} [writes] bytes of files that the whole group's runs are prepared for
 *
 * @typedef {object} Group
 * @property {string} title
 * @property {Contestant[]} contestants
 * @property {number} [rounds] where it has a number of its own
 * @property {string} [about] what its figures were measured with
 */

import { spawnSync } from "node:child_process";
import { existsSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { sha256 } from "./application.mjs";
import { ltxReplica } from "./make-ltx.mjs";
import { manySegments } from "./make-many.mjs";
import { largeReplica } from "./make-replica.mjs";
import { hasRoom, PAGE, scaledReplica } from "./make-scale.mjs";
import { measure } from "./measure.mjs";
import { DATA, findLitestream, findLitestream5, findLz4, findLz4js, WALKIT } from "./peers.mjs";
import { megabytes } from "./table.mjs";

const JOB = fileURLToPath(new URL("lz4-job.mjs", import.meta.url));
/** The finished database, to copy and to encode. */
const DATABASE = join(DATA, "database.db");
/** How much larger the large database of the scale group is than the small one. */
const TIMES = 4;
const MB = 1_000_000;

const litestream = findLitestream();
const litestream5 = findLitestream5();
const lz4 = findLz4();
const lz4js = findLz4js();

/**
 * @param {{ output: string, gigabytes: number, usualRounds: number, say: (line: string) => void }} options `output`: where
 *   restores go to; `gigabytes`: size of the larger database of the scale group; `usualRounds`: how
 *   many runs a group has that does not say
 * @returns {Record<string, () => Promise<Group | undefined>>}
 */
export function groupsFor({ output, gigabytes, usualRounds, say }) {
  const absent = new Set();
  /** A contestant that this machine may not have. */
  const present = (peer, contestant) => {
    if (contestant) return [contestant];
    if (!absent.has(peer)) say(`skipped: ${peer} is not on this machine`);
    absent.add(peer);
    return [];
  };
  const checked = new Set();
  /** A run that writes the database to `output`. The first time, its bytes are held against those that it must have. */
  const restoring = (facts, program, args) => async () => {
    rmSync(output, { force: true });
    const run = await measure(program, args);
    const what = [program, ...args].join(" ");
    if (!checked.has(what) && (await sha256(output)) !== facts.sha256) {
      throw new Error(`${what}: gave other bytes than the database had when the replica was made`);
    }
    checked.add(what);
    // Litestream leaves its own temporary files' companions beside the output.
    for (const ending of ["", ".tmp-shm", ".tmp-wal"]) rmSync(output + ending, { force: true });
    return run;
  };
  const walkitRestore = (facts) =>
    restoring(facts, process.execPath, [WALKIT, "restore", facts.replica, "-o", output]);
  const walkitVerify = (facts, level) => () =>
    measure(process.execPath, [WALKIT, "verify", facts.replica, "--level", level]);
  const litestreamRestore = (facts, peer = "litestream", found = litestream) =>
    present(
      peer,
      found && {
        id: "litestream",
        name: `litestream ${found.version} restore`,
        run: restoring(facts, found.program, ["restore", "-o", output, pathToFileURL(facts.replica).href]),
      },
    );

  let known;
  /** The replica that Litestream made, and its database. */
  const large = async () => {
    known ??= await largeReplica();
    if (known) await makeDatabase(known);
    else say("skipped: there is no replica of Litestream's, and no Litestream to make one");
    return known;
  };
  const aboutLarge = (facts) =>
    `Replica made by Litestream ${facts.litestream}: database ${megabytes(facts.databaseBytes)}, snapshot ${megabytes(facts.snapshotBytes)}, WAL ${megabytes(facts.walDecodedBytes)} before compression in ${facts.segments} segments, ${facts.indexes} indexes.`;

  async function restore() {
    const facts = await large();
    if (!facts) return undefined;
    const contestants = [
      { id: "restore", name: "walkit restore", run: walkitRestore(facts) },
      { id: "replay", name: "walkit verify --level replay", run: walkitVerify(facts, "replay") },
      { id: "integrity", name: "walkit verify --level integrity", run: walkitVerify(facts, "integrity") },
      ...litestreamRestore(facts),
      {
        id: "cp",
        name: "cp, of the finished file",
        run: restoring(facts, "cp", [DATABASE, output]),
        floor: true,
      },
    ];
    return {
      title: "Restore the newest state; verify everything",
      contestants: contestants.map((contestant) => ({ ...contestant, writes: 600 * MB })),
      about: aboutLarge(facts),
    };
  }

  async function many() {
    const facts = await manySegments();
    const contestants = [
      { id: "restore", name: "walkit restore", run: walkitRestore(facts) },
      { id: "replay", name: "walkit verify --level replay", run: walkitVerify(facts, "replay") },
      ...litestreamRestore(facts),
    ];
    return {
      title: `Restore and verify ${facts.segments} segments of one transaction`,
      contestants: contestants.map((contestant) => ({ ...contestant, writes: 300 * MB })),
      about: `Many segments: database ${megabytes(facts.databaseBytes)}, WAL ${megabytes(facts.walDecodedBytes)} before compression in ${facts.segments} segments, ${facts.indexes} indexes, written by SQLite and cut by the bench.`,
    };
  }

  async function ltx() {
    const facts = await ltxReplica();
    if (!facts) return undefined;
    const contestants = [
      { id: "restore", name: "walkit restore", run: walkitRestore(facts) },
      { id: "replay", name: "walkit verify --level replay", run: walkitVerify(facts, "replay") },
      ...litestreamRestore(facts, "litestream 0.5", litestream5),
    ];
    return {
      title: `Restore and verify ${facts.files} LTX files`,
      contestants: contestants.map((contestant) => ({ ...contestant, writes: 400 * MB })),
      about: `LTX files: a snapshot of a database of ${megabytes(facts.bytes)} and ${facts.files - 1} files of level 0 behind it, written by walkit.`,
    };
  }

  /** Often, since each run is short; quick runs as well. */
  async function startUp() {
    return {
      title: "Start",
      contestants: [
        {
          id: "version",
          name: "walkit --version",
          run: () => measure(process.execPath, [WALKIT, "--version"]),
        },
        { id: "node", name: "node -e 0", run: () => measure(process.execPath, ["-e", "0"]) },
      ],
      rounds: 25,
    };
  }

  /** A database and another one, larger in everything: time may grow as the data does, memory may not. */
  async function scale() {
    const pages = Math.round((gigabytes * 2 ** 30) / PAGE / TIMES);
    if (!hasRoom(pages * TIMES)) {
      say(`skipped: replicas of ${gigabytes} GiB need three times that much of free disk at ${DATA}`);
      return undefined;
    }
    const small = await scaledReplica({ pages, times: 1 });
    const larger = await scaledReplica({ pages: pages * TIMES, times: TIMES });
    const linked = await scaledReplica({ pages, times: 1, linked: true });
    const of = (facts, id, name, run, peers) => ({
      id,
      name: `walkit ${name}, ${megabytes(facts.databaseBytes)}`,
      run,
      peers,
      // With the spill, and what is kept of the replica.
      writes: id.startsWith("restore") ? facts.databaseBytes * 1.4 : 1,
    });
    return {
      title: `The same with ${TIMES} times the data`,
      contestants: [
        of(small, "restore", "restore", walkitRestore(small), []),
        of(larger, "restore-larger", "restore", walkitRestore(larger), ["restore"]),
        of(linked, "restore-linked", "restore, linked blocks", walkitRestore(linked), ["restore"]),
        of(small, "replay", "verify --level replay", walkitVerify(small, "replay"), []),
        of(larger, "replay-larger", "verify --level replay", walkitVerify(larger, "replay"), ["replay"]),
      ],
      rounds: Math.min(usualRounds, 3),
      about: [small, larger]
        .map(
          (facts) =>
            `Made up: database ${megabytes(facts.databaseBytes)}, snapshot ${megabytes(facts.snapshotBytes)}, WAL ${megabytes(facts.walDecodedBytes)} before compression in ${facts.segments} segments, ${facts.indexes} indexes.`,
        )
        .join("\n"),
    };
  }

  return { restore, many, ltx, ...lz4Groups({ large, present, aboutLarge }), "start-up": startUp, scale };
}

/** The codec by itself. */
function lz4Groups({ large, present, aboutLarge }) {
  const job = (codec, direction, file) =>
    measure(process.execPath, [JOB, codec, direction, file, "stream"], { keep: true });
  const alone = async (codec, direction, file, databaseBytes) => {
    const { stdout } = await measure(process.execPath, [JOB, codec, direction, file, "memory"], {
      keep: true,
    });
    const { seconds, bytes } = JSON.parse(stdout);
    return { wall: seconds, ratio: direction === "encode" ? databaseBytes / bytes : undefined };
  };
  const group = (title, contestantsOf, rounds) => async () => {
    const facts = await large();
    if (!facts) return undefined;
    const contestants = contestantsOf(facts, join(facts.replica, facts.snapshot));
    return { title, contestants, rounds, about: aboutLarge(facts) };
  };
  const ofLz4 = (name, run) => present("lz4", lz4 && { id: "lz4", name: `lz4 ${lz4.version}${name}`, run });
  const ofLz4js = (name, run) =>
    present("lz4js", lz4js && { id: "lz4js", name: `lz4js ${lz4js}${name}`, run });
  const encoding =
    (codec, { databaseBytes }) =>
    async () => {
      const run = await job(codec, "encode", DATABASE);
      return { ...run, ratio: databaseBytes / JSON.parse(run.stdout).bytes };
    };
  return {
    decode: group("LZ4 decode the snapshot, file to nowhere", (_, frame) => [
      { id: "walkit", name: "walkit", run: () => job("walkit", "decode", frame) },
      ...ofLz4("", () => measure("lz4", ["-dc", frame])),
      ...ofLz4js("", () => job("lz4js", "decode", frame)),
    ]),
    "decode-memory": group(
      "LZ4 decode the snapshot, the codec alone",
      (_, frame) => [
        { id: "walkit", name: "walkit, in memory", run: () => alone("walkit", "decode", frame) },
        ...ofLz4js(", in memory", () => alone("lz4js", "decode", frame)),
      ],
      // The codec alone has the best of three of its own.
      1,
    ),
    encode: group("LZ4 encode the database, file to nowhere", (facts) => [
      { id: "walkit", name: "walkit", run: encoding("walkit", facts) },
      ...ofLz4(" -1 -B7", async () => ({
        ...(await measure("lz4", ["-1", "-B7", "-c", DATABASE])),
        ratio: lz4Ratio(),
      })),
      ...ofLz4js("", encoding("lz4js", facts)),
    ]),
    "encode-memory": group(
      "LZ4 encode the database, the codec alone",
      ({ databaseBytes }) => [
        {
          id: "walkit",
          name: "walkit, in memory",
          run: () => alone("walkit", "encode", DATABASE, databaseBytes),
        },
        ...ofLz4js(", in memory", () => alone("lz4js", "encode", DATABASE, databaseBytes)),
      ],
      1,
    ),
  };
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
