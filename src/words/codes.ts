/** What each code means, and what is usually to be done about it. `docs/findings.md` is written from this table (`npm run docs`). */

import type { ErrorCode } from "../errors.ts";

/** What a code means for the owner of the database, and what is usually to be done. */
export interface Words {
  meaning: string;
  action: string;
}

export const FILE_DAMAGED: Words = {
  meaning: "The file is not as Litestream wrote it. What it held cannot be trusted from here on",
  action:
    "Bring this file back from another copy of the replica. Until then: walkit restore --salvage, or restore a moment outside the damage",
};

export const WAL_DAMAGED: Words = {
  meaning:
    "The WAL is broken at this place. SQLite ends a WAL silently here; what follows would be applied to the wrong state",
  action:
    "Bring this file back from another copy of the replica. Until then: walkit restore --salvage, or restore a moment outside the damage",
};

export const LTX_DAMAGED: Words = {
  meaning:
    "The LTX file is not as it was written. The transactions in it cannot be trusted, nor can what later files build on them",
  action:
    "Bring this file back from another copy of the replica, or restore a moment before its transactions",
};

export const SOMETHING_MISSING: Words = {
  meaning: "Transactions are missing. Every state after this place, up to the next good snapshot, is lost",
  action:
    "Bring the missing files back from another copy of the replica. Until then: walkit restore --salvage, or restore a moment outside the gap",
};

export const SNAPSHOT_DAMAGED: Words = {
  meaning: "This snapshot is no database that a restore could start from",
  action: "Nothing, if an older snapshot and its WAL are whole: walkit restore uses those by itself",
};

/** For a damaged file that turns out to be a snapshot. */
export const SNAPSHOT_FILE: Words = {
  meaning: "The snapshot is not as Litestream wrote it, and cannot be used",
  action:
    "Bring it back from another copy of the replica. Where an older snapshot and the WAL since then are whole, walkit restore uses these by itself",
};

const ASK_AGAIN = "Look at the message, then run the command again";

/** Where the file is an LTX file, and the words for generations would name what there is not. */
export const LTX_WORDS: Readonly<Partial<Record<ErrorCode, Words>>> = {
  "replica/snapshot-ahead": {
    meaning:
      "The snapshot holds, or may hold, changes from behind its TXID: Litestream up to 0.5.14 makes such snapshots of a busy database. What is restored from it of the moments just behind it may mix old pages and new ones; later moments are right again",
    action:
      "Restore a moment from before the snapshot, or from a minute behind it on; and use Litestream 0.5.15 or newer",
  },
  "replica/no-snapshot": {
    meaning:
      "LTX files without any that begins with TXID 1: Litestream restores nothing of them, walkit what follows on a file that holds every page, if there is one",
    action:
      "Bring a snapshot (level 9), or a merged file that begins with TXID 1, back from another copy of the replica",
  },
  "replica/snapshot-mismatch": {
    meaning:
      "The snapshot and the LTX files that lead to its TXID tell of two different databases: one of them is not of this database, or was wrong when it was made",
    action: "Restore from both, with --txid before and after the snapshot, and compare",
  },
};

