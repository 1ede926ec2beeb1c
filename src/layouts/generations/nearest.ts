/** The moments that a refusal offers instead. */

import type { Moment } from "../../errors.ts";
import type { RemoteFile } from "../../replay/catalog.ts";
import { momentOf } from "../../replay/nearest.ts";
import type { WalPosition } from "../../replay/position.ts";
import type { Generation } from "./types.ts";

/** One way to read a time. */
export interface Reading {
  /** The first file that is younger. */
  path: string | undefined;
  /** Where it begins: all before it belongs to the moment. Undefined: the newest state. */
  position: WalPosition | undefined;
}

/**
 * The places, by name, where files up to `time` give way to younger ones: one, unless the clock was set back. Those of the
 * snapshots are looked at where there is one for the WAL. Of a file that cannot be read no time is known: it tells of none.
 */
export function readingsAt(generation: Generation, time: bigint): Reading[] {
  const segments = generation.segments.filter(isDated);
  const snapshots = generation.snapshots.filter(isDated);
  const inWal = cutsAt(segments, time).map((at): Reading => {
    const next = segments[at];
    return { path: next?.path, position: next && { index: next.index, offset: next.offset } };
  });
  if (inWal.length > 1) return inWal;
  const inSnapshots = cutsAt(snapshots, time);
  if (inSnapshots.length === 1) return inWal;
  return inSnapshots.map((at) => {
    const next = snapshots[at];
    return { path: next?.path, position: next && { index: next.index, offset: 0 } };
  });
}

function isDated({ modified }: RemoteFile): boolean {
  return modified !== undefined;
}

function cutsAt(files: readonly RemoteFile[], time: bigint): number[] {
  const cuts: number[] = [];
  for (let at = 0; at <= files.length; at++) {
    const [last, next] = [files[at - 1], files[at]];
    if ((last?.modified ?? time) <= time && (next?.modified ?? time + 1n) > time) cuts.push(at);
  }
  return cuts;
}

/** The last file at or before `time`, and the first one behind it, of these generations. */
export function timeMoments(generations: readonly Generation[], time: bigint): Moment[] {
  let before: { id: string; modified: bigint } | undefined;
  let after: { id: string; modified: bigint } | undefined;
  for (const generation of generations) {
    const { id, snapshots } = generation;
    const times = snapshots.flatMap(({ modified }) => modified ?? []);
    // Before there was a snapshot nothing can be had.
    const first = times.reduce<bigint | undefined>((a, b) => (a !== undefined && a < b ? a : b), undefined);
    for (const modified of comesOnce(generation, time)) {
      if (first === undefined || modified < first) continue;
      if (modified <= time) before = !before || modified > before.modified ? { id, modified } : before;
      else after = !after || modified < after.modified ? { id, modified } : after;
    }
  }
  return [before, after].flatMap((one) => (one ? [momentOf(one.id, undefined, one.modified)] : []));
}

/** As many files on each side are looked at where a clock was set back. */
const TRIED = 16;

/** The times of a generation's files; of those that came more than once, only such next to `time` as can be had. */
function comesOnce(generation: Generation, time: bigint): bigint[] {
  const { snapshots, segments } = generation;
  const times = [...snapshots, ...segments].flatMap(({ modified }) => modified ?? []);
  const falls = [segments, snapshots].some((files) =>
    files.some(({ modified }, i) => i > 0 && modified! < files[i - 1]!.modified!),
  );
  if (!falls) return times;
  times.sort((a, b) => (a < b ? -1 : 1));
  const next = times.findIndex((one) => one > time);
  const at = next < 0 ? times.length : next;
  return times
    .slice(Math.max(0, at - TRIED), at + TRIED)
    .filter((one) => readingsAt(generation, one).length === 1);
}
