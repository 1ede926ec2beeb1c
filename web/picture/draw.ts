/** What all drawing functions need: the canvas, the view, and the history of the playhead's moment. */

import type { Lane } from "../app/session/lanes.ts";
import type { Geometry } from "./geometry.ts";
import type { Palette } from "./palette.ts";
import type { View } from "./view.ts";

export interface Frame {
  context: CanvasRenderingContext2D;
  view: View;
  geometry: Geometry;
  palette: Palette;
  rows: Rows;
  /** The lanes in the history of the playhead's moment, each with its last stop in it. */
  history: ReadonlyMap<Lane, number>;
}

/** Sizes of a row, in pixels. Each lane is one row. */
export interface Rows {
  height: number;
  /** From the top of the row to the rail. */
  rail: number;
  /** Height of the tallest bar. */
  bar: number;
  /** From the top of the row to the flags. */
  flag: number;
}

/** Opacity of everything outside the history of the playhead's moment. */
export const FADED = 0.42;

/** Where a lane's rail is, in pixels from the top. */
export function railOf({ rows }: Pick<Frame, "rows">, lane: Lane): number {
  return lane.row * rows.height + rows.rail;
}

/** The unit up to which a lane belongs to the history; -Infinity: not at all. */
export function historyEnd({ geometry, history }: Frame, lane: Lane): number {
  const last = history.get(lane);
  if (last === undefined) return Number.NEGATIVE_INFINITY;
  return Number.isFinite(last) && last >= 0 ? geometry.unitOf(lane, last) : last;
}

/** Sizes a canvas to the screen's pixels, and clears it. Drawing is in CSS pixels. */
export function begin(
  canvas: HTMLCanvasElement,
  width: number,
  height: number,
): CanvasRenderingContext2D | undefined {
  const ratio = devicePixelRatio;
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w || canvas.height !== h) {
    canvas.width = w;
    canvas.height = h;
  }
  const context = canvas.getContext("2d") ?? undefined;
  context?.setTransform(ratio, 0, 0, ratio, 0, 0);
  context?.clearRect(0, 0, width, height);
  return context;
}
