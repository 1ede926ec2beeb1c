/** The words of the sign at the top, which gives the verdict on a replica. */

import { formatNumber } from "./format.ts";
import { plural } from "./plural.ts";

/** Where the unproven steps from one WAL index to the next are. */
export interface StepsPlace {
  /** How many steps. */
  count: number;
  /** Name of the moment before the first step. */
  from: string;
  /** Name of the moment after the last step. */
  to: string;
}

const NUMBERS = ["No", "One", "Two", "Three", "Four", "Five", "Six"];

export const sign = {
  checking: "Checking this backup",
  checkingMore: "Every checksum, every commit. You can look around meanwhile.",
  checkAgain: "Check again",
  notChecked: "Not checked.",
  checkCancelled: "The check was cancelled, so nothing is known of this backup’s health.",
  verdictGood: "Good.",
  verdictDamaged: "Damaged.",
  verdictUnsure: "Not sure.",
  verdictUnproven: "Whole, but not proven.",
  verdictEmpty: "Empty.",
  goodSentence: (from: string, to: string, timelines: number) =>
    from === to
      ? `There is one moment, ${from}, and it can be brought back.`
      : `Every moment from ${from} to ${to}${timelines > 1 ? `, on all ${formatNumber(timelines)} timelines,` : ""} can be brought back.`,
  mostlySentence: (from: string, to: string, n: number) =>
    `Moments from ${from} to ${to} can be brought back, all but ${n === 1 ? "one stretch" : `${formatNumber(n)} stretches`} of them.`,
  goodTimelines: (n: number) => `Every moment of all ${formatNumber(n)} timelines can be brought back.`,
  mostlyTimelines: (n: number, lost: number) =>
    `All ${formatNumber(n)} timelines can be brought back, but for ${lost === 1 ? "one stretch" : `${formatNumber(lost)} stretches`} of moments.`,
  newestCorrupt: (time: string) =>
    `The newest state, ${time}, can be brought back as it stands, but SQLite itself finds it corrupt.`,
  otherCorrupt: (time: string) =>
    `The newest state, ${time}, can be brought back. On another timeline the last state can as well, but SQLite finds it corrupt.`,
  someLost: (time: string) => `The newest state, ${time}, can be brought back, but not everything before it.`,
  nothingThere: "Nothing is wrong here, but there is nothing to bring back either.",
  nothingLeft: "Nothing in this backup can be brought back completely.",
  newestTimelineLost: "Nothing of the newest timeline can be brought back completely. Older ones can.",
  endLost: (time: string) =>
    `The newest state is lost. The latest moment that can be brought back is ${time}.`,
  nothingLost: (time: string) =>
    `A file is broken, but what it held is there twice: every moment up to ${time} can still be brought back.`,
  middleLost: (time: string, n: number, isSpread: boolean) =>
    `The newest state, ${time}, can be brought back. ${NUMBERS[n] ?? formatNumber(n)} ${n === 1 ? "stretch" : "stretches"} of moments before it${isSpread ? " or on other timelines" : ""} cannot.`,
  /** Words for replicas that walkit cannot read, by the code of the finding. */
  unread: {
    "replica/encrypted": {
      word: "Encrypted.",
      sentence: "Nothing is known to be wrong, but without the key nothing can be said of it.",
      more: "Decrypt a copy first, each file by itself, with age and its key. Then open that.",
    },
  } as Record<string, { word: string; sentence: string; more: string }>,
  unsureSentence: "Not everything could be found out.",
  checked: (transactions: number, files: number, integrity: boolean, warnings: number) =>
    [
      `${plural(transactions, "transaction", "transactions")} in ${plural(files, "file", "files")} checked`,
      integrity ? ", and SQLite finds the newest state in order" : "",
      warnings > 0 ? `. ${plural(warnings, "warning", "warnings")}` : "",
      ".",
    ].join(""),
  someUnproven: "Not everything is proven: see the report.",
  /** The first file of a WAL index does not say which commit came before it. */
  stepsUnproven: ({ count, from, to }: StepsPlace) =>
    `That no WAL is missing ${count > 1 ? `at ${formatNumber(count)} places ` : ""}between ${from} and ${to} is not proven.`,
  stepsBroken: ({ count, from, to }: StepsPlace) =>
    `Most likely some WAL is missing ${count > 1 ? `at one of ${formatNumber(count)} places ` : ""}between ${from} and ${to}, where nothing proves that it is all there.`,
  notGiven: (size: string) =>
    `SQLite’s own check of the newest state was left out: it would hold all ${size} of the database in memory.`,
  giveToSqlite: "Have SQLite check it too",
  problems: (n: number) => `${plural(n, "problem", "problems")} found.`,
  readReport: "Read the report",
};
