/** Everything that the page says. A translation is another object of this shape. */

import type { Thing } from "../protocol/protocol.ts";
import { formatDuration, formatNumber } from "./format.ts";

type FolderThing = Extract<Thing, { files: number }>;
type FileThing = Exclude<Thing, FolderThing>;

const rules = new Intl.PluralRules("en");

/** `1 row`, `2 rows`, `1,204 rows` */
function plural(n: number, one: string, other: string): string {
  return `${formatNumber(n)} ${rules.select(n) === "one" ? one : other}`;
}

/** Where steps from one WAL index to the next lie that nothing proves. */
export interface StepsPlace {
  count: number;
  /** The moment before the first of them, by its name. */
  from: string;
  /** The moment behind the last of them. */
  to: string;
}

interface ThingWords {
  title: string;
  text: string;
  action: string;
}

const NUMBERS = ["No", "One", "Two", "Three", "Four", "Five", "Six"];

export const t = {
  title: "walkit: is this backup any good?",
  titleOf: (name: string) => `${name} – walkit`,
  slogan: "Litestream backups, checked and brought back",
  openAnother: "Open another",
  useLight: "Use light colours",
  useDark: "Use dark colours",
  cancel: "Cancel",
  cancelled: "Cancelled.",

  // The empty page
  invitation: "Is this backup any good?",
  lead: "Open a Litestream replica. walkit checks every byte of it, shows every moment it can bring back, and hands you the database.",
  dropHere: "Drop the backup here",
  dropWhat: "The folder that holds “generations”, or a .tar, .tar.gz or .zip of it",
  chooseFolder: "Choose a folder",
  chooseArchive: "Choose an archive",
  noneAtHand: "None at hand?",
  tryExample: "Try the built-in example",
  promises: [
    [
      "Nothing leaves this machine",
      "The backup is read here, in this browser. The page is forbidden to talk to any other host.",
    ],
    [
      "Every moment, not just the last",
      "Travel commit by commit, look into the tables, see what each transaction changed.",
    ],
    [
      "Right, or a clear refusal",
      "What is damaged is named, with file and byte. A database that never existed is never handed out.",
    ],
  ] as [string, string][],
  several: (n: number, name: string) => `${plural(n, "replica", "replicas")} in ${name}. Which one?`,
  severalMore: (n: number) =>
    `… and ${formatNumber(n)} more. Open a folder further down, or an archive of one replica.`,
  theExample: "the example",
  archives: "Archives of a replica",
  backTo: (name: string) => `Back to ${name}`,
  stillOpen: (name: string) => `${name} is still open.`,
  openAgainTitle: (name: string) => `Go on with ${name}?`,
  openAgainText: "The browser wants your word before this page reads it again.",
  openAgain: (name: string) => `Open ${name} again`,
  dropAgainTitle: (name: string) => `Open ${name} once more`,
  dropAgainText: (hasMoment: boolean) =>
    `The page was loaded anew, and has to be given it again.${hasMoment ? " It then goes back to the moment you were at." : ""}`,
  movedAway: (name: string) =>
    `${name} is not where it was, or cannot be read any more. Find it, and open it again.`,
  whatYouHadOpen: "what you had open",
  momentGone: "The moment that you were at is not in here. This is the newest one.",
  leaveRestore: "A database is being written. Leave it unfinished?",
  dismiss: "Dismiss",
  details: "Details",
  inDetail: "In detail",
  leftOutOf: (n: number) => `${plural(n, "entry of it was", "entries of it were")} left out:`,
  notAReplica: "There is no replica in there",
  nothingFound: (name: string) => `Nothing in ${name} looks like what Litestream 0.3 writes.`,
  whatToOpen:
    "Open the folder that holds “generations”, that folder itself, or one generation’s, or an archive of any of them.",
  endingCount: (ending: string, n: number) =>
    ending === "" ? `${formatNumber(n)} without an ending` : `${formatNumber(n)} .${ending}`,
  filesInside: (n: number, most: boolean, endings: string) =>
    `${most ? "More than " : ""}${plural(n, "file", "files")}${endings ? `: ${endings}` : ""}`,
  /** What a file is that is no replica. */
  fileThings: {
    database: (name) => ({
      title: "This is a database, not a backup of one",
      text: `${name} is a SQLite database by itself. Any SQLite tool opens it.`,
      action:
        "For the backup, look into litestream.yml: “replicas” says where Litestream puts it. Open that folder.",
    }),
    snapshot: (name) => ({
      title: "This is one snapshot, not the whole backup",
      text: `${name} is a single snapshot out of a Litestream backup. Without the WAL beside it, it may not be a state that ever was.`,
      action: "Open the folder three levels up, the one that holds “generations”.",
    }),
    segment: (name) => ({
      title: "This is one piece of WAL, not the whole backup",
      text: `${name} is a single WAL segment out of a Litestream backup: some changes, but not the database that they belong to.`,
      action: "Open the folder three levels up, the one that holds “generations”.",
    }),
    wal: (name) => ({
      title: "This is a database’s WAL, not a backup",
      text: `${name} holds the newest changes of a SQLite database. It belongs beside it: keep the two together.`,
      action:
        "For the backup, look into litestream.yml: “replicas” says where Litestream puts it. Open that folder.",
    }),
    ltx: (name) => ({
      title: "This is a backup of Litestream 0.5",
      text: `${name} is an LTX file, the format of Litestream 0.5. walkit reads that of Litestream 0.3. Nothing is known to be wrong with it.`,
      action: "Restore it with Litestream 0.5 itself: litestream restore.",
    }),
    encrypted: (name) => ({
      title: "This is encrypted",
      text: `${name} is encrypted with age. Nothing is known to be wrong with it, but without the key nothing can be said of it.`,
      action: "Decrypt it first: age --decrypt --identity <key file>. Then open what comes out.",
    }),
    lz4: (name) => ({
      title: "This is an LZ4 file, but not a backup",
      text: `${name} is one file compressed with LZ4, and neither a snapshot nor a piece of WAL is in it.`,
      action: "If a replica’s archive is in it, unpack it first: lz4 -d. Then open what comes out.",
    }),
    packed: (name, by) => ({
      title: `This is packed with ${by ?? "something"} that the page does not unpack`,
      text: `${name} may well hold a backup, but this page opens only .tar, .tar.gz and .zip.`,
      action: "Unpack it, and open the folder that holds “generations”.",
    }),
    "broken-archive": (name) => ({
      title: "This archive is not whole",
      text: `${name} ends too early, or is damaged. What is missing of it cannot be told from here.`,
      action: "Copy or download it again, or open the folder that it was made of.",
    }),
    "empty-file": (name) => ({
      title: "This file is empty",
      text: `${name} has no bytes in it.`,
      action: "Copy or download it again, or open the folder that it was made of.",
    }),
    "unknown-file": (name) => ({
      title: "This is not a backup of Litestream",
      text: `${name} is neither an archive nor anything that Litestream writes.`,
      action: "Open the folder that holds “generations”, or a .tar, .tar.gz or .zip of it.",
    }),
  } as Record<FileThing["kind"], (name: string, by: string | undefined) => ThingWords>,
  /** What is in a folder, or an archive, that holds no replica. */
  folderThings: {
    empty: (name) => ({
      title: "There is nothing in there",
      text: `${name} is empty.`,
      action: "Open the folder that holds “generations”.",
    }),
    databases: (name, _files, found) => ({
      title: "There are databases in there, not a backup of one",
      text: `${name} holds SQLite databases themselves: ${found}. Any SQLite tool opens these.`,
      action:
        "For the backup, look into litestream.yml: “replicas” says where Litestream puts it. Open that folder.",
    }),
    pieces: (name, _files, found) => ({
      title: "These are pieces of a backup",
      text: `${name} holds files of a Litestream backup without the folders that say what belongs where: ${found}.`,
      action: "Open the folder that holds “generations”, as Litestream wrote it.",
    }),
    nameless: (name, _files, found) => ({
      title: "A folder of this backup was renamed",
      text: `${name} has snapshots or WAL in a folder whose name is not one that Litestream gives: ${found}. A generation’s has 16 hex digits.`,
      action: "Give the folder its old name back, or open the replica where Litestream writes it.",
    }),
    "ltx-folder": (name, files) => ({
      title: "This is a backup of Litestream 0.5",
      text: `${name} holds LTX files (${files}), the format of Litestream 0.5. walkit reads that of Litestream 0.3. Nothing is known to be wrong with it.`,
      action: "Restore it with Litestream 0.5 itself: litestream restore.",
    }),
    metadata: (name) => ({
      title: "This is Litestream’s own folder, not the backup",
      text: `${name} is where Litestream keeps its working copy of the WAL, beside the database.`,
      action:
        "For the backup, look into litestream.yml: “replicas” says where Litestream puts it. Open that folder.",
    }),
    archives: (name, _files, found) => ({
      title: "There are archives in there, not a backup",
      text: `${name} holds ${found}.`,
      action: "Open one of them by itself.",
    }),
    files: (name, files) => ({
      title: "There is no backup in there",
      text: `Nothing in ${name} comes from Litestream. ${files}.`,
      action: "Open the folder that holds “generations”, or a .tar, .tar.gz or .zip of it.",
    }),
  } as Record<FolderThing["kind"], (name: string, files: string, found: string) => ThingWords>,

  // Opening
  opening: (name: string) => `Opening ${name}`,
  loadingSteps: ["Looking for replicas", "Reading snapshots and WAL", "Ready"],
  progress: (phase: string, percent: number) => `${phase}, ${percent}\u00a0%`,
  phases: {
    list: "Listing files",
    unpack: "Unpacking",
    moments: "Finding every commit",
    lineage: "Finding out which timeline came from which",
    verify: "Checking",
    integrity: "SQLite’s own check",
    look: "Putting the database together",
    restore: "Writing the database",
    sound: "Restoring moments, and having SQLite check them",
    changes: "Comparing before and after",
  } as Record<string, string>,

  // The sign
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
  /** Of what cannot be read here, by the code of the finding that says so. */
  unread: {
    "replica/encrypted": {
      word: "Encrypted.",
      sentence: "Nothing is known to be wrong, but without the key nothing can be said of it.",
      more: "Decrypt a copy first, each file by itself: age --decrypt --identity <key file>. Then open that.",
    },
    "replica/ltx": {
      word: "Litestream 0.5.",
      sentence: "Nothing is known to be wrong, but walkit does not read this format yet.",
      more: "Restore it with Litestream 0.5 itself: litestream restore.",
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
  /** Between WAL indexes no file says what came before it. */
  stepsUnproven: ({ count, from, to }: StepsPlace) =>
    `That no WAL is missing ${count > 1 ? `at ${formatNumber(count)} places ` : ""}between ${from} and ${to} is not proven.`,
  stepsBroken: ({ count, from, to }: StepsPlace) =>
    `Most likely some WAL is missing ${count > 1 ? `at one of ${formatNumber(count)} places ` : ""}between ${from} and ${to}, where nothing proves that it is all there.`,
  notGiven: (size: string) =>
    `SQLite’s own check of the newest state was left out: it would hold all ${size} of the database in memory.`,
  giveToSqlite: "Have SQLite check it too",
  problems: (n: number) => `${plural(n, "problem", "problems")} found.`,
  readReport: "Read the report",

  // The picture
  picture: "The replica over time",
  pictureOf: (name: string, n: number) => `${name} has ${plural(n, "timeline", "timelines")}.`,
  laneInWords: (
    id: number,
    state: string,
    commits: number,
    segments: number,
    snapshots: number,
    lost: number,
    parent: number | undefined,
  ) =>
    `Timeline ${id}, ${state}: ${plural(commits, "commit", "commits")} in ${plural(segments, "segment", "segments")}, ${plural(snapshots, "snapshot", "snapshots")}${lost > 0 ? `, ${plural(lost, "gap", "gaps")}` : ""}${parent === undefined ? "" : `; it left timeline ${parent}`}.`,
  timelines: "Timelines",
  timeline: (id: number) => `Timeline ${id}`,
  timelineState: (state: "whole" | "damaged" | "gone" | "empty", isCurrent: boolean | undefined) =>
    ({
      whole: isCurrent === undefined ? "whole" : isCurrent ? "current" : "ended",
      damaged: isCurrent ? "current, damaged" : "damaged",
      gone: "no longer here",
      empty: "empty",
    })[state],
  unknownGeneration: "unknown",
  axisBy: "Draw the picture by",
  axisTime: "Time",
  axisCommits: "Commits",
  axisIn: (zone: string) => `Times in ${zone}`,
  axisCommitsLong: "Commits since the beginning",
  zoomIn: "Zoom in",
  zoomOut: "Zoom out",
  zoomFit: "Show everything",
  legend: "Legend",
  legendItems: [
    ["segment", "WAL segment, as high as it holds commits"],
    ["snapshot", "Snapshot"],
    ["branch", "A timeline leaves another"],
    ["point", "Named restore point"],
    ["lost", "Damaged or lost"],
    ["fold", "Pause, shortened"],
  ] as [string, string][],
  restorePoint: (name: string) => `Restore point “${name}”`,
  snapshotHere: (damaged: boolean) => (damaged ? "Damaged snapshot" : "Snapshot"),
  indexIs: (index: string) => `index ${index}`,
  snapshotIs: "The whole database at this point",
  segmentHere: (damaged: boolean) => (damaged ? "Damaged WAL segment" : "WAL segment"),
  pause: (duration: string) => `Pause of ${duration}`,
  pauseIs: "Nothing was written; the axis is shortened here",
  gap: "Cannot be restored",
  gapBefore: "Before the first whole moment",

  // The scrubber
  scrubber: "Commit",
  toFirst: "First moment",
  toPrevious: "One commit back",
  toNext: "One commit on",
  toLast: "Newest moment",
  commitNumber: (n: number) => `commit ${formatNumber(n)}`,
  snapshotBefore: (n: number) => `the snapshot before commit ${formatNumber(n)}`,
  commitOf: (n: number, all: number) => `Commit ${formatNumber(n)} of ${formatNumber(all)}`,
  goToTime: "Go to a time",
  goToCommit: "Go to a commit",
  go: "Go",
  noCommit: "This is not a commit’s number",
  beforeAll: "This is before the first moment",
  keys: "Keys",
  keyList: [
    [["←", "→"], "one commit"],
    [["Shift", "←", "→"], "ten commits"],
    [["Page Up", "Page Down"], "one WAL segment"],
    [["Home", "End"], "first, newest"],
    [["↑", "↓"], "another timeline"],
    [["+", "−", "0"], "zoom, show everything"],
    [["Ctrl", "wheel"], "zoom at the pointer"],
  ] as [string[], string][],
  noMoments: "There is no moment in this replica to travel to. The report below says why.",

  // The moment
  thisMoment: "This moment",
  timelineName: "Timeline",
  leftAt: (parent: number, moment: string, inferred: boolean) =>
    `left timeline ${parent} at ${moment}${inferred ? " (inferred)" : ""}`,
  generation: "Generation",
  position: "WAL position",
  copyPosition: "Copy the WAL position",
  copyGeneration: "Copy the generation’s name",
  beforeTheEnd: "How far back",
  theNewest: "the newest moment",
  lastOfTimeline: "the last moment of this timeline",
  commitsBefore: (n: number) => `${plural(n, "commit", "commits")} before the newest`,
  timeBefore: (duration: string, n: number) =>
    `${duration} and ${plural(n, "commit", "commits")} before the newest`,
  holds: "It holds",
  tablesAndRows: (tables: number, rows: number | undefined) =>
    `${plural(tables, "table", "tables")}${rows === undefined ? "" : `, ${plural(rows, "row", "rows")}`}`,
  from: (time: string) => `from ${time}`,
  transaction: "Commit",
  numberOf: (n: number, all: number) => `${formatNumber(n)} of ${formatNumber(all)}`,
  noReason: "What leads to this moment is not whole.",
  notCounted: "not counted: some before it are missing",
  snapshotAlone: "the snapshot alone",
  inUtc: "UTC",
  inFile: "WAL segment",
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
  soundLeaves: (n: number) => `${plural(n, "later commit is", "later commits are")} left behind.`,
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
  nextSteps: [
    "Look at it with any SQLite tool.",
    "Stop the application and Litestream.",
    "Put the old database aside, with its \u2011wal and \u2011shm files: keep them.",
    "Put this file in its place, and start both again. Litestream begins a new timeline; nothing here is overwritten.",
  ],
  rescueSteps: [
    "Keep this file aside: do not put it in the place of your database.",
    "Restore the newest moment in order as well, and put that in its place.",
    "Copy what is newer from here to there. The .recover command of the sqlite3 tool reads what can still be read.",
  ],
  restoreChecked: {
    proven: "Every checksum was right, and the WAL proves this state. SQLite’s own check was not run on it.",
    ok: "Every checksum was right, and SQLite’s own check finds it in order.",
    corrupt:
      "The file is what the backup makes, byte for byte, but SQLite finds that database corrupt. Do not go on with it: use it to rescue rows, and take an earlier moment for the rest.",
    skipped:
      "Every checksum was right, but SQLite’s own check was not run on it. Run that before you use it: the last line under “Command”.",
  },
  restoreCancelled: "The restore was cancelled; no database was written.",
  restoreFailed: "Nothing was restored",

  // The inspector
  inspector: "In the database at this moment",
  tabTables: "Tables",
  tabSql: "SQL",
  tabChanges: "What changed",
  tabCommand: "Command",
  stateRead: (name: string, tables: number) =>
    `The database of ${name} is here, with ${plural(tables, "table", "tables")}.`,
  nothingToSee: "This moment cannot be restored, so there is no database to look into.",
  largeTitle: "A large database",
  largeIs: (size: string, memory: string) =>
    `It has ${size}. To look into it, or to tell what a transaction changed, this page holds all of it in memory, and takes about ${memory} in all.`,
  largeElse:
    "Checking the backup, going through its moments and restoring them take far less, and go on as they are.",
  lookInto: "Look into it",
  lookIntoNext: "And into each moment that I go to",
  lookingInto: "Looking into this moment",
  largeSaid: (size: string) => `This database has ${size}. It is looked into when you ask for it.`,
  noTables: "No tables yet.",
  internalTables: (n: number) => `${plural(n, "internal table", "internal tables")}`,
  internalAbout: "SQLite’s and Litestream’s own, and where virtual tables keep their data.",
  filterTables: "Filter tables",
  noTableFits: "No table has this in its name.",
  moreTables: (n: number) => `${formatNumber(n)} more: put a part of a name in above.`,
  missingModule: (module: string) => `needs ${module}`,
  missingTitle: (table: string) => `${table} cannot be shown here`,
  missingMeans: (module: string) =>
    `It is a virtual table of the module “${module}”, which the SQLite in this page does not have. Nothing is wrong with it: what it holds is in the backup like everything else, and a SQLite that has the module shows it once the moment is restored.`,
  missingWhere: "What it is kept in is among the internal tables.",
  lacks: (what: "module" | "collation" | "function" | "tokenizer", name: string) =>
    `The SQLite in this page has no ${what} “${name}”. If your application brings it, nothing is wrong with the data: restore this moment, and ask where it is there.`,
  tableKind: (kind: "table" | "view" | "virtual") => ({ table: "", view: "view", virtual: "virtual" })[kind],
  rowsWord: (n: number) => (rules.select(n) === "one" ? "row" : "rows"),
  rowsOf: (table: string) => `Rows of ${table}`,
  rowsFrom: (from: number, to: number, all: number | undefined) =>
    to < from
      ? "No rows"
      : `${formatNumber(from)} – ${formatNumber(to)}${all === undefined ? "" : ` of ${formatNumber(all)}`}`,
  previousRows: "Rows before",
  nextRows: "More rows",
  noSuchTable: (name: string) => `There is no table “${name}” at this moment.`,
  emptyTable: "No rows at this moment.",
  schema: "How it was created",
  primaryKey: "key",
  blob: (size: string, head: string) => `blob, ${size}${head ? `: ${head.slice(0, 16)}…` : ""}`,
  sqlLabel: "Ask this moment’s database",
  sqlAbout: "It works on a copy: whatever a statement writes is thrown away when the answer is here.",
  asking: "Asking…",
  answerOf: (n: number, all: number) => `Answer ${formatNumber(n)} of ${formatNumber(all)}`,
  answersIn: (n: number, milliseconds: number) =>
    `${plural(n, "answer", "answers")}, in ${formatDuration(milliseconds)}.`,
  answeredNothing: (milliseconds: number) => `Done, without an answer, in ${formatDuration(milliseconds)}.`,
  moreAnswers: "More statements gave an answer: only the first are shown.",
  writtenRows: (n: number) => `${plural(n, "row", "rows")} written, on the copy.`,
  thrownAway:
    "What was written went to a copy, and was thrown away: the backup is as it was, and the next question starts from it again.",
  failedAfter: "Then SQLite could not go on:",
  rowCount: (n: number, truncated: boolean) => `${truncated ? "the first " : ""}${plural(n, "row", "rows")}`,
  run: "Run",
  runKeys: "Ctrl Enter",
  runAgain: "Ask again at each moment I go to",
  ofOtherMoment: "The last answer was of another moment.",
  noStateYet: "The database of this moment is not here yet.",
  answered: (n: number, truncated: boolean, milliseconds: number) =>
    `${truncated ? "The first " : ""}${plural(n, "row", "rows")}, in ${formatDuration(milliseconds)}.`,
  sqlResult: "Answer",
  sqlRefused: "SQLite could not answer that.",
  sqlHints: [
    { when: /no such table/i, hint: "No table has this name at this moment: see the list of tables." },
    { when: /no such column/i, hint: "No column has this name at this moment: see the table’s columns." },
    {
      when: /syntax error|incomplete input/i,
      hint: "This is not quite SQL. Look at the place that the message names.",
    },
    {
      when: /readonly|read-only|not authorized/i,
      hint: "The backup is only looked at here: nothing can be written.",
    },
  ],
  comparing: "Comparing before and after",
  changesOfSnapshot:
    "This is a snapshot by itself: the beginning of what is known. Go on by one commit to see what that changed.",
  changesOwn: "Nothing that an application would see: this transaction is Litestream’s own counter.",
  changesNone: "No row is different: pages were written, with the same content.",
  changedPages: (pages: number, all: number) =>
    `This transaction wrote ${plural(pages, "page", "pages")}; the database had ${formatNumber(all)} after it.`,
  rowsChanged: (n: number, kind: "added" | "removed" | "changed") => `${plural(n, "row", "rows")} ${kind}`,
  uncounted: "changed; too much to compare row by row",
  uncountedRows: (before: number | undefined, after: number | undefined) =>
    before === undefined
      ? `${plural(after ?? 0, "row", "rows")} after it; how many before is not known`
      : after === undefined
        ? `${plural(before, "row", "rows")} before; how many after it is not known`
        : `${plural(before, "row", "rows")} before, ${plural(after, "row", "rows")} after${before === after ? "" : `: ${formatNumber(Math.abs(after - before))} ${after > before ? "more" : "fewer"}`}`,
  samplesOf: (n: number, all: number) => `${formatNumber(n)} of ${formatNumber(all)} shown.`,
  moreSamples: (n: number) => `Show ${formatNumber(n)} more`,
  internalChanges: (n: number) => `${plural(n, "internal table", "internal tables")} changed as well`,
  before: "before: ",
  after: "after: ",
  changesOf: (table: string) => `Changes of ${table}`,
  kindOfChange: "Change",
  kinds: { added: "added", removed: "removed", changed: "changed" },
  schemaChange: (kind: "added" | "removed" | "changed", names: readonly string[]) =>
    `${{ added: "Created", removed: "Dropped", changed: "Altered" }[kind]} ${names.join(", ")}`,
  commandsAbout: "The same without a browser. Put the path of your replica in.",
  commandsTrue: "The same without a browser. Paste it into a shell on this machine.",
  commandRestore: "Restore this moment",
  commandCorrupt: "Restore this moment as it is, to rescue rows from it",
  commandSalvage: "Restore as much as there is, up to this moment",
  databaseFile: "database",
  commandMark: "Give this moment a name",
  commandVerify: "Verify the replica",
  commandCheck: "Check what was restored",
  copyCommand: "Copy the command",
  copied: "Copied",
  notCopied: "Could not be copied",

  // The report
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
  oneMoment: (at: string) => `One moment: ${at}`,
  salvageOnly: "with walkit restore --salvage only",
  salvageGives: (moment: string) =>
    `walkit restore --salvage brings back the state of ${moment}, and says what is lost`,
  newest: "newest state",
  toItsEnd: "to its end",
  lostBetween: (after: string, before: string) =>
    `Lost: what was committed after ${after} and before ${before}`,
  lostAfter: (after: string) => `Lost: what was committed after ${after}`,
  goToEnd: "Go there",
  showInPicture: "Show in the picture",
  snapshots: (n: number) => plural(n, "snapshot", "snapshots"),
  segments: (n: number) => plural(n, "WAL segment", "WAL segments"),
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
  findingIn: { snapshot: "In a snapshot", segment: "In a piece of WAL", place: "In the backup" },
  onTimeline: (id: number) => `on timeline ${id}`,
  afterMoment: (moment: string) => `behind ${moment}`,
  beforeFirst: "before the first moment",
  atByte: (offset: string, decoded: boolean) => `byte ${offset}${decoded ? " of its content" : ""}`,
  morePlaces: (n: number) => `${formatNumber(n)} more`,
  limits: "What no check of a backup can tell",
  limitsText: [
    "If the newest snapshot or the newest segments are gone without a trace, nothing in the files says so. Compare the newest time above with when something was last written.",
    "Where a WAL index lost its last segment, that is found in most cases, not in all.",
  ],
  commits: (n: number) => plural(n, "commit", "commits"),
  files: (n: number) => plural(n, "file", "files"),
  sizeInFiles: (size: string, n: number) => `${size} in ${plural(n, "file", "files")}`,
  /** A text of the engine's, which ends without a full stop. */
  asSentence: (text: string) => (/[.!?…]$/.test(text) ? text : `${text}.`),

  // Failures
  failed: "That did not work",
  failures: {
    "replica/ltx": {
      title: "This is a backup of Litestream 0.5",
      text: "It holds LTX files. walkit reads the format of Litestream 0.3. Nothing is known to be wrong with it.",
      action: "Restore it with Litestream 0.5 itself: litestream restore.",
    },
    "replica/encrypted": {
      title: "This backup is encrypted",
      action:
        "Decrypt a copy of it first, each file by itself: age --decrypt --identity <key file>. Then open that.",
    },
    "storage/unreadable": { title: "This could not be read", action: undefined },
    "storage/not-found": { title: "A file has gone", action: undefined },
    "worker/stopped": {
      title: "The part of the page that does the work stopped",
      action: "Reload the page. If it happens again, this browser may be too old or out of memory.",
    },
    "worker/message": { title: "An answer could not be read", action: "Reload the page, and try again." },
    "worker/closed": { title: "The replica was closed", action: undefined },
    "too-large": {
      title: "This database is too large to look into here",
      action: "It can still be restored: that needs no memory. Then look into it with any SQLite tool.",
    },
    "no-state": {
      title: "The database of this moment is not here any more",
      action: "Go one commit on and back, and it is read again.",
    },
    "no-table": { title: "This table is not there at this moment", action: undefined },
    "no-transaction": { title: "No transaction ends at this moment", action: undefined },
    sql: { title: "SQLite could not do that", action: undefined },
    internal: { title: "This is a mistake in walkit itself", action: "Please report it, with the message." },
    /** `text`: in place of what the engine says. */
  } as Record<string, { title: string; text?: string; action: string | undefined }>,
};
