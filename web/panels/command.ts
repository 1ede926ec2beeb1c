/** The command lines that do the same, to be copied. */

import { h, replace } from "../dom.ts";
import { formatPosition } from "../format.ts";
import { icon } from "../icons.ts";
import type { Session } from "../session.ts";
import { t } from "../strings.ts";

/** Where the replica lies, only the person knows. */
const REPLICA = "/path/to/replica";

export class CommandPanel {
  readonly element = h("div", { class: "commands" });
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  show(): void {
    const { moment } = this.#session;
    if (!moment) return;
    const target = `--generation ${moment.generation} --target-position ${formatPosition(moment)}`;
    replace(
      this.element,
      h("p", { class: "quiet" }, t.commandsAbout),
      command(t.commandRestore, `walkit restore ${REPLICA} -o restored.db ${target}`),
      command(t.commandMark, `walkit mark ${REPLICA} before-the-change ${target}`),
      command(t.commandVerify, `walkit verify ${REPLICA}`),
      command(t.commandCheck, `sqlite3 restored.db "PRAGMA integrity_check"`),
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
