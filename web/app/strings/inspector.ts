/** The words around the database of a moment: its tables, SQL, what changed, command lines. */

import { formatDuration, formatNumber } from "./format.ts";
import { type FileKind, isOne, plural, type Unit } from "./plural.ts";

export const inspector = {
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
  rowsWord: (n: number) => (isOne(n) ? "row" : "rows"),
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
  changesOfSnapshot: (unit: Unit) =>
    `This is a snapshot by itself: the beginning of what is known. Go on by one ${unit} to see what that changed.`,
  changesOwn: "Nothing that an application would see: this transaction is Litestream’s own counter.",
  changesNone: "No row is different: pages were written, with the same content.",
  changedPages: (pages: number, all: number, files: FileKind) =>
    `${files === "wal" ? "This transaction wrote" : "The LTX file that leads here has"} ${plural(pages, "page", "pages")}; the database had ${formatNumber(all)} after it.`,
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
};
