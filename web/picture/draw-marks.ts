/** Draws snapshots as stations, restore points as flags, the beginnings of WAL indexes as ticks; and the axis. */

import { sectionIn } from "../app/protocol/positions.ts";
import { firstIn, firstOf } from "../app/protocol/search.ts";
import { formatDuration, hex } from "../app/strings/format.ts";
import { t } from "../app/strings/strings.ts";
import { FADED, type Frame, historyEnd, railOf } from "./draw.ts";
import type { LaneGeometry } from "./geometry.ts";
import { ticksOf } from "./ticks.ts";

export function drawSnapshots(frame: Frame, one: LaneGeometry): void {
  const { context, view, palette } = frame;
  const { lane, snapshots } = one;
  const y = railOf(frame, lane) + 1.5;
  const until = historyEnd(frame, lane);
  const radius = stationRadius(frame, one);
  for (const i of inSight(frame, snapshots)) {
    const x = view.toPixel(snapshots[i]!);
    const { damaged } = lane.timeline.snapshots[i]!;
    const colour = palette.lines[lane.colour]!;
    context.beginPath();
    context.arc(x, y, damaged ? Math.max(radius, 6) : radius, 0, 2 * Math.PI);
    context.fillStyle = damaged ? palette.lost : palette.panel;
    context.fill();
    context.globalAlpha = damaged || snapshots[i]! <= until ? 1 : FADED;
    context.strokeStyle = damaged ? palette.damage : colour;
    context.lineWidth = radius > 3 ? 2.5 : 1.5;
    context.stroke();
    context.globalAlpha = 1;
    if (!damaged) continue;
    context.lineWidth = 2;
    context.beginPath();
    context.moveTo(x - 8, y + 8);
    context.lineTo(x + 8, y - 8);
    context.stroke();
  }
}

/** Radius of a station, in pixels: small if many snapshots are visible. */
export function stationRadius(frame: Pick<Frame, "view">, { snapshots }: LaneGeometry): number {
  const shown = inSight(frame, snapshots).length;
  return shown * 16 > frame.view.width ? 2.2 : 5.5;
}

export function drawPoints(frame: Frame, one: LaneGeometry): void {
  const { context, view, palette, rows } = frame;
  const { lane, points } = one;
  const rail = railOf(frame, lane);
  const top = rail - rows.rail + rows.flag;
  const until = historyEnd(frame, lane);
  context.font = palette.label;
  context.textBaseline = "middle";
  const order = [...points.keys()].sort((a, b) => points[a]! - points[b]!);
  for (const [k, i] of order.entries()) {
    const x = view.toPixel(points[i]!);
    if (x < -200 || x > view.width) continue;
    const { name, restorable } = lane.timeline.restorePoints[i]!;
    context.globalAlpha = points[i]! <= until ? 1 : 0.75;
    context.strokeStyle = context.fillStyle = restorable ? palette.ink : palette.damage;
    context.lineWidth = 1.5;
    context.beginPath();
    context.moveTo(x, rail);
    context.lineTo(x, top);
    context.stroke();
    context.beginPath();
    context.moveTo(x, top);
    context.lineTo(x + 12, top);
    context.lineTo(x + 8.5, top + 4.5);
    context.lineTo(x + 12, top + 9);
    context.lineTo(x, top + 9);
    context.closePath();
    if (restorable) context.fill();
    else context.stroke();
    const next = order[k + 1];
    const room = (next === undefined ? view.width : view.toPixel(points[next]!)) - x - 22;
    const label = shortened(context, name, room);
    if (!label) continue;
    const width = context.measureText(label).width;
    context.fillStyle = palette.panel;
    context.globalAlpha = 0.86;
    context.fillRect(x + 13, top - 4, width + 6, 16);
    context.globalAlpha = 1;
    context.fillStyle = restorable ? palette.ink : palette.damage;
    context.fillText(label, x + 16, top + 5);
  }
  context.globalAlpha = 1;
}

function shortened(context: CanvasRenderingContext2D, text: string, room: number): string | undefined {
  const most = Math.min(room, 180);
  if (context.measureText(text).width <= most) return text;
  for (let length = Math.min(text.length - 1, 24); length >= 4; length--) {
    const short = `${text.slice(0, length).trimEnd()}…`;
    if (context.measureText(short).width <= most) return short;
  }
  return undefined;
}

