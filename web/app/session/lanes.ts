/** The lanes of the picture, from above to below: each timeline under the one that it left. */

import type { SegmentsView, TimelineView } from "../protocol/protocol.ts";
import { Stops } from "./stops.ts";

export interface Lane {
  timeline: TimelineView;
  stops: Stops;
  row: number;
  parent: Lane | undefined;
  /** The last stop of the parent that belongs to this timeline; -1 where the parent has none of it. */
  leaves: number;
  /** Which of the lines' colours. */
  colour: number;
}

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
    // Who left later is nearer: so no curve crosses a lane's beginning.
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

/** Whether `lane` is `from` or one of its ancestors: history files written by hand may go round in circles. */
function leadsTo(from: Lane, lane: Lane): boolean {
  for (let at: Lane | undefined = from; at; at = at.parent) if (at === lane) return true;
  return false;
}

/** The lanes that a moment's history leads through, each with its last stop on the way. */
export function historyOf(lane: Lane): Map<Lane, number> {
  const path = new Map<Lane, number>([[lane, Number.POSITIVE_INFINITY]]);
  for (let at = lane; at.parent; at = at.parent) path.set(at.parent, at.leaves);
  return path;
}

/** The lane that the page begins with: the newest, else the last one that has something to restore. */
export function firstLane(lanes: readonly Lane[]): Lane | undefined {
  const filled = lanes.filter(({ stops }) => stops.length > 0);
  return (
    filled.find(({ timeline }) => timeline.current) ??
    filled.reduce<Lane | undefined>((a, b) => (a && a.timeline.id > b.timeline.id ? a : b), undefined)
  );
}

/** Whether moments can be shown and gone to by time: all times are known, and in no timeline do they go back. */
export function hasTimes(lanes: readonly Lane[]): boolean {
  const filled = lanes.filter(({ stops }) => stops.length > 0);
  return (
    filled.length > 0 &&
    filled.every(({ timeline }) => timeline.timesTrusted && timesAscend(timeline.segments))
  );
}

function timesAscend({ time }: SegmentsView): boolean {
  // An unknown time is NaN, which no comparison holds for.
  return time.every((one, i) => one >= (time[i - 1] ?? Number.NEGATIVE_INFINITY));
}
