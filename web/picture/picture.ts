/** The picture of a replica: lanes above an axis, with the playhead. For screen readers the page says the same in words. */

import { h, oncePerFrame, replace } from "../app/dom/dom.ts";
import { icon } from "../app/dom/icons.ts";
import { historyOf, type Lane } from "../app/session/lanes.ts";
import type { Session } from "../app/session/session.ts";
import { t } from "../app/strings/strings.ts";
import { momentName } from "../app/words/words.ts";
import { begin, type Frame, type Rows, railOf } from "./draw.ts";
import { drawBars, drawWarnings, mostCommits } from "./draw-bars.ts";
import { drawLevels, levelsHeight } from "./draw-levels.ts";
import { drawAxis, drawIndexes, drawPoints, drawSnapshots } from "./draw-marks.ts";
import { drawCrosses, drawCurve, drawFolds, drawGaps, drawRail } from "./draw-rails.ts";
import { Geometry, type LaneGeometry } from "./geometry.ts";
import { listenTo } from "./gestures.ts";
import { type BelowRail, hitAt } from "./hit.ts";
import { laneLabels } from "./labels.ts";
import { Overview } from "./overview.ts";
import { type Palette, readPalette } from "./palette.ts";
import type { Scale } from "./scale.ts";
import { View } from "./view.ts";

/** Height of the axis, in pixels. */
const AXIS = 40;
/** Height of the strip above the lanes, in which the playhead's time stands. */
const HEAD = 30;
/** Width of the playhead's time. */
const BUBBLE = 176;
/** With more lanes than this, lanes are low, and the picture scrolls. */
const MANY = 8;

export class Picture {
  readonly element: HTMLElement;
  readonly #session: Session;
  readonly #view = new View();
  readonly #lanes = h("canvas", { class: "lanes" });
  readonly #axis = h("canvas", { class: "axis" });
  readonly #area: HTMLElement;
  readonly #labels: ReturnType<typeof laneLabels>;
  readonly #playhead: HTMLElement;
  readonly #body: HTMLElement;
  /** An empty element as high as all lanes together. */
  readonly #room = h("div");
  readonly #bubble = h("div", { class: "playhead-time" });
  readonly #dot = h("div", { class: "playhead-dot" });
  readonly #ghost = h("div", { class: "ghost", hidden: true });
  readonly #tip = h("div", { class: "tip", hidden: true });
  readonly #overview: Overview;
  readonly #zoomIn: HTMLButtonElement;
  readonly #zoomOut: HTMLButtonElement;
  readonly draw: () => void;
  #geometry: Geometry;
  #palette: Palette | undefined;
  #rows: Rows = { height: 84, rail: 58, bar: 32, flag: 5 };
  #width = 0;

