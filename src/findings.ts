/**
 * The contract of findings: for every code, how grave it is, what it means for the owner of the database, and what to
 * do. `docs/findings.md` is written from this table (`npm run docs`).
 */

import { type ErrorCode, WalkitError } from "./errors.ts";

/**
 * - `damage`: bytes that are not right, or a moment that can no longer be brought back completely
 * - `inconclusive`: walkit could not find out
 * - `warning`: odd, and worth knowing, but nothing is lost by it
 * - `info`: worth a line
 */
export type Severity = "damage" | "inconclusive" | "warning" | "info";

/** One thing found in a replica, in the owner's terms. */
export interface Finding {
  code: ErrorCode;
  severity: Severity;
  /** What was expected and what was found. */
  message: string;
  /** What it means for the database's owner. */
  meaning: string;
  /** What to do next. */
  action: string;
  generation: string | undefined;
  /** `<index>:<offset>`, hexadecimal: the place in the generation's WAL. */
  position: string | undefined;
  /** The file, as the storage names it. */
  path: string | undefined;
  /** Byte offset in that file; with `decoded`, in what it decompresses to. */
  offset: number | undefined;
  decoded: boolean | undefined;
  /** Number of the WAL frame within its WAL, from 0. */
  frame: number | undefined;
}

interface Rule {
  severity: Severity;
  meaning: string;
  action: string;
}

const FILE_DAMAGED: Omit<Rule, "severity"> = {
  meaning: "The file is not as Litestream wrote it. What it held cannot be trusted from here on",
  action:
    "Bring this file back from another copy of the replica. Until then: walkit restore --salvage, or restore a moment outside the damage",
};

const WAL_DAMAGED: Omit<Rule, "severity"> = {
  meaning:
    "The WAL is broken at this place. SQLite ends a WAL silently here; what follows would be applied to the wrong state",
  action:
    "Bring this file back from another copy of the replica. Until then: walkit restore --salvage, or restore a moment outside the damage",
};

const LTX_DAMAGED: Omit<Rule, "severity"> = {
  meaning:
    "The LTX file is not as it was written. The transactions in it cannot be trusted, nor can what later files build on them",
  action:
    "Bring this file back from another copy of the replica, or restore a moment before its transactions",
};

const SOMETHING_MISSING: Omit<Rule, "severity"> = {
  meaning: "Transactions are missing. Every state after this place, up to the next good snapshot, is lost",
  action:
    "Bring the missing files back from another copy of the replica. Until then: walkit restore --salvage, or restore a moment outside the gap",
};

const SNAPSHOT_DAMAGED: Omit<Rule, "severity"> = {
  meaning: "This snapshot is no database that a restore could start from",
  action: "Nothing, if an older snapshot and its WAL are whole: walkit restore uses those by itself",
};

/** For a damaged file that turns out to be a snapshot. */
const SNAPSHOT_FILE: Omit<Rule, "severity"> = {
  meaning: "The snapshot is not as Litestream wrote it, and cannot be used",
  action:
    "Bring it back from another copy of the replica. Where an older snapshot and the WAL since then are whole, walkit restore uses these by itself",
};

const ASK_AGAIN = "Look at the message, then run the command again";