/** Worded for the command line, in whose terms `docs/findings.md` speaks as well. */
export const WORDS: Readonly<Record<ErrorCode, Words>> = {
  "lz4/bad-magic": FILE_DAMAGED,
  "lz4/truncated": FILE_DAMAGED,
  "lz4/header": FILE_DAMAGED,
  "lz4/header-checksum": FILE_DAMAGED,
  "lz4/dictionary": {
    meaning:
      "The file was compressed with a dictionary, which a replica does not hold, and cannot be read without it",
    action: "Decompress it with that dictionary and compress it again without one",
  },
  "lz4/block-size": FILE_DAMAGED,
  "lz4/block-data": FILE_DAMAGED,
  "lz4/block-checksum": FILE_DAMAGED,
  "lz4/content-checksum": FILE_DAMAGED,
  "lz4/content-size": FILE_DAMAGED,
  "lz4/trailing-data": {
    meaning:
      "Bytes follow the end of the LZ4 frame. All that the frame holds is right; what follows is ignored",
    action: "Nothing for the data's sake. Find out what wrote to the replica besides Litestream",
  },
  "lz4/output-limit": {
    meaning: "The file decompresses to more than was allowed",
    action: "Raise the limit if the file is to be trusted",
  },
  "wal/truncated": WAL_DAMAGED,
  "wal/bad-magic": WAL_DAMAGED,
  "wal/version": WAL_DAMAGED,
  "wal/page-size": WAL_DAMAGED,
  "wal/header-checksum": WAL_DAMAGED,
  "wal/salt": WAL_DAMAGED,
  "wal/frame-checksum": WAL_DAMAGED,
  "wal/page-number": WAL_DAMAGED,
  "ltx/bad-magic": LTX_DAMAGED,
  "ltx/extinct": {
    meaning:
      "The file is in a layout that LiteFS used before its first release with the present format. Nothing reads it any more, so nothing can be said of what it holds",
    action: "Read it with the LiteFS that wrote it (0.1, or 0.2.0-beta1), and export the database from there",
  },
  "ltx/truncated": {
    meaning:
      "The end of the LTX file is missing: its upload or copy broke off, or something cut it. The transactions in it cannot be applied",
    action:
      "Bring this file back from another copy of the replica, or restore a moment before its transactions",
  },
  "ltx/header": LTX_DAMAGED,
  "ltx/page-header": LTX_DAMAGED,
  "ltx/page-order": LTX_DAMAGED,
  "ltx/page-number": LTX_DAMAGED,
  "ltx/page-data": LTX_DAMAGED,
  "ltx/missing-page": {
    meaning:
      "The file should hold every page of the database, and a page is not in it: a database restored from it would have a hole",
    action: "Restore a moment that begins with another snapshot, or bring this file back from another copy",
  },
  "ltx/index": {
    meaning:
      "The file's index of its pages does not fit the pages. Programs that fetch single pages through it would read wrong ones, or none",
    action: "Bring this file back from another copy of the replica",
  },
  "ltx/trailer": LTX_DAMAGED,
  "ltx/file-checksum": LTX_DAMAGED,
  "ltx/database-checksum": {
    meaning:
      "The file is as it was written, but the database that it leads to is not the one that its writer had: pages were lost or changed before, or as, it was written",
    action:
      "Restore an earlier moment and compare. If the original database is still there, check it with PRAGMA integrity_check and take a new snapshot",
  },
  "ltx/trailing-data": {
    meaning: "Bytes follow the end of the LTX file. Other programs refuse such a file",
    action:
      "Bring this file back from another copy of the replica, and find out what wrote to the replica besides its program",
  },
  "ltx/name": {
    meaning:
      "The file's name speaks of other transactions than the file itself: it was renamed, or is here by mistake. Programs that go by names would apply it at the wrong place",
    action: "Find out which of the two is right. If it is the file, give it the name that its header says",
  },
  "ltx/chain": {
    meaning:
      "The file does not go on where the one before it ends: transactions between them are missing, or one of the two is of another database",
    action:
      "Bring the missing files back from another copy of the replica, or restore a moment before this place",
  },
  "ltx/database-header": {
    meaning:
      "The first page of the database does not say what the file says of it. An encrypted database has that effect; else the page was wrong when it was written",
    action: "Restore the database and run PRAGMA integrity_check",
  },
  "ltx/unusual": {
    meaning:
      "The file has something in it that no known program writes. All that walkit knows how to check is right, but there may be more to the file than it knows",
    action: "Look for a newer walkit, and find out what wrote the file",
  },
  "database/bad-magic": SNAPSHOT_DAMAGED,
  "database/header": SNAPSHOT_DAMAGED,
  "database/page-size": SNAPSHOT_DAMAGED,
  "database/size": SNAPSHOT_DAMAGED,
  "database/integrity": {
    meaning: "SQLite itself finds the newest state corrupt, although every checksum of the replica fits",
    action:
      "Check the original database with PRAGMA integrity_check: if it fails there too, it was replicated as it was. If not, restore an older moment and compare",
  },
  "database/integrity-skipped": {
    meaning: "SQLite's own check of the database could not be made here: it says neither good nor bad of it",
    action:
      "Restore the database and run PRAGMA integrity_check there where the application's functions, collations and modules are, or with a newer sqlite3 tool",
  },
  "replica/not-a-replica": {
    meaning: "There is no replica here",
    action:
      "Point walkit at the folder that holds generations/ or ltx/, at these themselves, at one generation's folder, or at an archive of these",
  },
  "replica/ltx": {
    meaning:
      "LTX files are here outside of the folders that Litestream or LiteFS keep them in. Nothing is said of what they hold",
    action: "Open the folder that holds ltx/, as Litestream wrote it, or the data directory of LiteFS",
  },
  "replica/encrypted": {
    meaning:
      "The files are encrypted with age. Nothing is wrong with that, but nothing can be said of what they hold, and nothing restored, without the key",
    action:
      "Decrypt a copy of the replica first, each file by itself, with: age --decrypt --identity <key file>",
  },
  "replica/empty": {
    meaning:
      "A generation without any file: Litestream may be about to begin it, or retention has just emptied it",
    action: "Nothing",
  },
  "replica/stray-file": {
    meaning: "Litestream did not write this file, and ignores it. So does walkit",
    action: "Nothing",
  },
  "replica/upload-in-progress": {
    meaning: "An upload is under way, or died there. Litestream ignores such files, and so does walkit",
    action: "Nothing. If no Litestream is running, the file can be deleted",
  },
  "replica/no-snapshot": {
    meaning: "WAL without any snapshot to start from: nothing of this generation can be restored",
    action: "Bring the snapshot back from another copy of the replica. Other generations are not affected",
  },
  "replica/leftover-wal": {
    meaning:
      "WAL from before the first snapshot. Interrupted retention leaves this behind; the snapshots that are there do not need it",
    action: "Nothing, unless an older snapshot should be there",
  },
  "replica/missing-index": SOMETHING_MISSING,
  "replica/missing-first-segment": SOMETHING_MISSING,
  "replica/missing-segment": SOMETHING_MISSING,
  "replica/overlapping-segment": {
    meaning: "Two WAL segments claim the same bytes; at most one of them can be right",
    action: "Find out which of the two files does not belong there, and put it aside",
  },
  "replica/duplicate-segment": {
    meaning: "The file repeats the WAL segment before it, frame for frame. Nothing is lost; it is ignored",
    action: "Nothing for the data's sake. Find out what wrote to the replica besides Litestream",
  },
  "replica/segment-position": WAL_DAMAGED,
  "replica/uncommitted-tail": {
    meaning:
      "The WAL ends inside a transaction: its end is missing. Litestream copies whole transactions only",
    action:
      "Bring the file back from another copy of the replica, or restore up to the last commit with --salvage",
  },
  "replica/format-changed": WAL_DAMAGED,
  "replica/missing-transactions": {
    meaning:
      "What this transaction says of the database does not follow from the one before: transactions between them are missing, most likely the last segment of the WAL index before",
    action:
      "Bring the missing files back from another copy of the replica. Until then: walkit restore --salvage, or restore a moment before this place",
  },
  "replica/missing-page": {
    meaning: "A commit says that this page exists, but neither the snapshot nor the WAL ever brought it",
    action: "Bring the missing files back from another copy of the replica, or restore an earlier moment",
  },
  "replica/sequence-gap": {
    meaning:
      "Litestream's own counter (_litestream_seq) does not go on by one from one WAL index to the next. Transactions between them may be missing; an application that restored or edited that table has the same effect",
    action: "Compare the restored database with what is known of it",
  },
  "replica/unproven-step": {
    meaning:
      "Nothing in the replica proves that the WAL of one index goes on where the one before it ended: the last segment of an index may be lost there without a trace",
    action:
      "Compare the restored database with what is known of it, or have SQLite check it: --integrity-check full",
  },
  "replica/snapshot-ambiguous": {
    meaning:
      "The newest snapshot differs from what the WAL before it leads to, and nothing tells whether it is newer than that, or older and here by mistake",
    action: "Restore from both, with --index before and at the snapshot, and compare",
  },
  "replica/snapshot-ahead": {
    meaning:
      "The snapshot is ahead of the WAL: what lies between was not uploaded, or not yet. The moments between cannot be restored",
    action: "Nothing, if Litestream is running: it uploads the rest. Otherwise these moments are lost",
  },
  "replica/snapshot-mismatch": {
    meaning:
      "The snapshot and the WAL before it tell of two different databases: transactions are missing before the snapshot, or the snapshot is not of this database",
    action: "Restore from both, with --index before and after the snapshot, and compare",
  },
  "replica/snapshot-unproven": {
    meaning:
      "A snapshot may hold pages of its own index's WAL. That WAL is not there, not readable, or older than the snapshot, so it cannot be proven that the two make a committed state: transactions that were never uploaded may be in it in part",
    action:
      "Nothing, if Litestream went on running and nothing was written since. Else compare the restored database with what is known of it: SQLite's integrity_check finds only some of such states",
  },
  "replica/missing-txid": SOMETHING_MISSING,
  "replica/merge-mismatch": {
    meaning:
      "A merged LTX file and the files that it was merged from tell of two different databases: two programs wrote to the replica, or one of the files was merged from others than these",
    action: "Restore from both, with --txid before and at the end of the merged file, and compare",
  },
  "replica/level-gap": {
    meaning:
      "A level of LTX files has a hole, which other files cover: nothing is lost, but the moments in between are kept less finely",
    action:
      "Nothing, if a lifecycle rule of the bucket deletes files. Litestream itself leaves no such holes",
  },
  "replica/wal-gap": {
    meaning:
      "The LTX file was not read from where the one before it ended in the WAL: transactions between them may be missing from both",
    action:
      "Compare the restored database with what is known of it, or have SQLite check it: --integrity-check full",
  },
  "replica/backlog": {
    meaning:
      "Files of one level have not been merged into the next for long: nothing is lost, but restores take longer and longer",
    action: "Look at Litestream's log for why it merges no more: a missing file stops it for good",
  },
  "replica/clock-set-back": {
    meaning:
      "The clock of the machine that wrote the files was set back: some times came twice. Such a time is refused; any other can be had, and any TXID",
    action: "Nothing. For a moment within that time restore by --txid",
  },
  "replica/stale": {
    meaning:
      "The newest state that can be restored is older than it may be: what was committed since is not in the replica. A database that nobody writes to leads to the same, as Litestream then uploads nothing",
    action:
      "See whether Litestream is running, and what its log says. Where the database is idle, allow a greater age, or have something written now and then",
  },
  "replica/age-unknown": {
    meaning: "How old the newest state is cannot be told, so whether it is new enough cannot, either",
    action:
      "Look at what else is found. Copies of a replica keep its times with cp -p, rsync -t or tar; where a time is still to come, set the clocks right",
  },
  "replica/full-copies": {
    meaning:
      "Litestream wrote the whole database again and again where changes would do: that takes space and time, and nothing is wrong with what is there",
    action: "Nothing. Litestream 0.5.9 does so after every checkpoint, 0.5.17 does not",
  },
  "replica/deleted": {
    meaning:
      "LiteFS was told to delete the database there: from then on there is none, unless one was created anew under the name",
    action:
      "Nothing, if that was meant. To have the database back: restore a moment before it, as far as files lead there",
  },
  "replica/before-mark": {
    meaning:
      "The snapshot holds pages from after the target: laying the WAL up to the target over it would make a state that never existed",
    action: "Restore a later moment of this index, or an earlier index",
  },
  "replica/times-untrusted": {
    meaning:
      "The files' times are not those of their creation (a copy without times, a clone by git, an unpacked archive), or a clock was set back and some came twice. Such a time is refused; the newest state, an index or a position can be had",
    action:
      "Copy the replica again with its times (cp -p, rsync -t, tar), or restore by --index or --target-position",
  },
  "replica/changed-while-reading": {
    meaning: "The replica kept changing while it was read",
    action: "Run the command again",
  },
  "timeline/history": {
    meaning: "The history file cannot be understood, so what it says of this timeline's parent is not used",
    action: "Correct the line, or delete the file and write it anew with: walkit timelines --write <replica>",
  },
  "timeline/restore-points": {
    meaning: "The file of restore points cannot be understood, so none of the names in it can be used",
    action: "Correct the line that the message names",
  },
  "timeline/contradiction": {
    meaning:
      "The history files contradict each other, so they do not tell how these timelines descend from each other",
    action:
      "Decide which file is right, delete the other one and write it anew with: walkit timelines --write <replica>",
  },
  "timeline/parent-gone": {
    meaning: "The moment lies on a parent timeline whose generation is no longer in the replica",
    action:
      "Bring that generation's folder back from another copy, or choose a later moment: walkit timelines <replica>",
  },
  "timeline/unknown-child": {
    meaning: "It cannot be told which generation began with the restored database",
    action: "Name it: walkit timelines --write --history <file> --generation <id> <replica>",
  },
  "timeline/through-parent": {
    meaning:
      "The generation's own snapshot could not be used. The database was brought back from its parent timeline, up to the switch point, and its own WAL from its first byte on",
    action: "Bring the generation's snapshot back from another copy of the replica, or take a new one",
  },
  "target/no-generation": {
    meaning: "There is no such generation",
    action: "List the generations with: walkit generations <replica>",
  },
  "target/no-timeline": {
    meaning: "There is no such timeline",
    action: "List the timelines with: walkit timelines <replica>",
  },
  "target/no-restore-point": {
    meaning: "No restore point has this name",
    action: "List the restore points with: walkit restore-points <replica>",
  },
  "target/not-in-history": {
    meaning: "The moment was, but not on this timeline: its history does not lead through it",
    action: "Choose the timeline that the moment lies on with --target-timeline: walkit timelines <replica>",
  },
  "target/ambiguous-generation": {
    meaning:
      "The times of the files do not tell which generation is the newest, or which was written at a time: their ranges overlap, or are those of a copy",
    action: "Choose one with --generation",
  },
  "target/no-snapshot": {
    meaning: "There is no snapshot to start from at or before the target",
    action: "List the snapshots with: walkit snapshots <replica>",
  },
  "target/out-of-range": {
    meaning: "The replica does not reach this target",
    action: "See what can be restored with: walkit verify --level names <replica>",
  },
  "storage/not-found": {
    meaning: "The file or folder is not there",
    action: ASK_AGAIN,
  },
  "storage/unreadable": {
    meaning: "The file or folder cannot be read, so nothing can be said of it",
    action: "Check that it exists and that you may read it, then run the command again",
  },
  "output/exists": {
    meaning: "Something stands where the output is to be written",
    action: "Choose another output, or replace it with --force",
  },
  "output/in-use": {
    meaning: "The database that --force would replace is in use, or its application was killed",
    action: "Stop what uses the database, then run the command again",
  },
  "output/leftover": {
    meaning: "A restore to this output was killed, and could not clean up",
    action: "Nothing",
  },
  "output/owner": {
    meaning:
      "The new database has another owner than the one that it replaced: its application may not open it",
    action: "Give it to its owner, with chown",
  },
  "output/unwritable": {
    meaning: "The output could not be written; nothing was left behind",
    action: "Check the folder, its permissions and its free space",
  },
  "restore/memory-budget": {
    meaning: "The pages that the WAL changes do not fit into the memory that was allowed",
    action: "Raise the budget, or give the restore a place to spill to",
  },
  "runtime/permission": {
    meaning: "The runtime was told not to let walkit do this",
    action: "Give the permission: docs/cli.md lists what each command needs",
  },
  "runtime/memory": {
    meaning: "There is not enough memory, or a limit on it is too low",
    action: "Free memory or raise the limit (ulimit -v); verify --level replay takes less, without SQLite",
  },
  "runtime/limit": {
    meaning: "A limit of this machine or user was reached",
    action: "Raise the limit, or close other programs",
  },
  "ui/port": {
    meaning: "The page cannot be served at this port",
    action: "Choose another port, or none: a free one is taken",
  },
};
