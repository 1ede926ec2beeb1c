/** `walkit verify`: is it good, and what can be brought back. */

import { type Available, type ErrorCode, WalkitError } from "../errors.ts";
import type { Finding } from "../findings.ts";
import { parseSnapshotName } from "../layouts/generations/names.ts";
import { openReplica } from "../layouts/locate.ts";
import { parsePosition } from "../replay/position.ts";
import { hasEngine } from "../sqlite/engine.ts";
import { IntegrityThread } from "../sqlite/thread.ts";
import { asWalkitError } from "../storage/system.ts";
import { parseTime } from "../time.ts";
import {
  type GenerationReport,
  type Level,
  type Links,
  type NewestState,
  type Range,
  type VerifyOptions,
  type VerifyReport,
  verify,
} from "../verify/index.ts";
import { isLostBetween } from "../verify/lost.ts";
import { clock } from "../verify/newest-state.ts";
import { openIntegrityCheck } from "../verify/temporary.ts";
import { generationOf, UsageError } from "./arguments.ts";
import { exitCodeOf } from "./exit.ts";
import { availableTxid } from "./ltx-words.ts";
import { colourOf, countOf, findingLines, print, printError, printJson } from "./output.ts";
import { ProgressBar } from "./progress.ts";
import { count, formatAge, formatBytes, type Paint, paintFor, printable, row, shellQuote } from "./text.ts";
import { type Checked, FOUND, NAGIOS_EXIT, nagiosLine, prometheusText } from "./verify-formats.ts";
import { checkedText, levelsText, rangeTexts, writtenText } from "./verify-ltx.ts";

export interface VerifyFlags {
  /** Undefined: the default, not asked for by name. */
  level?: Level;
  /** Seconds. */
  maxAge?: number;
  generation?: string;
  json?: boolean;
  format?: Format;
  quiet?: boolean;
  parallelism: number;
}

export type Format = "text" | "json" | "prometheus" | "nagios";

/** @throws UsageError where two are asked for */
export function formatOf({ json = false, format }: Pick<VerifyFlags, "json" | "format">): Format {
  if (json && format !== undefined && format !== "json")
    throw new UsageError(`--json and --format ${format} both say how to print: give one of them`);
  return json ? "json" : (format ?? "text");
}

export async function runVerify(location: string, flags: VerifyFlags, signal: AbortSignal): Promise<number> {
  const format = formatOf(flags);
  if (format === "prometheus" || format === "nagios")
    return await runForMonitoring(location, flags, format, signal);
  const { report, root } = await verifyAt(location, flags, format === "text" && !flags.quiet, signal);
  const { status, level, newestGeneration, checkedAt, newestState, generations, findings } = report;
  if (format === "json")
    printJson({
      ...{ command: "verify", status, replica: location, level },
      ...{ newestGeneration, checkedAt, newestState, generations, findings },
    });
  else {
    const shown = { location, generation: flags.generation, root, quiet: flags.quiet ?? false };
    print(reportLines(report, shown, paintFor(process.stdout)));
  }
  return exitCodeOf(status);
}

/** A replica that cannot be checked is told of in the same format: a monitor that hears nothing sees nothing wrong. */
async function runForMonitoring(
  location: string,
  flags: VerifyFlags,
  format: "prometheus" | "nagios",
  signal: AbortSignal,
): Promise<number> {
  const began = clock();
  const since = performance.now();
  const checked: Checked = {
    location,
    report: undefined,
    error: undefined,
    began,
    seconds: 0,
    maxAge: flags.maxAge,
  };
  try {
    checked.report = (await verifyAt(location, flags, false, signal)).report;
  } catch (error) {
    signal.throwIfAborted();
    const known = asWalkitError(error);
    if (!(known instanceof WalkitError)) throw error;
    checked.error = known;
  }
  checked.seconds = (performance.now() - since) / 1000;
  const status = checked.report?.status ?? "inconclusive";
  if (format === "nagios") {
    print(nagiosLine(checked));
    return NAGIOS_EXIT[status];
  }
  print(prometheusText([checked]).trimEnd());
  if (checked.error) printError(checked.error, location);
  return exitCodeOf(status);
}

