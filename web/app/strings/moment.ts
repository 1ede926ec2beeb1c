/** The words for the playhead's moment, and for restoring it. */

import { formatNumber } from "./format.ts";
import { capital, counted, type FileKind, plural, type Unit } from "./plural.ts";

export const moment = {
  thisMoment: "This moment",
  timelineName: "Timeline",
  leftAt: (parent: number, moment: string, inferred: boolean) =>
    `left timeline ${parent} at ${moment}${inferred ? " (inferred)" : ""}`,
  generation: "Generation",
  position: { wal: "WAL position", ltx: "TXID" } as Record<FileKind, string>,
  copyPosition: { wal: "Copy the WAL position", ltx: "Copy the TXID" } as Record<FileKind, string>,
  copyGeneration: "Copy the generation’s name",
  beforeTheEnd: "How far back",
  theNewest: "the newest moment",
  lastOfTimeline: "the last moment of this timeline",
  commitsBefore: (n: number, unit: Unit) => `${counted(n, unit)} before the newest`,
  timeBefore: (duration: string, n: number, unit: Unit) =>
    `${duration} and ${counted(n, unit)} before the newest`,
  holds: "It holds",
  tablesAndRows: (tables: number, rows: number | undefined) =>
    `${plural(tables, "table", "tables")}${rows === undefined ? "" : `, ${plural(rows, "row", "rows")}`}`,
  from: (time: string) => `from ${time}`,
  transaction: (unit: Unit) => capital(unit),
  numberOf: (n: number, all: number) => `${formatNumber(n)} of ${formatNumber(all)}`,
  noReason: "What leads to this moment is not whole.",
  notCounted: "not counted: some before it are missing",
  snapshotAlone: "the snapshot alone",
  inUtc: "UTC",
  inFile: { wal: "WAL segment", ltx: "LTX file" } as Record<FileKind, string>,
  database: "Database",
  pages: "Pages",
  pagesAre: (pages: string, pageSize: number) => `${pages} of ${pageSize} bytes`,
  canBeRestored: "Can be restored",
  inOrder: "SQLite finds it in order.",
  notAsked: "SQLite was not asked about it yet.",
  couldNotAsk: "SQLite’s own check, which may show it, cannot be run here.",
  cannotBeRestored: "Cannot be restored",
  corrupt: "SQLite finds it corrupt",
  corruptMeans:
    "Every file that leads here is whole, and the database that they make is corrupt. It can be restored as it is, to rescue rows from it. To go on with, take an earlier moment.",
  lastIsCorrupt: "SQLite finds the last of these corrupt.",
  doubtful: "Probably corrupt",
  doubtfulMeans: "SQLite finds moments before and after this one corrupt. This one it was not asked about.",
  findSound: "Find the newest moment in order",
  findingSound: "Looking for the newest moment that SQLite finds in order",
  isSound: "This is the newest moment that SQLite finds in order. Restore it, and go on from here.",
  soundLeaves: (n: number, unit: Unit) =>
    `${plural(n, `later ${unit} is`, `later ${unit}s are`)} left behind.`,
  soundByHalves: "Not every moment after it was looked at: a later one may be in order all the same.",
  soundIs: (name: string) => `The newest moment that SQLite finds in order is ${name}.`,
  noSound:
    "SQLite finds no moment up to this one in order. It can still be restored as it is, and rows rescued with the .recover command of the sqlite3 tool.",
  notProven: "Not proven",
  notProvenMeans:
    "It cannot be proven that the snapshot and the WAL make a state that was committed. Compare the database with what you know of it.",
  lastGood: "Last one that can",
  nextGood: "Next one that can",

  // Restoring
  restoreThis: "Restore this moment",
  restoreWhere: "Writes a database file, straight to this machine.",
  sqliteDatabase: "SQLite database",
  restoring: (name: string) => `Restoring ${name}`,
  restoredTo: (file: string) => `${file} is written`,
  restoredDownload: (file: string) => `${file} is in your downloads`,
  restoredIs: (name: string, size: string, duration: string) =>
    `The database of ${name}: ${size}, in ${duration}.`,
  copySha: "Copy the checksum",
  saveAgain: "Download it again",
  whatNext: "What next",
  nextSteps: (files: FileKind) => [
    "Look at it with any SQLite tool.",
    "Stop the application and what replicates its database.",
    "Put the old database aside, with its \u2011wal and \u2011shm files: keep them.",
    files === "wal"
      ? "Put this file in its place, and start both again. Litestream begins a new timeline; nothing here is overwritten."
      : "Put this file in its place, and start both again. Keep a copy of this backup: what is newer than this moment is in there alone.",
  ],
  rescueSteps: [
    "Keep this file aside: do not put it in the place of your database.",
    "Restore the newest moment in order as well, and put that in its place.",
    "Copy what is newer from here to there. The .recover command of the sqlite3 tool reads what can still be read.",
  ],
  restoreChecked: {
    proven:
      "Every checksum was right, and the backup proves this state. SQLite’s own check was not run on it.",
    ok: "Every checksum was right, and SQLite’s own check finds it in order.",
    corrupt:
      "The file is what the backup makes, byte for byte, but SQLite finds that database corrupt. Do not go on with it: use it to rescue rows, and take an earlier moment for the rest.",
    skipped:
      "Every checksum was right, but SQLite’s own check was not run on it. Run that before you use it: the last line under “Command”.",
  },
  restoreCancelled: "The restore was cancelled; no database was written.",
  restoreFailed: "Nothing was restored",
};