/** A tick under the rail of a WAL where an index begins, with the index's number if there is room. */
export function drawIndexes(frame: Frame, one: LaneGeometry): void {
  const { context, view, palette } = frame;
  const { segments, files } = one.lane.timeline;
  if (files !== "wal") return;
  const y = railOf(frame, one.lane) + 5;
  const isBusy = stationRadius(frame, one) > 3;
  const first = firstIn(one.to, view.start);
  const ticks: { x: number; index: number }[] = [];
  // A binary search from one index to the next, because there may be very many segments.
  const begins = (i: number) => {
    const before = sectionIn(segments, i - 1) ?? -1;
    return firstOf(i, segments.length, (k) => sectionIn(segments, k)! > before);
  };
  for (let i = begins(first); i < segments.length && one.from[i]! <= view.end; i = begins(i + 1)) {
    ticks.push({ x: view.toPixel(one.from[i]!), index: sectionIn(segments, i)! });
  }
  if (ticks.length * 7 > view.width) return;
  context.fillStyle = palette.muted;
  context.font = palette.font;
  context.textBaseline = "top";
  for (const [k, { x, index }] of ticks.entries()) {
    context.fillRect(x, y, 1, 6);
    const room = (ticks[k + 1]?.x ?? view.width) - x;
    const text = hex(index).replace(/^0{1,6}/, "");
    // A station may stand where an index begins: the number is drawn beside it.
    if (isBusy && room > 34) context.fillText(text, x + 4, y + 4);
  }
}

export function drawAxis(frame: Frame, height: number): void {
  const { context, view, geometry, palette } = frame;
  const { scale } = geometry;
  context.fillStyle = palette.strong;
  context.fillRect(0, 0, view.width, 1);
  context.textBaseline = "middle";
  const folds = scale.breaks
    .map(({ start, length, from, to }) => {
      return { left: view.toPixel(start), right: view.toPixel(start + length), away: to - from };
    })
    .filter(({ left, right }) => right >= 0 && left <= view.width);
  for (const { left, right } of folds) drawFold(frame, left, right);
  let free = Number.NEGATIVE_INFINITY;
  for (const { pixel, label, isDay } of ticksOf(scale, view)) {
    const inFold = folds.some(({ left, right }) => pixel > left && pixel < right);
    context.fillStyle = label ? palette.ink : palette.strong;
    if (!inFold) context.fillRect(Math.round(pixel), 0, 1, label ? 7 : 4);
    if (!label) continue;
    context.font = isDay ? palette.label : palette.font;
    context.fillStyle = isDay ? palette.ink : palette.muted;
    const width = context.measureText(label).width;
    const x = Math.min(Math.max(pixel - width / 2, 2), view.width - width - 2);
    if (x < free) continue;
    free = x + width + 10;
    context.fillText(label, x, 17);
  }
  context.font = palette.font;
  context.fillStyle = palette.muted;
  for (const { left, right, away } of folds) {
    const [from, to] = [Math.max(left, 0), Math.min(right, view.width)];
    const label = t.pause(formatDuration(away));
    const width = context.measureText(label).width;
    if (to - from > width + 8) context.fillText(label, (from + to - width) / 2, height - 7);
  }
}

/** Two slanted strokes at a fold: here the axis leaves something out. */
function drawFold({ context, palette }: Frame, left: number, right: number): void {
  const x = (left + right) / 2;
  context.fillStyle = palette.panel;
  context.fillRect(x - 4, -1, 8, 3);
  context.strokeStyle = palette.muted;
  context.lineWidth = 1.25;
  context.beginPath();
  for (const shift of [-3.5, 1.5]) {
    context.moveTo(x + shift, 5);
    context.lineTo(x + shift + 3, 0);
  }
  context.stroke();
}

/** The numbers of the places (ascending) that are visible, or less than 12 pixels outside. */
export function inSight({ view }: Pick<Frame, "view">, places: Float64Array): number[] {
  const room = 12 / view.zoom;
  const numbers: number[] = [];
  for (let i = firstIn(places, view.start - room); i < places.length && places[i]! <= view.end + room; i++) {
    numbers.push(i);
  }
  return numbers;
}
