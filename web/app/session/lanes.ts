/** The lanes of the picture, from top to bottom: each timeline below its parent. */

import type { SegmentsView, TimelineView } from "../protocol/protocol.ts";
import { Stops } from "./stops.ts";

export interface Lane {
  timeline: TimelineView;
  stops: Stops;
  row: number;
  parent: Lane | undefined;
  /** The parent's last stop that is also in this timeline's history; -1 if there is none. */
  leaves: number;
  /** Number of the line's colour, from 0. */
  colour: number;
}

/** How many colours lines have. */
export const COLOURS = 6;

export function makeLanes(timelines: readonly TimelineView[]): Lane[] {
  const lanes = new Map<number, Lane>();
  for (const timeline of timelines) {
    const colour = (timeline.id - 1) % COLOURS;
    lanes.set(timeline.id, {
      timeline,
      stops: new Stops(timeline),
      row: 0,
      parent: undefined,
      leaves: -1,
      colour,
    });
  }
  const children = new Map<Lane | undefined, Lane[]>();
  for (const lane of lanes.values()) {
    const { parent: id, switchPoint } = lane.timeline;
    const parent = id === undefined ? undefined : lanes.get(id);
    if (parent && switchPoint && !leadsTo(parent, lane)) {
      lane.parent = parent;
      lane.leaves = parent.stops.atOrBefore(switchPoint);
    }
    const siblings = children.get(lane.parent);
    if (siblings) siblings.push(lane);
    else children.set(lane.parent, [lane]);
  }
  const ordered: Lane[] = [];
  const place = (of: Lane | undefined) => {
    // A timeline that left later lies nearer to its parent: then no curve crosses another lane's beginning.
    for (const lane of (children.get(of) ?? []).sort(
      (a, b) => b.leaves - a.leaves || a.timeline.id - b.timeline.id,
    )) {
      lane.row = ordered.length;
      ordered.push(lane);
      place(lane);
    }
  };
  place(undefined);
  return ordered;
}

/** Whether `lane` is `from` or one of its ancestors. History files can be written by hand, and may lead round in a circle. */
function leadsTo(from: Lane, lane: Lane): boolean {
  for (let at: Lane | undefined = from; at; at = at.parent) if (at === lane) return true;
  return false;
}

/** A lane with its ancestors, each with its last stop in the lane's history (for the lane itself: infinity). */
export function historyOf(lane: Lane): Map<Lane, number> {
  const path = new Map<Lane, number>([[lane, Number.POSITIVE_INFINITY]]);
  for (let at = lane; at.parent; at = at.parent) path.set(at.parent, at.leaves);
  return path;
}

/** The lane that the page shows first: the current timeline if it has moments, else the last timeline that has some. */
export function firstLane(lanes: readonly Lane[]): Lane | undefined {
  const filled = lanes.filter(({ stops }) => stops.length > 0);
  return (
    filled.find(({ timeline }) => timeline.current) ??
    filled.reduce<Lane | undefined>((a, b) => (a && a.timeline.id > b.timeline.id ? a : b), undefined)
  );
}

/** Whether moments can be shown by time: all segments have times, and no timeline's times go back. */
export function hasTimes(lanes: readonly Lane[]): boolean {
  const filled = lanes.filter(({ stops }) => stops.length > 0);
  return (
    filled.length > 0 &&
    filled.every(({ timeline }) => timeline.timesTrusted && timesAscend(timeline.segments))
  );
}

function timesAscend({ time }: SegmentsView): boolean {
  // An unknown time is NaN: every comparison with it is false.
  return time.every((one, i) => one >= (time[i - 1] ?? Number.NEGATIVE_INFINITY));
}
