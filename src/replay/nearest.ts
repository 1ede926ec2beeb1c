/** The moments that a refusal offers instead. */

import type { Moment } from "../errors.ts";
import type { Generation, Segment, Snapshot } from "../snapshot/catalog.ts";
import { comparePositions, formatPosition, type Position } from "../snapshot/names.ts";
import { formatTime } from "../snapshot/times.ts";

export function commitMoment(generation: Generation, end: Position): Moment {
  const segment = generation.segments.findLast((one) => comparePositions(one, end) < 0);
  return momentOf(generation.id, end, segment?.modified);
}

function momentOf(generation: string, position: Position | undefined, time: bigint | undefined): Moment {
  return {
    generation,
    position: position && formatPosition(position),
    time: time === undefined ? undefined : formatTime(time),
  };
}

/** The last file at or before `time`, and the first one behind it, of these generations. */
export function timeMoments(generations: readonly Generation[], time: bigint): Moment[] {
  let before: { id: string; modified: bigint } | undefined;
  let after: { id: string; modified: bigint } | undefined;
  for (const { id, snapshots, segments } of generations) {
    const times = snapshots.flatMap(({ modified }) => modified ?? []);
    // Before there was a snapshot nothing can be had.
    const first = times.reduce<bigint | undefined>((a, b) => (a !== undefined && a < b ? a : b), undefined);
    for (const { modified } of [...snapshots, ...segments] as (Snapshot | Segment)[]) {
      if (modified === undefined || first === undefined || modified < first) continue;
      if (modified <= time) before = !before || modified > before.modified ? { id, modified } : before;
      else after = !after || modified < after.modified ? { id, modified } : after;
    }
  }
  return [before, after].flatMap((one) => (one ? [momentOf(one.id, undefined, one.modified)] : []));
}

/** What to do next, where these can be had. */
export function hintOf(moments: readonly Moment[]): string | undefined {
  if (moments.length === 0) return undefined;
  const texts = moments.map(({ generation, position, time }) => {
    const how = position !== undefined ? `--target-position ${position}` : `--target-time ${time}`;
    const when = position !== undefined && time !== undefined ? `, written ${time}` : "";
    return `${how} of generation ${generation}${when}`;
  });
  return `The nearest that can be had: ${texts.join("; or ")}`;
}
