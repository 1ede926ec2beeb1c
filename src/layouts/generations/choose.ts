/** Which generation a target means, where it names none: as Litestream chooses, or not at all where times do not tell. */

import { WalkitError } from "../../errors.ts";

import { untrusted } from "../../replay/faults.ts";
import { formatPosition } from "../../replay/position.ts";
import { timeRange } from "../../replay/times.ts";
import { formatTime } from "../../time.ts";
import { readingsAt, timeMoments } from "./nearest.ts";
import { type Evidence, isBefore, isDated, judgeTimes } from "./times.ts";
import type { Generation, Generations, WalTarget } from "./types.ts";

/**
 * The generation of `target`: the one it names, the one whose times contain its time, or the newest.
 *
 * @throws WalkitError `target/no-generation`, `target/ambiguous-generation`, `target/out-of-range`,
 * `replica/no-snapshot`, `replica/times-untrusted`
 */
export function chooseGeneration(catalog: Generations, target: WalTarget): Generation {
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
    const other = catalog.strays.find(({ reason }) => reason === "unknown-name");
    throw new WalkitError(
      "target/no-generation",
      `Expected at least one generation, found none with any file in it${other ? `, but ${other.path}` : ""}`,
      {
        remedy: { do: "check", what: "folder" },
      },
    );
  }
  if (target.timestamp !== undefined) return checkTime(filled, target.timestamp);
  // Where a history file says which its parent is, a generation can be restored from the parent's snapshot.
  const hasHistory = new Set(
    catalog.timelineFiles.filter(({ kind }) => kind === "history").map((file) => file.generation),
  );
  const newest = filled.length === 1 ? filled[0]! : newestOf(filled);
  if (newest.snapshots.length > 0 || hasHistory.has(newest.id)) return newest;
  throw noSnapshot(newest);
}

/** Named, another generation can be restored. */
function refuseOther({ id, unreadable }: Generation): never {
  const { code, message, path, cause, remedy: first } = unreadable![0]!;
  throw new WalkitError(code, `${message}. Generation ${id} may be the newest one`, {
    ...{ path, cause },
    remedy: { do: "restore-other-generation", first },
  });
}

/** @throws WalkitError `storage/unreadable` where not all files of the generation are known */
export function refuseUnknown({ unreadable }: Generation): void {
  if (unreadable) throw unreadable[0]!;
}

/**
 * The generation of the newest state, by the same rules for restore, verify and the page; undefined where times do not
 * tell, or where there is none. Without a snapshot it cannot be restored.
 */
export function newestGeneration(catalog: Generations): Generation | undefined {
  const filled = catalog.generations.filter((g) => g.snapshots.length + g.segments.length > 0);
  try {
    return filled.length > 1 ? newestOf(filled) : filled[0];
  } catch (error) {
    if (error instanceof WalkitError) return undefined;
    throw error;
  }
}

/**
 * The one that all others came before. A copy can only make times later, so how a generation's own times came about matters
 * only for the one that is to be the newest: of the others it is enough that they ended before it began.
 */
function newestOf(generations: readonly Generation[]): Generation {
  const judged = judgeTimes(generations);
  for (const generation of generations) {
    const files = [...generation.snapshots, ...generation.segments];
    const lost = judged.has(generation) ? undefined : files.find(({ unreadable }) => unreadable);
    if (lost) refuseOther({ ...generation, unreadable: [lost.unreadable!] });
  }
  const dated = generations
    .filter((generation) => isDated(judged.get(generation)!))
    .sort((a, b) => (judged.get(a)!.begin! < judged.get(b)!.begin! ? 1 : -1));
  const candidates: Generation[] = [];
  for (const one of generations) {
    if (dated.some((other) => other !== one && isBefore(judged.get(one)!, judged.get(other)!))) continue;
    candidates.push(one);
    // There may be thousands, and that they are several is enough.
    if (candidates.length > SHOWN) break;
  }
  if (candidates.length === 1) return candidates[0]!;
  throw ambiguous(candidates, judged, "the newest");
}

/** Generations that a message names. */
const SHOWN = 8;

