/** The names of the lanes. They are buttons, so that a timeline can be chosen without a mouse. */

import { h, replace } from "../app/dom/dom.ts";
import type { Lane } from "../app/session/lanes.ts";
import type { Session } from "../app/session/session.ts";
import { formatShortTime, formatZone } from "../app/strings/format.ts";
import { t } from "../app/strings/strings.ts";
import type { Scale } from "./scale.ts";

/** The timeline's number on a disc in the line's colour. */
export function roundel(lane: Lane): HTMLElement {
  return h(
    "span",
    { class: "roundel", "data-line": lane.colour + 1, "aria-hidden": "true" },
    lane.timeline.id,
  );
}

export function laneLabels(session: Session): {
  element: HTMLElement;
  mark: (lane: Lane) => void;
  place: (top: number, height: number, count: number) => void;
  /** Says what the axis shows. */
  caption: (kind: Scale["kind"]) => void;
} {
  const buttons = new Map<Lane, HTMLButtonElement>();
  for (const lane of session.lanes) {
    const { timeline, stops } = lane;
    const state = t.timelineState(timeline.state, timeline.current);
    const button = h(
      "button",
      {
        class: `lane-label ${timeline.state}`,
        type: "button",
        title: timeline.generation,
        on: { click: () => choose(session, lane) },
      },
      roundel(lane),
      h(
        "span",
        { class: "lane-words" },
        h("span", { class: "hidden" }, t.timeline(timeline.id)),
        h("span", { class: "lane-since" }, sinceWords(session, lane)),
        h("span", { class: "lane-state" }, state),
      ),
    );
    button.disabled = stops.length === 0;
    buttons.set(lane, button);
  }
  const caption = h("p", { class: "axis-caption" });
  const say = (kind: Scale["kind"]) =>
    replace(caption, kind === "time" ? t.axisIn(zoneOf(session)) : t.axisCommitsLong(session.unit));
  say(session.hasTimes ? "time" : "commits");
  return {
    element: h(
      "div",
      { class: "lane-labels", role: "group", "aria-label": t.timelines },
      ...buttons.values(),
      caption,
    ),
    caption: say,
    mark: (chosen) => {
      for (const [lane, button] of buttons) button.setAttribute("aria-pressed", String(lane === chosen));
    },
    place: (top, height, count) => {
      caption.style.setProperty("top", `${top + count * height + 6}px`);
      for (const [lane, button] of buttons) {
        button.style.setProperty("--top", `${top + lane.row * height}px`);
        button.style.setProperty("--height", `${height}px`);
      }
    },
  };
}

/** Words by which the owner knows a timeline: when it began; without times, how many commits it has. */
function sinceWords({ hasTimes, unit }: Session, { stops, timeline }: Lane): string {
  const time = hasTimes && stops.length > 0 ? stops.time(0) : undefined;
  if (time !== undefined) return t.from(formatShortTime(time, "minute"));
  return stops.commits > 0 ? t.commits(stops.commits, unit) : t.timeline(timeline.id);
}

function zoneOf({ place, lanes }: Session): string {
  const lane = place?.lane ?? lanes[0];
  const time = lane && lane.stops.length > 0 ? lane.stops.time(lane.stops.length - 1) : undefined;
  return formatZone(time ?? Date.now());
}

/** Moves the playhead to another timeline: to the same time; without times, to its end. */
export function choose(session: Session, lane: Lane): void {
  const { place } = session;
  if (place?.lane === lane) return;
  const time = place && session.hasTimes ? place.lane.stops.time(place.stop) : undefined;
  const at = time === undefined ? lane.stops.length - 1 : lane.stops.atTime(time);
  session.moveTo(lane, Math.max(at, 0));
}
