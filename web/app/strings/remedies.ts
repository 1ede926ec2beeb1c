/** What to do next, where the library's own words would name a command line: in terms of what the page has. */

import type { ErrorCode } from "../../../src/errors.ts";
import {
  FILE_DAMAGED,
  SNAPSHOT_DAMAGED,
  SNAPSHOT_FILE,
  SOMETHING_MISSING,
  WAL_DAMAGED,
  type Words,
} from "../../../src/words/codes.ts";
import { REMEDY_WORDS, type RemedyWords, stepsText } from "../../../src/words/index.ts";

const OUTSIDE_DAMAGE =
  "Bring this file back from another copy of the replica. Until then restore a moment outside the damage";
const OLDER_SNAPSHOT =
  "Where an older snapshot and the WAL since then are whole, restoring a moment uses these by itself";
const ANOTHER_MOMENT = "Choose another moment";
const ON_THE_TIMELINE = "Choose a moment on the timeline that is meant";
const NEEDS_TIMES = "Copy the replica again in a way that keeps its files’ times";
const LISTED_ANEW = "have the history of this timeline written anew on the machine that restores";
const OTHER_PLACE = "Choose another place for the database";

/** What is usually to be done, by the library's words for several codes. */
const usualByWords: ReadonlyMap<Words, string> = new Map([
  [FILE_DAMAGED, OUTSIDE_DAMAGE],
  [WAL_DAMAGED, OUTSIDE_DAMAGE],
  [
    SOMETHING_MISSING,
    "Bring the missing files back from another copy of the replica. Until then restore a moment outside the gap",
  ],
  [SNAPSHOT_DAMAGED, `Nothing, if there is an older one. ${OLDER_SNAPSHOT}`],
  [SNAPSHOT_FILE, `Bring it back from another copy of the replica. ${OLDER_SNAPSHOT}`],
]);

const usualByCode: Readonly<Partial<Record<ErrorCode, string>>> = {
  "replica/not-a-replica":
    "Open the folder that holds “generations” or “ltx”, or an archive of it; of LiteFS the folder of its data",
  "replica/ltx": "Open the folder that holds “ltx”, as Litestream wrote it, or the folder of LiteFS’s data",
  "replica/clock-set-back":
    "Nothing. Choose moments within that time by their place in the picture, not by their time",
  "replica/merge-mismatch": "Restore the moments before and at the end of the merged file, and compare",
  "replica/wal-gap": "Compare the restored database with what is known of it, or have SQLite check it",
  "replica/encrypted": "Decrypt a copy of the replica first, each file by itself, with age and its key",
  "replica/uncommitted-tail":
    "Bring the file back from another copy of the replica, or restore a moment before this transaction",
  "replica/missing-transactions":
    "Bring the missing files back from another copy of the replica. Until then restore a moment before this place",
  "replica/unproven-step":
    "Compare the restored database with what is known of it, or have SQLite check it: at any moment the page can",
  "replica/snapshot-ambiguous":
    "Restore the moment before the snapshot, and that of the snapshot, and compare",
  "replica/snapshot-mismatch": "Restore the moments before and after the snapshot, and compare",
  "replica/times-untrusted": NEEDS_TIMES,
  "replica/changed-while-reading": "Open it again",
  "timeline/history": `Correct the line, or delete the file and ${LISTED_ANEW}`,
  "timeline/contradiction": `Decide which file is right, delete the other one and ${LISTED_ANEW}`,
  "timeline/parent-gone": "Bring that generation’s folder back from another copy, or choose a later moment",
  "timeline/unknown-child": ON_THE_TIMELINE,
  "target/no-generation": ON_THE_TIMELINE,
  "target/no-timeline": ON_THE_TIMELINE,
  "target/no-restore-point": ANOTHER_MOMENT,
  "target/not-in-history": ON_THE_TIMELINE,
  "target/ambiguous-generation": ON_THE_TIMELINE,
  "target/no-snapshot": "Choose a later moment",
  "target/out-of-range": ANOTHER_MOMENT,
  "storage/not-found": "Open it again",
  "storage/unreadable": "Check that it is there and that you may read it, then open it again",
  "output/exists": OTHER_PLACE,
  "output/in-use": "Stop what uses the database, or choose another place for this one",
  "runtime/permission": "Allow it, then try again",
  "runtime/memory": "Close other tabs and programs, then try again",
};