function ambiguous(
  candidates: readonly Generation[],
  judged: ReadonlyMap<Generation, Evidence>,
  what: string,
): WalkitError {
  const doubt = candidates.map((one) => judged.get(one)!.doubt).find((found) => found !== undefined);
  const reason = doubt
    ? `the times are not those of the files' creation, as ${doubt.reason}`
    : "their times overlap, or lie closer together than one can follow the other";
  const shown = candidates.slice(0, SHOWN);
  const more = candidates.length > SHOWN ? "; and others" : "";
  return new WalkitError(
    "target/ambiguous-generation",
    `Expected times that tell which generation is ${what}, found that each of these may be: ${shown.map(rangeText).join("; ")}${more}: ${reason}`,
    {
      path: doubt?.path,
      remedy: {
        do: "choose-generation",
        among: shown.map(({ id }) => id),
        more: candidates.length > SHOWN,
      },
    },
  );
}

function rangeText(generation: Generation): string {
  const range = timeRange(generation);
  if (!range) return `${generation.id} without times`;
  return `${generation.id} from ${formatTime(range.oldest)} to ${formatTime(range.newest)}`;
}

/**
 * The generation that was written at `time`. Only one is written at a time: where times that can be trusted show which, it
 * does not matter what those of others are worth.
 */
function checkTime(generations: readonly Generation[], time: bigint): Generation {
  const judged = judgeTimes(generations);
  const dated = generations.filter(
    (generation) => judged.has(generation) && isDated(judged.get(generation)!),
  );
  const holding = dated
    .filter((generation) => {
      const range = timeRange(generation);
      return range && range.oldest <= time && time <= range.newest;
    })
    .sort((a, b) => (judged.get(a)!.begin! < judged.get(b)!.begin! ? -1 : 1));
  const last = holding.at(-1);
  if (last) {
    // The end of the one and the beginning of the next may share a tick, and then the next one had begun.
    const isOrdered = holding.every(
      (one, i) => i === 0 || isBefore(judged.get(holding[i - 1]!)!, judged.get(one)!),
    );
    if (!isOrdered) throw ambiguous(holding, judged, `the one of ${formatTime(time)}`);
    checkReadings(last, time);
    return last;
  }
  for (const generation of generations) {
    const evidence = judged.get(generation);
    if (!evidence || isDated(evidence)) continue;
    const isPast = evidence.end !== undefined && evidence.end < time;
    if (!isPast || dated.length === 0) throw untrusted(generation, evidence.doubt!);
  }
  throw outOfRange(dated, time);
}

function outOfRange(generations: readonly Generation[], time: bigint): WalkitError {
  const ranges = generations.slice(-SHOWN).map(rangeText);
  const nearest = timeMoments(generations, time);
  const newest = generations.reduce<bigint | undefined>((latest, generation) => {
    const range = timeRange(generation);
    return range && (latest === undefined || range.newest > latest) ? range.newest : latest;
  }, undefined);
  const isLater = newest !== undefined && newest < time;
  const found = isLater
    ? `${formatTime(time)}, and nothing was written since ${formatTime(newest)}; there is`
    : `${formatTime(time)}; there is`;
  return new WalkitError(
    "target/out-of-range",
    `Expected a time that the replica reaches, found ${found} ${ranges.join("; ") || "nothing with a time"}`,
    {
      nearest,
      remedy: { do: "choose-moment", nearest, instead: { newest: isLater ? "now" : "without-target" } },
    },
  );
}

/** Where the clock was set back, a time may have come twice. */
function checkReadings(generation: Generation, time: bigint): void {
  const readings = readingsAt(generation, time);
  if (readings.length === 1) return;
  const positions = readings.slice(0, SHOWN).map(({ position }) => position && formatPosition(position));
  throw new WalkitError(
    "replica/times-untrusted",
    `Expected a time that came once, found that the clock of generation ${generation.id} was set back, and ${formatTime(time)} came ${readings.length} times`,
    {
      path: readings[0]!.path,
      remedy: { do: "choose-reading", generation: generation.id, positions },
    },
  );
}

export function noSnapshot({ id, segments }: Generation): WalkitError {
  const found = segments.length === 0 ? "nothing" : `${segments.length} WAL segments and no snapshot`;
  return new WalkitError("replica/no-snapshot", `Expected a snapshot in generation ${id}, found ${found}`, {
    path: segments[0]?.path,
  });
}

function unknownGeneration(id: string, catalog: Generations): WalkitError {
  const found = catalog.generations.map((g) => g.id);
  return new WalkitError(
    "target/no-generation",
    `Expected generation ${id}, found ${found.length === 0 ? "no generation" : found.slice(0, 20).join(", ")}`,
    { remedy: { do: "list", what: "generations" } },
  );
}
