/** From the files of one database to a branch. */

import type { LtxChange, LtxClaim, LtxMerged } from "../ltx/types.ts";
import { levelsOf } from "../ltx/walk.ts";
import type { Listed } from "./catalog.ts";
import { type LitefsBranch, type LitefsFile, LTX_BRANCH } from "./types.ts";

/**
 * The branch that listed files are. Its changes are all files that lead on, in order: LiteFS numbers each transaction, so what is
 * missing between two of them is known whether or not anything leads to the first. `bases`: paths of files that hold every page.
 */
export function branchOf(
  { files, database, unreadable }: Pick<Listed, "files" | "database" | "unreadable">,
  bases: ReadonlySet<string> = new Set(),
): LitefsBranch {
  const sorted = [...files].sort(
    (a, b) => a.minTxid - b.minTxid || a.maxTxid - b.maxTxid || (a.path < b.path ? -1 : 1),
  );
  const snapshots: LtxClaim[] = [];
  const segments: LtxChange[] = [];
  const merged: LtxMerged[] = [];
  let reach: number | undefined;
  for (const file of sorted) {
    if (file.minTxid === 1) snapshots.push({ ...file, txid: file.maxTxid });
    else if (reach !== undefined && file.maxTxid <= reach)
      merged.push({ ...file, txid: file.maxTxid, since: { txid: file.minTxid - 1 } });
    else {
      const isNext = reach !== undefined && file.minTxid <= reach + 1;
      segments.push({ ...file, txid: isNext ? reach! : file.minTxid - 1, end: { txid: file.maxTxid } });
    }
    reach = Math.max(reach ?? 0, file.maxTxid);
  }
  snapshots.sort((a, b) => a.txid - b.txid);
  const newest = sorted.find(({ maxTxid }) => maxTxid === reach);
  const own = database && claimOf(database, newest, reach ?? 0);
  if (own) snapshots.push(own);
  return {
    ...{ id: LTX_BRANCH, exact: true, selfLeading: true, snapshots, segments },
    ...(unreadable.length > 0 && { unreadable }),
    merged: merged.sort((a, b) => a.txid - b.txid),
    levels: levelsOf(sorted),
    files: sorted,
    database: own,
    bases: segments.filter(({ path }) => bases.has(path)).map((file) => ({ ...file, txid: file.maxTxid })),
  };
}

/** The database is at the newest transaction. One that is empty, without any, is to begin. */
function claimOf(
  database: Listed["database"] & {},
  newest: LitefsFile | undefined,
  txid: number,
): LtxClaim | undefined {
  if (!newest && database.size === 0) return undefined;
  if (newest?.isDeletion) return undefined;
  return { ...database, level: 0, minTxid: 1, maxTxid: txid, txid };
}

/** Whether names alone say of some file that no snapshot leads to it. */
export function hasUnled({ snapshots, segments, database }: LitefsBranch): boolean {
  const led = new Set(snapshots.filter((claim) => claim !== database).map(({ txid }) => txid));
  for (const { txid, maxTxid } of segments) {
    if (!led.has(txid)) return true;
    led.add(maxTxid);
  }
  return false;
}

/** The transactions that a restore can end with, ascending, as far as names and headers tell. */
export function statesOf({ snapshots, segments, bases }: LitefsBranch): number[] {
  const states = new Set<number>();
  for (const { txid, unreadable } of [...snapshots, ...bases]) if (!unreadable) states.add(txid);
  const gone = new Set<number>();
  for (const { txid, maxTxid, unreadable, isDeletion } of segments as (LtxChange & LitefsFile)[]) {
    if (unreadable || !states.has(txid)) continue;
    states.add(maxTxid);
    if (isDeletion) gone.add(maxTxid);
  }
  return [...states].filter((txid) => !gone.has(txid)).sort((a, b) => a - b);
}
