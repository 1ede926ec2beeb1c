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
