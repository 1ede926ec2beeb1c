/** `walkit restore`: the database of one moment, into a file or to standard output. */

import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename } from "node:path";
import { pipeline } from "node:stream/promises";
import { familyOf, WalkitError } from "../errors.ts";
import { type Finding, makeFinding } from "../findings.ts";
import { segmentPathBeside } from "../layouts/generations/names.ts";
import { isNoOnes, type LocatedReplica, openReplica, toPath } from "../layouts/locate.ts";
import type { PlannedWal, RestorePlan } from "../replay/plan.ts";
import { comparePositions, formatPosition, isInWal, isSameSection, sectionOf } from "../replay/position.ts";
import { catalogOf, readChanges, whole } from "../replay/replica.ts";
import {
  isMoment,
  type RestoredFile,
  type RestoreFileOptions,
  restoreFile,
  restoreThrough,
} from "../restore/file.ts";
import { checkOutput } from "../restore/output.ts";
import { planTarget, restore } from "../restore/restore.ts";
import type { Restored } from "../restore/restored.ts";
import type { DatabaseSink } from "../restore/sinks/sink.ts";
import type { Storage } from "../storage/storage.ts";
import { asWalkitError } from "../storage/system.ts";
import { formatTime } from "../time.ts";
import type { Target } from "../timeline/target/target.ts";
import { UsageError } from "./arguments.ts";
import { BrokenPipe, EXIT, Refused } from "./exit.ts";
import { print, printAside, printJson } from "./output.ts";
import { checkPlace, exists, refuseFolder } from "./place.ts";
import { ProgressBar } from "./progress.ts";
import type { RestoreFlags } from "./restore-flags.ts";
import { type LtxPlan, ltxPlanOf } from "./restore-ltx.ts";
import { type Planned, plannedLines, refusedLines, restoredLines } from "./restore-text.ts";
import { targetOf, targetWithin } from "./target.ts";
import { paintFor, printable } from "./text.ts";

/** What `--json` prints; the keys are always these. */
interface RestoreReport {
  command: "restore";
  status: "restored" | "planned" | "skipped";
  replica: string;
  output: string | undefined;
  skipped: string | undefined;
  target: object;
  plan: object | undefined;
  restored: object | undefined;
  lost: Restored["lost"];
  findings: Finding[];
}

export async function runRestore(
  location: string,
  flags: RestoreFlags,
  signal: AbortSignal,
): Promise<number> {
  checkFlags(flags);
  const { output, json = false, quiet = false } = flags;
  let target = targetOf(flags);
  const report = (status: RestoreReport["status"], rest: Partial<RestoreReport>): RestoreReport => ({
    command: "restore",
    status,
    replica: location,
    output,
    skipped: undefined,
    target: targetObject(target),
    plan: undefined,
    restored: undefined,
    lost: undefined,
    findings: [],
    ...rest,
  });
  const skip = (why: string): number => {
    if (json) printJson(report("skipped", { skipped: why }));
    else if (!quiet) tell(output, `Skipped: ${why}. Nothing was done`);
    return EXIT.ok;
  };
  const refuse = (thrown: unknown): unknown => {
    const error = asWalkitError(thrown);
    if (!(error instanceof WalkitError)) return error;
    return new Refused(error, refusedLines(error, { ...flags, target, location }, paintFor(process.stderr)));
  };
  if (output !== undefined && output !== "-") {
    try {
      await refuseFolder(output);
      if (flags.ifDbNotExists && (await exists(output)))
        return skip(`there is something at ${printable(output)} already (--if-db-not-exists)`);
    } catch (error) {
      throw refuse(error);
    }
  }
  let replica: LocatedReplica | undefined;
  try {
    replica = await openReplica(location);
    target = targetWithin(replica, target);
    const place = output === undefined || output === "-" ? undefined : checkPlace(output, location, replica);
    if (!flags.dryRun) await place;
    else {
      const planned = await dryRun(replica, target, { output, place }, flags, signal);
      const { plan, ltx, findings, lost } = planned;
      if (json) printJson(report("planned", { plan: planObject(plan, ltx), lost, findings }));
      else print(plannedLines(planned, { target, output }, paintFor(process.stdout)));
      return lost || findings.some(isDamage) ? EXIT.partial : EXIT.ok;
    }
    const began = performance.now();
    const restored = await run(replica, target, output!, flags, signal);
    const { findings, plan, lost, proven, generation, snapshot, history, ...rest } = restored;
    // The database is there by now: that the replica has gone since must not look as if it were not.
    const times = json ? "all" : "last";
    const isNewest = !lost && !isMoment(target);
    const ltx = await ltxPlanOf(replica, plan, { times, isNewest, signal }).catch(() => undefined);
    const time = ltx ? ltx.state.time : await timeOfLast(replica.storage, plan).catch(() => undefined);
    const following = nextPath(plan);
    const nextTime = following && (await timeOf(replica.storage, following).catch(() => undefined));
    const milliseconds = Math.round(performance.now() - began);
    const vouched = await isVouchedFor(replica, restored).catch(() => false);
    if (json) {
      const position = rest.position && formatPosition(rest.position);
      const next = ltx && { next: ltx.next };
      const done = { generation, snapshot, ...rest, position, time, proven, milliseconds, history, ...next };
      printJson(report("restored", { plan: planObject(plan, ltx), restored: done, lost, findings }));
    } else {
      const paint = paintFor(output === "-" ? process.stderr : process.stdout);
      const about = { output: output!, target, time, nextTime, ltx, milliseconds, quiet, vouched };
      tell(output, ...restoredLines(restored, about, paint));
    }
    return lost && !vouched ? EXIT.partial : EXIT.ok;
  } catch (error) {
    if (
      flags.ifReplicaExists &&
      error instanceof WalkitError &&
      (await isNothingThere(error, location, flags, replica))
    ) {
      return skip(`there is nothing to restore from at ${printable(location)} (--if-replica-exists)`);
    }
    throw refuse(error);
  }
}

