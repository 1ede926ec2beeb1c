/** How often restores by time are right, refused or wrong: replicas whose times were changed, held against the true ones. */

import { WalkitError } from "../../src/errors.ts";
import { type PlanTarget, planRestore } from "../../src/layouts/generations/index.ts";
import type { Generations, WalTarget } from "../../src/layouts/generations/types.ts";
import { sectionOf } from "../../src/replay/position.ts";
import { type Branch, type Catalog, readCatalog } from "../../src/snapshot/index.ts";
import { MemoryStorage } from "../../src/storage/index.ts";

/** Paths from `generations/` on, each with its time. */
export type Times = ReadonlyMap<string, bigint>;

/** What a restore leads to: the generation, and the last file of it that is in the state. */
type State = string;

export interface Counts {
  targets: number;
  right: number;
  refused: number;
  wrong: number;
  /** The first few that were refused or wrong. */
  examples: string[];
}

export async function catalogOf(times: Times): Promise<Catalog> {
  const storage = new MemoryStorage();
  for (const [path, modified] of times) storage.files.set(path, { data: new Uint8Array(0), modified });
  return await readCatalog(storage);
}

export const quantize =
  (unit: bigint, shift = 0n) =>
  (time: bigint): bigint =>
    ((time + shift) / unit) * unit;

/**
 * The state at `time` by the rules of Litestream, written down as plainly as can be; undefined where there is none without
 * a gap. Without a time the newest.
 */
function stateAt({ generations }: Catalog, time: bigint | undefined): State | undefined {
  const range = ({ snapshots, segments }: Branch) => {
    const all = [...snapshots, ...segments].map(({ modified }) => modified!).sort((a, b) => (a < b ? -1 : 1));
    return { oldest: all[0]!, newest: all.at(-1)! };
  };
  const chosen = generations
    .filter((g) => time === undefined || (range(g).oldest <= time && time <= range(g).newest))
    .sort((a, b) => (range(a).newest < range(b).newest ? 1 : -1))[0];
  if (!chosen) return undefined;
  const snapshot = chosen.snapshots.findLast(({ modified }) => time === undefined || modified! <= time);
  if (!snapshot) return undefined;
  const wal = chosen.segments.filter((one) => sectionOf(one) >= sectionOf(snapshot));
  const younger = time === undefined ? -1 : wal.findIndex(({ modified }) => modified! > time);
  const applied = younger < 0 ? wal : wal.slice(0, younger);
  // Ahead of its WAL, or a part of it.
  if (applied.length === 0 && wal.length > 0) return undefined;
  return `${chosen.id} ${(applied.at(-1) ?? snapshot).path}`;
}

function planned(catalog: Catalog, target: PlanTarget): State | WalkitError {
  try {
    const { generation, segments, snapshot } = planRestore(catalog as Generations, target as WalTarget);
    return `${generation} ${(segments.at(-1) ?? snapshot).path}`;
  } catch (error) {
    if (error instanceof WalkitError) return error;
    throw error;
  }
}

export function noCounts(): Counts {
  return { targets: 0, right: 0, refused: 0, wrong: 0, examples: [] };
}

function count(counts: Counts, what: string, found: State | WalkitError, truth: State): void {
  counts.targets++;
  if (found === truth) {
    counts.right++;
    return;
  }
  if (found instanceof WalkitError) counts.refused++;
  else counts.wrong++;
  const said = found instanceof WalkitError ? `${found.code}: ${found.message}` : found;
  if (counts.examples.length < 20) counts.examples.push(`${what}: ${said}; true: ${truth}`);
}

/**
 * A healthy replica whose times are only coarser, or have been set back in part: the newest state, and the state at each
 * time that a file now has and at moments in between. `changed` is monotone on the true times of each generation, unless
 * `only` says for which files it is.
 */
export async function judgeHealthy(
  truth: Times,
  changed: Times,
  counts: Counts,
  name: string,
  only: (path: string) => boolean = () => true,
): Promise<void> {
  const [original, catalog] = [await catalogOf(truth), await catalogOf(changed)];
  count(counts, `${name}, newest`, planned(catalog, {}), stateAt(original, undefined)!);
  for (const [path, time] of changed) {
    if (!only(path)) continue;
    // Of all files that have that time or an earlier one now, the last one that was written.
    const upTo = [...changed].filter(([, other]) => other <= time).map(([other]) => truth.get(other)!);
    const moment = upTo.sort((a, b) => (a < b ? 1 : -1))[0]!;
    const state = stateAt(original, moment);
    if (state === undefined) continue;
    count(counts, `${name}, ${path} at ${time}`, planned(catalog, { timestamp: time }), state);
    const next = [...changed.values()].filter((other) => other > time).sort((a, b) => (a < b ? -1 : 1))[0];
    const between = next === undefined ? time : time + (next - time) / 2n;
    if (between === time || stateAt(original, moment + 1n) !== state) continue;
    count(counts, `${name}, ${path} and a little`, planned(catalog, { timestamp: between }), state);
  }
}

/**
 * A copy: the newest state, what was there at each true time of a file, and at each time of the copy, when all had long
 * been there.
 */
export async function judgeCopy(truth: Times, copy: Times, counts: Counts, name: string): Promise<void> {
  const [original, catalog] = [await catalogOf(truth), await catalogOf(copy)];
  const newest = stateAt(original, undefined)!;
  count(counts, `${name}, newest`, planned(catalog, {}), newest);
  for (const [path, time] of truth) {
    const state = stateAt(original, time);
    if (state === undefined) continue;
    count(counts, `${name}, ${path} at its time`, planned(catalog, { timestamp: time }), state);
    const copied = copy.get(path)!;
    count(counts, `${name}, ${path} at the copy's`, planned(catalog, { timestamp: copied }), newest);
  }
}
