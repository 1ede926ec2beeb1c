/** The plan of a restore: which files, in which order. Plain JSON, as `--dry-run` prints it. */

import type { Finding } from "../findings.ts";
import type { Change, Claim } from "./catalog.ts";
import { type Position, positionOf } from "./position.ts";

/**
 * The moment that is wanted, as far as names and times tell it. At most one of `index`, `timestamp` and `commit`; none of
 * them: the newest there is.
 */
export interface PlanTarget {
  /** By default the generation with the newest file, or with `timestamp` the one whose times contain it. */
  generation?: string | undefined;
  /** The state at the end of this WAL index; past the last one: the newest state, as with Litestream. */
  index?: number | undefined;
  /** Nanoseconds since 1970: snapshots and segments created at or before it. */
  timestamp?: bigint | undefined;
  /** Of LTX files those from before `timestamp` alone, as Litestream takes them; elsewhere it means nothing. */
  strict?: boolean | undefined;
  /** The commit that ends here; with offset 0 the state before the first commit of the index. */
  commit?: Position | undefined;
}

/** A file that is to be read. */
export interface PlannedFile {
  path: string;
  /** Compressed bytes, where the listing tells. */
  size: number | undefined;
}

/** A file of changes, which begins at the position that it has. */
export type PlannedSegment = PlannedFile & Position;

/** Changes of one branch, to be applied in order. */
export interface PlannedWal {
  generation: string;
  /** Applied in this order, each whole unless `end` says otherwise. */
  segments: PlannedSegment[];
  /**
   * The rest of the snapshot's own section where the target lies within that: read but not applied, to prove that the
   * snapshot holds no page from after the target.
   */
  proof: PlannedSegment[];
  /** The last commit to apply ends here; undefined: at the end of the last segment. */
  end: Position | undefined;
  /** The segment that follows the target: where it does not abut, something in between is missing. */
  next: Position | undefined;
  /** What follows in the replica: read only where it tells whether one section goes on where the one before it ended. */
  later: PlannedSegment[];
}

/** Which files a restore reads, in which order. */
export interface RestorePlan extends PlannedWal {
  snapshot: PlannedSegment;
  /**
   * Where the way goes through parent timelines: their changes up to the switch point, the snapshot's branch first. What
   * `RestorePlan` itself has is then applied behind it, from the branch's first byte on.
   */
  ancestors: PlannedAncestor[];
  /**
   * Whether all that the snapshot may hold of its own section is in the replica as changes. Where it is not, and the target
   * lies in that section, the snapshot may hold pages from after the target.
   */
  settled: boolean;
  /**
   * How far the snapshot reaches into its section, where that is known: its pages need not be held against what follows the
   * target then. Undefined: not known.
   */
  mark: Position | undefined;
  /** Compressed bytes to read; undefined where the listing tells no sizes. */
  bytes: number | undefined;
  /** What is worth knowing about the choice. */
  findings: Finding[];
}

/** Changes of a parent timeline, up to its switch point. */
export interface PlannedAncestor extends PlannedWal {
  /** Whether all that was changed since the switch point is in the changes of the branch that comes next. */
  complete: boolean;
}

/** What a plan has to do without. */
export interface PlanOptions {
  /** Paths of snapshots that are known not to serve. */
  avoid?: ReadonlySet<string> | undefined;
}

/** What to read in order: a {@link RestorePlan}'s changes, or any run of them. */
export interface Leg {
  generation: string;
  /** Ascending. */
  segments: readonly PlannedSegment[];
  /** What follows `segments` in their last section: read, checked, but not applied. */
  proof?: readonly PlannedSegment[] | undefined;
  /** End of the last commit that is applied; by default the end of `segments`. */
  end?: Position | undefined;
  /** The segment that follows in the replica. */
  next?: Position | undefined;
  /** What the segments are laid over, and what follows them: looked at where only that tells whether a commit follows. */
  snapshot?: PlannedFile | undefined;
  later?: readonly PlannedSegment[] | undefined;
  /** Merged changes, one of which may stand in for what cannot be read: claims with `since`. */
  merged?: readonly Claim[] | undefined;
}

/** What a plan says of a change. */
export function plannedSegment(change: Change): PlannedSegment {
  const { path, size } = change;
  return { ...positionOf(change), path, size };
}

/** Compressed bytes of files; undefined where the listing tells no sizes. */
export function sizeOf(files: readonly PlannedFile[]): number | undefined {
  if (!files.every((file) => file.size !== undefined)) return undefined;
  return files.reduce((sum, file) => sum + file.size!, 0);
}