function checkFlags({ output, dryRun, json }: RestoreFlags): void {
  if (dryRun) return;
  if (output === undefined) {
    throw new UsageError(
      "-o is missing: where is the database to go? For instance -o restored.db (-o - is standard output)",
    );
  }
  if (output !== "-") return;
  if (json) throw new UsageError("-o - and --json both want standard output: choose one");
  if (process.stdout.isTTY) {
    throw new UsageError("a database is not for a terminal: send standard output to a file or a program");
  }
}

function isDamage({ severity }: Finding): boolean {
  return severity === "damage" || severity === "inconclusive";
}

/** With `salvage` all that it would do, but for the output: what can be had shows only when the files are read. */
async function dryRun(
  replica: LocatedReplica,
  target: Target,
  { output, place }: { output: string | undefined; place: Promise<void> | undefined },
  { force = false, salvage, parallelism }: RestoreFlags,
  signal: AbortSignal,
): Promise<Planned> {
  let refused: WalkitError | undefined;
  try {
    await place;
    if (place) checkOutput(output!, { force, history: false });
  } catch (error) {
    if (!(error instanceof WalkitError)) throw error;
    refused = error;
  }
  const options = { signal, parallelism };
  const { plan, findings, lost } = salvage
    ? await restore(replica, target, NOWHERE, { ...options, salvage })
    : { ...(await planned(replica, target, options)), lost: undefined };
  if (refused) {
    const { code, message, path, remedy } = refused;
    const would = `${message}: the restore would be refused`;
    findings.push(makeFinding(code, would, { path, remedy, severity: "warning" }));
  }
  const ltx = await ltxPlanOf(replica, plan, { times: "all", isNewest: !lost && !isMoment(target), signal });
  const time = ltx ? ltx.state.time : await timeOfLast(replica.storage, plan);
  return { plan, time, ltx, findings, lost };
}

async function planned(
  replica: LocatedReplica,
  target: Target,
  options: { signal: AbortSignal },
): Promise<{ plan: RestorePlan; findings: Finding[] }> {
  const plan = await planTarget(replica, target, options);
  return { plan, findings: [...plan.findings] };
}

const NOWHERE: DatabaseSink = { write: async () => {} };

async function run(
  replica: LocatedReplica,
  target: Target,
  output: string,
  { force, integrityCheck, salvage, parallelism, json, quiet, history }: RestoreFlags,
  signal: AbortSignal,
): Promise<RestoredFile> {
  const bar = new ProgressBar("restoring", !json && !quiet);
  let reading = "reading WAL";
  const options: RestoreFileOptions = {
    force,
    salvage,
    history,
    integrityCheck,
    parallelism,
    signal,
    onPlan: ({ snapshot }) => {
      if (!isInWal(snapshot)) reading = "reading LTX files";
    },
    onProgress: ({ done, total, phase }) =>
      bar.update(done, total, phase === "wal" ? reading : "writing database"),
    // sql.js does not hear a signal while it checks: what came meanwhile must count before the file gets its name.
    accept: async () => {
      for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
      signal.throwIfAborted();
    },
  };
  try {
    if (output === "-") {
      const send = async (path: string) => {
        bar.clear();
        await toStandardOutput(path, signal);
      };
      const restored = await restoreThrough(replica, target, tmpdir(), send, options);
      return { ...restored, history: undefined };
    }
    return await restoreFile(replica, target, output, options);
  } finally {
    bar.clear();
  }
}

async function toStandardOutput(path: string, signal: AbortSignal): Promise<void> {
  try {
    await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), process.stdout, {
      end: false,
      signal,
    });
  } catch (error) {
    if ((error as { code?: string }).code === "EPIPE") throw new BrokenPipe("nobody reads any more");
    throw error;
  }
}

