/** Where the segments, snapshots, gaps and stops of a replica lie along the axis, in units of the scale. */

import { SNAPSHOT_LEVEL } from "../../src/layouts/ltx/names.ts";
import { behind, comparePositions, type Position } from "../../src/replay/position.ts";
import type { GapView, LevelView, TimelineView } from "../app/protocol/protocol.ts";
import { firstOf } from "../app/protocol/search.ts";
import { momentsIn, timeOf } from "../app/protocol/segments.ts";
import type { Lane } from "../app/session/lanes.ts";
import { Scale } from "./scale.ts";

/** The look of a segment that is whole. */
export const WHOLE = 0;
/** The look of a segment of which some commits cannot be restored. */
export const LOST = 1;
/** The look of a segment whose file is damaged. */
export const DAMAGED = 2;

export interface LaneGeometry {
  lane: Lane;
  /** Per segment: its begin, its end, and its look (`WHOLE`, `LOST`, `DAMAGED`). */
  from: Float64Array;
  to: Float64Array;
  look: Uint8Array;
  /** Per level of merged files, the finest first: where each of them begins and ends. */
  levels: LevelView[];
  /** Per snapshot. */
  snapshots: Float64Array;
  gaps: { gap: GapView; from: number; to: number; isDamage: boolean }[];
  /** Per restore point. */
  points: Float64Array;
  /** Where the lane leaves its parent. */
  leaves: number | undefined;
  /** Where the lane's own data begins and ends; NaN if it has none. */
  begin: number;
  end: number;
}

/** Whether a gap is a loss. What walkit cannot read, as encrypted files, is not lost. */
export function isLost({ reason }: GapView): boolean {
  return reason.severity !== "info" && reason.code !== "replica/encrypted" && reason.code !== "replica/ltx";
}

/** The levels that hold merged changes: neither what was written first, nor whole databases. */
export function mergedLevels({ levels }: Pick<TimelineView, "levels">): LevelView[] {
  return levels.filter(({ level }) => level > 0 && level < SNAPSHOT_LEVEL);
}

export class Geometry {
  readonly scale: Scale;
  readonly lanes: readonly LaneGeometry[];
  readonly #byLane = new Map<Lane, LaneGeometry>();

  private constructor(scale: Scale, lanes: LaneGeometry[]) {
    this.scale = scale;
    this.lanes = lanes;
    for (const one of lanes) this.#byLane.set(one.lane, one);
  }

  static of(lanes: readonly Lane[], kind: Scale["kind"]): Geometry {
    return kind === "time" ? byTime(lanes) : byCommits(lanes);
  }

  /** @internal */
  static made(scale: Scale, lanes: LaneGeometry[]): Geometry {
    return new Geometry(scale, lanes);
  }

  of(lane: Lane): LaneGeometry {
    return this.#byLane.get(lane)!;
  }

  unitOf(lane: Lane, stop: number): number {
    return unitOf(this.of(lane), stop);
  }

  /** The stop of a lane that is nearest to a place of the axis. */
  nearest(lane: Lane, unit: number): number {
    const one = this.of(lane);
    const next = firstOf(0, lane.stops.length - 1, (stop) => unitOf(one, stop) >= unit);
    return next > 0 && unit - unitOf(one, next - 1) < unitOf(one, next) - unit ? next - 1 : next;
  }
}

/** Where a stop lies. The commits of a segment are spread evenly over it, because only the segment has a time. */
function unitOf({ lane, from, to, snapshots }: LaneGeometry, stop: number): number {
  const { stops, timeline } = lane;
  const number = stops.segment(stop);
  if (number === undefined) {
    const at = stops.id(stop);
    return snapshots[timeline.snapshots.findIndex(({ position }) => isSame(position, at))] ?? 0;
  }
  const { segments } = timeline;
  const part =
    (stops.ordinal(stop) - segments.firstMoment[number]!) / Math.max(momentsIn(segments, number), 1);
  return from[number]! + part * (to[number]! - from[number]!);
}

function byTime(lanes: readonly Lane[]): Geometry {
  let count = 0;
  for (const { timeline } of lanes) count += timeline.segments.length + timeline.snapshots.length;
  const times = new Float64Array(count);
  let at = 0;
  for (const { timeline } of lanes) {
    times.set(timeline.segments.time, at);
    at += timeline.segments.length;
    for (const { time } of timeline.snapshots) if (time !== undefined) times[at++] = time;
  }
  // Lanes without stops may have unknown times.
  const known = times.subarray(0, at).filter((time) => !Number.isNaN(time));
  const scale = Scale.ofTimes(known.sort());
  return Geometry.made(scale, finish(lanes.map((lane) => timeLane(lane, scale))));
}

