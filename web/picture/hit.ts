/** The thing under the pointer, and the words for it. */

import { sectionAt } from "../../src/replay/position.ts";
import { firstIn } from "../app/protocol/search.ts";
import { segmentAt as segmentOf } from "../app/protocol/segments.ts";
import type { Lane } from "../app/session/lanes.ts";
import type { Session } from "../app/session/session.ts";
import { formatBytes, formatDuration, formatPosition, formatTime, hex } from "../app/strings/format.ts";
import { t } from "../app/strings/strings.ts";
import { meaningOf } from "../app/words/advice.ts";
import { inSight, stationRadius } from "./draw-marks.ts";
import { gapPixels } from "./draw-rails.ts";
import type { Geometry, LaneGeometry } from "./geometry.ts";
import type { View } from "./view.ts";

export interface Hit {
  lane: Lane;
  /** The stop that a click goes to; undefined: the nearest one. */
  stop: number | undefined;
  title: string;
  lines: string[];
  isDamage: boolean;
}

const NEAR = 8;

export function hitAt(
  session: Session,
  geometry: Geometry,
  view: View,
  lane: Lane,
  x: number,
): Hit | undefined {
  const one = geometry.of(lane);
  return (
    pointAt(one, view, x) ??
    snapshotAt(session, one, view, x) ??
    gapAt(one, view, x) ??
    segmentAt(session, one, view, x) ??
    pauseAt(geometry, lane, view.toUnit(x))
  );
}

function pointAt({ lane, points }: LaneGeometry, view: View, x: number): Hit | undefined {
  for (const [i, unit] of points.entries()) {
    const from = view.toPixel(unit);
    if (x < from - 3 || x > from + 13) continue;
    const point = lane.timeline.restorePoints[i]!;
    return {
      lane,
      stop: lane.stops.atOrBefore(point),
      title: t.restorePoint(point.name),
      lines: [formatPosition(point), ...(point.restorable ? [] : [t.cannotBeRestored])],
      isDamage: !point.restorable,
    };
  }
  return undefined;
}

function snapshotAt(session: Session, one: LaneGeometry, view: View, x: number): Hit | undefined {
  const { lane, snapshots } = one;
  if (stationRadius({ view }, one) < 3) return undefined;
  for (const i of inSight({ view }, snapshots)) {
    if (Math.abs(view.toPixel(snapshots[i]!) - x) > NEAR) continue;
    const { index, bytes, time, damaged } = lane.timeline.snapshots[i]!;
    const lines = [t.snapshotIs];
    if (bytes !== undefined) lines.push(formatBytes(bytes));
    if (time !== undefined) lines.push(formatTime(time, session.precision));
    lines.push(t.indexIs(hex(index)));
    const at = lane.stops.atOrBefore(sectionAt(index));
    return {
      lane,
      stop: Math.max(at, 0),
      title: t.snapshotHere(damaged),
      lines,
      isDamage: damaged,
    };
  }
  return undefined;
}

function gapAt({ lane, gaps }: LaneGeometry, view: View, x: number): Hit | undefined {
  for (const { gap, from, to, isDamage } of gaps) {
    const [left, right] = gapPixels({ view }, from, to);
    if (x < left || x > right) continue;
    const at = gap.after
      ? lane.stops.atOrBefore(gap.after) + 1
      : lane.stops.atOrBefore(gap.before ?? lane.stops.id(0));
    const title = isDamage ? t.gap : t.gapBefore;
    return {
      lane,
      stop: Math.max(Math.min(at, lane.stops.length - 1), 0),
      title,
      lines: [meaningOf(gap.reason)],
      isDamage,
    };
  }
  return undefined;
}

function segmentAt(
  session: Session,
  { lane, from, to }: LaneGeometry,
  view: View,
  x: number,
): Hit | undefined {
  const i = firstIn(to, view.toUnit(x));
  const { segments } = lane.timeline;
  if (i >= segments.length || view.toPixel(from[i]!) > x) return undefined;
  const { moments, bytes, time, damaged, ...place } = segmentOf(segments, i);
  const about = [t.commits(moments)];
  if (bytes !== undefined) about.push(formatBytes(bytes));
  const lines = [about.join(", ")];
  if (time !== undefined) lines.push(formatTime(time, session.precision));
  lines.push(formatPosition(place));
  return {
    lane,
    stop: undefined,
    title: t.segmentHere(damaged),
    lines,
    isDamage: damaged,
  };
}

function pauseAt({ scale }: Geometry, lane: Lane, unit: number): Hit | undefined {
  const fold = scale.breakAt(unit);
  if (!fold) return undefined;
  return {
    lane,
    stop: undefined,
    title: t.pause(formatDuration(fold.to - fold.from)),
    lines: [t.pauseIs],
    isDamage: false,
  };
}