async function verifyAt(
  location: string,
  flags: VerifyFlags,
  isWatched: boolean,
  signal: AbortSignal,
): Promise<{ report: VerifyReport; root: string }> {
  const replica = await openReplica(location);
  const bar = new ProgressBar("verifying", isWatched);
  // SQLite's first thread starts while the replica is read: of 0.2 s for a small one, 0.03 s less.
  const isDeep = (flags.level ?? "integrity") === "integrity";
  let sqlite = isDeep && !hasEngine() ? new IntegrityThread() : undefined;
  const checkIntegrity: VerifyOptions["checkIntegrity"] = async (bytes, how) => {
    await keepFirstCode();
    const ready = sqlite ?? new IntegrityThread();
    sqlite = undefined;
    await ready.check(bytes, how, signal);
  };
  try {
    const generation = generationOf(replica, flags.generation);
    const { level, maxAge, parallelism } = flags;
    const onProgress: VerifyOptions["onProgress"] = ({ done, total }) => bar.update(done, total);
    const options = { level, maxAge, parallelism, signal, checkIntegrity, openIntegrityCheck, onProgress };
    return { report: await verify({ ...replica, generation }, options), root: replica.root };
  } finally {
    bar.clear();
    await sqlite?.end();
  }
}

/**
 * V8 compiles SQLite twice: at once, and better what has run for a while, by default after a few dozen of SQLite's
 * operations. The end of the process waits for that: of 0.25 s for a small replica it is 0.1 s. With this it comes after
 * thousands of them; a database of 86 MB takes as long as ever. V8 14 may not know the flag any more, and would say so.
 */
async function keepFirstCode(): Promise<void> {
  if (Number.parseInt(process.versions.v8, 10) > 13) return;
  const { setFlagsFromString } = await import("node:v8");
  setFlagsFromString("--wasm-tiering-budget=2000000000");
}

interface Shown {
  location: string;
  /** `--generation`. */
  generation: string | undefined;
  root: string;
  quiet: boolean;
}

export function reportLines(report: VerifyReport, shown: Shown, paint: Paint): string[] {
  const { status, level, generations, findings } = report;
  const { root, quiet } = shown;
  const lines = [verdict(report, paint)];
  if (status === "damaged") lines.push(...whatIsLeft(report, shown, paint));
  const grave = findings.filter((f) => f.severity === "damage" || f.severity === "inconclusive");
  if (quiet) return grave.length === 0 ? lines : [...lines, "", ...findingLines(grave, paint)];
  lines.push("", `Replica ${printable(root)}`);
  const sorted = newestFirst(report);
  const several = sorted !== undefined && sorted.length > 1;
  const empty = generations.filter((g) => !isFilled(g));
  for (const generation of sorted ? [...sorted, ...empty] : generations) {
    const mark = several && generation === sorted[0] ? " (newest)" : "";
    const own = report.findings.filter((finding) => finding.generation === generation.generation);
    lines.push("", ...generationLines(generation, own, level, mark, paint));
  }
  if (findings.length > 0) lines.push("", ...findingLines(findings, paint));
  return lines;
}

const OK: Record<Level, string> = {
  names: "OK as far as names tell: nothing is missing by its name. No file was opened (--level names)",
  frames:
    "OK as far as checksums tell: every file is whole and nothing is missing. Snapshots were not compared with the WAL (--level frames)",
  replay: "OK: no damage found",
  integrity: "OK: no damage found",
};

const LTX_FRAMES =
  "OK as far as checksums tell: every file is whole and no TXID is missing. Snapshots and merged files were not compared with the others (--level frames)";

function verdict(report: VerifyReport, paint: Paint): string {
  const { status, findings } = report;
  const warnings = countOf(findings, "warning");
  const besides = warnings ? `, with ${warnings}` : "";
  if (status === "ok") return paint.bold(paint.green(okText(report))) + besides;
  if (status === "stale") return paint.bold(paint.yellow(staleText(report))) + besides;
  if (status === "damaged") {
    const problems = countOf(findings, "damage")!;
    return `${paint.bold(colourOf("damage", paint)(damageText(report)))} (${problems}${besides})`;
  }
  const unknown = findings.filter(({ severity }) => severity === "inconclusive");
  const [{ code } = { code: undefined }, ...others] = unknown;
  const reason = others.every((other) => other.code === code) && code ? UNKNOWN[code] : undefined;
  const text = `INCONCLUSIVE: ${reason ?? "walkit could not find out whether everything in this replica can be restored"}`;
  return paint.bold(colourOf("inconclusive", paint)(text)) + besides;
}

