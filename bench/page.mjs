/**
 * The page in a real Chromium, in front of a large replica:
 *
 *     node bench/page.mjs [--many] [--quick] [--page <dir>] [--json]
 *
 * A database of some 400 MB is opened, verified and restored, beside the same restore by the command in Node; with
 * `--many` instead, a small one in 111,000 WAL segments is opened and moved through. Each figure is the median of several
 * runs, each with a browser of its own, after one that does not count. `--page`: another build of the page than `dist/web`,
 * to hold one against the other. The page is given the replica as a dropped folder, the many segments as a dropped archive,
 * and restores into its private file system.
 */

import { rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { sha256 } from "./application.mjs";
import { largeReplica } from "./make-replica.mjs";
import { measure, medianOf } from "./measure.mjs";
import { hasChromium, OpenPage, serve } from "./page-chromium.mjs";
import { segmentsByTheThousand } from "./page-many.mjs";
import { DATA, describeMachine, requireBuild, WALKIT } from "./peers.mjs";
import { megabytes, seconds } from "./table.mjs";

const { values: flags } = parseArgs({
  options: {
    many: { type: "boolean" },
    quick: { type: "boolean" },
    page: { type: "string", default: fileURLToPath(new URL("../dist/web", import.meta.url)) },
    json: { type: "boolean" },
  },
});
const ROUNDS = flags.quick ? 1 : 3;
/** Seconds: a task that takes longer is felt. */
const BOUND = 0.1;
const OUTPUT = join(DATA, "page-restored.db");

const say = (line) => console.error(line);

/** A phase's figures under its name. */
const named = (name, { seconds: times, ...figures }) =>
  Object.fromEntries(
    Object.entries({ ...figures, time: times.at(-1) }).map(([figure, value]) => [`${name} ${figure}`, value]),
  );

async function largeRun(url, facts, isFirst) {
  const opened = await OpenPage.at(url, { keeps: isFirst });
  try {
    const { page } = opened;
    const verdict = await opened.watch(
      () => opened.drop(facts.replica),
      ".sign-plate",
      ".sign-plate:not(.checking)",
    );
    const word = await page.locator(".sign-word").textContent();
    if (word !== "Good.") throw new Error(`the page says of the replica: ${word}`);
    // Whatever the page does by itself besides is over.
    await page.waitForSelector(".inspector:not(.stale)");
    const button = page.getByRole("button", { name: "Restore this moment" });
    const download = isFirst ? page.waitForEvent("download") : undefined;
    const restored = await opened.watch(() => button.click(), ".restore .card.good, .restore .card.bad");
    if (isFirst) {
      await (await download).saveAs(OUTPUT);
      if ((await sha256(OUTPUT)) !== facts.sha256)
        throw new Error("the page restored other bytes than there were");
    }
    rmSync(OUTPUT, { force: true });
    const node = await measure(process.execPath, [WALKIT, "restore", facts.replica, "-o", OUTPUT]);
    rmSync(OUTPUT);
    const ratio = restored.seconds[0] / node.wall;
    return {
      browser: opened.version,
      ...{ "open time": verdict.seconds[0], ...named("verify", verdict), ...named("restore", restored) },
      ...{ "node time": node.wall, "node peak": node.rss, "restore ratio": ratio },
    };
  } finally {
    await opened.close();
  }
}

async function manyRun(url, { archive }) {
  const opened = await OpenPage.at(url);
  try {
    const { page } = opened;
    const verdict = await opened.watch(
      () => opened.drop(archive),
      ".sign-plate",
      ".sign-plate:not(.checking)",
      ".inspector:not(.stale)",
    );
    const keys = async (name, times) => {
      for (let i = 0; i < times; i++) await page.keyboard.press(name);
    };
    const moved = await opened.watch(async () => {
      await page.locator(".scrubber-range").focus();
      await keys("ArrowLeft", 20);
      await keys("PageUp", 20);
      await keys("+", 12);
      await keys("0", 1);
      await page.getByText("Commits", { exact: true }).click();
      await keys("Home", 1);
    }, ".picture");
    return {
      browser: opened.version,
      ...{ "open time": verdict.seconds[0], ...named("verify", verdict), ...named("move", moved) },
    };
  } finally {
    await opened.close();
  }
}

const size = (bytes) => (bytes < 1e6 ? `${bytes} bytes` : megabytes(bytes));
const milliseconds = (value) => `${(value * 1000).toFixed(0)} ms`;
const phase = (name, about) => [
  [`${about}: memory of its process, at most`, megabytes, `${name} peak`],
  [
    `${about}: longest task of the page's own thread`,
    (value) => (value ? milliseconds(value) : "below 50 ms"),
    `${name} task`,
  ],
  [`${about}: longest gap between two frames`, milliseconds, `${name} gap`],
  [`${about}: frames a second`, (value) => value.toFixed(0), `${name} frames`],
];
const LINES = {
  large: [
    ["from the drop to the picture", seconds, "open time"],
    ["from the drop to the verdict", seconds, "verify time"],
    ...phase("verify", "opening and verifying"),
    ["restored, into the page's private files", seconds, "restore time"],
    ["restored by `walkit restore`", seconds, "node time"],
    ["*page ÷ command*", (value) => value.toFixed(2), "restore ratio"],
    ...phase("restore", "restoring"),
    ["`walkit restore`: memory, at most", megabytes, "node peak"],
  ],
  many: [
    ["from the drop to the picture", seconds, "open time"],
    ["from the drop to the verdict", seconds, "verify time"],
    ...phase("verify", "opening and verifying"),
    ...phase("move", "moving through it"),
  ],
};

/** Without a value where nothing could be measured. */
function tableOf(lines, medians, runs) {
  const rows = lines
    .filter(([, , figure]) => medians[figure] !== undefined)
    .map(([about, format, figure]) => {
      const values = runs.map((run) => run[figure]);
      return `| ${about} | ${format(medians[figure])} | ${format(Math.min(...values))} – ${format(Math.max(...values))} |`;
    });
  return ["| | median | from, to |", "|---|--:|--:|", ...rows];
}

requireBuild();
if (!hasChromium) {
  say("there is no Chromium on this machine (CHROMIUM names one): nothing was measured");
  process.exit(1);
}
const facts = flags.many ? await segmentsByTheThousand() : await largeReplica();
if (!facts) {
  say("there is no Litestream for this machine, and no replica of it: nothing was measured");
  process.exit(1);
}
const site = await serve(flags.page);
const runs = [];
try {
  for (let round = 0; round <= ROUNDS; round++) {
    say(round === 0 ? "a run that does not count" : `run ${round} of ${ROUNDS}`);
    const run = await (flags.many ? manyRun : largeRun)(site.url, facts, round === 0);
    if (round > 0) runs.push(run);
  }
} finally {
  site.close();
}
const medians = medianOf(runs);
const worst = Math.max(
  ...runs.flatMap((run) => [run["verify task"], run["restore task"] ?? run["move task"]]),
);
const isMet = worst < BOUND;
const about = [
  `Machine: ${describeMachine()}, ${runs[0].browser}, headless.`,
  `Replica: database ${size(facts.databaseBytes)}, snapshot ${size(facts.snapshotBytes)}, WAL ${megabytes(facts.walDecodedBytes)} before compression in ${facts.segments} segments, ${facts.indexes} indexes.`,
  `No task of the page's own thread takes ${milliseconds(BOUND)}: ${isMet ? "true of every run" : `**not met**, the longest took ${milliseconds(worst)}`}.`,
];
if (flags.json) console.log(JSON.stringify({ about, medians, runs }, null, 2));
else console.log([...tableOf(flags.many ? LINES.many : LINES.large, medians, runs), "", ...about].join("\n"));
if (!isMet) process.exitCode = 1;
