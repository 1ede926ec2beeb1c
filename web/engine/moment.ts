/** Moments of a replica, by name. */

import type { MomentId } from "../protocol.ts";

export function nameOf({ generation, index, offset }: MomentId): string {
  return `${generation} ${index} ${offset}`;
}

export function isSame(a: MomentId, b: MomentId): boolean {
  return a.generation === b.generation && a.index === b.index && a.offset === b.offset;
}
