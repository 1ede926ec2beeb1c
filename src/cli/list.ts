/**
 * `walkit generations | snapshots | wal`: the lists of Litestream 0.3, byte for byte but for the lag, and as JSON. LTX files are one
 * more generation; what they are `walkit ltx` lists.
 */

import { findingOf, makeFinding } from "../findings.ts";
import { timesFinding } from "../layouts/generations/check.ts";
import { type Generation, isGeneration } from "../layouts/generations/types.ts";
import { openReplica } from "../layouts/locate.ts";
import { isLtx, type LtxBranch } from "../layouts/ltx/types.ts";
import { LTX_BRANCH, rootAbove } from "../replay/branch-name.ts";
import { filesIn, unreadableIn } from "../replay/catalog.ts";
import { sectionOf } from "../replay/position.ts";
import { catalogOf } from "../replay/replica.ts";
import { formatPosition, formatTime, timeRange, timesUntrusted } from "../snapshot/index.ts";
import { now } from "../time.ts";
import { statusOf } from "../verify/report.ts";
import { generationOf } from "./arguments.ts";
import { exitCodeOf } from "./exit.ts";
import { type FindingToTell, findingLines, print, printAside, printJson } from "./output.ts";
import { count, paintFor, shellQuote, table } from "./text.ts";

export type ListCommand = "generations" | "snapshots" | "wal";

export interface ListFlags {
  generation?: string;
  json?: boolean;
}

/** Litestream calls a replica without a name after the kind of its storage. */
const NAME = "file";

/** What Go's zero time looks like: a generation without files has no other. */
const NO_TIME = "0001-01-01T00:00:00Z";

export async function runList(
  command: ListCommand,
  location: string,
  { generation: wanted, json = false }: ListFlags,
  signal: AbortSignal,
): Promise<number> {
  const replica = await openReplica(location);
  const { prefix } = replica;
  const generation = generationOf(replica, wanted);
  // LTX files say in their headers when they were made.
  const times = command === "generations";
  const catalog = await catalogOf({ ...replica, generation }, { signal, times });
  const generations = catalog.generations.filter(isGeneration);
  const ltx = catalog.generations.find(isLtx);
  const findings = listFindings(command, generations, ltx, prefix);
  const status = statusOf(findings);
  if (json) {
    printJson({
      command,
      status,
      replica: location,
      [command]: itemsOf(command, generations, ltx, prefix),
      findings,
    });
  } else {
    print(table(rowsOf(command, generations, ltx)));
    if (ltx && command !== "generations" && generations.length > 0)
      printAside(`LTX files of Litestream 0.5 are there as well: walkit ltx ${shellQuote(location)}`);
    printAside(findingLines(findings, paintFor(process.stderr)));
  }
  return exitCodeOf(status);
}

function listFindings(
  command: ListCommand,
  generations: readonly Generation[],
  ltx: LtxBranch | undefined,
  prefix: string,
): FindingToTell[] {
  const findings: FindingToTell[] = [];
  if (generations.length === 0 && !ltx) {
    const message = `Expected generations or LTX files below ${rootAbove(prefix) || "the folder"}, found none`;
    findings.push(makeFinding("replica/not-a-replica", message));
  }
  if (generations.length === 0 && ltx && command !== "generations") {
    const what = command === "wal" ? "WAL segments" : "snapshots of generations";
    const message = `Expected ${what}, found LTX files of Litestream 0.5 alone`;
    const remedy = { do: "list", what: "ltx" } as const;
    const meaning = "The replica is one of Litestream 0.5, which keeps snapshots and changes in LTX files";
    findings.push({ ...makeFinding("target/no-generation", message, { remedy }), meaning });
  }
  if (ltx && command === "generations")
    for (const error of unreadableIn(ltx)) findings.push(findingOf(error, { generation: LTX_BRANCH }));
  for (const generation of generations) {
    const { id, snapshots, segments } = generation;
    for (const error of unreadableIn(generation)) findings.push(findingOf(error, { generation: id }));
    if (command === "snapshots" && snapshots.length === 0 && segments.length > 0 && !generation.unreadable) {
      const message = `Expected a snapshot in generation ${id}, found ${count(segments.length, "WAL segment")} and no snapshot`;
      findings.push(makeFinding("replica/no-snapshot", message, { generation: id, severity: "warning" }));
    }
    const untrusted = timesUntrusted(generation, generations);
    if (untrusted) findings.push(timesFinding(generation, untrusted));
  }
  return findings;
}

