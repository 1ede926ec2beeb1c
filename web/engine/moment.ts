/** Moments of a replica, by name. */

import { comparePositions, formatPosition } from "../../src/replay/position.ts";
import type { MomentId } from "../app/protocol/protocol.ts";

export function nameOf(moment: MomentId): string {
  return `${moment.generation} ${formatPosition(moment)}`;
}

export function isSame(a: MomentId, b: MomentId): boolean {
  return a.generation === b.generation && comparePositions(a, b) === 0;
}
