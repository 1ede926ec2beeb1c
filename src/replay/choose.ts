/** Which generation a target means, where it names none: as Litestream chooses, or not at all where times do not tell. */

import { WalkitError } from "../errors.ts";
import { type Finding, makeFinding } from "../findings.ts";
import type { Catalog, Generation } from "../snapshot/catalog.ts";
import { formatTime, timeRange, timesUntrusted } from "../snapshot/times.ts";
import { hintOf, timeMoments } from "./nearest.ts";
import type { PlanTarget } from "./plan.ts";

/**
 * The generation of `target`: the one it names, the one whose times contain its time, or the newest.
 *
 * @throws WalkitError `target/no-generation`, `target/ambiguous-generation`, `target/out-of-range`,
 * `replica/no-snapshot`, `replica/times-untrusted`
 */
export function chooseGeneration(catalog: Catalog, target: PlanTarget, findings: Finding[]): Generation {
  const filled = catalog.generations.filter((g) => g.snapshots.length + g.segments.length > 0);
  const unknown = catalog.generations.find(({ unreadable }) => unreadable);
  if (target.generation !== undefined) {
    const generation = catalog.generations.find((g) => g.id === target.generation);
    if (!generation) throw unknownGeneration(target.generation, catalog);
    if (target.timestamp !== undefined) checkTime([generation], target.timestamp);
    return generation;
  }
  // A generation that cannot be looked into may be the one that is meant.
  if (unknown) refuseOther(unknown);
  if (filled.length === 0) {
    refuseBesideLtx(catalog, target);
    const other = catalog.strays.find(({ reason }) => reason === "unknown-name");
    throw new WalkitError(
      "target/no-generation",
      `Expected at least one generation, found none with any file in it${other ? `, but ${other.path}` : ""}`,
      {
        hint: "Check that this is the replica's folder: it holds generations/<16 hex digits>/snapshots and wal",
      },
    );
  }
  if (target.timestamp !== undefined) return checkTime(filled, target.timestamp);
  // Where a history file says which its parent is, a generation can be restored from the parent's snapshot.
  const hasHistory = new Set(
    catalog.timelineFiles.filter(({ kind }) => kind === "history").map((file) => file.generation),
  );
  const usable = filled.filter((g) => g.snapshots.length > 0 || hasHistory.has(g.id));
  if (usable.length === 0) throw noSnapshot(filled[0]!);
  const generation = usable.length === 1 ? usable[0]! : newestOf(usable);
  const range = timeRange(generation);
  for (const other of filled) {
    if (usable.includes(other)) continue;
    const otherRange = timeRange(other);
    if (usable.length > 1 && !(range && otherRange && otherRange.newest > range.newest)) continue;
    findings.push(
      makeFinding(
        "replica/no-snapshot",
        `Generation ${other.id} has ${other.segments.length} WAL segments but no snapshot: generation ${generation.id} is restored instead`,
        {
          severity: "warning",
          generation: other.id,
          hint: `If ${other.id} is the newer one, what it held is not in the restored database`,
        },
      ),
    );
  }
  return generation;
}

/**
 * Where LTX files stand beside the generations, the newest state, or that of a time, may be in these.
 *
 * @throws WalkitError `replica/ltx`, unless the target names a generation
 */
export function refuseBesideLtx({ ltx }: Catalog, { generation }: PlanTarget): void {
  if (ltx === undefined || generation !== undefined) return;
  throw new WalkitError(
    "replica/ltx",
    "Expected the newest state in generations/, found LTX files of Litestream 0.5 beside it, which may hold a newer one",
    {
      path: ltx,
      hint: "Restore it with Litestream 0.5 itself: litestream restore. From generations/ alone: --generation <id> (walkit generations <replica> lists them), --index or --target-position",
    },
  );
}

/** Named, another generation can be restored. */
function refuseOther({ id, unreadable }: Generation): never {
  const { code, message, path, cause, hint = "" } = unreadable![0]!;
  throw new WalkitError(code, `${message}. Generation ${id} may be the newest one`, {
    ...{ path, cause },
    hint: `${hint}. Another generation can be restored with --generation; walkit generations <replica> lists them`,
  });
}