function rowsOf(
  command: ListCommand,
  generations: readonly Generation[],
  ltx: LtxBranch | undefined,
): (string | number)[][] {
  if (command === "generations") {
    const rows = [...generations, ...(ltx ? [ltx] : [])].map((generation) => {
      const range = timeRange(generation);
      const lag = formatLag(range ? now() - range.newest : LONGEST);
      return [NAME, generation.id, lag, wholeSeconds(range?.oldest), wholeSeconds(range?.newest)];
    });
    return [["name", "generation", "lag", "start", "end"], ...rows];
  }
  if (command === "snapshots") {
    const rows = generations.flatMap(({ id, snapshots }) =>
      snapshots.map((s) => [NAME, id, sectionOf(s), s.size ?? 0, wholeSeconds(s.modified)]),
    );
    return [["replica", "generation", "index", "size", "created"], ...rows];
  }
  const rows = generations.flatMap(({ id, segments }) =>
    segments.map((s) => [NAME, id, s.index, s.offset, s.size ?? 0, wholeSeconds(s.modified)]),
  );
  return [["replica", "generation", "index", "offset", "size", "created"], ...rows];
}

function itemsOf(
  command: ListCommand,
  generations: readonly Generation[],
  ltx: LtxBranch | undefined,
  prefix: string,
): object[] {
  if (command === "generations") {
    return [...generations, ...(ltx ? [ltx] : [])].map((generation) => {
      const { id, snapshots, segments, levels } = generation;
      const range = timeRange(generation);
      const sizes = filesIn(generation).map((file) => file.size);
      return {
        generation: id,
        path: isLtx(generation) ? folderOf(generation, prefix) : `${prefix}${id}`,
        snapshots: snapshots.length,
        segments: segments.length,
        indexes: new Set(segments.map(sectionOf)).size,
        bytes: sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0),
        start: exactTime(range?.oldest),
        end: exactTime(range?.newest),
        timesTrusted: isLtx(generation) || timesUntrusted(generation, generations) === undefined,
        ...(levels && { levels }),
      };
    });
  }
  if (command === "snapshots") {
    return generations.flatMap(({ id, snapshots }) =>
      snapshots.map((snapshot) => ({
        generation: id,
        index: sectionOf(snapshot),
        size: snapshot.size,
        created: exactTime(snapshot.modified),
        path: snapshot.path,
      })),
    );
  }
  return generations.flatMap(({ id, segments }) =>
    segments.map(({ index, offset, size, modified, path }) => ({
      generation: id,
      index,
      offset,
      position: formatPosition({ index, offset }),
      size,
      created: exactTime(modified),
      path,
    })),
  );
}

/** That the levels lie in: `ltx`, or where they are named as in S3 the replica's root, which is empty. */
function folderOf({ files }: LtxBranch, prefix: string): string {
  const root = rootAbove(prefix);
  return files.some(({ path }) => path.startsWith(`${root}ltx/`)) ? `${root}ltx` : root.replace(/\/$/, "");
}

function exactTime(time: bigint | undefined): string | undefined {
  return time === undefined ? undefined : formatTime(time);
}

/** As Go prints a time in whole seconds: what is below them is cut off. */
export function wholeSeconds(time: bigint | undefined): string {
  return time === undefined ? NO_TIME : `${formatTime(time).slice(0, 19)}Z`;
}

const SECOND = 1_000_000_000n;
/** The longest duration that Go has; a lag without a time becomes this. */
const LONGEST = 2n ** 63n - 1n;

/**
 * A duration in nanoseconds as Litestream prints it: cut to seconds from 10 s on, to tenths from 1 s, then to milliseconds
 * and microseconds, and written as Go writes durations (`2562047h47m16s`, `2m17s`, `6.3s`, `500ms`).
 */
export function formatLag(nanoseconds: bigint): string {
  const sign = nanoseconds < 0n ? "-" : "";
  const exact = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  const steps: [over: bigint, step: bigint][] = [
    [10n * SECOND, SECOND],
    [SECOND, SECOND / 10n],
    [SECOND / 1000n, SECOND / 1000n],
    [SECOND / 1_000_000n, SECOND / 1_000_000n],
  ];
  const [, step] = steps.find(([over]) => exact > over) ?? [0n, 1n];
  const cut = exact - (exact % step);
  if (cut === 0n) return "0s";
  if (cut < 1000n) return `${sign}${cut}ns`;
  if (cut < 1_000_000n) return `${sign}${decimal(cut, 1000n)}µs`;
  if (cut < SECOND) return `${sign}${decimal(cut, 1_000_000n)}ms`;
  const hours = cut / (3600n * SECOND);
  const minutes = (cut / (60n * SECOND)) % 60n;
  const seconds = `${decimal(cut % (60n * SECOND), SECOND)}s`;
  return sign + (hours > 0n ? `${hours}h${minutes}m` : minutes > 0n ? `${minutes}m` : "") + seconds;
}

function decimal(value: bigint, unit: bigint): string {
  const digits = unit.toString().length - 1;
  const fraction = (value % unit).toString().padStart(digits, "0").replace(/0+$/, "");
  return `${value / unit}${fraction ? `.${fraction}` : ""}`;
}
