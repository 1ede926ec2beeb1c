/** Draws the rails: a line per timeline, the curve from its parent, folds, and gaps. */

import { FADED, type Frame, historyEnd, railOf } from "./draw.ts";
import type { LaneGeometry } from "./geometry.ts";

const WIDTH = 3;

/** Folds: a strip from top to bottom, with nothing on it but dotted rails. */
export function drawFolds(frame: Frame, height: number): void {
  const { context, view, geometry, palette } = frame;
  context.fillStyle = palette.fold;
  for (const { start, length } of geometry.scale.breaks) {
    const x = view.toPixel(start);
    const width = length * view.zoom;
    if (x + width < 0 || x > view.width) continue;
    context.fillRect(x, 0, width, height);
  }
}

export function drawRail(frame: Frame, one: LaneGeometry): void {
  const { context, view, palette } = frame;
  const { lane, begin, end } = one;
  const y = railOf(frame, lane) + WIDTH / 2;
  const until = Math.min(historyEnd(frame, lane), end);
  context.strokeStyle = palette.lines[lane.colour]!;
  context.lineWidth = WIDTH;
  context.lineCap = "butt";
  if (!Number.isNaN(begin)) {
    context.globalAlpha = FADED;
    line(frame, Math.max(begin, until), end, y);
    context.globalAlpha = 1;
    if (until > begin) line(frame, begin, until, y);
    // The end of the rail: after it nothing was written, or not yet.
    context.globalAlpha = until >= end ? 1 : FADED;
    const x = view.toPixel(end);
    context.fillStyle = palette.lines[lane.colour]!;
    context.fillRect(x - 1, y - 6, 3, 12);
  }
  context.globalAlpha = 1;
}

/** A horizontal line between two units, dotted over folds. */
function line({ context, view, geometry }: Frame, from: number, to: number, y: number): void {
  const left = Math.max(from, view.start - 1 / view.zoom);
  const right = Math.min(to, view.end + 1 / view.zoom);
  if (left >= right) return;
  let at = left;
  const stroke = (a: number, b: number, dash: number[]) => {
    if (b <= a) return;
    context.setLineDash(dash);
    context.beginPath();
    context.moveTo(view.toPixel(a), y);
    context.lineTo(view.toPixel(b), y);
    context.stroke();
  };
  for (const { start, length } of geometry.scale.breaks) {
    if (start + length <= at) continue;
    if (start >= right) break;
    stroke(at, start, []);
    stroke(Math.max(at, start), Math.min(start + length, right), [2, 3]);
    at = start + length;
  }
  stroke(at, right, []);
  context.setLineDash([]);
}

/** The curve from the switch point on the parent's rail, and the dotted line on to where the timeline's own data begins. */
export function drawCurve(frame: Frame, one: LaneGeometry): void {
  const { context, view, palette, history } = frame;
  const { lane, leaves } = one;
  if (leaves === undefined) return;
  const y = railOf(frame, lane) + WIDTH / 2;
  const from = view.toPixel(leaves);
  const above = railOf(frame, lane.parent!) + WIDTH / 2;
  const begin = Number.isNaN(one.begin) ? from + 80 : view.toPixel(one.begin);
  const bend = Math.max(Math.min(begin - from, Math.max(28, (y - above) * 0.5)), 10);
  const colour = palette.lines[lane.colour]!;
  context.globalAlpha = history.has(lane) ? 1 : FADED;
  context.strokeStyle = colour;
  context.lineWidth = WIDTH;
  if (from + bend > 0 && from < view.width) {
    context.beginPath();
    context.moveTo(from, above);
    context.bezierCurveTo(from + bend * 0.75, above, from + bend * 0.25, y, from + bend, y);
    context.stroke();
  }
  // Dotted: the database had been restored, but nothing was written yet.
  context.lineWidth = 1.5;
  context.setLineDash([2, 4]);
  context.beginPath();
  context.moveTo(Math.max(from + bend, -2), y);
  context.lineTo(Math.min(begin, view.width + 2), y);
  if (begin > from + bend) context.stroke();
  context.setLineDash([]);
  context.globalAlpha = 1;
  // A diamond at the switch point.
  context.fillStyle = palette.panel;
  context.strokeStyle = colour;
  context.lineWidth = 2;
  context.beginPath();
  context.moveTo(from, above - 6);
  context.lineTo(from + 6, above);
  context.lineTo(from, above + 6);
  context.lineTo(from - 6, above);
  context.closePath();
  context.fill();
  context.stroke();
}

/** Least width of a gap, in pixels. */
export const GAP = 9;

/** Gaps: the rail is interrupted, and hatched. */
export function drawGaps(frame: Frame, one: LaneGeometry): void {
  const { context, view, palette, rows } = frame;
  const rail = railOf(frame, one.lane);
  for (const { from, to, isDamage } of one.gaps) {
    if (Number.isNaN(from)) continue;
    const [left, right] = gapPixels(frame, from, to);
    if (right < 0 || left > view.width) continue;
    const width = right - left;
    context.fillStyle = palette.panel;
    context.fillRect(left, rail - 2, width, WIDTH + 4);
    context.fillStyle = isDamage ? palette.lost : palette.before;
    context.globalAlpha = isDamage ? 0.55 : 0.8;
    context.fillRect(left, rail - rows.bar, width, rows.bar + WIDTH + 5);
    context.globalAlpha = 1;
    if (!isDamage) continue;
    context.fillStyle = palette.damage;
    context.fillRect(left - 1, rail - rows.bar, 2, rows.bar + WIDTH + 5);
    context.fillRect(right - 1, rail - rows.bar, 2, rows.bar + WIDTH + 5);
  }
}

/** A cross on the rail in each gap that is a loss. */
export function drawCrosses(frame: Frame, one: LaneGeometry): void {
  const { view } = frame;
  for (const { from, to, isDamage } of one.gaps) {
    if (Number.isNaN(from) || !isDamage) continue;
    const [left, right] = gapPixels(frame, from, to);
    const [start, end] = [Math.max(left, 0), Math.min(right, view.width)];
    if (end - start >= 14) drawCross(frame, (start + end) / 2, railOf(frame, one.lane) + 1.5);
  }
}

/** The left and right edge of a gap, in pixels: at least `GAP` apart. */
export function gapPixels({ view }: Pick<Frame, "view">, from: number, to: number): [number, number] {
  const [left, right] = [view.toPixel(from), view.toPixel(to)];
  const lacking = Math.max(GAP - (right - left), 0) / 2;
  return [left - lacking, right + lacking];
}

function drawCross({ context, palette }: Frame, x: number, y: number): void {
  context.beginPath();
  context.arc(x, y, 8, 0, 2 * Math.PI);
  context.fillStyle = palette.damage;
  context.fill();
  context.strokeStyle = palette.panel;
  context.lineWidth = 2;
  context.beginPath();
  context.moveTo(x - 3, y - 3);
  context.lineTo(x + 3, y + 3);
  context.moveTo(x + 3, y - 3);
  context.lineTo(x - 3, y + 3);
  context.stroke();
}
