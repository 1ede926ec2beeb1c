/** The command line as commander knows it. What a command needs is loaded when it is run. */

import { readFileSync } from "node:fs";
import { Command, Option } from "commander";
import {
  parseAge,
  parseFile,
  parseGeneration,
  parseLimit,
  parseLocation,
  parseLocations,
  parseLtxLevel,
  parseParallelism,
  parsePort,
} from "./arguments.ts";
import type { CompareFlags } from "./compare.ts";
import { perform, whereHelpIs } from "./exit.ts";
import type { InspectFlags } from "./inspect.ts";
import type { ListCommand, ListFlags } from "./list.ts";
import type { LtxFlags } from "./ltx.ts";
import type { MarkFlags } from "./mark.ts";
import type { RestoreFlags } from "./restore-flags.ts";
import type { RestorePointsFlags } from "./restore-points.ts";
import { addTargetOptions, parseName } from "./target.ts";
import { printable } from "./text.ts";
import type { TimelinesFlags } from "./timelines.ts";
import type { UiFlags } from "./ui.ts";
import type { VerifyFlags } from "./verify.ts";

const REPLICA =
  "a replica's folder, its generations/ or ltx/ folder, one generation's folder, or a .tar, .tar.gz or .zip of these: a path or file:// URL";

/** What the exit codes mean; those that a command does not have are left out. */
function exitCodes(
  zero: string,
  one: string | undefined,
  three: string,
  more: { 4?: string; 5?: string } = {},
): string {
  const rows = [`0  ${zero}`, ...(one ? [`1  ${one}`] : []), "2  wrong usage", `3  ${three}`];
  rows.push(...Object.entries(more).map(([code, what]) => `${code}  ${what}`));
  return ["", "Exit codes:", ...rows.map((row) => `  ${row}`)].join("\n");
}

const EXAMPLES = `
Examples:
  walkit verify /backups/app                         is it good, and what can be restored?
  walkit restore /backups/app -o app.db              the newest state
  walkit restore /backups/app -o app.db --target-time 2026-01-31T18:30:00Z
  walkit restore /backups/app -o app.db --txid 000000000000001f    a state of Litestream 0.5
  walkit restore /backups/app -o app.db --salvage    as far as a damaged replica goes
  walkit inspect 00000004_00001038.wal.lz4           what is in this file?
${exitCodes("done, or no damage found", "verify, inspect: damaged; restore: the replica cannot give that target", "cannot be read, not found, output exists, or could not be found out", { 4: "restore: done, but with less than was asked for", 5: "verify --max-age: no damage, but too old" })}
  Every command takes --json: one object on standard output (docs/json.md).`;

