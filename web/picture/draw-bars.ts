/** WAL segments: blocks as wide as the time they cover, as high as they hold commits. Where many share a pixel, one bar. */

import { firstIn, firstOf } from "../app/protocol/search.ts";
import { momentsIn } from "../app/protocol/segments.ts";
import { FADED, type Frame, historyEnd, railOf } from "./draw.ts";
import { DAMAGED, type LaneGeometry, LOST, WHOLE } from "./geometry.ts";

/** Bars that stand for several segments. */
const BIN = 3;
/** From here on a segment is a block of its own. */
const OWN = 4;
/** From here on the commits in it are told apart. */
const COMMIT = 6;
/** Where segments are typically wider than this, they are drawn lighter. */
const PALE = 13;

/** Where no bar has more commits than this, none is as high as it can be. */
const USUAL = 5;

/** The most commits in one bar of all that is in sight: the height of all others is measured by it. */
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
      // A wide block is a light one with a solid top: a wall of colour would say nothing.
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
    // What is broken is tall enough to be seen, whatever it holds.
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

/** Damaged segments are pointed at from above, so that not even a narrow one is overlooked. */
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
 * Calls `visit` for each bar in sight, from left to right. Takes as long as there are bars, not segments: a replica may have
 * a hundred thousand, and this is done for each frame.
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
    // Of those that end within a bar only the first can begin before it: all others are narrow as well.
    const bin = binOf(i);
    const next = firstOf(i + 1, segments.length, (k) => binOf(k) > bin);
    visit(bin * BIN, BIN - 0.75, momentsIn(segments, i, next), worstOf(look.subarray(i, next)));
    i = next;
  }
}

/** Damage outranks what was only lost by it. */
export function worstOf(looks: Uint8Array): number {
  return looks.includes(DAMAGED) ? DAMAGED : looks.includes(LOST) ? LOST : WHOLE;
}