/** What a code means, where the library's words speak of the command line. */
const meaningByCode: Readonly<Partial<Record<ErrorCode, string>>> = {
  "output/in-use": "The database that would be replaced is in use, or its application was killed",
};

const BACK = "Bring that generation’s folder back from another copy of the replica";

/** The others are as the library words them. */
const remedyWords: RemedyWords = {
  ...REMEDY_WORDS,
  "point-at-replica": () => usualByCode["replica/not-a-replica"],
  "open-replica": () => usualByCode["replica/not-a-replica"],
  "read-configuration": () =>
    "Look into litestream.yml: “replicas” says where Litestream puts the replica. Open that folder",
  unpack: (remedy, ...rest) =>
    remedy.because === "more-behind-its-end"
      ? "It is damaged, or several archives in one: unpack all of it, look through it, and open the folder"
      : remedy.because === "no-room"
        ? "Unpack it into a folder, and open that"
        : REMEDY_WORDS.unpack(remedy, ...rest),
  pack: ({ how }) =>
    ({
      "without-sparse-files": "Make the archive without sparse files, or open the folder itself",
      "following-links": "Make the archive anew, with the files that links lead to in place of the links",
      "as-tar": "Open the replica’s folder, or a .tar, .tar.gz or .zip of it",
    })[how],
  copy: ({ from }) =>
    from === "cloud"
      ? "Copy the replica to a folder first, in a way that keeps its files’ times, then open that folder"
      : "Copy the replica out through the MinIO server, in a way that keeps its files’ times, and open the copy",
  "bring-back": (remedy, ...rest) => {
    if (remedy.what !== "generation" || !remedy.nearest) return REMEDY_WORDS["bring-back"](remedy, ...rest);
    return `${BACK}, or choose another moment`;
  },
  permit: () => usualByCode["runtime/permission"],
  "raise-limit": () => "Close other programs, then try again",
  "make-room": () => "Free some space, then try again",
  "run-again": ({ because }) =>
    ({
      connection: "The connection may have broken off: try again",
      ranges: "The server does not do ranges as it should, or the file has changed meanwhile: open it again",
      deleted:
        "It may have been deleted meanwhile (Litestream’s retention does that): open the replica again",
    })[because],
  list: ({ what }) => (what === "generations" ? ON_THE_TIMELINE : "Choose a later moment"),
  "choose-generation": () => ON_THE_TIMELINE,
  "name-generation": () => ON_THE_TIMELINE,
  "restore-other-generation": ({ first }, word) => {
    const text = word(first);
    const other = "The moments of other timelines can be restored all the same";
    return text === undefined ? other : `${text}. ${other}`;
  },
  "choose-moment": ({ nearest }) => {
    if (nearest.length === 0) return ANOTHER_MOMENT;
    const texts = nearest.map(({ generation, position, time }) =>
      [time, position, `generation ${generation}`].filter((part) => part !== undefined).join(", "),
    );
    return `Choose another moment. The nearest that can be had: ${texts.join("; or ")}`;
  },
  "choose-reading": () => "This time came more than once: choose one of its moments in the picture",
  "restore-by-position": () =>
    "Choose moments within that time by their place in the picture, not by their time",
  "copy-with-times": () => `${NEEDS_TIMES}, or choose a moment by its place in the picture`,
  "restore-earlier-index": () => "For an earlier state choose an earlier moment",
  salvage: () =>
    "Choose a moment that can be restored. The state itself can be had on the command line, as a salvage that SQLite checks",
  "look-at-steps": ({ steps, besides }, word, usual) =>
    `Look first where nothing proves that one WAL index goes on where the one before it ended (${stepsText(steps)}): the end of a WAL may be lost there. ${word(besides) ?? usual}`,
  "doubt-steps": ({ steps }) =>
    `Most likely the end of a WAL index is lost, where nothing proves that one goes on where the other ended (${stepsText(steps)}). Bring it back from another copy of the replica, or restore a moment before that`,
  "check-elsewhere": () =>
    "Restore the database, then run PRAGMA integrity_check where the application’s functions, collations and modules are, or with the sqlite3 tool",
  "make-way": () => OTHER_PLACE,
  "shorten-output": () => "Choose a shorter name for the database",
  "give-owner": () => "Give the database to the owner of the one that it replaces",
  "stop-application": () => "Stop what uses the database, then try again",
  "correct-history": () => "Delete that history file first if it is wrong",
  "rename-restore-point": () => "Choose another name",
};

export const remedies = { usualByWords, usualByCode, meaningByCode, remedyWords };
