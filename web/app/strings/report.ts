/** The report's own words. What is said of its findings is in `remedies.ts`, or the library's. */

import type { FilesOfLevel } from "../../../src/replay/catalog.ts";
import { formatNumber } from "./format.ts";
import { plural } from "./plural.ts";

export const report = {
  report: "Report",
  reportWaiting: "The report is here as soon as the check is done.",
  whatCanBeRestored: "What can be brought back",
  whatWasFound: "What was found",
  foundNoFault: "No file has a fault. What nothing proves is said above.",
  foundNothing: "Nothing is wrong, and nothing is odd.",
  nothingRestorable: "Nothing",
  nothingKnown: "Nothing is known of it",
  leftOut: (n: number) => `${plural(n, "entry", "entries")} of the archive left out`,
  leftOutSeen: (n: number) =>
    `${plural(n, "entry", "entries")} of the archive ${n === 1 ? "was" : "were"} left out: see the end of the report.`,
  leftOutEntry: (path: string, reason: string) => `${path}: ${reason}`,
  foundSoFar: "Found while opening",
  everyMoment: (from: string, to: string) => `Every moment from ${from} to ${to}`,
  severalMoments: (n: number, from: string, to: string) =>
    `${plural(n, "moment", "moments")} from ${from} to ${to}`,
  oneMoment: (at: string) => `One moment: ${at}`,
  salvageOnly: "by a salvage on the command line only",
  salvageGives: (moment: string) =>
    `A salvage on the command line brings back the state of ${moment}, and says what is lost`,
  newest: "newest state",
  toItsEnd: "to its end",
  lostBetween: (after: string, before: string) =>
    `Lost: what was committed after ${after} and before ${before}`,
  noneBetween: (after: string, before: string) =>
    `No moment is kept between ${after} and ${before}: one file leads over all of it`,
  lostAfter: (after: string) => `Lost: what was committed after ${after}`,
  goToEnd: "Go there",
  showInPicture: "Show in the picture",
  snapshots: (n: number) => plural(n, "snapshot", "snapshots"),
  segments: (n: number) => plural(n, "WAL segment", "WAL segments"),
  ltxFiles: (levels: readonly FilesOfLevel[]) => {
    const all = plural(
      levels.reduce((sum, { files }) => sum + files, 0),
      "LTX file",
      "LTX files",
    );
    if (levels.length < 2) return all;
    const each = levels.map(({ level, files }) => `${formatNumber(files)} of level ${level}`);
    return `${all}: ${each.join(", ")}`;
  },
  transactions: (n: number) => plural(n, "transaction", "transactions"),
  databaseOf: (size: string) => `database of ${size}`,
  integrity: {
    ok: "SQLite finds it in order",
    failed: "SQLite finds it corrupt",
    skipped: "SQLite’s own check was not run",
    notGiven: "SQLite’s own check was left out",
  },
  severity: {
    damage: "Damage",
    inconclusive: "Could not be found out",
    warning: "Odd",
    info: "Worth knowing",
  },
  whatToDo: "What to do:",
  findingIn: {
    snapshot: "In a snapshot",
    segment: "In a piece of WAL",
    ltx: "In an LTX file",
    place: "In the backup",
  },
  onTimeline: (id: number) => `on timeline ${id}`,
  afterMoment: (moment: string) => `behind ${moment}`,
  beforeFirst: "before the first moment",
  atByte: (offset: string, decoded: boolean) => `byte ${offset}${decoded ? " of its content" : ""}`,
  morePlaces: (n: number) => `${formatNumber(n)} more`,
  limits: "What no check of a backup can tell",
  limitsText: (hasWal: boolean) => [
    "If the newest files are gone without a trace, nothing in the others says so. Compare the newest time above with when something was last written.",
    ...(hasWal ? ["Where a WAL index lost its last segment, that is found in most cases, not in all."] : []),
  ],
};