export const RULES: Readonly<Record<ErrorCode, Rule>> = {
  "lz4/bad-magic": { severity: "damage", ...FILE_DAMAGED },
  "lz4/truncated": { severity: "damage", ...FILE_DAMAGED },
  "lz4/header": { severity: "damage", ...FILE_DAMAGED },
  "lz4/header-checksum": { severity: "damage", ...FILE_DAMAGED },
  "lz4/dictionary": {
    severity: "damage",
    meaning:
      "The file was compressed with a dictionary, which a replica does not hold, and cannot be read without it",
    action: "Decompress it with that dictionary and compress it again without one",
  },
  "lz4/block-size": { severity: "damage", ...FILE_DAMAGED },
  "lz4/block-data": { severity: "damage", ...FILE_DAMAGED },
  "lz4/block-checksum": { severity: "damage", ...FILE_DAMAGED },
  "lz4/content-checksum": { severity: "damage", ...FILE_DAMAGED },
  "lz4/content-size": { severity: "damage", ...FILE_DAMAGED },
  "lz4/trailing-data": {
    severity: "warning",
    meaning:
      "Bytes follow the end of the LZ4 frame. All that the frame holds is right; what follows is ignored",
    action: "Nothing for the data's sake. Find out what wrote to the replica besides Litestream",
  },
  "lz4/output-limit": {
    severity: "inconclusive",
    meaning: "The file decompresses to more than was allowed",
    action: "Raise the limit if the file is to be trusted",
  },
  "wal/truncated": { severity: "damage", ...WAL_DAMAGED },
  "wal/bad-magic": { severity: "damage", ...WAL_DAMAGED },
  "wal/version": { severity: "damage", ...WAL_DAMAGED },
  "wal/page-size": { severity: "damage", ...WAL_DAMAGED },
  "wal/header-checksum": { severity: "damage", ...WAL_DAMAGED },
  "wal/salt": { severity: "damage", ...WAL_DAMAGED },
  "wal/frame-checksum": { severity: "damage", ...WAL_DAMAGED },
  "wal/page-number": { severity: "damage", ...WAL_DAMAGED },
  "ltx/bad-magic": { severity: "damage", ...LTX_DAMAGED },
  "ltx/extinct": {
    severity: "inconclusive",
    meaning:
      "The file is in a layout that LiteFS used before its first release with the present format. Nothing reads it any more, so nothing can be said of what it holds",
    action: "Read it with the LiteFS that wrote it (0.1, or 0.2.0-beta1), and export the database from there",
  },
  "ltx/truncated": {
    severity: "damage",
    meaning:
      "The end of the LTX file is missing: its upload or copy broke off, or something cut it. The transactions in it cannot be applied",
    action:
      "Bring this file back from another copy of the replica, or restore a moment before its transactions",
  },
  "ltx/header": { severity: "damage", ...LTX_DAMAGED },
  "ltx/page-header": { severity: "damage", ...LTX_DAMAGED },
  "ltx/page-order": { severity: "damage", ...LTX_DAMAGED },
  "ltx/page-number": { severity: "damage", ...LTX_DAMAGED },
  "ltx/page-data": { severity: "damage", ...LTX_DAMAGED },
  "ltx/missing-page": {
    severity: "damage",
    meaning:
      "A page that the file should hold is not in it: a database restored from it would have a hole there",
    action: "Restore a moment that begins with another snapshot, or bring this file back from another copy",
  },
  "ltx/index": {
    severity: "damage",
    meaning:
      "The file's index of its pages does not fit the pages. Programs that fetch single pages through it would read wrong ones, or none",
    action: "Bring this file back from another copy of the replica",
  },
  "ltx/trailer": { severity: "damage", ...LTX_DAMAGED },
  "ltx/file-checksum": { severity: "damage", ...LTX_DAMAGED },
  "ltx/database-checksum": {
    severity: "damage",
    meaning:
      "The file is as it was written, but the database that it leads to is not the one that its writer had: pages were lost or changed before, or as, it was written",
    action:
      "Restore an earlier moment and compare. If the original database is still there, check it with PRAGMA integrity_check and take a new snapshot",
  },
  "ltx/trailing-data": {
    severity: "damage",
    meaning: "Bytes follow the end of the LTX file. Other programs refuse such a file",
    action:
      "Bring this file back from another copy of the replica, and find out what wrote to the replica besides its program",
  },
  "ltx/name": {
    severity: "damage",
    meaning:
      "The file's name speaks of other transactions than the file itself: it was renamed, or is here by mistake. Programs that go by names would apply it at the wrong place",
    action: "Find out which of the two is right. If it is the file, give it the name that its header says",
  },
  "ltx/chain": {
    severity: "damage",
    meaning:
      "The file does not go on where the one before it ends: transactions between them are missing, or one of the two is of another database",
    action:
      "Bring the missing files back from another copy of the replica, or restore a moment before this place",
  },
  "ltx/database-header": {
    severity: "warning",
    meaning:
      "The first page of the database does not say what the file says of it. An encrypted database has that effect; else the page was wrong when it was written",
    action: "Restore the database and run PRAGMA integrity_check",
  },
  "ltx/unusual": {
    severity: "warning",
    meaning:
      "The file has something in it that no known program writes. All that walkit knows how to check is right, but there may be more to the file than it knows",
    action: "Look for a newer walkit, and find out what wrote the file",
  },
  "database/bad-magic": { severity: "damage", ...SNAPSHOT_DAMAGED },
  "database/header": { severity: "damage", ...SNAPSHOT_DAMAGED },
  "database/page-size": { severity: "damage", ...SNAPSHOT_DAMAGED },
  "database/size": { severity: "damage", ...SNAPSHOT_DAMAGED },
  "database/integrity": {
    severity: "damage",
    meaning: "SQLite itself finds the newest state corrupt, although every checksum of the replica fits",
    action:
      "Check the original database with PRAGMA integrity_check: if it fails there too, it was replicated as it was. If not, restore an older moment and compare",
  },
  "database/integrity-skipped": {
    severity: "inconclusive",
    meaning: "SQLite's own check of the database could not be made here: it says neither good nor bad of it",
    action:
      "Restore the database and run PRAGMA integrity_check there where the application's functions, collations and modules are, or with a newer sqlite3 tool",
  },
  "replica/not-a-replica": {
    severity: "inconclusive",
    meaning: "There is no replica here",
    action:
      "Point walkit at the folder that holds generations/, at generations/ itself, at one generation's folder, or at an archive of these",
  },
  "replica/ltx": {
    severity: "inconclusive",
    meaning:
      "LTX files of Litestream 0.5 are here, which walkit does not read yet: nothing is known of what they hold, which may be newer than all that walkit reads",
    action: "Restore them with Litestream 0.5 itself: litestream restore",
  },
  "replica/encrypted": {
    severity: "inconclusive",
    meaning:
      "The files are encrypted with age. Nothing is wrong with that, but nothing can be said of what they hold, and nothing restored, without the key",
    action:
      "Decrypt a copy of the replica first, each file by itself, with: age --decrypt --identity <key file>",
  },
  "replica/empty": {
    severity: "info",
    meaning:
      "A generation without any file: Litestream may be about to begin it, or retention has just emptied it",
    action: "Nothing",
  },
  "replica/stray-file": {
    severity: "info",
    meaning: "Litestream did not write this file, and ignores it. So does walkit",
    action: "Nothing",
  },
  "replica/upload-in-progress": {
    severity: "info",
    meaning: "An upload is under way, or died there. Litestream ignores such files, and so does walkit",
    action: "Nothing. If no Litestream is running, the file can be deleted",
  },
  "replica/no-snapshot": {
    severity: "damage",
    meaning: "WAL without any snapshot to start from: nothing of this generation can be restored",
    action: "Bring the snapshot back from another copy of the replica. Other generations are not affected",
  },
  "replica/leftover-wal": {
    severity: "warning",
    meaning:
      "WAL from before the first snapshot. Interrupted retention leaves this behind; the snapshots that are there do not need it",
    action: "Nothing, unless an older snapshot should be there",
  },
  "replica/missing-index": { severity: "damage", ...SOMETHING_MISSING },
  "replica/missing-first-segment": { severity: "damage", ...SOMETHING_MISSING },
  "replica/missing-segment": { severity: "damage", ...SOMETHING_MISSING },
  "replica/overlapping-segment": {
    severity: "damage",
    meaning: "Two WAL segments claim the same bytes; at most one of them can be right",
    action: "Find out which of the two files does not belong there, and put it aside",
  },
  "replica/duplicate-segment": {
    severity: "warning",
    meaning: "The file repeats the WAL segment before it, frame for frame. Nothing is lost; it is ignored",
    action: "Nothing for the data's sake. Find out what wrote to the replica besides Litestream",
  },
  "replica/segment-position": { severity: "damage", ...WAL_DAMAGED },
  "replica/uncommitted-tail": {
    severity: "damage",
    meaning:
      "The WAL ends inside a transaction: its end is missing. Litestream copies whole transactions only",
    action:
      "Bring the file back from another copy of the replica, or restore up to the last commit with --salvage",
  },
  "replica/format-changed": { severity: "damage", ...WAL_DAMAGED },
  "replica/missing-transactions": {
    severity: "damage",
    meaning:
      "What this transaction says of the database does not follow from the one before: transactions between them are missing, most likely the last segment of the WAL index before",
    action:
      "Bring the missing files back from another copy of the replica. Until then: walkit restore --salvage, or restore a moment before this place",
  },
  "replica/missing-page": {
    severity: "damage",
    meaning: "A commit says that this page exists, but neither the snapshot nor the WAL ever brought it",
    action: "Bring the missing files back from another copy of the replica, or restore an earlier moment",
  },
  "replica/sequence-gap": {
    severity: "warning",
    meaning:
      "Litestream's own counter (_litestream_seq) does not go on by one from one WAL index to the next. Transactions between them may be missing; an application that restored or edited that table has the same effect",
    action: "Compare the restored database with what is known of it",
  },
  "replica/unproven-step": {
    severity: "warning",
    meaning:
      "Nothing in the replica proves that the WAL of one index goes on where the one before it ended: the last segment of an index may be lost there without a trace",
    action:
      "Compare the restored database with what is known of it, or have SQLite check it: --integrity-check full",
  },
  "replica/snapshot-ambiguous": {
    severity: "inconclusive",
    meaning:
      "The newest snapshot differs from what the WAL before it leads to, and nothing tells whether it is newer than that, or older and here by mistake",
    action: "Restore from both, with --index before and at the snapshot, and compare",
  },
  "replica/snapshot-ahead": {
    severity: "warning",
    meaning:
      "The snapshot is ahead of the WAL: what lies between was not uploaded, or not yet. The moments between cannot be restored",
    action: "Nothing, if Litestream is running: it uploads the rest. Otherwise these moments are lost",
  },
  "replica/snapshot-mismatch": {
    severity: "damage",
    meaning:
      "The snapshot and the WAL before it tell of two different databases: transactions are missing before the snapshot, or the snapshot is not of this database",
    action: "Restore from both, with --index before and after the snapshot, and compare",
  },
  "replica/snapshot-unproven": {
    severity: "warning",
    meaning:
      "A snapshot may hold pages of its own index's WAL. That WAL is not there, not readable, or older than the snapshot, so it cannot be proven that the two make a committed state: transactions that were never uploaded may be in it in part",
    action:
      "Nothing, if Litestream went on running and nothing was written since. Else compare the restored database with what is known of it: SQLite's integrity_check finds only some of such states",
  },
  "replica/missing-txid": { severity: "damage", ...SOMETHING_MISSING },
  "replica/merge-mismatch": {
    severity: "damage",
    meaning:
      "A merged LTX file and the files that it was merged from tell of two different databases: two programs wrote to the replica, or one of the files was merged from others than these",
    action:
      "Restore both ways and compare: walkit restore takes the merged file, and --salvage what the single ones lead to where SQLite finds the first corrupt",
  },
  "replica/level-gap": {
    severity: "info",
    meaning:
      "A level of LTX files has a hole, which other files cover: nothing is lost, but the moments in between are kept less finely",
    action:
      "Nothing, if a lifecycle rule of the bucket deletes files. Litestream itself leaves no such holes",
  },
  "replica/wal-gap": {
    severity: "warning",
    meaning:
      "The LTX file was not read from where the one before it ended in the WAL: transactions between them may be missing from both",
    action:
      "Compare the restored database with what is known of it, or have SQLite check it: --integrity-check full",
  },
  "replica/full-copies": {
    severity: "info",
    meaning:
      "One LTX file after another holds the whole database, as where Litestream loses its place in the WAL again and again: nothing is lost, but the replica is larger than it need be",
    action: "Update Litestream: 0.5.10 and later do so no more without need",
  },
  "replica/backlog": {
    severity: "warning",
    meaning:
      "Files of one level have not been merged into the next for long: nothing is lost, but restores take longer and longer",
    action: "Look at Litestream's log for why it merges no more: a missing file stops it for good",
  },
  "replica/before-mark": {
    severity: "damage",
    meaning:
      "The snapshot holds pages from after the target: laying the WAL up to the target over it would make a state that never existed",
    action: "Restore a later moment of this index, or an earlier index",
  },
  "replica/times-untrusted": {
    severity: "warning",
    meaning:
      "The files' times are not those of their creation (a copy without times, a clone by git, an unpacked archive), or a clock was set back and some came twice. Such a time is refused; the newest state, an index or a position can be had",
    action:
      "Copy the replica again with its times (cp -p, rsync -t, tar), or restore by --index or --target-position",
  },
  "replica/changed-while-reading": {
    severity: "inconclusive",
    meaning: "The replica kept changing while it was read",
    action: "Run the command again",
  },
  "timeline/history": {
    severity: "inconclusive",
    meaning: "The history file cannot be understood, so what it says of this timeline's parent is not used",
    action: "Correct the line, or delete the file and write it anew with: walkit timelines --write <replica>",
  },
  "timeline/restore-points": {
    severity: "warning",
    meaning: "The file of restore points cannot be understood, so none of the names in it can be used",
    action: "Correct the line that the message names",
  },
  "timeline/contradiction": {
    severity: "inconclusive",
    meaning:
      "The history files contradict each other, so they do not tell how these timelines descend from each other",
    action:
      "Decide which file is right, delete the other one and write it anew with: walkit timelines --write <replica>",
  },
  "timeline/parent-gone": {
    severity: "inconclusive",
    meaning: "The moment lies on a parent timeline whose generation is no longer in the replica",
    action:
      "Bring that generation's folder back from another copy, or choose a later moment: walkit timelines <replica>",
  },
  "timeline/unknown-child": {
    severity: "inconclusive",
    meaning: "It cannot be told which generation began with the restored database",
    action: "Name it: walkit timelines --write --history <file> --generation <id> <replica>",
  },
  "timeline/through-parent": {
    severity: "warning",
    meaning:
      "The generation's own snapshot could not be used. The database was brought back from its parent timeline, up to the switch point, and its own WAL from its first byte on",
    action: "Bring the generation's snapshot back from another copy of the replica, or take a new one",
  },
  "target/no-generation": {
    severity: "inconclusive",
    meaning: "There is no such generation",
    action: "List the generations with: walkit generations <replica>",
  },
  "target/no-timeline": {
    severity: "inconclusive",
    meaning: "There is no such timeline",
    action: "List the timelines with: walkit timelines <replica>",
  },
  "target/no-restore-point": {
    severity: "inconclusive",
    meaning: "No restore point has this name",
    action: "List the restore points with: walkit restore-points <replica>",
  },
  "target/not-in-history": {
    severity: "inconclusive",
    meaning: "The moment was, but not on this timeline: its history does not lead through it",
    action: "Choose the timeline that the moment lies on with --target-timeline: walkit timelines <replica>",
  },
  "target/ambiguous-generation": {
    severity: "inconclusive",
    meaning:
      "The times of the files do not tell which generation is the newest, or which was written at a time: their ranges overlap, or are those of a copy",
    action: "Choose one with --generation",
  },
  "target/no-snapshot": {
    severity: "inconclusive",
    meaning: "There is no snapshot to start from at or before the target",
    action: "List the snapshots with: walkit snapshots <replica>",
  },
  "target/out-of-range": {
    severity: "inconclusive",
    meaning: "The replica does not reach this target",
    action: "See what can be restored with: walkit verify --level names <replica>",
  },
  "storage/not-found": {
    severity: "inconclusive",
    meaning: "The file or folder is not there",
    action: ASK_AGAIN,
  },
  "storage/unreadable": {
    severity: "inconclusive",
    meaning: "The file or folder cannot be read, so nothing can be said of it",
    action: "Check that it exists and that you may read it, then run the command again",
  },
  "output/exists": {
    severity: "inconclusive",
    meaning: "Something stands where the output is to be written",
    action: "Choose another output, or replace it with --force",
  },
  "output/in-use": {
    severity: "inconclusive",
    meaning: "The database that --force would replace is in use, or its application was killed",
    action: "Stop what uses the database, then run the command again",
  },
  "output/leftover": {
    severity: "info",
    meaning: "A restore to this output was killed, and could not clean up",
    action: "Nothing",
  },
  "output/owner": {
    severity: "warning",
    meaning:
      "The new database has another owner than the one that it replaced: its application may not open it",
    action: "Give it to its owner, with chown",
  },
  "output/unwritable": {
    severity: "inconclusive",
    meaning: "The output could not be written; nothing was left behind",
    action: "Check the folder, its permissions and its free space",
  },
  "restore/memory-budget": {
    severity: "inconclusive",
    meaning: "The pages that the WAL changes do not fit into the memory that was allowed",
    action: "Raise the budget, or give the restore a place to spill to",
  },
  "runtime/permission": {
    severity: "inconclusive",
    meaning: "The runtime was told not to let walkit do this",
    action: "Give the permission: docs/cli.md lists what each command needs",
  },
  "runtime/memory": {
    severity: "inconclusive",
    meaning: "There is not enough memory, or a limit on it is too low",
    action: "Free memory or raise the limit (ulimit -v); verify --level replay takes less, without SQLite",
  },
  "runtime/limit": {
    severity: "inconclusive",
    meaning: "A limit of this machine or user was reached",
    action: "Raise the limit, or close other programs",
  },
  "ui/port": {
    severity: "inconclusive",
    meaning: "The page cannot be served at this port",
    action: "Choose another port, or none: a free one is taken",
  },
};

/** An error as a finding. A rule's severity and action stand unless the error brings its own hint. */
export function findingOf(
  error: WalkitError,
  details: {
    generation?: string | undefined;
    position?: string | undefined;
    severity?: Severity | undefined;
  } = {},
): Finding {
  const usual = RULES[error.code];
  const isSnapshot = usual.meaning === FILE_DAMAGED.meaning && error.path?.endsWith(".snapshot.lz4");
  const rule = isSnapshot ? { ...usual, ...SNAPSHOT_FILE } : usual;
  return {
    code: error.code,
    severity: details.severity ?? rule.severity,
    message: error.message,
    meaning: rule.meaning,
    action: error.hint ?? rule.action,
    generation: details.generation,
    position: error.position ?? details.position,
    path: error.path,
    offset: error.offset,
    decoded: error.decoded,
    frame: error.frame,
  };
}

/** A finding that no error stood behind. */
export function makeFinding(
  code: ErrorCode,
  message: string,
  details: { path?: string | undefined; offset?: number | undefined; hint?: string | undefined } & Parameters<
    typeof findingOf
  >[1] = {},
): Finding {
  return findingOf(new WalkitError(code, message, details), details);
}
