/** Draws WAL segments as bars: their width is the time they cover, their height shows their commits. Narrow segments share one. */

import { firstIn, firstOf } from "../app/protocol/search.ts";
import { momentsIn } from "../app/protocol/segments.ts";
import { FADED, type Frame, historyEnd, railOf } from "./draw.ts";
import { DAMAGED, type LaneGeometry, LOST, WHOLE } from "./geometry.ts";

/** Width of a bar that stands for several segments, in pixels. */
const BIN = 3;
/** From this width on, a segment has a bar of its own. */
const OWN = 4;
/** From this width per commit on, a bar is divided into its commits. */
const COMMIT = 6;
/** If the typical segment is wider than this, bars are drawn lighter. */
const PALE = 13;

/** Least number of commits that the tallest possible bar stands for. With fewer in every bar, no bar is that tall. */
const USUAL = 5;

/** The most commits in a visible bar, at least `USUAL`. The heights of all bars are relative to it. */
export function mostCommits(frame: Frame): number {
  let most = USUAL;
  for (const one of frame.geometry.lanes) {
    eachBar(frame, one, (_x, _width, commits) => {
      if (commits > most) most = commits;
    });
  }
  return most;
}

export function drawBars(frame: Frame, one: LaneGeometry, most: number): void {
  const { context, geometry, palette, rows, view } = frame;
  const rail = railOf(frame, one.lane);
  const until = view.toPixel(historyEnd(frame, one.lane));
  const colour = palette.lines[one.lane.colour]!;
  const isPale = view.zoom * geometry.scale.step > PALE;
  eachBar(frame, one, (x, width, commits, look) => {
    const height = commits === 0 ? 3 : 5 + (rows.bar - 5) * Math.sqrt(commits / most);
    if (look === WHOLE) {
      context.globalAlpha = x < until ? 1 : FADED;
      context.fillStyle = colour;
      // A wide bar is light with a solid top: a wall of colour would show no heights.
      const solid = isPale && width > OWN ? 3 : height;
      const each = commits > 1 && width / commits >= COMMIT ? width / commits : width;
      for (let at = 0; at < width - 0.5; at += each) {
        const own = each === width ? width : each - 1.5;
        context.fillRect(x + at, rail - height, own, solid);
        if (solid === height) continue;
        const alpha = context.globalAlpha;
        context.globalAlpha = alpha * 0.34;
        context.fillRect(x + at, rail - height + solid, own, height - solid);
        context.globalAlpha = alpha;
      }
      return;
    }
    context.globalAlpha = 1;
    // A damaged segment is tall and wide enough to be seen, however few commits it has.
    const tall = look === DAMAGED ? Math.max(height, rows.bar * 0.7) : height;
    const wide = look === DAMAGED ? Math.max(width, 6) : width;
    context.fillStyle = palette.lost;
    context.fillRect(x, rail - tall, wide, tall);
    context.strokeStyle = palette.damage;
    context.lineWidth = look === DAMAGED ? 2 : 1;
    context.strokeRect(x + 0.5, rail - tall + 0.5, Math.max(wide - 1, 1), tall - 0.5);
  });
  context.globalAlpha = 1;
}

/** Warning triangles above damaged segments, so that narrow ones are seen, too. Triangles are at least 14 pixels apart. */
export function drawWarnings(frame: Frame, one: LaneGeometry): void {
  const { view, rows } = frame;
  const y = railOf(frame, one.lane) - rows.bar + 8;
  let last = Number.NEGATIVE_INFINITY;
  const next = (from: number) => one.look.indexOf(DAMAGED, from);
  for (let i = next(firstIn(one.to, view.start)); i >= 0 && one.from[i]! <= view.end; i = next(i + 1)) {
    const x = view.toPixel((one.from[i]! + one.to[i]!) / 2);
    if (x - last < 14) continue;
    drawWarning(frame, x, y);
    last = x;
  }
}

/** A triangle with an exclamation mark. */
function drawWarning({ context, palette }: Frame, x: number, y: number): void {
  context.beginPath();
  context.moveTo(x, y - 7);
  context.lineTo(x + 7.5, y + 6);
  context.lineTo(x - 7.5, y + 6);
  context.closePath();
  context.fillStyle = palette.damage;
  context.fill();
  context.fillStyle = palette.panel;
  context.fillRect(x - 1, y - 3, 2, 5);
  context.fillRect(x - 1, y + 3, 2, 2);
}

type Visit = (x: number, width: number, commits: number, look: number) => void;

/**
 * Calls `visit` for each visible bar, from left to right. The time it takes depends on the number of bars, not of segments: a
 * replica may have a hundred thousand segments, and this runs for each frame.
 */
export function eachBar(
  { view }: Pick<Frame, "view">,
  { lane, from, to, look }: LaneGeometry,
  visit: Visit,
): void {
  const { segments } = lane.timeline;
  const binOf = (i: number) => Math.floor(view.toPixel(to[i]!) / BIN);
  for (let i = firstIn(to, view.start); i < segments.length && from[i]! <= view.end; ) {
    const x = view.toPixel(from[i]!);
    const width = view.toPixel(to[i]!) - x;
    if (width >= OWN) {
      visit(x + 0.5, width - 1, momentsIn(segments, i), look[i]!);
      i++;
      continue;
    }
    // All segments that end within a bar's width share the bar. Only the first of them can begin before it: the others are narrow.
    const bin = binOf(i);
    const next = firstOf(i + 1, segments.length, (k) => binOf(k) > bin);
    visit(bin * BIN, BIN - 0.75, momentsIn(segments, i, next), worstOf(look.subarray(i, next)));
    i = next;
  }
}

/** The worst look: `DAMAGED` before `LOST` before `WHOLE`. */
export function worstOf(looks: Uint8Array): number {
  return looks.includes(DAMAGED) ? DAMAGED : looks.includes(LOST) ? LOST : WHOLE;
}
