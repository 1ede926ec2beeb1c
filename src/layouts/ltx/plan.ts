/**
 * Which LTX files lead to a target: as Litestream 0.5.8 and later plans, with a look for gaps whatever the target is, and what
 * can be had instead. Pure, synchronous.
 */

import { WalkitError } from "../../errors.ts";
import type { PlanOptions, PlanTarget, RestorePlan } from "../../replay/plan.ts";
import { formatPosition } from "../../replay/position.ts";
import { timeRange } from "../../replay/times.ts";
import { formatTime } from "../../time.ts";
import { missingTxids } from "./faults.ts";
import { SNAPSHOT_LEVEL } from "./names.ts";
import { momentsOf, nearTime, offering } from "./nearest.ts";
import { noOther, planOf, txidOf } from "./planned.ts";
import { checkOnce } from "./times.ts";
import { beginOf, type LtxBranch, type LtxFile } from "./types.ts";

/** What Litestream's planner is asked for: at most one of the two. */
export interface LitestreamTarget {
  /** Exactly this transaction. */
  txid?: number | undefined;
  /** Files from before this time: `isBefore` tells. */
  isBefore?: ((file: LtxFile) => boolean) | undefined;
}

/**
 * The files that Litestream merges for a target, in order; `undefined`: they lead to none. Without a target it also refuses a
 * gap, which is for the caller to look for: {@link gapBehind}.
 */
export function chooseFiles(
  files: readonly LtxFile[],
  { txid, isBefore }: LitestreamTarget,
): LtxFile[] | undefined {
  const eligible = files.filter(
    (file) => (txid === undefined || file.maxTxid <= txid) && (isBefore?.(file) ?? true),
  );
  const plan: LtxFile[] = [];
  let reach = 0;
  const snapshot = eligible
    .filter(({ level }) => level === SNAPSHOT_LEVEL)
    .reduce<LtxFile | undefined>((last, one) => (!last || isAfter(one, last) ? one : last), undefined);
  if (snapshot) {
    plan.push(snapshot);
    reach = snapshot.maxTxid;
  }
  // By first transaction, so each file is looked at once: of those that connect the best one so far is enough.
  const others = eligible
    .filter(({ level }) => level !== SNAPSHOT_LEVEL)
    .sort((a, b) => beginOf(a) - beginOf(b));
  let best: LtxFile | undefined;
  for (let next = 0; txid === undefined || reach < txid; ) {
    for (; next < others.length && beginOf(others[next]!) <= reach + 1; next++)
      if (!best || isBetter(others[next]!, best)) best = others[next];
    if (!best || best.maxTxid <= reach) break;
    plan.push(best);
    reach = best.maxTxid;
  }
  return plan.length === 0 || (txid !== undefined && reach < txid) ? undefined : plan;
}

/** The order of one level: by first, then by last transaction. */
function isAfter(a: LtxFile, b: LtxFile): boolean {
  return a.minTxid - b.minTxid > 0 || (a.minTxid === b.minTxid && a.maxTxid > b.maxTxid);
}

/** Of two files that connect: the one that leads farther; else begins earlier; else is of the higher level; else is older. */
function isBetter(a: LtxFile, b: LtxFile): boolean {
  if (a.maxTxid !== b.maxTxid) return a.maxTxid > b.maxTxid;
  if (a.minTxid !== b.minTxid) return a.minTxid < b.minTxid;
  if (a.level !== b.level) return a.level > b.level;
  return (a.modified ?? 0n) < (b.modified ?? 0n);
}

/** The first file, snapshots aside, that begins behind what follows on `reach`: transactions between the two are missing. */
export function gapBehind(files: readonly LtxFile[], reach: number): LtxFile | undefined {
  return files
    .filter(({ level, minTxid }) => level !== SNAPSHOT_LEVEL && minTxid > reach + 1)
    .reduce<LtxFile | undefined>(
      (first, one) => (!first || one.minTxid < first.minTxid ? one : first),
      undefined,
    );
}

/**
 * The file behind a gap that the target lies in or behind. A time may lie in a gap: what is missing there may be from before it.
 * Not so where the last state is of that very time.
 */
function gapAt(branch: LtxBranch, reach: number, { timestamp }: PlanTarget): LtxFile | undefined {
  if (timestamp === undefined) return gapBehind(branch.files, reach);
  const isExact = branch.files.some(({ maxTxid, modified }) => maxTxid === reach && modified === timestamp);
  const later = branch.files.filter(({ maxTxid }) => maxTxid > reach);
  const leadsOn = later.some(({ level, minTxid }) => level !== SNAPSHOT_LEVEL && minTxid <= reach + 1);
  return isExact || leadsOn ? undefined : later.reduce(sooner, undefined);
}

function sooner(first: LtxFile | undefined, one: LtxFile): LtxFile {
  if (!first || one.maxTxid < first.maxTxid) return one;
  return one.maxTxid === first.maxTxid && one.minTxid > first.minTxid ? one : first;
}

/**
 * Plans the restore of `target`: a position is a TXID, and a time takes in files made at it or before it, a strict one those before
 * it alone.
 *
 * @throws WalkitError `target/out-of-range`, `replica/no-snapshot`, `replica/missing-txid`, `replica/times-untrusted` for a time that
 * came more than once; `storage/unreadable` for a file on the way
 */