function timeLane(lane: Lane, scale: Scale): LaneGeometry {
  const { segments, snapshots } = lane.timeline;
  const one = emptyLane(lane);
  let last = snapshots[0]?.time ?? Number.NEGATIVE_INFINITY;
  for (let i = 0; i < segments.length; i++) {
    const time = timeOf(segments, i) ?? 0;
    const to = scale.toUnit(time);
    // A segment's commits came after the segment before it was written, and mostly shortly before its own time.
    one.from[i] = Math.min(Math.max(scale.toUnit(last), to - scale.step * 2), to);
    one.to[i] = to;
    last = time;
  }
  for (const [i, { time = 0 }] of snapshots.entries()) one.snapshots[i] = scale.toUnit(time);
  return one;
}

function byCommits(lanes: readonly Lane[]): Geometry {
  const origin = new Map<Lane, number>();
  const all: LaneGeometry[] = [];
  let longest = 1;
  for (const lane of lanes) {
    const { parent, stops, timeline } = lane;
    // A branch begins one step after the commit at which it left.
    const start = parent ? (origin.get(parent) ?? 0) + Math.max(lane.leaves + 1, 0) + 1 : 0;
    origin.set(lane, start);
    longest = Math.max(longest, start + stops.length);
    const one = emptyLane(lane);
    let stop = 0;
    for (let i = 0; i < timeline.segments.length; i++) {
      while (stop < stops.length && stops.isSnapshot(stop)) stop++;
      one.from[i] = start + stop;
      while (stop < stops.length && stops.segment(stop) === i) stop++;
      one.to[i] = start + stop;
    }
    for (const [i, { position }] of timeline.snapshots.entries()) {
      const before = stops.atOrBefore(position);
      const isStop = before >= 0 && stops.isSnapshot(before) && isSame(stops.id(before), position);
      one.snapshots[i] = start + before + (isStop ? 0.5 : 1);
    }
    all.push(one);
  }
  const scale = Scale.ofCommits(longest);
  const shift = (values: Float64Array) => {
    for (let i = 0; i < values.length; i++) values[i] = scale.toUnit(values[i]!);
  };
  for (const { from, to, snapshots } of all) for (const values of [from, to, snapshots]) shift(values);
  return Geometry.made(scale, finish(all));
}

function emptyLane(lane: Lane): LaneGeometry {
  const { segments, snapshots, restorePoints } = lane.timeline;
  return {
    lane,
    from: new Float64Array(segments.length),
    to: new Float64Array(segments.length),
    look: new Uint8Array(segments.length),
    levels: [],
    snapshots: new Float64Array(snapshots.length),
    gaps: [],
    points: new Float64Array(restorePoints.length),
    leaves: undefined,
    begin: Number.NaN,
    end: Number.NaN,
  };
}

/** Fills in what follows from the places of segments and snapshots: looks, begin and end, gaps, restore points, branches. */
function finish(lanes: LaneGeometry[]): LaneGeometry[] {
  const byLane = new Map(lanes.map((one) => [one.lane, one]));
  for (const one of lanes) {
    const { stops, timeline, parent, leaves } = one.lane;
    const { segments, moments } = timeline;
    for (let i = 0; i < segments.length; i++) {
      if (segments.damaged[i] === 1) one.look[i] = DAMAGED;
      const end = segments.firstMoment[i + 1]!;
      for (let k = segments.firstMoment[i]!; one.look[i] === WHOLE && k < end; k++) {
        if (moments.restorable[k] !== 1) one.look[i] = LOST;
      }
    }
    one.begin = Math.min(one.from[0] ?? Number.NaN, one.snapshots[0] ?? one.from[0] ?? Number.NaN);
    if (Number.isNaN(one.begin)) one.begin = one.snapshots[0] ?? Number.NaN;
    one.end = Math.max(one.to.at(-1) ?? one.begin, one.snapshots.at(-1) ?? one.begin);
    for (const gap of timeline.gaps) {
      const from = gap.after ? unitAt(one, gap.after) : one.begin;
      const to = gap.before ? unitAt(one, gap.before) : one.end;
      one.gaps.push({ gap, from, to: Math.max(from, to), isDamage: isLost(gap) });
    }
    for (const [i, point] of timeline.restorePoints.entries()) one.points[i] = unitAt(one, point);
    const unitBehind = (txid: number) => unitAt(one, behind(txid));
    one.levels = mergedLevels(timeline).map(({ level, from, to }) => {
      return { level, from: from.map(unitBehind), to: to.map(unitBehind) };
    });
    const above = parent && byLane.get(parent);
    if (above) one.leaves = leaves >= 0 ? unitOf(above, leaves) : above.begin;
    if (stops.length === 0 && Number.isNaN(one.begin)) one.end = Number.NaN;
  }
  return lanes;
}

function unitAt(one: LaneGeometry, place: Position): number {
  const stop = one.lane.stops.atOrBefore(place);
  return stop < 0 ? one.begin : unitOf(one, stop);
}

function isSame(a: Position, b: Position): boolean {
  return comparePositions(a, b) === 0;
}
