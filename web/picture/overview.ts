/** The whole replica in a narrow strip, with a window around the part that the picture shows. */

import { h } from "../app/dom/dom.ts";
import { firstOf } from "../app/protocol/search.ts";
import { momentsIn } from "../app/protocol/segments.ts";
import { begin } from "./draw.ts";
import { worstOf } from "./draw-bars.ts";
import { DAMAGED, type Geometry } from "./geometry.ts";
import type { Palette } from "./palette.ts";
import type { View } from "./view.ts";

const HEIGHT = 22;

export class Overview {
  readonly element: HTMLElement;
  readonly #canvas: HTMLCanvasElement;
  readonly #window: HTMLElement;
  #length = 1;

  /** `onMove` is called with the unit that the person wants in the middle of the picture. */
  constructor(onMove: (unit: number) => void) {
    this.#canvas = h("canvas", { class: "overview-strip" });
    this.#window = h("div", { class: "overview-window" });
    this.element = h("div", { class: "overview", "aria-hidden": "true" }, this.#canvas, this.#window);
    const move = (event: PointerEvent) => {
      const box = this.element.getBoundingClientRect();
      onMove(((event.clientX - box.left) / box.width) * this.#length);
    };
    this.element.addEventListener("pointerdown", (event) => {
      this.element.setPointerCapture(event.pointerId);
      move(event);
    });
    this.element.addEventListener("pointermove", (event) => {
      if (this.element.hasPointerCapture(event.pointerId)) move(event);
    });
  }

  /** Draws the strip. This is needed only for a new axis, width or theme. */
  draw(geometry: Geometry, palette: Palette): void {
    const width = this.element.clientWidth;
    const context = begin(this.#canvas, width, HEIGHT);
    if (!context || width === 0) return;
    this.#length = geometry.scale.length;
    const perUnit = width / this.#length;
    const commits = new Float64Array(Math.ceil(width / 2) + 1);
    const broken = new Uint8Array(commits.length);
    for (const { lane, to, look, gaps } of geometry.lanes) {
      const { segments } = lane.timeline;
      const binOf = (i: number) =>
        Math.min(Math.max(Math.floor((to[i]! * perUnit) / 2), 0), commits.length - 1);
      for (let i = 0; i < segments.length; ) {
        const bin = binOf(i);
        const next = firstOf(i + 1, segments.length, (k) => binOf(k) > bin);
        commits[bin]! += momentsIn(segments, i, next);
        if (worstOf(look.subarray(i, next)) === DAMAGED) broken[bin] = 1;
        i = next;
      }
      for (const { from, to: end, isDamage } of gaps) {
        if (!isDamage) continue;
        for (let bin = Math.floor((from * perUnit) / 2); bin <= (end * perUnit) / 2; bin++) broken[bin] = 1;
      }
    }
    let most = 1;
    for (const n of commits) if (n > most) most = n;
    for (const [bin, n] of commits.entries()) {
      const height = n === 0 ? 1 : 3 + (HEIGHT - 8) * Math.sqrt(n / most);
      context.fillStyle = palette.strong;
      context.fillRect(bin * 2, HEIGHT - 3 - height, 1.5, height);
      if (!broken[bin]) continue;
      context.fillStyle = palette.lost;
      context.fillRect(bin * 2, 0, 2, HEIGHT);
    }
  }

  /** Moves the window to the part that the picture shows. */
  show(view: View): void {
    const from = Math.max(view.start / this.#length, 0);
    const to = Math.min(view.end / this.#length, 1);
    this.#window.style.setProperty("left", `${(from * 100).toFixed(3)}%`);
    this.#window.style.setProperty("width", `${(Math.max(to - from, 0.004) * 100).toFixed(3)}%`);
    this.element.classList.toggle("whole", view.isFit);
  }
}
