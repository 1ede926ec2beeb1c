/** The style sheet's colours, for drawing on a canvas. */

import { COLOURS } from "../app/session/lanes.ts";

const NAMES = {
  ink: "--ink",
  muted: "--muted",
  panel: "--panel",
  hairline: "--hairline",
  strong: "--hairline-strong",
  fold: "--fold",
  damage: "--damage",
  damageSoft: "--damage-soft",
} as const;

export interface Palette extends Record<keyof typeof NAMES, string> {
  lines: string[];
  font: string;
  label: string;
  /** Red hatching: damaged or lost. */
  lost: CanvasPattern | string;
  /** Grey hatching: a gap that is not a loss. */
  before: CanvasPattern | string;
}

export function readPalette(element: HTMLElement): Palette {
  const probe = document.createElement("i");
  probe.hidden = true;
  element.append(probe);
  const read = (name: string): string => {
    probe.style.setProperty("color", `var(${name})`);
    return getComputedStyle(probe).color;
  };
  const entries = Object.entries(NAMES).map(([key, name]) => [key, read(name)]);
  const colours = Object.fromEntries(entries) as Record<keyof typeof NAMES, string>;
  const lines = Array.from({ length: COLOURS }, (_, i) => read(`--line-${i + 1}`));
  probe.remove();
  const family = getComputedStyle(element).getPropertyValue("--narrow") || "sans-serif";
  return {
    ...colours,
    lines,
    font: `12px ${family}`,
    label: `600 12px ${family}`,
    lost: hatching(colours.damage, colours.damageSoft),
    before: hatching(colours.strong, undefined),
  };
}

/** Stripes from lower left to upper right. */
function hatching(stroke: string, fill: string | undefined): CanvasPattern | string {
  const size = 6;
  const ratio = devicePixelRatio;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = Math.round(size * ratio);
  const context = canvas.getContext("2d");
  if (!context) return stroke;
  context.scale(canvas.width / size, canvas.height / size);
  if (fill !== undefined) {
    context.fillStyle = fill;
    context.fillRect(0, 0, size, size);
  }
  context.strokeStyle = stroke;
  context.lineWidth = 1.6;
  context.beginPath();
  for (const x of [-size, 0, size]) {
    context.moveTo(x - 1, size + 1);
    context.lineTo(x + size + 1, -1);
  }
  context.stroke();
  const pattern = context.createPattern(canvas, "repeat");
  pattern?.setTransform(new DOMMatrix().scale(size / canvas.width));
  return pattern ?? stroke;
}