export function planLtx(
  branch: LtxBranch,
  target: PlanTarget,
  { avoid = new Set() }: PlanOptions = {},
): RestorePlan {
  const { timestamp, strict = false } = target;
  if (branch.unreadable?.[0]) throw branch.unreadable[0];
  const txid = txidOf(target);
  const isBy = (time: bigint) => (strict ? time < timestamp! : time <= timestamp!);
  const isBefore =
    timestamp === undefined ? undefined : ({ modified }: LtxFile) => modified !== undefined && isBy(modified);
  if (timestamp !== undefined) {
    checkPast(branch, timestamp);
    checkOnce(branch, timestamp, isBy);
  }
  const wanted = chooseFiles(branch.files, { txid, isBefore });
  if (!wanted) throw notThere(branch, target);
  const reach = wanted.at(-1)!.maxTxid;
  const gap = txid !== undefined ? undefined : gapAt(branch, reach, target);
  if (gap) throw withNearest(missingTxids(reach, gap), branch, reach);
  // Whatever is avoided, the state is to be the same.
  const serves = ({ path, unreadable }: LtxFile) => !avoid.has(path) && !unreadable;
  const chosen = wanted.every(serves)
    ? wanted
    : chooseFiles(branch.files.filter(serves), { txid: reach, isBefore });
  if (!chosen) throw wanted.find((file) => file.unreadable)?.unreadable ?? noOther(reach, avoid);
  // What lies before the last file that holds every page is laid over whole.
  const base = chosen.findLastIndex((file) => beginOf(file) === 1);
  const after = branch.files.filter(({ maxTxid }) => maxTxid > reach).reduce(earlier, undefined);
  return planOf(chosen.slice(base), after);
}

function earlier(first: LtxFile | undefined, one: LtxFile): LtxFile {
  return !first || one.minTxid < first.minTxid ? one : first;
}

/** A time from behind all that there is may have had more: as with generations it is refused. */
function checkPast(branch: LtxBranch, time: bigint): void {
  const range = timeRange(branch);
  if (!range || time <= range.newest) return;
  const nearest = nearTime(branch, time);
  throw new WalkitError(
    "target/out-of-range",
    `Expected a time that the replica reaches, found ${formatTime(time)}, and nothing was written since ${formatTime(range.newest)}`,
    { nearest, remedy: { do: "choose-moment", nearest, instead: { newest: "now" } } },
  );
}

/** No way leads to the target. */
function notThere(branch: LtxBranch, { timestamp, strict, commit }: PlanTarget): WalkitError {
  const [first] = branch.snapshots;
  if (!first) {
    const found =
      branch.files.length === 0
        ? "no file"
        : `${branch.files.length} files that all begin later, the first of them ${branch.files.reduce(earlier, undefined)!.path}`;
    return new WalkitError(
      "replica/no-snapshot",
      `Expected a snapshot or another LTX file that begins with TXID 1, found ${found}`,
      {
        path: branch.files[0]?.path,
      },
    );
  }
  const reached = statesOf(branch);
  if (commit) {
    const wanted = commit.txid!;
    const before = reached.findLast((txid) => txid < wanted);
    const after = reached.find((txid) => txid > wanted);
    const within = branch.files.find(({ minTxid, maxTxid }) => minTxid <= wanted && wanted < maxTxid);
    const found = within
      ? `it only inside of ${within.path}, which leads further`
      : wanted > (reached.at(-1) ?? 0)
        ? `none from behind ${formatPosition({ txid: reached.at(-1)! })}`
        : "none that leads there";
    return new WalkitError(
      "target/out-of-range",
      `Expected LTX files that lead to TXID ${formatPosition(commit)}, found ${found}`,
      { position: formatPosition(commit), ...offering(momentsOf(branch, [before, after])) },
    );
  }
  const { modified } = first;
  const since = modified === undefined ? "" : `, the first of them ${first.path} of ${formatTime(modified)}`;
  return new WalkitError(
    "target/out-of-range",
    `Expected a snapshot from ${timestamp === undefined ? "any time" : strict ? `before ${formatTime(timestamp)}` : `${formatTime(timestamp)} or before`}, found only younger ones${since}`,
    offering(momentsOf(branch, [reached[0]])),
  );
}

function withNearest(error: WalkitError, branch: LtxBranch, reach: number): WalkitError {
  const after = statesOf(branch).find((txid) => txid > reach);
  return error.with(offering(momentsOf(branch, [reach, after])));
}

/**
 * The transactions that a restore can end with, ascending: the walk comes by all of them but those that a snapshot leads to
 * which lies within one of its steps.
 */
export function statesOf({ files }: Pick<LtxBranch, "files">): number[] {
  const states: number[] = [];
  // What a file is laid over ends before it does: of all that ends before the last state is enough.
  for (const file of [...files].sort((a, b) => a.maxTxid - b.maxTxid)) {
    const last = states.at(-1) ?? 0;
    if (file.maxTxid > last && beginOf(file) <= last + 1) states.push(file.maxTxid);
  }
  return states;
}
