/**
 * The stops of a timeline: every moment that the playhead can stand at, in order: its commits, and the snapshots that
 * can be restored by themselves.
 */

import type { GapView, MomentId, TimelineView } from "../protocol/protocol.ts";
import { firstOf } from "../protocol/search.ts";
import { timeOf } from "../protocol/segments.ts";

interface Place {
  index: number;
  offset: number;
}

export class Stops {
  readonly timeline: TimelineView;
  readonly length: number;
  /** How many of them are commits. */
  readonly commits: number;
  readonly #index: Uint32Array;
  readonly #offset: Float64Array;
  /** -1 where it is a snapshot alone. */
  readonly #segment: Int32Array;
  readonly #restorable: Uint8Array;
  /** Commits up to and with this stop. */
  readonly #ordinal: Uint32Array;

  constructor(timeline: TimelineView) {
    this.timeline = timeline;
    const { moments } = timeline;
    const alone = timeline.snapshots.filter((snapshot) => snapshot.alone);
    this.commits = moments.index.length;
    this.length = this.commits + alone.length;
    this.#index = new Uint32Array(this.length);
    this.#offset = new Float64Array(this.length);
    this.#segment = new Int32Array(this.length);
    this.#restorable = new Uint8Array(this.length);
    this.#ordinal = new Uint32Array(this.length);
    let at = 0;
    let next = 0;
    const put = (index: number, offset: number, segment: number, restorable: number, ordinal: number) => {
      this.#index[at] = index;
      this.#offset[at] = offset;
      this.#segment[at] = segment;
      this.#restorable[at] = restorable;
      this.#ordinal[at++] = ordinal;
    };
    for (let i = 0; i <= this.commits; i++) {
      const index = i < this.commits ? moments.index[i]! : Number.POSITIVE_INFINITY;
      while (next < alone.length && alone[next]!.index <= index) {
        put(alone[next++]!.index, 0, -1, 1, i);
      }
      if (i < this.commits)
        put(index, moments.offset[i]!, moments.segment[i]!, moments.restorable[i]!, i + 1);
    }
  }

  id(i: number): MomentId {
    return { generation: this.timeline.generation ?? "", index: this.#index[i]!, offset: this.#offset[i]! };
  }

  isRestorable(i: number): boolean {
    return this.#restorable[i] === 1;
  }

  isSnapshot(i: number): boolean {
    return this.#segment[i] === -1;
  }

  /** Which commit of the timeline it is, from 1; of a snapshot alone: how many were before it. */
  ordinal(i: number): number {
    return this.#ordinal[i]!;
  }

  segment(i: number): number | undefined {
    const segment = this.#segment[i]!;
    return segment === -1 ? undefined : segment;
  }

  /** Milliseconds; of a commit: when the segment that holds it was written. */
  time(i: number): number | undefined {
    const { timesTrusted, segments, snapshots } = this.timeline;
    if (!timesTrusted) return undefined;
    const segment = this.segment(i);
    if (segment !== undefined) return timeOf(segments, segment);
    return snapshots.find(({ index }) => index === this.#index[i])?.time;
  }

  /** The last stop at or before a position; -1: none. */
  atOrBefore({ index, offset }: Place): number {
    return (
      this.#count(
        (i) => this.#index[i]! < index || (this.#index[i] === index && this.#offset[i]! <= offset),
      ) - 1
    );
  }

  /** The last stop at or before a time; -1: none. */
  atTime(time: number): number {
    return this.#count((i) => (this.time(i) ?? Number.POSITIVE_INFINITY) <= time) - 1;
  }

  /** The stop of a commit by its number, from 1; of a number past the last: the last stop. */
  ofCommit(n: number): number {
    return Math.min(
      this.#count((i) => this.#ordinal[i]! < n),
      this.length - 1,
    );
  }

  /** The stop nearest to `i` that can be restored, in one direction; undefined: none. */
  restorableFrom(i: number, step: 1 | -1): number | undefined {
    for (let at = i; at >= 0 && at < this.length; at += step) if (this.#restorable[at] === 1) return at;
    return undefined;
  }

  /** The last stop of the segment before, or of this one's next: a page of the scrubber. */
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

  /** Why a stop cannot be restored. */
  gapAt(i: number): GapView | undefined {
    const at = this.id(i);
    return this.timeline.gaps.find(
      ({ after, before }) => (!after || compare(after, at) < 0) && (!before || compare(at, before) < 0),
    );
  }

  /** How many stops from the first on `is` holds for. */
  #count(is: (i: number) => boolean): number {
    return firstOf(0, this.length, (i) => !is(i));
  }
}

export function compare(a: Place, b: Place): number {
  return a.index - b.index || a.offset - b.offset;
}
