/** The thing under the pointer, and the words for it. */

import { behind, isInWal, sectionOf } from "../../src/replay/position.ts";
import { firstIn } from "../app/protocol/search.ts";
import { segmentAt as segmentOf } from "../app/protocol/segments.ts";
import type { Lane } from "../app/session/lanes.ts";
import type { Session } from "../app/session/session.ts";
import { formatBytes, formatDuration, formatPosition, formatTime, hex } from "../app/strings/format.ts";
import { t } from "../app/strings/strings.ts";
import { meaningOf } from "../app/words/advice.ts";
import type { Rows } from "./draw.ts";
import { levelRow } from "./draw-levels.ts";
import { inSight, stationRadius } from "./draw-marks.ts";
import { gapPixels } from "./draw-rails.ts";
import { type Geometry, type LaneGeometry, mergedLevels } from "./geometry.ts";
import type { View } from "./view.ts";

export interface Hit {
  lane: Lane;
  /** The stop that a click goes to; undefined: the nearest one. */
  stop: number | undefined;
  title: string;
  lines: string[];
  isDamage: boolean;
}

/** A place under a rail: `y` pixels under it. */
export interface BelowRail {
  rows: Rows;
  y: number;
}

const NEAR = 8;

export function hitAt(
  session: Session,
  geometry: Geometry,
  view: View,
  lane: Lane,
  x: number,
  below: BelowRail,
): Hit | undefined {
  const one = geometry.of(lane);
  return (
    levelAt(one, view, x, below) ??
    pointAt(one, view, x) ??
    snapshotAt(session, one, view, x) ??
    gapAt(one, view, x) ??
    segmentAt(session, one, view, x) ??
    pauseAt(geometry, lane, view.toUnit(x))
  );
}

function levelAt({ lane, levels }: LaneGeometry, view: View, x: number, below: BelowRail): Hit | undefined {
  const k = levels.findIndex((_, n) => {
    const { top, height } = levelRow(below.rows, n, levels.length);
    return below.y >= top - 1 && below.y < top + height + 1;
  });
  const units = levels[k];
  const i = units ? firstIn(units.to, view.toUnit(x)) : 0;
  if (!units || i >= units.to.length || view.toPixel(units.from[i]!) > x) return undefined;
  const { level, from, to } = mergedLevels(lane.timeline)[k]!;
  return {
    lane,
    stop: lane.stops.atOrBefore(behind(to[i]!)),
    title: t.levelHere(level),
    lines: [txidsOf(from[i]! + 1, to[i]!)],
    isDamage: false,
  };
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
    const { position, bytes, time, damaged } = lane.timeline.snapshots[i]!;
    const lines = [t.snapshotIs];
    if (bytes !== undefined) lines.push(formatBytes(bytes));
    if (time !== undefined) lines.push(formatTime(time, session.precision));
    lines.push(
      isInWal(position)
        ? t.indexIs(hex(sectionOf(position)))
        : txidsOf(sectionOf(position), sectionOf(position)),
    );
    const at = lane.stops.atOrBefore(position);
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
  const file = segmentOf(segments, i);
  const { moments, bytes, time, damaged } = file;
  const about = lane.timeline.files === "wal" ? [t.commits(moments, session.unit)] : [];
  if (bytes !== undefined) about.push(formatBytes(bytes));
  const lines = about.length > 0 ? [about.join(", ")] : [];
  if (time !== undefined) lines.push(formatTime(time, session.precision));
  lines.push(spanIn(file.path) ?? formatPosition(file));
  return {
    lane,
    stop: undefined,
    title: t.segmentHere(damaged, lane.timeline.files),
    lines,
    isDamage: damaged,
  };
}

/** What the name of an LTX file says that it holds; undefined for any other. */
function spanIn(path: string): string | undefined {
  const match = /([0-9a-f]{16})-([0-9a-f]{16})\.ltx$/.exec(path);
  return match ? t.txids(trimmed(match[1]!), trimmed(match[2]!)) : undefined;
}

function txidsOf(from: number, to: number): string {
  return t.txids(from.toString(16), to.toString(16));
}

function trimmed(digits: string): string {
  return digits.replace(/^0+(?=.)/, "");
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
