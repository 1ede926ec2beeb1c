/** The moments that a refusal offers instead. */

import type { Moment } from "../errors.ts";
import { formatTime } from "../time.ts";
import type { Branch } from "./catalog.ts";
import { comparePositions, formatPosition, type Position } from "./position.ts";

/** The commit that ends at `end`. */
export function commitMoment(generation: Branch, end: Position): Moment {
  const segment = generation.segments.findLast((one) => comparePositions(one, end) < 0);
  return momentOf(generation.id, end, segment?.modified);
}

export function momentOf(
  generation: string,
  position: Position | undefined,
  time: bigint | undefined,
): Moment {
  return {
    generation,
    position: position && formatPosition(position),
    time: time === undefined ? undefined : formatTime(time),
  };
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
