/** What all drawing shares: the canvas, what is in sight, and which history is told. */

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
  /** The lanes that the current moment's history leads through, each with its last stop on the way. */
  history: ReadonlyMap<Lane, number>;
}

/** How the lanes are stacked. */
export interface Rows {
  height: number;
  /** Of the rail, from the top of a row. */
  rail: number;
  /** The tallest bar. */
  bar: number;
  /** Of flags, from the top of a row. */
  flag: number;
}

/** What is not part of the current moment's history steps back. */
export const FADED = 0.42;

export function railOf({ rows }: Pick<Frame, "rows">, lane: Lane): number {
  return lane.row * rows.height + rows.rail;
}

/** The unit up to which a lane belongs to the current history; -Infinity: not at all. */
export function historyEnd({ geometry, history }: Frame, lane: Lane): number {
  const last = history.get(lane);
  if (last === undefined) return Number.NEGATIVE_INFINITY;
  return Number.isFinite(last) && last >= 0 ? geometry.unitOf(lane, last) : last;
}

/** Sizes a canvas for the screen's pixels, and empties it. */
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
