/** Command lines that do what the page does, with buttons to copy them. */

import { isInWal } from "../../src/replay/position.ts";
import { positionOption } from "../../src/timeline/target/grammar.ts";
import { h, replace } from "../app/dom/dom.ts";
import { icon } from "../app/dom/icons.ts";
import type { Session } from "../app/session/session.ts";
import { formatPosition } from "../app/strings/format.ts";
import { t } from "../app/strings/strings.ts";
import { fileName } from "../app/words/words.ts";

/** Used if the page does not know where the replica lies: the person puts the path in. */
const UNKNOWN = { quoted: "/path/to/replica", program: "walkit", canMark: true };

export class CommandPanel {
  readonly element = h("div", { class: "commands" });
  readonly #session: Session;
  /** Key of what is shown. The same is not put in again: that would take the focus out of it. */
  #shown = "";

  constructor(session: Session) {
    this.#session = session;
    session.on("integrity", () => this.show());
  }

  show(): void {
    const { moment, place, home } = this.#session;
    if (!moment || !place) return;
    const { quoted: replica, program, canMark } = home ?? UNKNOWN;
    const position = `${positionOption(moment)} ${formatPosition(moment)}`;
    const target = isInWal(moment) ? `--generation ${moment.generation} ${position}` : position;
    const file = fileName(this.#session, place);
    const isRestorable = place.lane.stops.isRestorable(place.stop);
    // The command line refuses a database that SQLite finds corrupt: for such a moment the check is turned off.
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

/** A command line with its title, and a button to copy it. */
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

/** A button that copies a text, and then says so. */
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
