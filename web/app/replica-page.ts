/** The page of an opened replica. */

import { Inspector } from "../panels/inspector.ts";
import { MomentPanel } from "../panels/moment.ts";
import { Report } from "../panels/report.ts";
import { Scrubber } from "../panels/scrubber.ts";
import { Sign } from "../panels/sign.ts";
import { isLost, mergedLevels } from "../picture/geometry.ts";
import { Picture } from "../picture/picture.ts";
import { h, newId, prefersStillness } from "./dom/dom.ts";
import type { Session } from "./session/session.ts";
import { formatBytes } from "./strings/format.ts";
import { t } from "./strings/strings.ts";

export interface ReplicaPage {
  elements: HTMLElement[];
  /** Starts the check of the replica, and the look into its newest moment. */
  begin: () => void;
  /** Draws the picture again in the colours of a new theme. */
  recolour: () => void;
}

export function replicaPage(session: Session): ReplicaPage {
  const showMoment = () => moment && show(moment.element);
  const sign = new Sign(
    session,
    newId("verdict"),
    () => {
      show(report.element);
      report.element.focus({ preventScroll: true });
    },
    showMoment,
  );
  const title = h("h2", { id: newId("picture"), class: "hidden" }, t.picture);
  const about = h("p", { class: "hidden" }, pictureInWords(session));
  const picture = new Picture(session);
  const report = new Report(
    session,
    () => {
      show(travel);
      scrubber.focus();
    },
    showMoment,
  );
  const scrubber = new Scrubber(session);
  const help = h("details", { class: "keys" }, h("summary", {}, t.keys), keyList(session));
  const travel = h(
    "section",
    { class: "panel travel", "aria-labelledby": title.id },
    title,
    about,
    picture.element,
    session.place ? scrubber.element : undefined,
    h("div", { class: "under" }, legend(session, picture), help),
  );
  travel.addEventListener("keydown", (event) => {
    const target = event.target as HTMLElement;
    const isTyping = target.matches("input:not([type=range]), select, textarea");
    const isLaneButton = target.matches(".lane-label") && /^Arrow(Left|Right)|Home|End|Page/.test(event.key);
    if (
      isTyping ||
      (target.matches("button, summary") && !isLaneButton && !/^[-+=0]$|^Arrow/.test(event.key))
    )
      return;
    if (scrubber.key(event, picture)) event.preventDefault();
  });
  picture.element.addEventListener("pointerup", (event) => {
    if ((event.target as HTMLElement).closest(".area")) scrubber.focus();
  });
  const inspector = session.place && new Inspector(session);
  const moment = inspector && new MomentPanel(session);
  const below = moment
    ? h("div", { class: "beside" }, moment.element, inspector.element)
    : h("p", { class: "notice" }, t.noMoments);
  return {
    elements: [sign.element, ...(hasPicture(session) ? [travel] : []), below, report.element],
    begin: () => {
      void sign.check();
      inspector?.begin();
    },
    recolour: () => picture.recolour(),
  };
}

/** A replica with neither a moment nor a loss has nothing to draw. */
function hasPicture({ lanes }: Session): boolean {
  return lanes.some(({ stops, timeline }) => stops.length > 0 || timeline.gaps.some(isLost));
}

function show(element: HTMLElement): void {
  element.scrollIntoView({ behavior: prefersStillness() ? "auto" : "smooth", block: "start" });
}

/** What the picture shows, in words for screen readers. */
function pictureInWords({ name, lanes, unit }: Session): string {
  const lines = lanes.map(({ timeline, stops }) => {
    const { id, state, segments, snapshots, gaps, parent } = timeline;
    const lost = gaps.filter(isLost).length;
    return t.laneInWords(
      id,
      t.timelineState(state, timeline.current),
      stops.commits,
      segments.length,
      snapshots.length,
      lost,
      parent,
      unit,
      timeline.files,
    );
  });
  return [t.pictureOf(name, lanes.length), ...lines].join(" ");
}

/** Explains the signs that this replica's picture has. */
function legend({ lanes, unit }: Session, picture: Picture): HTMLElement {
  const isThere: Record<string, boolean> = {
    level: lanes.some(({ timeline }) => mergedLevels(timeline).length > 0),
    branch: lanes.some(({ parent }) => parent),
    point: lanes.some(({ timeline }) => timeline.restorePoints.length > 0),
    lost: lanes.some(({ timeline }) => timeline.state === "damaged" || timeline.gaps.some(isLost)),
    fold: picture.hasFolds,
  };
  const kinds = new Set(lanes.map(({ timeline }) => timeline.files));
  const files = kinds.size > 1 ? "both" : ([...kinds][0] ?? "wal");
  const items = t.legendItems(files, unit).filter(([kind]) => isThere[kind] ?? true);
  return h(
    "ul",
    { class: "legend", "aria-label": t.legend },
    ...items.map(([kind, text]) => h("li", { class: `sign-${kind}` }, text)),
  );
}

function keyList({ unit }: Session): HTMLElement {
  return h(
    "dl",
    {},
    ...t
      .keyList(unit)
      .map(([keys, text]) =>
        h("div", {}, h("dt", {}, ...keys.map((key) => h("kbd", {}, key))), h("dd", {}, text)),
      ),
  );
}

/** `shop.tar, 4.1 MiB in 5,231 files` */
export function replicaName({ replica, name }: Session): HTMLElement {
  const size =
    replica.bytes === undefined
      ? t.files(replica.files)
      : t.sizeInFiles(formatBytes(replica.bytes), replica.files);
  return h(
    "p",
    { class: "replica-name" },
    h("strong", { title: name }, name),
    " ",
    h("span", { class: "quiet" }, size),
  );
}
