/**
 * The stops of a timeline: the moments at which the playhead can stand, in order. They are its commits, and the snapshots that
 * can be restored by themselves.
 */

import { comparePositions, isSameKind, type Position } from "../../../src/replay/position.ts";
import { type PositionColumns, positionAt, positionColumns, setPosition } from "../protocol/positions.ts";
import type { GapView, MomentId, TimelineView } from "../protocol/protocol.ts";
import { firstOf } from "../protocol/search.ts";
import { timeOf } from "../protocol/segments.ts";

export class Stops {
  readonly timeline: TimelineView;
  readonly length: number;
  /** How many stops are commits. */
  readonly commits: number;
  readonly #positions: PositionColumns;
  /** Per stop: the number of its segment; -1: the stop is a snapshot. */
  readonly #segment: Int32Array;
  readonly #restorable: Uint8Array;
  /** Per stop: how many commits there are up to it, itself included. */
  readonly #ordinal: Uint32Array;

  constructor(timeline: TimelineView) {
    this.timeline = timeline;
    const { moments } = timeline;
    const alone = timeline.snapshots.filter(({ alone, position }) => alone && !isCommit(moments, position));
    this.commits = moments.segment.length;
    this.length = this.commits + alone.length;
    this.#positions = positionColumns(this.length);
    this.#segment = new Int32Array(this.length);
    this.#restorable = new Uint8Array(this.length);
    this.#ordinal = new Uint32Array(this.length);
    let at = 0;
    let next = 0;
    const put = (position: Position, segment: number, restorable: number, ordinal: number) => {
      setPosition(this.#positions, at, position);
      this.#segment[at] = segment;
      this.#restorable[at] = restorable;
      this.#ordinal[at++] = ordinal;
    };
    for (let i = 0; i <= this.commits; i++) {
      const commit = i < this.commits ? positionAt(moments, i) : undefined;
      while (next < alone.length && (!commit || comparePositions(alone[next]!.position, commit) < 0))
        put(alone[next++]!.position, -1, 1, i);
      if (commit) put(commit, moments.segment[i]!, moments.restorable[i]!, i + 1);
    }
  }

  id(i: number): MomentId {
    return { generation: this.timeline.generation ?? "", ...positionAt(this.#positions, i) };
  }

  isRestorable(i: number): boolean {
    return this.#restorable[i] === 1;
  }

  isSnapshot(i: number): boolean {
    return this.#segment[i] === -1;
  }

  /** The commit's number in the timeline, from 1. For a snapshot: how many commits are before it. */
  ordinal(i: number): number {
    return this.#ordinal[i]!;
  }

  /** The number of the segment that holds a commit; undefined for a snapshot. */
  segment(i: number): number | undefined {
    const segment = this.#segment[i]!;
    return segment === -1 ? undefined : segment;
  }

  /** Milliseconds since 1970; undefined if times cannot be trusted. A commit has the time of its segment. */
  time(i: number): number | undefined {
    const { timesTrusted, segments, snapshots } = this.timeline;
    if (!timesTrusted) return undefined;
    const segment = this.segment(i);
    if (segment !== undefined) return timeOf(segments, segment);
    const place = positionAt(this.#positions, i);
    return snapshots.find(({ position }) => comparePositions(position, place) === 0)?.time;
  }

  /** The last stop at or before a position; -1 if there is none, or if a position of this kind lies in another history. */
  atOrBefore(position: Position): number {
    if (this.length === 0 || !isSameKind(positionAt(this.#positions, 0), position)) return -1;
    return this.#count((i) => comparePositions(positionAt(this.#positions, i), position) <= 0) - 1;
  }

  /** The last stop at or before a time; -1 if there is none. */
  atTime(time: number): number {
    return this.#count((i) => (this.time(i) ?? Number.POSITIVE_INFINITY) <= time) - 1;
  }

  /** The stop of the commit with number `n`, from 1; the last stop if `n` is too high. */
  ofCommit(n: number): number {
    return Math.min(
      this.#count((i) => this.#ordinal[i]! < n),
      this.length - 1,
    );
  }

  /** The nearest stop that can be restored, from `i` on in one direction; undefined if there is none. */
  restorableFrom(i: number, step: 1 | -1): number | undefined {
    for (let at = i; at >= 0 && at < this.length; at += step) if (this.#restorable[at] === 1) return at;
    return undefined;
  }

  /** The last stop of the segment before (`step` -1) or after (1) the segment of stop `i`. */
  nextSegment(i: number, step: 1 | -1): number {
    const own = this.#segment[i];
    let at = i;
    if (step === -1) {
      while (at > 0 && this.#segment[at] === own) at--;
      return at;
    }
    if (at < this.length - 1) at++;
    const other = this.#segment[at];
    while (at < this.length - 1 && this.#segment[at + 1] === other) at++;
    return at;
  }

  /** The gap that a stop lies in, which says why the stop cannot be restored. */
  gapAt(i: number): GapView | undefined {
    const at = this.id(i);
    return this.timeline.gaps.find(
      ({ after, before }) =>
        (!after || comparePositions(after, at) < 0) && (!before || comparePositions(at, before) < 0),
    );
  }

  /** How many stops `is` is true for. It must be true for the first ones and false for the rest. */
  #count(is: (i: number) => boolean): number {
    return firstOf(0, this.length, (i) => !is(i));
  }
}

/** Whether a commit ends at a position: of LTX files also a snapshot has that of a state that changes lead to. */
function isCommit(moments: PositionColumns & { segment: ArrayLike<unknown> }, position: Position): boolean {
  const { length } = moments.segment;
  const at = firstOf(0, length, (i) => comparePositions(positionAt(moments, i), position) >= 0);
  return at < length && comparePositions(positionAt(moments, at), position) === 0;
}
