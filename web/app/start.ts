/** The empty page, which invites to open a replica; and what it says when that fails. */

import { h, svg } from "./dom/dom.ts";
import { icon } from "./dom/icons.ts";
import type { Source } from "./protocol/protocol.ts";
import { chooseArchive, chooseFolder, sourceOfFiles } from "./sources/sources.ts";
import { t } from "./strings/strings.ts";
import type { Refusal } from "./words/things.ts";
import { isAbort } from "./workers/engine-client.ts";

/** A message on the empty page. */
export interface StartNote {
  element: HTMLElement;
  button?: { label: string; click: () => void };
}

export function startPage(open: (source: Source) => void, note?: StartNote): HTMLElement[] {
  const folderInput = h("input", {
    type: "file",
    class: "hidden",
    tabindex: -1,
    "aria-hidden": "true",
    webkitdirectory: true,
  });
  const archiveInput = h("input", {
    type: "file",
    class: "hidden",
    tabindex: -1,
    "aria-hidden": "true",
    accept: ".tar,.gz,.tgz,.zip",
  });
  for (const input of [folderInput, archiveInput]) {
    input.addEventListener("change", () => {
      const source = sourceOfFiles([...(input.files ?? [])]);
      if (source) open(source);
    });
  }
  const pick = async (choose: () => Promise<Source | undefined>, input: HTMLInputElement) => {
    try {
      const source = await choose();
      if (source) open(source);
      else input.click();
    } catch (error) {
      if (!isAbort(error)) input.click();
    }
  };
  const choose = h(
    "button",
    { type: "button", class: "strong large", on: { click: () => void pick(chooseFolder, folderInput) } },
    icon("folder"),
    t.chooseFolder,
  );
  const archive = h(
    "button",
    { type: "button", class: "large", on: { click: () => void pick(chooseArchive, archiveInput) } },
    icon("archive"),
    t.chooseArchive,
  );
  const example = h(
    "button",
    { type: "button", class: "link", on: { click: () => open({ kind: "example" }) } },
    t.tryExample,
  );
  return [
    h(
      "div",
      { class: "start" },
      h("div", { class: "start-words" }, h("h2", {}, t.invitation), h("p", { class: "lead" }, t.lead)),
      note && h("div", { class: "start-message" }, note.element, again(note)),
      h(
        "div",
        { class: "platform" },
        tracks(),
        h(
          "div",
          { class: "drop" },
          h("p", { class: "drop-title" }, t.dropHere),
          h("p", { class: "quiet" }, t.dropWhat),
          h("div", { class: "drop-buttons" }, choose, archive),
          h("p", { class: "quiet" }, t.noneAtHand, " ", example),
          folderInput,
          archiveInput,
        ),
      ),
      h(
        "ul",
        { class: "promises" },
        ...t.promises.map(([title, text]) => h("li", {}, h("h3", {}, title), h("p", {}, text))),
      ),
    ),
  ];
}

function again({ button }: StartNote): HTMLElement | undefined {
  if (!button) return undefined;
  return h("button", { type: "button", class: "strong large", on: { click: button.click } }, button.label);
}

/** A card for a message that is not about an error. */
export function noteCard(title: string, text: string): HTMLElement {
  return h("div", { class: "card", role: "status" }, h("h2", {}, icon("info", 18), title), h("p", {}, text));
}

/** A card for something that cannot be opened: what it is, what to do, and the engine's own message. */
export function refusalCard({ title, text, action, detail, skipped, isHarmless }: Refusal): HTMLElement {
  const left = skipped.slice(0, MOST_LEFT_OUT).map(({ path, reason }) => {
    return h("li", {}, t.leftOutEntry(path, reason));
  });
  return h(
    "div",
    { class: `card ${isHarmless ? "unsure" : "bad"}`, role: "alert" },
    h("h2", {}, icon(isHarmless ? "info" : "cross", 18), title),
    h("p", {}, t.asSentence(text)),
    action && h("p", {}, t.asSentence(action)),
    left.length > 0 && h("p", {}, t.leftOutOf(skipped.length)),
    left.length > 0 && h("ul", { class: "left-out" }, ...left),
    detail && h("details", {}, h("summary", {}, t.details), h("p", { class: "quiet" }, t.asSentence(detail))),
  );
}

/** How many of the entries that were left out are named. */
const MOST_LEFT_OUT = 5;

/** Most replicas that are listed. A folder may hold far more, and nobody reads a longer list. */
const MOST_CHOICES = 200;

/** Asks which of several replicas to open. */
export function chooserPage(
  name: string,
  replicas: readonly { path: string }[],
  pick: (i: number) => void,
  back: () => void,
): HTMLElement[] {
  const items = replicas
    .slice(0, MOST_CHOICES)
    .map(({ path }, i) =>
      h(
        "li",
        {},
        h(
          "button",
          { type: "button", class: "choice-row", on: { click: () => pick(i) } },
          icon("folder"),
          h("span", { class: "mono" }, path),
        ),
      ),
    );
  return [
    h(
      "div",
      { class: "start chooser" },
      h("h2", {}, t.several(replicas.length, name)),
      h("ul", {}, ...items),
      replicas.length > items.length && h("p", {}, t.severalMore(replicas.length - items.length)),
      h("button", { type: "button", on: { click: back } }, t.openAnother),
    ),
  ];
}

/** The drawing: lines that part and run towards the drop area. */
function tracks(): SVGSVGElement {
  const bars: SVGElement[] = [];
  let seed = 7;
  const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  const lane = (line: number, from: number, to: number, y: number) => {
    for (let x = from; x < to; x += 7) {
      const wave = 0.5 + 0.5 * Math.sin(x / 38 + line * 2);
      const height = 3 + 24 * wave * random();
      if (random() < 0.16) continue;
      bars.push(
        svg("rect", {
          class: `bar line-${line}`,
          x,
          y: (y - height).toFixed(1),
          width: 5,
          height: height.toFixed(1),
        }),
      );
    }
  };
  lane(1, -1200, 330, 60);
  lane(2, 236, 420, 124);
  lane(3, 344, 420, 188);
  const station = (line: number, x: number, y: number) =>
    svg("circle", { class: `station line-${line}`, cx: x, cy: y, r: 6 });
  return svg(
    "svg",
    {
      class: "tracks",
      viewBox: "0 0 430 220",
      "aria-hidden": "true",
      focusable: "false",
      preserveAspectRatio: "xMaxYMid meet",
    },
    ...bars,
    svg("path", { class: "rail line-1", d: "M-1200 60H336M336 53v14" }),
    svg("path", { class: "rail line-2", d: "M140 60C168 60 160 124 192 124H430" }),
    svg("path", { class: "rail line-3", d: "M262 124C292 124 284 188 318 188H430" }),
    station(1, -180, 60),
    station(1, 24, 60),
    station(1, 196, 60),
    station(2, 228, 124),
    station(2, 376, 124),
    station(3, 336, 188),
    svg("path", { class: "switch line-2", d: "M140 53l7 7-7 7-7-7Z" }),
    svg("path", { class: "switch line-3", d: "M262 117l7 7-7 7-7-7Z" }),
  );
}
