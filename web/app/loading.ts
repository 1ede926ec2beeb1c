/** The page while a replica is being opened: the steps, how far the reading is, and a button to cancel. */

import { h, newId, replace } from "./dom/dom.ts";
import type { Progress } from "./protocol/protocol.ts";
import { formatNumber } from "./strings/format.ts";
import { t } from "./strings/strings.ts";
import { progressWords } from "./words/words.ts";

/** Where on the progress bar (0 to 1) each step begins. */
const STARTS = [0, 0.3, 1];

export interface LoadingPage {
  elements: HTMLElement[];
  /** Shows the step under way (from 0), and how far it is. */
  show: (step: number, progress?: Progress) => void;
}

export function loadingPage(name: string, cancel: () => void): LoadingPage {
  const id = newId("loading");
  const bar = h("progress", { "aria-labelledby": id, max: 1 });
  const detail = h("p", { class: "quiet loading-detail" });
  const said = h("p", { class: "hidden", role: "status" });
  const steps = t.loadingSteps.map((text) => h("li", {}, text));
  let last = -1;
  return {
    elements: [
      h(
        "div",
        { class: "start loading" },
        h("h2", { id }, t.opening(name)),
        h("div", { class: "journey" }, bar, h("ol", { class: "steps" }, ...steps)),
        h("div", { class: "line" }, detail, h("button", { type: "button", on: { click: cancel } }, t.cancel)),
        said,
      ),
    ],
    show(step, progress) {
      for (const [i, element] of steps.entries()) {
        element.className = i < step ? "done" : i === step ? "now" : "";
        if (i === step) element.setAttribute("aria-current", "step");
        else element.removeAttribute("aria-current");
      }
      if (step !== last) {
        bar.value = STARTS[step]!;
        replace(said, t.loadingSteps[step]);
        replace(detail);
        last = step;
      }
      if (!progress) return;
      const { done, total } = progress;
      if (total) {
        const [from, to] = [STARTS[step]!, STARTS[step + 1]!];
        bar.value = from + (to - from) * Math.min(done / total, 1);
      }
      replace(
        detail,
        total ? progressWords(progress) : `${progressWords(progress)} ${done > 0 ? formatNumber(done) : ""}`,
      );
    },
  };
}