/** @throws WalkitError `storage/unreadable` where not all files of the generation are known */
export function refuseUnknown({ unreadable }: Generation): void {
  if (unreadable) throw unreadable[0]!;
}

/** The generation of a target that names none, where it can be told: that of the plan, or the only one with WAL. */
export function meantGeneration(catalog: Catalog, target: PlanTarget): string | undefined {
  try {
    return chooseGeneration(catalog, target, []).id;
  } catch (error) {
    if (!(error instanceof WalkitError)) throw error;
    const filled = catalog.generations.filter(({ segments }) => segments.length > 0);
    return filled.length === 1 ? filled[0]!.id : undefined;
  }
}

/** The generation with the newest file. Only one is written at a time, so their times must not overlap. */
function newestOf(generations: Generation[]): Generation {
  const dated = generations.map((generation) => {
    const untrusted = timesUntrusted(generation);
    const range = timeRange(generation);
    const { snapshots, segments } = generation;
    const lost = range ? undefined : [...snapshots, ...segments].find(({ unreadable }) => unreadable);
    if (lost) refuseOther({ ...generation, unreadable: [lost.unreadable!] });
    if (untrusted || !range)
      throw ambiguous(`in ${generation.id} ${untrusted?.reason ?? "there are no times"}`);
    return { generation, ...range };
  });
  dated.sort((a, b) => (a.newest < b.newest ? -1 : 1));
  for (let i = 1; i < dated.length; i++) {
    const [before, after] = [dated[i - 1]!, dated[i]!];
    if (after.oldest < before.newest) {
      throw ambiguous(`the times of ${before.generation.id} and ${after.generation.id} overlap`);
    }
  }
  return dated.at(-1)!.generation;
}

function ambiguous(reason: string): WalkitError {
  return new WalkitError(
    "target/ambiguous-generation",
    `Expected times that tell which generation is the newest, found that they cannot be trusted: ${reason}`,
    { hint: "Choose one with --generation; list them with: walkit generations <replica>" },
  );
}

/** @throws WalkitError `replica/times-untrusted` where a generation's times do not tell when its files were written */
export function checkTimes(generation: Generation): void {
  const untrusted = timesUntrusted(generation);
  if (!untrusted) return;
  throw new WalkitError(
    "replica/times-untrusted",
    `Expected file times that tell when each file was written, found that those of generation ${generation.id} cannot: ${untrusted.reason}`,
    {
      path: untrusted.path,
      hint: "Copy the replica again with its times (cp -p, rsync -t, tar), or restore by --index or --target-position",
    },
  );
}

/** Among `generations` the newest one whose files' times contain `time`. */
function checkTime(generations: Generation[], time: bigint): Generation {
  let chosen: { generation: Generation; newest: bigint } | undefined;
  const ranges: string[] = [];
  for (const generation of generations) {
    checkTimes(generation);
    const range = timeRange(generation);
    if (!range) continue;
    ranges.push(`${generation.id} from ${formatTime(range.oldest)} to ${formatTime(range.newest)}`);
    if (time < range.oldest || time > range.newest) continue;
    if (!chosen || range.newest > chosen.newest) chosen = { generation, newest: range.newest };
  }
  if (chosen) return chosen.generation;
  const nearest = timeMoments(generations, time);
  throw new WalkitError(
    "target/out-of-range",
    `Expected a time that the replica reaches, found ${formatTime(time)}; there is ${ranges.join("; ") || "nothing with a time"}`,
    {
      nearest,
      hint: `${hintOf(nearest) ?? "Choose another time"}. Without a target the newest state is restored`,
    },
  );
}

export function noSnapshot({ id, segments }: Generation): WalkitError {
  const found = segments.length === 0 ? "nothing" : `${segments.length} WAL segments and no snapshot`;
  return new WalkitError("replica/no-snapshot", `Expected a snapshot in generation ${id}, found ${found}`, {
    path: segments[0]?.path,
  });
}

function unknownGeneration(id: string, catalog: Catalog): WalkitError {
  const found = catalog.generations.map((g) => g.id);
  return new WalkitError(
    "target/no-generation",
    `Expected generation ${id}, found ${found.length === 0 ? "no generation" : found.slice(0, 20).join(", ")}`,
    { hint: "List the generations with: walkit generations <replica>" },
  );
}