function damageText(report: VerifyReport): string {
  const broken = brokenForNothing(report);
  if (broken !== undefined)
    return `DAMAGED: ${count(broken, "file")} broken, but every commit can still be restored`;
  const spare = brokenBesideNewest(report);
  if (spare !== undefined)
    return `DAMAGED: ${count(spare, "file")} broken, but the newest state can still be restored`;
  return "DAMAGED: not everything in this replica can be restored";
}

/** Where one thing alone stands in the way. */
const UNKNOWN: Partial<Record<ErrorCode, string>> = {
  "replica/encrypted": "the replica is encrypted with age, so nothing can be said of what it holds",
  "replica/snapshot-ambiguous":
    "no damage found, but whether the newest snapshot is newer than the WAL, or an older one, cannot be told",
  "storage/unreadable": "no damage found in what can be read, but not everything can be",
  "replica/empty": "there is no damage, and nothing to restore, either",
  "database/integrity-skipped": "no damage found, but SQLite's own check, which was asked for, was not made",
};

function staleText({ level, newestState }: VerifyReport): string {
  return `STALE: ${FOUND[level]}, but the newest state that can be restored was ${writtenAgo(newestState!)}`;
}

/** `written 3 days 4 h ago, 2026-…`; undefined where that is not known. */
function writtenAgo({ time, age }: NewestState): string | undefined {
  if (time === undefined || age === undefined) return undefined;
  return `written ${time}, ${age < 0 ? "a time still to come" : `${formatAge(age)} ago`}`;
}

function okText(report: VerifyReport): string {
  const { level, newestGeneration: known, generations, newestState } = report;
  if (generations.every((g) => g.snapshots === 0)) {
    return "OK: nothing is wrong here, but there is nothing to restore, either";
  }
  if (level === "frames" && generations.every(({ levels }) => levels)) return LTX_FRAMES;
  if (level === "names" || level === "frames") return OK[level];
  const reachesNewest = generations.filter(isFilled).every((g) => g.restorable.at(-1)?.newest);
  const age = newestState && writtenAgo(newestState);
  const which =
    known === undefined
      ? "s of all generations can be restored, but which is the newest is not known"
      : ` can be restored${age ? `: it was ${age}` : ""}`;
  const newest = reachesNewest ? `. The newest state${which}` : "";
  return OK[level] + newest + uncheckedText(level, generations);
}

/** What the verdict does not rest on. */
function uncheckedText(level: Level, generations: readonly GenerationReport[]): string {
  if (level === "replay") return ". SQLite's own check was not run (--level replay)";
  const asked = generations.filter(({ integrity }) => integrity !== undefined);
  const skipped = asked.filter(({ integrity }) => integrity === "skipped").length;
  if (skipped === 0) return "";
  const which = skipped === asked.length ? "" : ` of ${skipped} of ${asked.length} generations`;
  return `. SQLite's own check${which} was not made`;
}

/** The number of broken files, where all that they held is in others as well: snapshots that the WAL leads past. */
function brokenForNothing({ generations, findings }: VerifyReport): number | undefined {
  const bases = new Map<string, number>();
  for (const { generation, restorable } of generations.filter(isFilled)) {
    const [range, more] = restorable;
    if (!range?.newest || !range.proven || more) return undefined;
    bases.set(generation, range.snapshot);
  }
  const broken = new Set<string>();
  for (const { severity, generation, path } of findings) {
    if (severity !== "damage") continue;
    const base = generation === undefined ? undefined : bases.get(generation);
    const index = path === undefined ? undefined : parseSnapshotName(path.slice(path.lastIndexOf("/") + 1));
    // What a snapshot before the first good one leads to is lost.
    if (base === undefined || index === undefined || index < base) return undefined;
    broken.add(path!);
  }
  return broken.size;
}

