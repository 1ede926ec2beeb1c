/** `walkit verify`: is it good, and what can be brought back. */

import { WalkitError } from "../errors.ts";
import { findingOf } from "../findings.ts";
import { openReplica } from "../layouts/locate.ts";
import { hasEngine } from "../sqlite/engine.ts";
import { IntegrityThread } from "../sqlite/thread.ts";
import { asWalkitError } from "../storage/system.ts";
import { formatTime, now } from "../time.ts";
import { type Level, type VerifyOptions, type VerifyReport, verify } from "../verify/index.ts";
import { openIntegrityCheck } from "../verify/temporary.ts";
import { generationOf, UsageError } from "./arguments.ts";
import { exitCodeOf } from "./exit.ts";
import { print, printError, printJson } from "./output.ts";
import { ProgressBar } from "./progress.ts";
import { count, type Paint, paintFor, printable } from "./text.ts";
import {
  type Checked,
  NAGIOS_EXIT,
  nagiosLine,
  prometheusText,
  VERDICTS,
  verdictOf,
} from "./verify-formats.ts";
import { reportLines } from "./verify-text.ts";
import { verdict } from "./verify-verdict.ts";

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

/** One replica is told of at length, several in a line each; a monitor is told of either in its own format. */
export async function runVerify(
  locations: readonly string[],
  flags: VerifyFlags,
  signal: AbortSignal,
): Promise<number> {
  const format = formatOf(flags);
  const places = [...new Set(locations)];
  const isOne = places.length === 1;
  if (!isOne && flags.generation !== undefined)
    throw new UsageError(`--generation is one of one replica, found ${places.length} replicas`);
  if (!isOne && format === "nagios")
    throw new UsageError(`--format nagios is a line for one replica, found ${places.length} replicas`);
  if (isOne && format === "text") return await runAtLength(places[0]!, flags, signal);
  if (isOne && format === "json") {
    const { report } = await verifyAt(places[0]!, flags, false, signal);
    printJson(jsonOf(places[0]!, flags, report));
    return exitCodeOf(report.status);
  }
  return await runSummary(places, flags, format, signal);
}

async function runAtLength(location: string, flags: VerifyFlags, signal: AbortSignal): Promise<number> {
  const quiet = flags.quiet ?? false;
  const { report, root } = await verifyAt(location, flags, !quiet, signal);
  const shown = { location, generation: flags.generation, root, quiet };
  if (!quiet || report.status !== "ok") print(reportLines(report, shown, paintFor(process.stdout)));
  return exitCodeOf(report.status);
}

async function runSummary(
  places: readonly string[],
  flags: VerifyFlags,
  format: Format,
  signal: AbortSignal,
): Promise<number> {
  const isText = format === "text";
  const paint = paintFor(process.stdout);
  const all: Checked[] = [];
  for (const location of places) {
    const checked = await check(location, flags, isText && !flags.quiet, signal);
    all.push(checked);
    if (format === "json") printJson(jsonOf(location, flags, checked.report ?? reportOf(checked)), 0);
    if (isText && !(flags.quiet && verdictOf(checked) === "ok")) print(summaryLine(checked, paint));
  }
  const worst = VERDICTS.find((status) => all.some((checked) => verdictOf(checked) === status))!;
  if (format === "nagios") {
    print(nagiosLine(all[0]!));
    return NAGIOS_EXIT[worst];
  }
  if (format === "prometheus") {
    print(prometheusText(all).trimEnd());
    for (const { error, location } of all) if (error) printError(error, location);
  }
  if (isText && !flags.quiet) print("", countsText(all));
  return exitCodeOf(worst);
}

/** A replica that cannot be checked is told of like the others: a monitor that hears nothing sees nothing wrong. */
async function check(
  location: string,
  flags: VerifyFlags,
  isWatched: boolean,
  signal: AbortSignal,
): Promise<Checked> {
  const began = now();
  const since = performance.now();
  const done = (report: VerifyReport | undefined, error: WalkitError | undefined): Checked => {
    const seconds = (performance.now() - since) / 1000;
    return { location, report, error, began, seconds, maxAge: flags.maxAge };
  };
  try {
    return done((await verifyAt(location, flags, isWatched, signal)).report, undefined);
  } catch (error) {
    signal.throwIfAborted();
    const known = asWalkitError(error);
    if (!(known instanceof WalkitError)) throw error;
    return done(undefined, known);
  }
}

/** Of a replica that could not be checked. */
function reportOf({ error, began }: Checked): Partial<VerifyReport> {
  const findings = [findingOf(error!, { severity: "inconclusive" })];
  return { status: "inconclusive", checkedAt: formatTime(began), generations: [], findings };
}

/** With all its keys, whatever is known. */
function jsonOf(
  location: string,
  { level = "integrity" }: VerifyFlags,
  report: Partial<VerifyReport>,
): object {
  const { status, newestGeneration, checkedAt, newestState, generations, findings } = report;
  return {
    ...{ command: "verify", status, replica: location, level },
    ...{ newestGeneration, checkedAt, newestState, generations, findings },
  };
}

function summaryLine({ location, report, error }: Checked, paint: Paint): string {
  const place = printable(location);
  if (report) return `${place}: ${verdict(report, paint)}`;
  return `${place}: ${paint.bold(paint.yellow(`INCONCLUSIVE: ${printable(error!.message)}`))}`;
}

function countsText(all: readonly Checked[]): string {
  const counts = VERDICTS.flatMap((status) => {
    const n = all.filter((checked) => verdictOf(checked) === status).length;
    return n > 0 ? [`${n} ${status}`] : [];
  });
  const isGood = all.every((checked) => verdictOf(checked) === "ok");
  return `${count(all.length, "replica")}: ${counts.join(", ")}${isGood ? "" : ". What is wrong with one: walkit verify <replica>"}`;
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
