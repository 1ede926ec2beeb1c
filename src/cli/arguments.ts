/** What is written on the command line, as values: each parser says what it expected. */

import { InvalidArgumentError, type Option } from "commander";
import { WalkitError } from "../errors.ts";
import type { LocatedReplica } from "../layouts/locate.ts";
import { isBranchName } from "../replay/branch-name.ts";
import type { DirectoryStorage } from "../storage/directory.ts";
import { parseDuration } from "../timeline/target/grammar.ts";
import { say } from "./output.ts";

/** The command line asks for what cannot be asked: exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Long options with one dash, as Litestream writes them. */
const SINGLE_DASH =
  /^-(output|generation|index|timestamp|txid|target-|no-history|if-|parallelism|config|replica|level|json|force|dry-run|salvage|quiet|max-age|format)/;

const LONG_OPTIONS =
  /^(generation|index|timestamp|txid|target-\w+|no-history|if-db-not-exists|if-replica-exists|parallelism|level|json|force|dry-run|salvage|quiet|max-age|format)$/;

/**
 * What is wrong with a word of the command line that looks like one of Litestream's options. Commander would take
 * `-output=x` for `-o utput=x`, and write a file of that name.
 */
export function misspelledOption(word: string): string | undefined {
  const name = word.replace(/^-+/, "").replace(/=.*$/s, "");
  if (/^--?(config|replica)(=|$)/.test(word)) {
    return `unknown option '${word}': walkit has no configuration; give the replica's folder`;
  }
  if (/^-v(=|$)/.test(word)) return "unknown option '-v': walkit's version is -V or --version";
  if (/^-o=/.test(word)) return `unknown option '${word}': Did you mean -o ${word.slice(3)}?`;
  if (!SINGLE_DASH.test(word)) return undefined;
  const right =
    name === "output"
      ? "Did you mean -o or --output? "
      : LONG_OPTIONS.test(name)
        ? `Did you mean --${name}? `
        : "";
  return `unknown option '-${name}': ${right}Long options have two dashes`;
}

export function parseLocation(text: string): string {
  // An unset variable of a script, most likely; taken as a path it would be the current folder.
  if (text === "") throw new InvalidArgumentError("Expected a path, found an empty one.");
  return text;
}

/** One more place, behind those before it. */
export function parseLocations(text: string, before: readonly string[] = []): string[] {
  return [...before, parseLocation(text)];
}

/** A file to write or read, as an option's value. `-` is standard output where the option says so. */
export function parseFile(text: string): string {
  if (/^-./s.test(text)) {
    throw new InvalidArgumentError(
      `Expected a path, found what looks like an option. A file of that name is ./${text}.`,
    );
  }
  return parseLocation(text);
}

/**
 * What is wrong with an option whose value was forgotten, so that the option behind it would be taken for its value:
 * commander asks no questions.
 */
export function swallowedOption(options: readonly Option[], words: readonly string[]): string | undefined {
  const find = (word: string | undefined) =>
    word?.startsWith("-") ? options.find(({ short, long }) => word === short || word === long) : undefined;
  for (let at = 0; at < words.length && words[at] !== "--"; at++) {
    const option = find(words[at]);
    if (!option?.required) continue;
    const value = words[++at];
    if (!find(value?.replace(/^(--[a-z-]+)=.*$/s, "$1"))) continue;
    const given = option.flags.endsWith("<file>") ? `${option.long} ./${value}` : `${option.long}=${value}`;
    return `option '${option.flags}' needs a value, found the option '${value}' behind it (if that is the value: ${given})`;
  }
  return undefined;
}

export function parseGeneration(text: string): string {
  if (isBranchName(text)) return text;
  throw new InvalidArgumentError(
    "Expected 16 lowercase hexadecimal digits, as in generations/<generation>, or ltx for the LTX files.",
  );
}

/** Hexadecimal, as Litestream takes it. */
export function parseIndex(text: string): number {
  const match = /^(?:0x)?0*([0-9a-f]{1,8})$/i.exec(text);
  if (match) return Number.parseInt(match[1]!, 16);
  throw new InvalidArgumentError(
    "Expected a WAL index in hexadecimal, as in the files' names (0000001f, 1f or 0x1f).",
  );
}

export function parseParallelism(text: string): number {
  const n = Number(text);
  if (/^\d+$/.test(text) && n >= 1 && n <= 1024) return n;
  throw new InvalidArgumentError("Expected a whole number from 1 to 1024.");
}

/** Seconds. */
export function parseAge(text: string): number {
  try {
    return parseDuration(text);
  } catch (error) {
    throw new InvalidArgumentError(`${(error as RangeError).message}.`);
  }
}

export function parsePort(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65535) return Number(text);
  throw new InvalidArgumentError("Expected a port from 1 to 65535, or 0 for a free one.");
}

/** A level of LTX files; `all` for all of them. */
export function parseLtxLevel(text: string): number | "all" {
  if (text === "all") return text;
  if (/^[0-9]$/.test(text)) return Number(text);
  throw new InvalidArgumentError("Expected a level from 0 to 9, or all.");
}

/** How many to list; `all` for all of them. */
export function parseLimit(text: string): number {
  if (text === "all") return Number.POSITIVE_INFINITY;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("Expected a whole number, or all.");
}

/**
 * The replica's folder, for what is written beside its generations.
 *
 * @throws WalkitError `output/unwritable` where it is an archive
 */
export function folderOf({ folder }: LocatedReplica, location: string): DirectoryStorage {
  if (folder) return folder;
  throw new WalkitError(
    "output/unwritable",
    `Expected a replica's folder to write to, found an archive: ${location}`,
    {
      path: location,
      remedy: say("Unpack it into a folder, keeping its files' times (tar, unzip), and name that"),
    },
  );
}

/** The generation that the path names, the option names, or neither; that both name. */
export function generationOf(replica: LocatedReplica, option: string | undefined): string | undefined {
  const { generation } = replica;
  if (generation !== undefined && option !== undefined && option !== generation) {
    throw new UsageError(
      `the path is generation ${generation}'s own folder, but --generation says ${option}`,
    );
  }
  return generation ?? option;
}