/** The number of broken LTX files, where all that there is is LTX files, and others lead to the newest state. */
function brokenBesideNewest({ generations, findings }: VerifyReport): number | undefined {
  const [one, more] = generations.filter(isFilled);
  if (!one?.levels || more || !one.restorable.at(-1)?.newest) return undefined;
  const damage = findings.filter(({ severity }) => severity === "damage");
  if (!damage.every(({ code, path }) => path !== undefined && /^(ltx|lz4)\//.test(code))) return undefined;
  return new Set(damage.map(({ path }) => path)).size;
}

function isFilled({ snapshots, segments, levels = [] }: GenerationReport): boolean {
  return snapshots + segments + levels.length > 0;
}

/** Those with files, that of the newest state first; undefined where it is not known which that is. */
function newestFirst({
  generations,
  newestGeneration: newest,
}: VerifyReport): GenerationReport[] | undefined {
  const filled = generations.filter(isFilled);
  if (filled.length > 1 && newest === undefined) return undefined;
  const timeOf = (g: GenerationReport) => (g.newest && parseTime(g.newest)) || 0n;
  const rank = (g: GenerationReport) => (g.generation === newest ? 0 : 1);
  return filled.toSorted((a, b) => rank(a) - rank(b) || (timeOf(a) < timeOf(b) ? 1 : -1));
}

/** In a damaged replica, what the owner wants to know first: is the newest state lost? And the command that helps. */
function whatIsLeft(report: VerifyReport, shown: Shown, paint: Paint): string[] {
  const { findings } = report;
  const { location, generation, quiet } = shown;
  const sorted = newestFirst(report);
  const newest = sorted?.[0];
  if (!sorted || !newest) return [];
  // What cannot be read may be newer than all that can.
  const isAll = !findings.some(
    ({ code, generation: id }) =>
      code === "storage/unreadable" &&
      !sorted.some((one) => one.generation === id && one.restorable.length > 0),
  );
  const id = generation ?? (isAll ? undefined : newest.generation);
  const which = id === undefined ? "" : ` --generation ${id}`;
  const command = `  walkit restore ${shellQuote(location)} -o restored.db${which}`;
  const { available } = newest;
  const last = newest.restorable.at(-1);
  if (newest.integrity === "failed") {
    const corrupt = last?.newest
      ? "SQLite finds the newest state corrupt"
      : "The newest state cannot be restored, and SQLite finds what is left of it corrupt";
    if (!available)
      return [...row("", `${corrupt}, and no other that it finds in order is known.`, 0, paint)];
    const text = `${corrupt}. The latest state known that it finds in order is ${momentText(available)}:`;
    return [...row("", text, 0, paint), `${command} --integrity-check full --salvage`];
  }
  if (!last) {
    const others = quiet ? "" : " Others: see below.";
    return sorted.length === 1
      ? ["Nothing of it can be restored completely."]
      : row(
          "",
          `Nothing of the newest generation, ${newest.generation}, can be restored completely.${others}`,
          0,
          paint,
        );
  }
  if (last.newest && !available) {
    const when = last.toTime ? ` (of ${last.toTime})` : "";
    const what = isAll ? "The newest state" : "Of what can be read, the newest state";
    return [...row("", `${what}${when} can be restored:`, 0, paint), command];
  }
  const found = available ? momentText(available) : `${last.to}${last.toTime ? `, of ${last.toTime}` : ""}`;
  const text = `The newest state cannot be restored. The latest moment that can is ${found}:`;
  return [...row("", text, 0, paint), `${command} --salvage`];
}

function momentText(available: Available): string {
  const { position, snapshot, time } = available;
  const txid = availableTxid(available);
  if (txid !== undefined) return `${txid}${time ? `, of ${time}` : ""}`;
  return `${position ?? `the snapshot of index ${snapshot} alone`}${time ? `, of ${time}` : ""}`;
}

/** Where values begin. */
const COLUMN = 16;

function generationLines(
  generation: GenerationReport,
  findings: readonly Finding[],
  level: Level,
  mark: string,
  paint: Paint,
): string[] {
  const { restorable, timesTrusted, oldest, newest, links, integrity } = generation;
  const colour =
    generation.status === "ok" ? paint.green : generation.status === "damaged" ? paint.red : paint.yellow;
  const { levels } = generation;
  const name = levels ? paint.bold("LTX files") : `Generation ${paint.bold(generation.generation)}`;
  const lines = [`${name}${mark}: ${colour(generation.status)}`];
  const add = (label: string, text: string, paintText?: (text: string) => string) =>
    lines.push(...row(`  ${label}`, text, COLUMN, paint, paintText));
  const { snapshots, segments, indexes, bytes } = generation;
  if (!isFilled(generation)) {
    add("files", "none");
    return lines;
  }
  const size = bytes === undefined ? "" : `, ${formatBytes(bytes)}`;
  add(
    "files",
    levels
      ? levelsText(levels, bytes)
      : `${count(snapshots, "snapshot")}, ${count(segments, "WAL segment")} in ${count(indexes, "index")}${size}`,
  );
  if (oldest && newest) {
    const written = levels ? writtenText(generation, level) : `${oldest} to ${newest}`;
    add("written", `${written}${timesTrusted ? "" : " (not to be trusted)"}`);
  }
  const { transactions, frames, pageSize, pageCount } = generation;
  if (frames > 0 && levels) add("checked", checkedText(generation));
  else if (frames > 0) add("checked", `${count(transactions, "transaction")} in ${count(frames, "frame")}`);
  if (links && links.total > 0) add("connected", linksText(links));
  if (pageSize && pageCount) {
    const said = {
      ok: ", SQLite's integrity_check says ok",
      failed: ", SQLite's integrity_check FAILS",
      skipped: ", SQLite's integrity_check was not made",
    };
    add(
      "database",
      `${formatBytes(pageSize * pageCount)}: ${count(pageCount, "page")} of ${pageSize} bytes${integrity ? said[integrity] : ""}`,
    );
  }
  if (restorable.length === 0) add("restorable", "nothing", paint.red);
  else if (level === "names") lines.push("  restorable, if the files are whole");
  for (const [i, range] of restorable.entries()) {
    const end = range.newest ? " (the newest state)" : "";
    const label = i === 0 && level !== "names" ? "restorable" : "";
    const { what, fine } = levels ? rangeTexts(range) : { what: rangeText(range), fine: undefined };
    add(
      label,
      `${what}${end}${range.proven ? "" : range.salvage ? ", not proven: with --salvage only" : ", not proven"}`,
    );
    if (fine !== undefined) add("", fine);
    const next = restorable[i + 1];
    if (next && !isLostBetween(findings, parsePosition(range.to)!, parsePosition(next.from)!)) {
      add("", `no state in between: a file leads from the first TXID to ${next.from} at once`);
    } else if (next) {
      add("", `cannot be restored: what was committed after ${range.to} and before ${next.from}`, paint.red);
    } else if (!end && generation.status === "damaged") {
      add("", `cannot be restored: what was committed after ${range.to}`, paint.red);
    }
  }
  for (const [i, { position, time }] of (generation.apart ?? []).slice(0, SHOWN_APART).entries())
    add(i === 0 ? "in between" : "", `the snapshot of TXID ${position}${time ? `, ${time}` : ""}`);
  const more = (generation.apart ?? []).length - SHOWN_APART;
  if (more > 0) add("", `… and ${count(more, "more snapshot")} (all of them with --json)`);
  return lines;
}

/** So many snapshots between the states of a range are printed. */
const SHOWN_APART = 10;

/** What ties the WAL indexes together, and what it would mean that nothing does. */
export function linksText({ total, snapshot, sequence, unproven }: Links): string {
  const step = "from one WAL index to the next";
  if (snapshot === total) {
    return total === 1
      ? `the one step ${step} is proven by a snapshot`
      : `all ${total} steps ${step} are proven by a snapshot`;
  }
  const parts: string[] = [];
  if (snapshot > 0) parts.push(`${snapshot} proven by a snapshot`);
  if (sequence > 0)
    parts.push(`${sequence} where Litestream's counter shows that no whole index is missing, no more`);
  if (unproven > 0) {
    parts.push(`${unproven} without evidence: a lost last segment of an index there would go unnoticed`);
  }
  return `of ${count(total, "step")} ${step}, ${parts.join(", ")}`;
}

function rangeText({ from, to, fromTime, toTime, snapshot }: Range): string {
  const what =
    from === to ? `the snapshot of index ${snapshot} alone, ${from}` : `every commit from ${from} to ${to}`;
  const times =
    fromTime && toTime ? (fromTime === toTime ? `, ${fromTime}` : `, ${fromTime} to ${toTime}`) : "";
  return what + times;
}