/** The plan with its positions as text, as everywhere in `--json`. */
function planObject({ snapshot, ancestors, bytes, ...own }: RestorePlan, ltx: LtxPlan | undefined): object {
  const { path, size } = snapshot;
  const base = { index: sectionOf(snapshot), path, size };
  return {
    ...walObject(own),
    snapshot: base,
    ancestors: ancestors.map(walObject),
    bytes,
    ...(ltx && { files: ltx.files }),
  };
}

function walObject({ generation, segments, proof, end, next }: PlannedWal): object {
  return {
    ...{ generation, segments, proof },
    end: end && formatPosition(end),
    next: next && formatPosition(next),
  };
}

/** What was asked for; the keys are always these. */
function targetObject(target: Target): object {
  const { generation, timeline, index, timestamp, position, transaction, name } = target;
  return {
    ...{ generation, timeline, index },
    timestamp: timestamp === undefined ? undefined : formatTime(timestamp),
    position: position && formatPosition(position),
    ...{ transaction, name },
    immediate: target.immediate ?? false,
    exclusive: target.exclusive ?? false,
  };
}

/**
 * A WAL segment fails LZ4's checks, yet the segments after it follow on its frames by the checksums that the WAL itself
 * carries from frame to frame, and the last one is in the database to its end.
 */
async function isVouchedFor(replica: LocatedReplica, { lost, plan, position }: Restored): Promise<boolean> {
  const { segments } = plan;
  const last = segments.at(-1);
  if (!isInWal(plan.snapshot)) return false;
  if (!lost || lost.segments.length > 0 || familyOf(lost.reason.code) !== "lz4" || !last) return false;
  const { path } = lost.reason;
  if (path === last.path || !segments.some((segment) => segment.path === path)) return false;
  const leg = { generation: plan.generation, segments: segments.filter((one) => isSameSection(one, last)) };
  for await (const event of readChanges(replica, leg, { faults: "report" })) {
    if (event.type === "change" && event.change.path === last.path)
      return position !== undefined && comparePositions(event.end, position) === 0;
  }
  return false;
}

/** When the last file that is laid into the database was written: the segment, else the snapshot. */
function timeOfLast(storage: Storage, plan: RestorePlan): Promise<string | undefined> {
  const last = [...plan.ancestors, plan].findLast(({ segments }) => segments.length > 0);
  return timeOf(storage, (last?.segments.at(-1) ?? plan.snapshot).path);
}

/** The segment behind the last one that is applied, beside that one, else in the folder of its generation. */
function nextPath({ snapshot, segments, ancestors, generation, next }: RestorePlan): string | undefined {
  if (!next || !isInWal(next)) return undefined;
  const last = segments.at(-1) ?? ancestors.at(-1)?.segments.at(-1) ?? snapshot;
  return segmentPathBeside(
    next,
    last.path.replace(/[0-9a-f]{16}(?=\/(?:snapshots|wal)\/[^/]*(?:\/[^/]*)?$)/, generation),
  );
}

async function timeOf(storage: Storage, path: string): Promise<string | undefined> {
  try {
    for await (const entry of storage.list(path)) {
      if (entry.path === path && entry.modified !== undefined) return formatTime(entry.modified);
    }
  } catch (error) {
    // The time is for people: what the restore did stands without it.
    if (!(error instanceof WalkitError)) throw error;
  }
  return undefined;
}

/**
 * Whether there is simply no replica yet: no folder, an empty one, no generation, or a generation without any file. WAL
 * without its snapshot is something, and so is whatever else stands there: to take that for a fresh start would lose a
 * database.
 */
async function isNothingThere(
  { code, path }: WalkitError,
  location: string,
  { generation }: RestoreFlags,
  replica: LocatedReplica | undefined,
): Promise<boolean> {
  if (code === "storage/not-found") return path === location;
  if (replica) {
    if (code === "target/no-generation" ? generation !== undefined : code !== "replica/no-snapshot")
      return false;
    const catalog = await catalogOf(whole(replica));
    return (
      catalog.generations.every((g) => g.snapshots.length + g.segments.length === 0 && !g.unreadable) &&
      catalog.strays.every((stray) => stray.reason !== "unknown-name" || isNoOnes(basename(stray.path)))
    );
  }
  if (code !== "replica/not-a-replica" || /^(?!file:)[a-z][a-z0-9+.-]+:\/\//i.test(location)) return false;
  const names = await readdir(toPath(location)).catch(() => undefined);
  return names?.every(isNoOnes) ?? false;
}

/** To where people read: standard output, unless the database goes there. */
function tell(output: string | undefined, ...lines: string[]): void {
  if (output === "-") printAside(lines);
  else print(lines);
}
