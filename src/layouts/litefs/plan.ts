/** Which files lead to a target. Pure, synchronous. */

import { WalkitError } from "../../errors.ts";
import type { PlanOptions, PlanTarget, RestorePlan } from "../../replay/plan.ts";
import { formatPosition } from "../../replay/position.ts";
import { formatTime } from "../../time.ts";
import { missingTxids } from "../ltx/faults.ts";
import { momentsOf, nearTime, offering } from "../ltx/nearest.ts";
import { noOther, planOf, txidOf } from "../ltx/planned.ts";
import { checkOnce } from "../ltx/times.ts";
import type { LtxChange, LtxClaim, LtxFile } from "../ltx/types.ts";
import type { LitefsBranch } from "./types.ts";
import { statesOf } from "./walk.ts";

/**
 * Plans the restore of `target`. The newest state is the database itself; any other takes a file that holds every page, and all
 * from there on: LTX files lead forward only.
 *
 * @throws WalkitError `target/out-of-range`, `target/no-snapshot`, `replica/no-snapshot`, `replica/missing-txid`,
 * `replica/deleted`, `storage/unreadable`
 */
export function planLitefs(
  branch: LitefsBranch,
  target: PlanTarget,
  { avoid = new Set() }: PlanOptions = {},
): RestorePlan {
  if (branch.unreadable?.[0]) throw branch.unreadable[0];
  const wanted = wantedOf(branch, target);
  const bases = new Map<number, LtxClaim>();
  // At one transaction the database itself comes first: its sum is held against that of the newest file.
  for (const claim of [...branch.bases, ...branch.snapshots])
    if (!avoid.has(claim.path)) bases.set(claim.txid, claim);
  const last = new Map(
    branch.segments.filter(({ path }) => !avoid.has(path)).map((change) => [change.maxTxid, change]),
  );
  const way: LtxChange[] = [];
  let at = wanted;
  while (!bases.has(at)) {
    const change = last.get(at);
    if (!change && avoid.size > 0 && statesOf(branch).includes(wanted)) throw noOther(wanted, avoid);
    if (!change) throw notThere(branch, target, wanted, way[0]);
    if (change.unreadable) throw change.unreadable;
    way.unshift(change);
    at = change.txid;
  }
  const base = bases.get(at)!;
  const after = branch.files.find(({ minTxid }) => minTxid > wanted);
  return planOf([base, ...way], after);
}

/** The transaction that is meant. */
function wantedOf(branch: LitefsBranch, target: PlanTarget): number {
  const { timestamp } = target;
  return txidOf(target) ?? (timestamp === undefined ? newestOf(branch) : atTime(branch, timestamp));
}

/** The last transaction at a time or before it, by what files say of when they were made. */
function atTime(branch: LitefsBranch, time: bigint): number {
  const { files } = branch;
  checkOnce(branch, time, (modified) => modified <= time);
  const at = files.findLastIndex(({ modified }) => modified !== undefined && modified <= time);
  const last = files[at];
  const next = files[at + 1];
  const about = offering(nearTime(branch, time));
  const refuse = (expected: string, found: string) =>
    new WalkitError("target/out-of-range", `Expected ${expected}, found ${found}`, about);
  if (!last) throw refuse(`an LTX file from ${formatTime(time)} or before`, "only younger ones");
  if (last.modified === time) return last.maxTxid;
  // Behind all that there is there may have been more; and so in a gap, or where a file does not tell.
  const newest = `nothing was written since ${formatTime(last.modified!)}`;
  if (!next) throw refuse(`a time that the files reach, up to ${formatTime(time)}`, newest);
  if (next.modified === undefined)
    throw refuse(`a time in ${next.path}`, "none: LiteFS before 0.3 wrote it into snapshots alone");
  if (next.minTxid > last.maxTxid + 1) throw missingTxids(last.maxTxid, next).with(about);
  return last.maxTxid;
}

/** The newest transaction that is known of. */
export function newestOf({ files, database }: LitefsBranch): number {
  return files.reduce((max, { maxTxid }) => Math.max(max, maxTxid), database?.txid ?? 0);
}

/** No way leads to `wanted`; `first`: of the files that would lead there, the one that nothing leads to. */
function notThere(
  branch: LitefsBranch,
  target: PlanTarget,
  wanted: number,
  first: LtxChange | undefined,
): WalkitError {
  const states = statesOf(branch);
  const position = formatPosition({ txid: wanted });
  const before = states.findLast((txid) => txid < wanted);
  const after = states.find((txid) => txid > wanted);
  const about = { position, ...offering(momentsOf(branch, [before, after])) };
  if (first && before !== undefined) {
    const gap = missingTxids(lastBefore(branch, first), first);
    return new WalkitError("replica/missing-txid", gap.message, { ...about, path: first.path });
  }
  const isTarget = target.commit !== undefined || target.timestamp !== undefined;
  const held = branch.files.find(({ minTxid, maxTxid }) => minTxid <= wanted && wanted < maxTxid);
  const isBefore = first !== undefined || wanted < (branch.files[0]?.minTxid ?? 0);
  const found = held
    ? `it only inside of ${held.path}, which leads further`
    : isBefore
      ? "none: LTX files lead forward only, and the database itself is the newest state"
      : wanted > newestOf(branch)
        ? `none from behind ${formatPosition({ txid: newestOf(branch) })}`
        : "none of it";
  if (isTarget) {
    const what =
      held || !isBefore ? "LTX files that lead to" : "an LTX file that holds every page, at or before";
    return new WalkitError("target/out-of-range", `Expected ${what} TXID ${position}, found ${found}`, about);
  }
  const files =
    branch.files.length === 1 ? "one file that does not" : `${branch.files.length} files that do not`;
  return new WalkitError(
    "replica/no-snapshot",
    `Expected the database, or an LTX file that holds every page of it, found ${branch.files.length === 0 ? "neither" : files}`,
    { ...about, path: branch.files[0]?.path },
  );
}

/** The last transaction of the files before one. */
function lastBefore({ files }: LitefsBranch, { minTxid }: LtxFile): number {
  return files.reduce((max, one) => (one.maxTxid < minTxid ? Math.max(max, one.maxTxid) : max), 0);
}
