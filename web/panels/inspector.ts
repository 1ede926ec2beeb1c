/** What is in the database of the moment: tables, questions, changes, and the command lines. */

import { h, newId, replace } from "../dom.ts";
import type { Session } from "../session.ts";
import { t } from "../strings.ts";
import { failureWords, momentName, progressWords } from "../words.ts";
import { ChangesPanel } from "./changes.ts";
import { CommandPanel } from "./command.ts";
import { Loader } from "./loader.ts";
import { SqlPanel } from "./sql.ts";
import { TablesPanel } from "./tables.ts";
import { Tabs } from "./tabs.ts";

export class Inspector {
  readonly element: HTMLElement;

  constructor(session: Session) {
    const tables = new TablesPanel(session);
    const sql = new SqlPanel(session);
    const changes = new ChangesPanel(session);
    const commands = new CommandPanel(session);
    const needsState = [tables.element, sql.element];
    const tabs = new Tabs(t.inspector, [
      { name: t.tabTables, panel: tables.element },
      { name: t.tabSql, panel: sql.element },
      { name: t.tabChanges, panel: changes.element, onShow: () => void changes.show() },
      { name: t.tabCommand, panel: commands.element, onShow: () => commands.show() },
    ]);
    const said = h("p", { class: "hidden", role: "status" });
    const waiting = h("p", { class: "waiting", "aria-hidden": "true" });
    const instead = h("div", { class: "instead", hidden: true });
    const id = newId("inspector");
    this.element = h(
      "section",
      { class: "panel inspector", "aria-labelledby": id },
      h("h2", { id, class: "hidden" }, t.inspector),
      waiting,
      tabs.element,
      instead,
      said,
    );
    const loader = new Loader(session, {
      onLeave: () => {
        this.element.classList.add("stale");
        this.element.setAttribute("aria-busy", "true");
        changes.leave();
        commands.show();
      },
      onProgress: (progress) => replace(waiting, progressWords(progress)),
      onState: (state) => {
        this.#rest(waiting);
        this.element.classList.remove("empty");
        instead.hidden = true;
        tables.show(state);
        sql.show(state);
        tabs.current.onShow?.();
        const { place } = session;
        if (place) replace(said, t.stateRead(momentName(session, place, "long"), state.tables.length));
      },
      onNothing: (error) => {
        this.#rest(waiting);
        this.element.classList.add("empty");
        for (const panel of needsState) panel.scrollTop = 0;
        instead.hidden = false;
        if (error === undefined) {
          replace(instead, h("p", { class: "notice" }, t.nothingToSee));
          replace(said, t.cannotBeRestored);
          return;
        }
        const { title, text, action } = failureWords(error);
        replace(
          instead,
          h(
            "div",
            { class: "notice bad" },
            h("strong", {}, title),
            h("span", {}, text),
            action && h("span", {}, action),
          ),
        );
        replace(said, title);
      },
    });
    loader.start();
  }

  #rest(waiting: HTMLElement): void {
    this.element.classList.remove("stale");
    this.element.removeAttribute("aria-busy");
    replace(waiting);
  }
}