export function createProgram(): Command {
  const program = new Command("walkit")
    .description("Verify and restore Litestream replicas of SQLite databases, of Litestream 0.3 and 0.5")
    .version(version(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand("help [command]", "print the help of a command")
    .addHelpText("after", EXAMPLES)
    .showSuggestionAfterError()
    .showHelpAfterError(whereHelpIs(""))
    .exitOverride()
    .configureOutput({
      outputError: (text, write) => {
        const line = text
          .trim()
          .replace(/^error: /, "")
          .replaceAll("\n", " ")
          .replace(/^unknown option '-([a-z][a-z-]+)'$/, "unknown option '-$1': Did you mean --$1?");
        write(`walkit: ${printable(line)}\n`);
      },
    });
  addVerify(program);
  addRestore(program);
  addTimelines(program);
  addRestorePoints(program);
  addMark(program);
  addLists(program);
  addLtx(program);
  addCompare(program);
  addInspect(program);
  addUi(program);
  return program;
}

function version(): string {
  return JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")).version;
}

const json = () => new Option("--json", "print one JSON object instead (docs/json.md)");
const quiet = (what: string) => new Option("-q, --quiet", what);
const parallelism = () =>
  new Option("--parallelism <n>", "files on their way at a time").argParser(parseParallelism).default(8);
const generation = (what: string) => new Option("--generation <id>", what).argParser(parseGeneration);

function addCommand(program: Command, name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .helpOption("-h, --help", "print this help")
    .showHelpAfterError(whereHelpIs(name));
}

const COMMANDS = [
  "verify",
  "restore",
  "timelines",
  "restore-points",
  "mark",
  "generations",
  "snapshots",
  "wal",
  "ltx",
  "compare",
  "inspect",
  "ui",
];

/** The command that the first word names; else none. */
export function commandOf(word: string | undefined): string {
  return word !== undefined && COMMANDS.includes(word) ? word : "";
}

function addVerify(program: Command): void {
  addCommand(program, "verify", "check every name, checksum and link, and tell what can be restored")
    .argument("<replica...>", `${REPLICA}; of several each gets a line`, parseLocations)
    .addOption(
      // No default of commander's: asked for by name, the last one means more.
      new Option(
        "--level <level>",
        "how deep to look; each level includes those before it; integrity by default",
      ).choices(["names", "frames", "replay", "integrity"]),
    )
    .addOption(generation("look at this generation only"))
    .addOption(
      new Option(
        "--max-age <duration>",
        "exit with 5 where the newest state that can be restored was written longer ago, such as 1h or 90m",
      ).argParser(parseAge),
    )
    .addOption(json())
    .addOption(
      new Option(
        "--format <format>",
        "json: as --json; prometheus: for the textfile collector; nagios: one line, and the exit codes of its plugins",
      ).choices(["text", "json", "prometheus", "nagios"]),
    )
    .addOption(
      quiet(
        "print nothing on success; else the verdict, whether the newest state can be restored, and what is damaged or could not be found out",
      ),
    )
    .addOption(parallelism())
    .addHelpText(
      "after",
      `
Levels:
  names      the listing alone: names, gaps, times. Opens no file
  frames     every LZ4 checksum, every WAL checksum and salt, every checksum of an LTX file, no missing byte
  replay     also: snapshots agree with the WAL before them, merged LTX files with those that they were merged from, every page
             of every commit is there
  integrity  also: SQLite's integrity_check of the newest state. Asked for by name, verify is inconclusive
             where that cannot be made; by default it says so, and the other checks decide

Examples:
  walkit verify /backups/app
  walkit verify --level frames --quiet /backups/app
  walkit verify --max-age 1h --quiet /backups/*
  walkit verify --json /backups/app | jq .status
  walkit verify --format prometheus /backups/app > /var/lib/node_exporter/walkit.prom
${exitCodes("no damage found", "damaged", "no replica there, cannot be read, or could not be found out", { 5: "--max-age: no damage, but too old" })}`,
    )
    .action((replicas: string[], flags: VerifyFlags) =>
      perform(
        "verify",
        flags.json || flags.format === "json",
        async (signal) => (await import("./verify.ts")).runVerify(replicas, flags, signal),
        replicas.length === 1 ? replicas[0] : undefined,
      ),
    );
}

function addRestore(program: Command): void {
  const command = addCommand(
    program,
    "restore",
    "bring the database back: the newest state, or any other moment",
  )
    .argument("<replica>", REPLICA, parseLocation)
    .addOption(
      new Option("-o, --output <file>", "where the database goes; - is standard output").argParser(parseFile),
    );
  addTargetOptions(command)
    .addOption(
      new Option(
        "--no-history",
        "write no <output>.history, which names the parent of what becomes of the database",
      ),
    )
    .option("--if-db-not-exists", "where the output exists, do nothing and exit with 0")
    .option("--if-replica-exists", "where there is nothing, or an empty replica, do nothing and exit with 0")
    .option(
      "--force",
      "replace the output, and the -wal, -journal and .history beside it; not a database that is in use",
    )
    .option("--dry-run", "print what would be restored from which files; write nothing (needs no -o)")
    .addOption(
      new Option(
        "--integrity-check <how>",
        "SQLite's own check before the file gets its name; by default only where checksums alone do not prove it",
      ).choices(["none", "quick", "full"]),
    )
    .option(
      "--salvage",
      "where the target cannot be restored, go as far as what is there is right, and say what is lost",
    )
    .addOption(json())
    .addOption(quiet("print warnings and losses only"))
    .addOption(parallelism())
    .addHelpText(
      "after",
      `
The output appears under its name only when it is whole; until then it is a hidden temporary file beside it, removed
also when the restore is interrupted (after kill -9, by the next one). With -o - that file is in the system's folder for
temporary files (TMPDIR). A new database is for its owner only (mode 0600); --force keeps owner and permissions.
Of a moment that is not the newest, <output>.history says where the database branches off: see walkit timelines.

Examples:
  walkit restore /backups/app -o app.db
  walkit restore /backups/app -o app.db --target-time 2026-01-31T18:30:00+01:00
  walkit restore /backups/app -o app.db --target-time "5 minutes ago"
  walkit restore /backups/app -o app.db --target-position 0000001f:00001038 --target-exclusive
  walkit restore /backups/app -o app.db --target-name "before migration"
  walkit restore /backups/app -o app.db --index 1f
  walkit restore /backups/app -o app.db --txid 000000000000001f
  walkit restore /backups/app --dry-run
  walkit restore /backups/app -o - | ssh host 'cat > app.db'
${exitCodes("restored, planned with --dry-run, or skipped with --if-…", "the replica cannot give that target", "no replica there, cannot be read, or the output exists, is in use or cannot be written", { 4: "salvaged, with something lost; or a dry run that knows of damage" })}`,
    )
    .action((replica: string, flags: RestoreFlags) =>
      perform("restore", flags.json ?? false, async (signal) =>
        (await import("./restore.ts")).runRestore(replica, flags, signal),
      ),
    );
}

function addTimelines(program: Command): void {
  addCommand(program, "timelines", "draw how generations descend from each other, and write it down")
    .argument("<replica>", REPLICA, parseLocation)
    .option(
      "--write",
      "write history files beside the generations for what was inferred; none is overwritten",
    )
    .addOption(
      new Option(
        "--history <file>",
        "with --write: tie in a restored database by the file that the restore left beside it (<output>.history)",
      ).argParser((text: string, before: string[] = []) => [...before, parseFile(text)]),
    )
    .addOption(generation("with --history: the generation that began with that database"))
    .addOption(json())
    .addHelpText(
      "after",
      `
A timeline is a generation and where it came from. Where no history file says that, it is inferred: the generation's first
snapshot is held page by page against every past state of the others.

Examples:
  walkit timelines /backups/app
  walkit timelines --write /backups/app
  walkit timelines --write --history restored.db.history /backups/app
${exitCodes("no damage found", "damaged", "no replica there, cannot be read or written, or histories that contradict each other")}`,
    )
    .action((replica: string, flags: TimelinesFlags) =>
      perform(
        "timelines",
        flags.json ?? false,
        async (signal) => (await import("./timelines.ts")).runTimelines(replica, flags, signal),
        replica,
      ),
    );
}

function addRestorePoints(program: Command): void {
  addCommand(
    program,
    "restore-points",
    "list every moment that can be restored: transactions, segments, names, gaps",
  )
    .argument("<replica>", REPLICA, parseLocation)
    .option("--transactions", "a row for each transaction, not for each WAL segment")
    .addOption(generation("of this generation only"))
    .addOption(json())
    .addHelpText(
      "after",
      `
A position, <index>:<offset>, leads to any transaction: restore --target-position. So does its number, counted within the
generation: restore --target-transaction. A time leads to the end of a WAL segment, no closer. Of LTX files a TXID leads to the
state behind it, for each that is listed: restore --txid.

Examples:
  walkit restore-points /backups/app
  walkit restore-points --transactions --generation 386e2c145a976578 /backups/app
  walkit restore-points --json /backups/app | jq '.generations[].segments[].transactions[]'
${exitCodes("no damage found", "damaged: not everything can be restored", "no replica there, cannot be read, or could not be found out")}`,
    )
    .action((replica: string, flags: RestorePointsFlags) =>
      perform(
        "restore-points",
        flags.json ?? false,
        async (signal) => (await import("./restore-points.ts")).runRestorePoints(replica, flags, signal),
        replica,
      ),
    );
}

function addMark(program: Command): void {
  const command = addCommand(program, "mark", "give a moment a name, for restore --target-name")
    .argument("<replica>", REPLICA, parseLocation)
    .argument("<name>", "up to 63 characters", parseName)
    .argument(
      "[target]",
      "a position, a TXID, a time, transaction:<n>, index:<hex>, name:<name>, immediate; by default the newest",
    );
  addTargetOptions(command)
    .option("--force", "move a restore point that has this name already")
    .addOption(json())
    .addHelpText(
      "after",
      `
The name is for the last transaction that a restore of the target would hold. It is recorded beside the generation's folder,
in <generation>.restore-points (of LTX files in ltx.restore-points beside ltx/): a line of text, which Litestream neither sees nor deletes.

Examples:
  walkit mark /backups/app "before migration"
  walkit mark /backups/app "last good" "5 minutes ago"
  walkit mark /backups/app "release 7" 0000001f:00001038 --generation 386e2c145a976578
  walkit mark /backups/app "release 8" 000000000000001f
  walkit restore /backups/app -o app.db --target-name "before migration"
${exitCodes("recorded", "the replica cannot give that target", "no replica there, cannot be read or written, or the name is taken")}`,
    )
    .action((replica: string, name: string, target: string | undefined, flags: MarkFlags) =>
      perform(
        "mark",
        flags.json ?? false,
        async (signal) => (await import("./mark.ts")).runMark(replica, name, target, flags, signal),
        replica,
      ),
    );
}

function addLists(program: Command): void {
  const lists: [ListCommand, string][] = [
    ["generations", "list generations, as litestream generations of 0.3 does, and the LTX files as one more"],
    ["snapshots", "list snapshots of generations, as litestream snapshots of 0.3 does"],
    ["wal", "list WAL segments of generations, as litestream wal of 0.3 does"],
  ];
  const codes = exitCodes("listed", undefined, "no replica there, or cannot be read");
  for (const [name, description] of lists) {
    const command = addCommand(program, name, description).argument("<replica>", REPLICA, parseLocation);
    if (name !== "generations") command.addOption(generation("of this generation only"));
    const indexes = "\nIndexes and offsets are decimal; --index of walkit restore takes hexadecimal.\n";
    command
      .addOption(json())
      .addHelpText("after", (name === "generations" ? "" : indexes) + codes)
      .action((replica: string, flags: ListFlags) =>
        perform(
          name,
          flags.json ?? false,
          async (signal) => (await import("./list.ts")).runList(name, replica, flags, signal),
          replica,
        ),
      );
  }
}

function addLtx(program: Command): void {
  addCommand(program, "ltx", "list LTX files, as litestream ltx of 0.5 does")
    .argument("<replica>", REPLICA, parseLocation)
    .addOption(
      new Option("--level <level>", "of this level, 0 to 9, or all; 9 has the snapshots")
        .argParser(parseLtxLevel)
        .default(0),
    )
    .addOption(json())
    .addHelpText(
      "after",
      `
TXIDs are hexadecimal, as --txid of walkit restore takes them. created is when a file was made by its own header, which no copy
changes; where the storage says otherwise, as of a copy without times, walkit says so.
${exitCodes("listed", undefined, "no LTX files there, or cannot be read")}`,
    )
    .action((replica: string, flags: LtxFlags) =>
      perform(
        "ltx",
        flags.json ?? false,
        async (signal) => (await import("./ltx.ts")).runLtx(replica, flags, signal),
        replica,
      ),
    );
}

function addCompare(program: Command): void {
  addCommand(
    program,
    "compare",
    "tell whether two nodes of LiteFS have the same database, or from where on not",
  )
    .argument(
      "<one>",
      "a database's folder, as dbs/app.db of a data directory, or of a backup",
      parseLocation,
    )
    .argument("<other>", "another node's, or a backup", parseLocation)
    .addOption(json())
    .addHelpText(
      "after",
      `
Compares what the LTX files of both say of the database behind each transaction. Whether the databases themselves are as
their files say: walkit verify.

Examples:
  walkit compare /copies/fra/dbs/app.db /copies/iad/dbs/app.db
${exitCodes("the same", "apart", "no database there, a file is damaged or cannot be read, or no transaction is in the files of both")}`,
    )
    .action((one: string, other: string, flags: CompareFlags) =>
      perform(
        "compare",
        flags.json ?? false,
        async (signal) => (await import("./compare.ts")).runCompare(one, other, flags, signal),
        one,
      ),
    );
}

function addInspect(program: Command): void {
  addCommand(
    program,
    "inspect",
    "look into one file, whatever its name: LZ4, WAL, WAL segment, snapshot, database, LTX",
  )
    .argument("<file>", "the file", parseLocation)
    .addOption(
      new Option("--frames <n>", "how many blocks, frames, transactions and pages to list of each; or all")
        .argParser(parseLimit)
        .default(10),
    )
    .addOption(json())
    .addHelpText(
      "after",
      exitCodes("no damage found", "damaged", "cannot be read, not found, or not a file that walkit knows"),
    )
    .action((file: string, flags: InspectFlags) =>
      perform("inspect", flags.json ?? false, async (signal) =>
        (await import("./inspect.ts")).runInspect(file, flags, signal),
      ),
    );
}

function addUi(program: Command): void {
  addCommand(program, "ui", "the page: look at a replica in the browser, travel through it, restore from it")
    .argument("[replica]", REPLICA, parseLocation)
    .addOption(new Option("--port <n>", "by default a free one").argParser(parsePort).default(0))
    .addHelpText(
      "after",
      `
Serves the page on this machine alone (127.0.0.1), below an address that nobody can guess, and prints it. Nothing of the
replica leaves the machine. Commands that the page shows work as they are pasted; the address says the moment, so that a
reload comes back to it. Ctrl-C ends it. LTX files of Litestream 0.5 the page does not open yet.
${exitCodes("ended", undefined, "no replica there, or cannot listen (the port is taken)")}`,
    )
    .action((replica: string | undefined, flags: UiFlags) =>
      perform(
        "ui",
        false,
        async (signal) => (await import("./ui.ts")).runUi(replica, flags, signal),
        replica,
      ),
    );
}
