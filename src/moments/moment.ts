/** What can be restored of a branch: the nouns. */

import type { Finding } from "../findings.ts";
import type { Position } from "../replay/position.ts";
import type { RestorePoint } from "../timeline/restore-points.ts";

/** A transaction. */
export interface CommitMoment {
  /** The position behind its last frame. */
  end: Position;
  /** The number that a target names it by; undefined behind damage or a gap, across which none is counted. */
  transaction: number | undefined;
  /** A restore brings it back, to the byte, without salvaging. */
  restorable: boolean;
}

/** A file of changes, and the commits in it. */
export interface SegmentMoments {
  position: Position;
  path: string;
  /** RFC 3339; undefined where times cannot be trusted. A restore by time brings back all of its commits or none. */
  time: string | undefined;
  /** Those that can be read, in order. */
  commits: CommitMoment[];
}

/** A snapshot that can be restored by itself, with none of the WAL of its index. */
export interface SnapshotMoment {
  position: Position;
  path: string;
  /** RFC 3339; undefined where times cannot be trusted. */
  time: string | undefined;
}

/** A restore point, and whether it can be restored. */
export interface PointMoment extends RestorePoint {
  restorable: boolean;
}

/** All that can be restored of a branch. */
export interface GenerationMoments {
  generation: string;
  /** False: it has restore points, and its files are no longer in the replica. */
  present: boolean;
  /** False: times do not tell when files were written, and none is given. */
  timesTrusted: boolean;
  /** Moments before the first commit of a stretch. */
  snapshots: SnapshotMoment[];
  /** In order. */
  segments: SegmentMoments[];
  /** In order. */
  gaps: Gap[];
  /** In the order of their file. */
  restorePoints: PointMoment[];
  findings: Finding[];
}

/** Every commit from `from` to `to` can be restored. */
export interface Stretch {
  from: Position;
  to: Position;
  /** Index of the snapshot that it begins with. */
  snapshot: number;
  /** The newest commit of the generation is in it. */
  newest: boolean;
}

/** What was committed after `after` and before `before` cannot be restored. */
export interface Gap {
  /** The last moment before it; undefined: nothing can be restored before it. */
  after: Position | undefined;
  /** The first moment behind it; undefined: nothing can be restored behind it. */
  before: Position | undefined;
  /** Undefined where nothing is known to be wrong. */
  reason: Finding | undefined;
}