  constructor(session: Session) {
    this.#session = session;
    this.#geometry = Geometry.of(session.lanes, session.hasTimes ? "time" : "commits");
    this.draw = oncePerFrame(() => this.#draw());
    this.#playhead = h("div", { class: "playhead" }, h("div", { class: "playhead-line" }), this.#dot);
    const over = [this.#lanes, this.#ghost, this.#playhead, this.#tip];
    this.#area = h("div", { class: "area" }, this.#bubble, this.#room, this.#axis, ...over);
    this.#labels = laneLabels(session);
    this.#overview = new Overview((unit) => {
      this.#view.centre(unit);
      this.draw();
    });
    const button = (label: string, sign: Parameters<typeof icon>[0], click: () => void) =>
      h(
        "button",
        { class: "square", type: "button", "aria-label": label, title: label, on: { click } },
        icon(sign),
      );
    this.#zoomIn = button(t.zoomIn, "plus", () => this.zoom(1.6));
    this.#zoomOut = button(t.zoomOut, "minus", () => this.zoom(1 / 1.6));
    const fit = button(t.zoomFit, "fit", () => this.fit());
    const axis = session.hasTimes && this.#axisChoice();
    this.#body = h("div", { class: "picture-body" }, this.#labels.element, this.#area);
    this.element = h(
      "div",
      { class: "picture" },
      h("div", { class: "picture-bar" }, axis, this.#overview.element, this.#zoomOut, this.#zoomIn, fit),
      this.#body,
    );
    this.#listen();
  }

  /** Whether the axis has folds. */
  get hasFolds(): boolean {
    return this.#geometry.scale.breaks.length > 0;
  }

  zoom(factor: number): void {
    const { place } = this.#session;
    const at = place && this.#view.toPixel(this.#geometry.unitOf(place.lane, place.stop));
    const isInSight = at !== undefined && at >= 0 && at <= this.#view.width;
    this.#view.zoomAt(isInSight ? at : this.#view.width / 2, factor);
    this.draw();
  }

  fit(): void {
    this.#view.fit();
    this.draw();
  }

  /** Draws again in the colours of a new theme. */
  recolour(): void {
    this.#palette = undefined;
    this.draw();
  }

  #axisChoice(): HTMLElement {
    const choice = (kind: Scale["kind"], label: string) => {
      const input = h("input", { type: "radio", name: "axis", value: kind, class: "hidden" });
      input.checked = kind === "time";
      input.addEventListener("change", () => this.#useAxis(kind));
      return h("label", {}, input, h("span", {}, label));
    };
    return h(
      "fieldset",
      { class: "choice" },
      h("legend", { class: "hidden" }, t.axisBy),
      choice("time", t.axisTime),
      choice("commits", t.axisCommits(this.#session.unit)),
    );
  }

  #useAxis(kind: Scale["kind"]): void {
    this.#geometry = Geometry.of(this.#session.lanes, kind);
    const { length, step } = this.#geometry.scale;
    this.#view.fit();
    this.#view.measure(this.#width, length, step);
    this.#view.fit();
    this.#palette = undefined;
    this.#labels.caption(kind);
    this.draw();
  }

  #listen(): void {
    this.#session.on("move", ({ lane, stop }) => {
      this.#view.reveal(this.#geometry.unitOf(lane, stop));
      this.#scrollTo(lane);
      this.draw();
    });
    this.#session.on("integrity", () => this.#drawPlayhead());
    const resized = oncePerFrame(() => {
      // The thing under the pointer may have moved away.
      this.#hover(undefined);
      this.#measure();
    });
    new ResizeObserver(resized).observe(this.#area);
    const pick = (x: number, y: number) => {
      const lane = this.#laneAt(y);
      const hit = lane && hitAt(this.#session, this.#geometry, this.#view, lane, x, this.#belowRail(lane, y));
      if (lane) this.#session.moveTo(lane, hit?.stop ?? this.#geometry.nearest(lane, this.#view.toUnit(x)));
    };
    listenTo(this.#area, {
      pan: (pixels) => {
        this.#view.panBy(pixels);
        this.draw();
      },
      zoom: (pixel, factor) => {
        this.#view.zoomAt(pixel, factor);
        this.draw();
      },
      pick,
      scrub: (x) => {
        const { place } = this.#session;
        if (place) this.#session.moveTo(place.lane, this.#geometry.nearest(place.lane, this.#view.toUnit(x)));
      },
      hover: (at) => this.#hover(at),
      isHandle: (x, y) => {
        const { place } = this.#session;
        if (!place) return false;
        if (y < HEAD || y > this.#area.clientHeight - AXIS) return true;
        return Math.abs(this.#view.toPixel(this.#geometry.unitOf(place.lane, place.stop)) - x) < 7;
      },
    });
  }

  #measure(): void {
    const width = this.#area.clientWidth;
    if (width === 0) return;
    const { lanes } = this.#session;
    const isNarrow =
      this.#labels.element.clientWidth === 0 ||
      getComputedStyle(this.#labels.element).position === "absolute";
    const height =
      [150, 150, 118, 100][lanes.length] ?? (lanes.length > MANY ? (isNarrow ? 72 : 56) : isNarrow ? 92 : 84);
    // Above the bars there is room for flags; in a narrow window also for the lane's name.
    const above = height < 60 ? 16 : isNarrow ? 44 : 26;
    const levels = Math.max(...this.#geometry.lanes.map((one) => one.levels.length));
    const rail = height - Math.max(height < 60 ? 16 : 26, Math.min(levelsHeight(levels), height * 0.45));
    this.#rows = { height, rail, bar: Math.max(rail - above, 16), flag: isNarrow ? 28 : 5 };
    this.#width = width;
    const { length, step } = this.#geometry.scale;
    this.#view.measure(width, length, step);
    this.#room.style.setProperty("height", `${lanes.length * height}px`);
    this.#setTall(lanes.length > MANY);
    if (this.#session.place) this.#scrollTo(this.#session.place.lane);
    this.#labels.place(HEAD, height, lanes.length);
    this.#palette = undefined;
    this.draw();
  }

  /** Scrolls just far enough that a lane is visible, if there are so many lanes that they scroll. */
  #scrollTo({ row }: Lane): void {
    const { height } = this.#rows;
    const { scrollTop, clientHeight, scrollHeight } = this.#body;
    if (scrollHeight <= clientHeight) return;
    const [top, bottom] = [row * height, HEAD + (row + 1) * height + AXIS - clientHeight];
    if (scrollTop > top) this.#body.scrollTop = top;
    else if (scrollTop < bottom) this.#body.scrollTop = bottom;
  }

  /** Makes the lanes scroll, between the playhead's time above and the axis below. Then the keyboard can reach them, too. */
  #setTall(isTall: boolean): void {
    this.#body.classList.toggle("tall", isTall);
    for (const [name, value] of Object.entries({ tabindex: 0, role: "region", "aria-label": t.timelines })) {
      if (isTall) this.#body.setAttribute(name, String(value));
      else this.#body.removeAttribute(name);
    }
  }

  #draw(): void {
    if (this.#width === 0) return;
    if (!this.#palette) {
      this.#palette = readPalette(this.#area);
      this.#overview.draw(this.#geometry, this.#palette);
    }
    const { lanes, place } = this.#session;
    const height = lanes.length * this.#rows.height;
    const context = begin(this.#lanes, this.#width, height);
    const axis = begin(this.#axis, this.#width, AXIS);
    if (!context || !axis) return;
    const frame: Frame = {
      context,
      view: this.#view,
      geometry: this.#geometry,
      palette: this.#palette,
      rows: this.#rows,
      history: place ? historyOf(place.lane) : new Map<Lane, number>(),
    };
    drawFolds(frame, height);
    const most = mostCommits(frame);
    const all = (draw: (frame: Frame, one: LaneGeometry) => void) => {
      for (const one of this.#geometry.lanes) draw(frame, one);
    };
    all(drawRail);
    all(drawGaps);
    all((_, one) => drawBars(frame, one, most));
    all(drawLevels);
    for (const draw of [drawIndexes, drawCurve, drawWarnings, drawCrosses, drawSnapshots, drawPoints])
      all(draw);
    drawAxis({ ...frame, context: axis }, AXIS);
    this.#overview.show(this.#view);
    this.#zoomIn.disabled = !this.#view.canZoomIn;
    this.#zoomOut.disabled = this.#view.isFit;
    this.#drawPlayhead();
  }

  #drawPlayhead(): void {
    const { place } = this.#session;
    this.#playhead.hidden = !place;
    this.#bubble.style.setProperty("visibility", place ? "visible" : "hidden");
    if (!place) return;
    const { lane, stop } = place;
    const x = this.#view.toPixel(this.#geometry.unitOf(lane, stop));
    const isOut = x < -1 || x > this.#width + 1;
    this.#playhead.hidden = isOut;
    this.#playhead.style.setProperty("transform", `translateX(${x.toFixed(1)}px)`);
    this.#dot.style.setProperty("top", `${HEAD + lane.row * this.#rows.height + this.#rows.rail + 1.5}px`);
    const half = Math.min(BUBBLE, this.#width) / 2;
    const middle = Math.min(Math.max(x, half), this.#width - half);
    this.#bubble.style.setProperty("transform", `translateX(${(middle - half).toFixed(1)}px)`);
    this.#bubble.classList.toggle("out", isOut);
    const isRestorable = lane.stops.isRestorable(stop) && this.#session.conditionOf(place) !== "corrupt";
    for (const element of [this.#playhead, this.#bubble]) {
      element.classList.toggle("lost", !isRestorable);
      element.dataset.line = String(lane.colour + 1);
    }
    replace(this.#bubble, !isRestorable && icon("cross", 13), momentName(this.#session, place, "short"));
    this.#labels.mark(lane);
  }

  #laneAt(y: number): Lane | undefined {
    const { lanes } = this.#session;
    const row = Math.floor((y - HEAD) / this.#rows.height);
    return lanes[Math.min(Math.max(row, 0), lanes.length - 1)];
  }

  /** How far under a lane's rail a place is, where levels are drawn; what they are drawn in. */
  #belowRail(lane: Lane, y: number): BelowRail {
    return { rows: this.#rows, y: y - HEAD - railOf({ rows: this.#rows }, lane) };
  }

  #hover(at: { x: number; y: number } | undefined): void {
    const lane = at && at.y >= HEAD ? this.#laneAt(at.y) : undefined;
    const hit =
      at && lane && hitAt(this.#session, this.#geometry, this.#view, lane, at.x, this.#belowRail(lane, at.y));
    this.#ghost.hidden = !at || !lane;
    this.#tip.hidden = !hit;
    if (at) this.#ghost.style.setProperty("transform", `translateX(${at.x}px)`);
    if (!at || !hit) return;
    this.#tip.classList.toggle("damage", hit.isDamage);
    replace(this.#tip, h("strong", {}, hit.title), ...hit.lines.map((line) => h("span", {}, line)));
    const top = HEAD + (lane.row + 1) * this.#rows.height - 6;
    const isRight = at.x > this.#width / 2;
    this.#tip.style.setProperty("left", isRight ? "auto" : `${at.x + 10}px`);
    this.#tip.style.setProperty("right", isRight ? `${this.#width - at.x + 10}px` : "auto");
    this.#tip.style.setProperty("top", `${top}px`);
  }
}
