/** What a salvaged database lacks: the rest of its own branch, and every younger branch as a whole. */

import type { WalkitError } from "../errors.ts";
import { type Finding, findingOf } from "../findings.ts";
import type { Branch, Catalog, Change, Claim } from "../replay/catalog.ts";
import type { Replica } from "../replay/layout.ts";
import type { PlanTarget, RestorePlan } from "../replay/plan.ts";
import { plannedSegment } from "../replay/plan.ts";
import { comparePositions, formatPosition, type Position, sectionOf, startOf } from "../replay/position.ts";
import { readChanges } from "../replay/replica.ts";
import { timeRange } from "../replay/times.ts";
import { formatTime } from "../time.ts";
import { holdsChange, holdsMoment, writtenAt } from "./holds.ts";

/** What is lost of one generation. */
export interface LostBranch {
  generation: string;
  /** All of it: the database is that of an older generation. */
  whole: boolean;
  snapshots: number;
  /** Paths of the WAL segments that are not in the database, or not as a whole. */
  segments: string[];
  /** Committed transactions in these; undefined where not all of them can be read. */
  transactions: number | undefined;
  /** When the first and the last of these files were written, RFC 3339; undefined where the storage keeps no times. */
  from: string | undefined;
  until: string | undefined;
}

/** What a salvaged database lacks of the target. */
export interface Lost {
  /** Why the target itself cannot be had. */
  reason: Finding;
  /** The last commit that is in the database; undefined where it is the snapshot alone. */
  reached: string | undefined;
  /** When the last segment that was applied (or the snapshot) was written, RFC 3339. */
  reachedTime: string | undefined;
  /** WAL segments of the target that are not in the database, of all branches. */
  segments: string[];
  /** When the newest lost file was written, RFC 3339. */
  until: string | undefined;
  /** The branches that they belong to: the one of the database, then those that are younger. */
  branches: LostBranch[];
}

/** The generations that `target` may mean, newest first by the times of their files. */
export function newestFirst({ generations }: Catalog, target: PlanTarget): Branch[] {
  const newest = (generation: Branch) => timeRange(generation)?.newest ?? 0n;
  return generations
    .filter((g) => g.snapshots.length + g.segments.length > 0 && (target.generation ?? g.id) === g.id)
    .sort((a, b) => (newest(a) > newest(b) ? -1 : newest(a) < newest(b) ? 1 : 0));
}

/**
 * What is in the replica, belongs to the target, and is not in the database that `plan` led to.
 *
 * @throws WalkitError `storage/not-found`
 */
export async function lossOf(
  replica: Replica,
  catalog: Catalog,
  target: PlanTarget,
  plan: RestorePlan,
  reached: Position | undefined,
  reason: WalkitError,
  signal: AbortSignal | undefined,
): Promise<Lost> {
  const sorted = newestFirst(catalog, target);
  const at = sorted.findIndex(({ id }) => id === plan.generation);
  const own = sorted[at];
  const branches: LostBranch[] = [];
  const add = (branch: LostBranch | undefined) => branch && branches.push(branch);
  if (own) add(await ownLoss(replica, own, target, plan, reached, signal));
  for (const one of sorted.slice(0, Math.max(at, 0)).reverse()) {
    const snapshots = one.snapshots.filter((file) => holdsMoment(target, file));
    const segments = one.segments.filter((file) => holdsChange(target, file));
    add(await branchOf(replica, one, true, snapshots, segments, undefined, signal));
  }
  return {
    reason: findingOf(reason, { generation: plan.generation }),
    reached: reached && formatPosition(reached),
    reachedTime: writtenAt(plan.segments.at(-1) ?? plan.snapshot, catalog),
    segments: branches.flatMap(({ segments }) => segments),
    until: branches.at(-1)?.until,
    branches,
  };
}

/** The loss of the generation that the database is of: all behind what was reached. */
async function ownLoss(
  replica: Replica,
  generation: Branch,
  target: PlanTarget,
  { segments: applied, snapshot: base, end }: RestorePlan,
  reached: Position | undefined,
  signal: AbortSignal | undefined,
): Promise<LostBranch | undefined> {
  if (generation.exact) {
    const isBehind = (file: Change | Claim) => comparePositions(file, reached ?? base) >= 0;
    const lost = generation.segments.filter((file) => holdsChange(target, file) && isBehind(file));
    const claims = generation.snapshots.filter(
      (file) => holdsMoment(target, file) && comparePositions(file, reached ?? base) > 0,
    );
    return await branchOf(replica, generation, false, claims, lost, reached, signal);
  }
  const paths = new Set(applied.map(({ path }) => path));
  const isPast = (file: Change) => sectionOf(file) >= sectionOf(base) && !paths.has(file.path);
  const wanted = generation.segments.filter((file) => holdsChange(target, file));
  const past = wanted.filter(isPast);
  // The way may end in the middle of a segment.
  const last = end && wanted.find(({ path }) => path === applied.at(-1)?.path);
  const split = last && (await countCommits(replica, generation, [last], reached, signal));
  const segments = split === 0 || !last ? past : [last, ...past];
  const snapshots = generation.snapshots.filter(
    (file) => sectionOf(file) > sectionOf(reached ?? base) && holdsMoment(target, file),
  );
  return await branchOf(replica, generation, false, snapshots, segments, reached, signal);
}

async function branchOf(
  replica: Replica,
  { id, ...generation }: Branch,
  whole: boolean,
  snapshots: Claim[],
  segments: Change[],
  behind: Position | undefined,
  signal: AbortSignal | undefined,
): Promise<LostBranch | undefined> {
  const range = timeRange({ id, snapshots, segments });
  if (!range && snapshots.length + segments.length === 0) return undefined;
  return {
    generation: id,
    whole,
    snapshots: snapshots.length,
    segments: segments.map(({ path }) => path),
    transactions: await countCommits(replica, { id, ...generation }, segments, behind, signal),
    from: range && formatTime(range.oldest),
    until: range && formatTime(range.newest),
  };
}

/** Commits in `segments` that end behind a position; undefined where a segment cannot be read to its end. */
async function countCommits(
  replica: Replica,
  generation: Branch,
  segments: Change[],
  behind: Position | undefined,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  // A WAL can be read from its first byte only.
  const [first, last] = [segments[0], segments.at(-1)];
  if (!first || !last) return 0;
  const from = startOf(first);
  const wal = generation.segments.filter(
    (s) => comparePositions(s, from) >= 0 && comparePositions(s, last) <= 0,
  );
  const lost = new Set(segments.map(({ path }) => path));
  let [count, whole] = [0, 0];
  const plan = { generation: generation.id, segments: wal.map(plannedSegment) };
  for await (const event of readChanges(replica, plan, { signal, faults: "report" })) {
    if (event.type === "change" && lost.has(event.change.path)) whole++;
    if (event.type !== "commit" || !lost.has(event.change.path)) continue;
    if (!behind || comparePositions(event.end, behind) > 0) count++;
  }
  return whole === lost.size ? count : undefined;
}
