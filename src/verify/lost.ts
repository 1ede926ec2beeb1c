/** Whether what lies between two states that can be restored is lost, or was never kept. */

import type { Finding } from "../findings.ts";
import { comparePositions, isInWal, isSameKind, type Position, parsePosition } from "../replay/position.ts";

/**
 * Whether something is lost between two states, of which none in between can be restored. In a WAL every commit is kept. Of LTX files
 * merging leaves fewer states, and numbers tell of all that is missing: without damage that begins in between, one file leads from
 * the one state to the other.
 */
export function isLostBetween(findings: readonly Finding[], after: Position, before: Position): boolean {
  if (isInWal(after)) return true;
  return findings.some(({ severity, position }) => {
    const place = severity === "damage" && position !== undefined ? parsePosition(position) : undefined;
    if (!place || !isSameKind(place, after)) return false;
    return comparePositions(after, place) <= 0 && comparePositions(place, before) < 0;
  });
}
