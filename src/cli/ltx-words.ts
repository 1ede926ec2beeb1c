/** Words that differ where a moment is one of LTX files. */

import type { Available } from "../errors.ts";
import { LTX_BRANCH } from "../replay/branch-name.ts";
import { behind, formatPosition, isInWal, parsePosition } from "../replay/position.ts";

/** What a position is: `WAL position 0000001f:00001038`, or `TXID 000000000000001f`. */
export function positionText(position: string): string {
  const parsed = parsePosition(position);
  return parsed && !isInWal(parsed) ? `TXID ${position}` : `WAL position ${position}`;
}

/** The TXID that can be had in place of a target, where that is a state of LTX files. */
export function availableTxid({ generation, position, snapshot }: Available): string | undefined {
  if (generation !== LTX_BRANCH) return undefined;
  return `TXID ${position ?? formatPosition(behind(snapshot))}`;
}
