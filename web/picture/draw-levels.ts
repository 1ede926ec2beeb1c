/** Draws the levels of LTX files under the rail: the same changes over and over, merged more coarsely from level to level. */

import { firstIn, firstOf } from "../app/protocol/search.ts";
import { FADED, type Frame, historyEnd, type Rows, railOf } from "./draw.ts";
import type { LaneGeometry } from "./geometry.ts";

/** From the rail to the first level, in pixels. */
const BELOW = 8;
/** Height of a level with the space behind it, in pixels, where there is room. */
const STEP = 7;
/** Narrower files share a bar. */
const OWN = 3;

/** Height that `count` levels need under the rail, in pixels. */
export function levelsHeight(count: number): number {
  return count === 0 ? 0 : BELOW + count * STEP;
}

/** Where level number `k` of `count` is drawn: from the rail to its top, and its height. */
export function levelRow({ height, rail }: Rows, k: number, count: number): { top: number; height: number } {
  const step = Math.min(STEP, Math.max((height - rail - BELOW) / count, 2));
  return { top: BELOW + k * step, height: Math.max(step - 2, 1) };
}

export function drawLevels(frame: Frame, one: LaneGeometry): void {
  const { context, view, palette, rows } = frame;
  const rail = railOf(frame, one.lane);
  const until = view.toPixel(historyEnd(frame, one.lane));
  context.fillStyle = palette.lines[one.lane.colour]!;
  for (const [k, { from, to }] of one.levels.entries()) {
    const row = levelRow(rows, k, one.levels.length);
    const bar = (x: number, width: number, alpha: number) => {
      context.globalAlpha = (x < until ? 1 : FADED) * alpha;
      context.fillRect(x, rail + row.top, width, row.height);
    };
    for (let i = firstIn(to, view.start); i < to.length && from[i]! <= view.end; ) {
      const x = view.toPixel(from[i]!);
      const width = view.toPixel(to[i]!) - x;
      if (width >= OWN) {
        bar(x + 1, width - 1, 0.6);
        i++;
        continue;
      }
      const next = firstOf(i + 1, to.length, (n) => view.toPixel(to[n]!) >= x + OWN);
      bar(x, Math.max(view.toPixel(to[next - 1]!) - x, 1), 0.45);
      i = next;
    }
  }
  context.globalAlpha = 1;
}
