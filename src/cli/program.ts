/** The command line as commander knows it. What a command needs is loaded when it is run. */

import { readFileSync } from "node:fs";
import { Command, Option } from "commander";
import {
  parseGeneration,
  parseIndex,
  parseLimit,
  parseLocation,
  parseParallelism,
  parseTimestamp,
} from "./arguments.ts";
import { perform, whereHelpIs } from "./exit.ts";
import type { InspectFlags } from "./inspect.ts";
import type { ListCommand, ListFlags } from "./list.ts";
import type { RestoreFlags } from "./restore.ts";
import { printable } from "./text.ts";
import type { VerifyFlags } from "./verify.ts";

const REPLICA =
  "a replica's folder, its generations/ folder, or one generation's folder: a path or file:// URL";

/** What the exit codes mean; those that a command does not have are left out. */
function exitCodes(zero: string, one: string | undefined, three: string): string {
  const rows = [`0  ${zero}`, ...(one ? [`1  ${one}`] : []), "2  wrong usage", `3  ${three}`];
  return ["", "Exit codes:", ...rows.map((row) => `  ${row}`)].join("\n");
}

const EXAMPLES = `
Examples:
  walkit verify /backups/app                         is it good, and what can be restored?
  walkit restore /backups/app -o app.db              the newest state
  walkit restore /backups/app -o app.db --timestamp 2026-01-31T18:30:00Z
  walkit restore /backups/app -o app.db --salvage    as far as a damaged replica goes
  walkit inspect 00000004_00001038.wal.lz4           what is in this file?
${exitCodes("done, or no damage found", "verify, inspect: damaged; restore: the replica cannot give that target", "cannot be read, not found, output exists, or could not be found out")}
  Every command takes --json: one object on standard output (docs/json.md).`;

export function createProgram(): Command {
  const program = new Command("walkit")
    .description("Verify and restore Litestream replicas of SQLite databases")
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
  addLists(program);
  addInspect(program);
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

const COMMANDS = ["verify", "restore", "generations", "snapshots", "wal", "inspect"];

/** The command that the first word names; else none. */
export function commandOf(word: string | undefined): string {
  return word !== undefined && COMMANDS.includes(word) ? word : "";
}

function addVerify(program: Command): void {
  addCommand(program, "verify", "check every name, checksum and link, and tell what can be restored")
    .argument("<replica>", REPLICA, parseLocation)
    .addOption(
      new Option("--level <level>", "how deep to look; each level includes those before it")
        .choices(["names", "frames", "replay", "integrity"])
        .default("integrity"),
    )
    .addOption(generation("look at this generation only"))
    .addOption(json())
    .addOption(
      quiet(
        "print the verdict, whether the newest state can be restored, and what is damaged or could not be found out",
      ),
    )
    .addOption(parallelism())
    .addHelpText(
      "after",
      `
Levels:
  names      the listing alone: names, gaps, times. Opens no file
  frames     every LZ4 checksum, every WAL checksum and salt, no missing byte
  replay     also: snapshots agree with the WAL before them, every page of every commit is there
  integrity  also: SQLite's integrity_check of the newest state

Examples:
  walkit verify /backups/app
  walkit verify --level frames --quiet /backups/app
  walkit verify --json /backups/app | jq .status
${exitCodes("no damage found", "damaged", "no replica there, cannot be read, or could not be found out")}`,
    )
    .action((replica: string, flags: VerifyFlags) =>
      perform(
        "verify",
        flags.json ?? false,
        async (signal) => (await import("./verify.ts")).runVerify(replica, flags, signal),
        replica,
      ),
    );
}

function addRestore(program: Command): void {
  addCommand(program, "restore", "bring the database back: the newest state, or that of an index or a time")
    .argument("<replica>", REPLICA, parseLocation)
    .addOption(
      new Option("-o, --output <file>", "where the database goes; - is standard output").argParser(
        parseLocation,
      ),
    )
    .addOption(generation("restore from this generation; by default the newest"))
    .addOption(
      new Option(
        "--index <hex>",
        "the state at the end of this WAL index, in hexadecimal as with Litestream (10 is index 16; walkit snapshots and walkit wal print decimal)",
      ).argParser(parseIndex),
    )
    .addOption(
      new Option(
        "--timestamp <time>",
        "the state at this time, RFC 3339 with a zone, up to nanoseconds",
      ).argParser(parseTimestamp),
    )
    .option("--if-db-not-exists", "where the output exists, do nothing and exit with 0")
    .option("--if-replica-exists", "where there is no replica, or nothing in it, do nothing and exit with 0")
    .option("--force", "replace the output, and the -wal, -shm and -journal beside it")
    .option(
      "--dry-run",
      "print what would be restored from which files; write nothing, open no file (needs no -o)",
    )
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
also when the restore is interrupted. With -o - that file is in the system's folder for temporary files (TMPDIR).

Examples:
  walkit restore /backups/app -o app.db
  walkit restore /backups/app -o app.db --timestamp 2026-01-31T18:30:00+01:00
  walkit restore /backups/app -o app.db --index 1f
  walkit restore /backups/app --dry-run
  walkit restore /backups/app -o - | ssh host 'cat > app.db'
${exitCodes("restored (also with --salvage), planned with --dry-run, or skipped with --if-…", "the replica cannot give that target", "no replica there, cannot be read, or the output exists or cannot be written")}`,
    )
    .action((replica: string, flags: RestoreFlags) =>
      perform("restore", flags.json ?? false, async (signal) =>
        (await import("./restore.ts")).runRestore(replica, flags, signal),
      ),
    );
}

function addLists(program: Command): void {
  const lists: [ListCommand, string][] = [
    ["generations", "list generations, as litestream generations does"],
    ["snapshots", "list snapshots, as litestream snapshots does"],
    ["wal", "list WAL segments, as litestream wal does"],
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

function addInspect(program: Command): void {
  addCommand(
    program,
    "inspect",
    "look into one file, whatever its name: LZ4, WAL, WAL segment, snapshot, database",
  )
    .argument("<file>", "the file", parseLocation)
    .addOption(
      new Option("--frames <n>", "how many blocks, frames and transactions to list of each; or all")
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
