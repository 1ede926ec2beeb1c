/**
 * Snapshots that may be ahead of their TXID. Litestream up to 0.5.14 names a snapshot by the TXID that it begins with, and commits
 * that come in meanwhile are in it: laid under the files of just behind that TXID it makes a state that never was. Measured: of 64
 * snapshots that 0.5.5 to 0.5.14 took of a busy database, 14 seconds each, 58 were ahead, of 13 by 0.5.15 and 0.5.17 none. The
 * times of headers do not tell one from the other.
 */

import { isFault, isGone } from "../../errors.ts";
import type { LtxVariant } from "../../ltx/index.ts";
import type { ReadContext } from "../../replay/layout.ts";
import type { RestorePlan } from "../../replay/plan.ts";
import { readBeginning, readHeader } from "./file.ts";
import { placeIn, SNAPSHOT_LEVEL } from "./names.ts";

/** Milliseconds behind a snapshot after which what was committed while it was made is in files that are laid over it. */
const NEAR = 60_000;

/**
 * Whether a plan begins with a snapshot that may be one, and ends too close to it. What Litestream writes from 0.5.16 on is told by its
 * variant. What cannot be read is told by whoever reads it.
 */
export async function mayBeAhead(context: ReadContext, plan: RestorePlan): Promise<boolean> {
  const { snapshot, segments } = plan;
  if (!isSnapshot(snapshot.path)) return false;
  try {
    const { header, variant } = await readBeginning(snapshot, context);
    if (!isRaced(snapshot.path, variant)) return false;
    const last = segments.at(-1);
    return !last || (await readHeader(last, context)).timestamp - header.timestamp <= NEAR;
  } catch (error) {
    if (!isFault(error) && !isGone(error)) throw error;
    return false;
  }
}

/** Whether a file is a snapshot of a variant that such versions write: 0.5.15 writes it, too, and makes no such snapshots. */
export function isRaced(path: string, variant: LtxVariant | undefined): boolean {
  return variant === "v3-frame" && isSnapshot(path);
}

function isSnapshot(path: string): boolean {
  return path.endsWith(".ltx") && placeIn(path).level === SNAPSHOT_LEVEL;
}
