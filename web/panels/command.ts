/** The command lines that do the same, to be copied. */

import { h, replace } from "../app/dom/dom.ts";
import { icon } from "../app/dom/icons.ts";
import type { Session } from "../app/session/session.ts";
import { formatPosition } from "../app/strings/format.ts";
import { t } from "../app/strings/strings.ts";
import { fileName } from "../app/words/words.ts";

/** Where the replica lies, only the person knows. */
const UNKNOWN = { quoted: "/path/to/replica", program: "walkit", canMark: true };

export class CommandPanel {
  readonly element = h("div", { class: "commands" });
  readonly #session: Session;
  /** What is shown, so that it is not put in anew while somebody has the focus in it. */
  #shown = "";

  constructor(session: Session) {
    this.#session = session;
    session.on("integrity", () => this.show());
  }

  show(): void {
    const { moment, place, home } = this.#session;
    if (!moment || !place) return;
    const { quoted: replica, program, canMark } = home ?? UNKNOWN;
    const target = `--generation ${moment.generation} --target-position ${formatPosition(moment)}`;
    const file = fileName(this.#session, place);
    const isRestorable = place.lane.stops.isRestorable(place.stop);
    // That SQLite finds it corrupt is known here, and on the command line a reason to refuse.
    const isCorrupt = isRestorable && this.#session.conditionOf(place) === "corrupt";
    const restore = `${program} restore ${replica} -o ${file} ${target}`;
    const key = `${restore} ${isRestorable} ${isCorrupt}`;
    if (key === this.#shown) return;
    this.#shown = key;
    replace(
      this.element,
      h("p", { class: "quiet" }, home ? t.commandsTrue : t.commandsAbout),
      isCorrupt
        ? command(t.commandCorrupt, `${restore} --integrity-check none`)
        : isRestorable
          ? command(t.commandRestore, restore)
          : command(t.commandSalvage, `${restore} --salvage`),
      isRestorable &&
        !isCorrupt &&
        canMark &&
        command(t.commandMark, `${program} mark ${replica} before-the-change ${target}`),
      command(t.commandVerify, `${program} verify ${replica}`),
      command(t.commandCheck, `sqlite3 ${file} "PRAGMA integrity_check"`),
    );
  }
}

export function command(title: string, text: string): HTMLElement {
  return h(
    "div",
    { class: "command" },
    h("h3", {}, title),
    h(
      "div",
      { class: "command-line" },
      h("pre", { tabindex: 0 }, h("code", {}, text)),
      copyButton(text, t.copyCommand),
    ),
  );
}

/** A button that copies, and says that it did. */
export function copyButton(text: string, label: string): HTMLElement {
  const said = h("span", { class: "copied", role: "status" });
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      replace(said, t.copied);
    } catch {
      replace(said, t.notCopied);
    }
    setTimeout(() => replace(said), 2000);
  };
  const button = h(
    "button",
    {
      type: "button",
      class: "square small",
      "aria-label": label,
      title: label,
      on: { click: () => void copy() },
    },
    icon("copy", 16),
  );
  return h("span", { class: "copy" }, button, said);
}
