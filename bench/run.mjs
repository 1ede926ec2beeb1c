/**
 * walkit beside the programs that it is compared with, in one run:
 *
 *     node bench/run.mjs [--quick] [--only <group>] [--scale [--gigabytes 4]] [--folder <dir>] [--json]
 *
 * Groups: restore, many, ltx, decode, encode, start-up, and scale, which takes minutes and gigabytes and has to be asked for,
 * by `--scale` or `--only scale`; databases below 4 GiB fit too well into what is kept in memory to tell anything there.
 * See `groups.mjs` for what they do, `targets.mjs` for what they should come to.
 *
 * Each figure is the median of several runs that take turns (A B A B …) after one that does not count. Every run is a
 * process of its own from start to end, files in the page cache. Replicas are made first if they are not there yet, and
 * kept under `bench/.data`: delete that to have them made afresh.
 */

import { spawnSync } from "node:child_process";
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { groupsFor } from "./groups.mjs";
import { HOW, medianOf } from "./measure.mjs";
import { DATA, describeMachine, requireBuild } from "./peers.mjs";
import { tableOf, targetsTable } from "./table.mjs";
import { heldAgainst } from "./targets.mjs";

const { values: flags } = parseArgs({
  options: {
    quick: { type: "boolean" },
    only: { type: "string" },
    scale: { type: "boolean" },
    // Size of the larger database of the scale group.
    gigabytes: { type: "string", default: "4" },
    folder: { type: "string", default: DATA },
    json: { type: "boolean" },
  },
});
/** `--folder`: to restore to another disk, or into memory (/dev/shm), where writing and flushing cost nothing. */
const OUTPUT = join(flags.folder, "walkit-bench.db");

/** Bytes that take seconds to write. */
const LONG = 2e9;

/** Standard error: standard output is for the table. */
const say = (line) => console.error(line);

/**
 * The same state for everyone: nothing left of what the one before wrote, and as much memory freed just now as a restore
 * fills with files. Pages that a virtual machine has never touched, or that its host took back meanwhile, cost ten times
 * the usual: writing 4 GiB takes 1 s, and 9 s after a pause of 8 s. So what a long run fills is freed when it has begun;
 * before a short one, which it would disturb.
 */
function settle(bytes) {
  const piece = new Uint8Array(1 << 20);
  const file = openSync(`${OUTPUT}.settle`, "w");
  for (let done = 0; done < bytes; done += piece.length) writeSync(file, piece);
  closeSync(file);
  const free = () => rmSync(`${OUTPUT}.settle`);
  if (bytes < LONG) free();
  spawnSync("sync");
  if (bytes >= LONG) setTimeout(free, 50);
}

/** Medians and single runs, in the order of the contestants. The first round does not count. */
async function compare(contestants, rounds) {
  const runs = contestants.map(() => []);
  for (let round = 0; round <= rounds; round++) {
    for (const [i, { run, writes }] of contestants.entries()) {
      if (writes) settle(writes);
      const measured = await run();
      if (round > 0) runs[i].push(measured);
    }
  }
  return { medians: runs.map(medianOf), runs };
}

/** Whether the group is to be measured: scale only where it is asked for. */
function isAsked(name) {
  if (flags.only !== undefined) return name.startsWith(flags.only);
  return name !== "scale" || flags.scale;
}

requireBuild();
if (!(Number(flags.gigabytes) > 0)) {
  say(`Expected --gigabytes to be a number above 0, found ${flags.gigabytes}`);
  process.exit(2);
}
mkdirSync(DATA, { recursive: true });
const usualRounds = flags.quick ? 1 : 5;
const results = [];
const abouts = new Set();
const options = { output: OUTPUT, gigabytes: Number(flags.gigabytes), usualRounds, say };
for (const [name, groupOf] of Object.entries(groupsFor(options))) {
  if (!isAsked(name)) continue;
  const group = await groupOf();
  if (!group) continue;
  say(`measuring: ${group.title}`);
  const { title, contestants, about, rounds = usualRounds } = group;
  results.push({ name, title, rounds, contestants, ...(await compare(contestants, rounds)) });
  if (about) abouts.add(about);
}
if (results.length === 0) {
  say("nothing was measured");
  process.exit(1);
}
const targets = heldAgainst(results);
const about = [
  `Machine: ${describeMachine()}.`,
  ...abouts,
  `Restored to ${flags.folder === DATA ? "disk" : flags.folder}. Medians of runs that take turns; ${HOW}. "The codec alone": input in memory, the best of three in one process.`,
];
if (flags.json) console.log(JSON.stringify({ about, results, targets }, null, 2));
else console.log([...tableOf(results), "", ...targetsTable(targets), "", ...about].join("\n"));
