/** The database of the playhead's moment, in tabs: tables, SQL, changes, command lines. */

import { h, newId, replace } from "../app/dom/dom.ts";
import type { Session } from "../app/session/session.ts";
import { t } from "../app/strings/strings.ts";
import { failureWords, momentName, progressWords } from "../app/words/words.ts";
import { ChangesPanel } from "./changes.ts";
import { CommandPanel } from "./command.ts";
import { LargePanel } from "./large.ts";
import { Loader } from "./loader.ts";
import { SqlPanel } from "./sql.ts";
import { TablesPanel } from "./tables.ts";
import { Tabs } from "./tabs.ts";

export class Inspector {
  readonly element: HTMLElement;
  readonly #loader: Loader;

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
    const large = new LargePanel(said, {
      onAsk: () => loader.ask(),
      onCancel: () => loader.cancel(),
      onEverywhere: (isSo) => {
        loader.everywhere = isSo;
      },
    });
    const showInstead = (...children: HTMLElement[]) => {
      this.element.classList.add("empty");
      for (const panel of needsState) panel.scrollTop = 0;
      instead.hidden = false;
      // The same element is not put in again: that would take the focus out of it.
      if (instead.firstChild !== children[0]) replace(instead, ...children);
    };
    const loader = new Loader(session, {
      onLeave: () => {
        this.element.classList.add("stale");
        this.element.setAttribute("aria-busy", "true");
        changes.leave();
        sql.leave();
        sql.leave();
        commands.show();
      },
      onProgress: (progress) => {
        if (large.isReading) large.progress(progress);
        else replace(waiting, progressWords(progress));
      },
      onLarge: (size, isAsked) => {
        this.#rest(waiting);
        this.element.setAttribute("aria-busy", String(isAsked));
        showInstead(large.element);
        large.show(size, isAsked, loader.everywhere);
      },
      onState: (state) => {
        this.#rest(waiting);
        this.element.classList.remove("empty");
        // The button with the focus is about to be hidden.
        if (instead.contains(document.activeElement)) tabs.focus();
        large.rest();
        instead.hidden = true;
        tables.show(state);
        sql.show(state);
        tabs.current.onShow?.();
        const { place } = session;
        if (place) replace(said, t.stateRead(momentName(session, place, "long"), state.tables.length));
      },
      onNothing: (error) => {
        this.#rest(waiting);
        large.rest();
        if (error === undefined) {
          showInstead(h("p", { class: "notice" }, t.nothingToSee));
          replace(said, t.cannotBeRestored);
          return;
        }
        const { title, text, action } = failureWords(error);
        const why = [h("strong", {}, title), h("span", {}, text), action && h("span", {}, action)];
        showInstead(h("div", { class: "notice bad" }, ...why));
        replace(said, title);
      },
    });
    this.#loader = loader;
  }

  /** Starts to look into the playhead's moment. */
  begin(): void {
    this.#loader.start();
  }

  #rest(waiting: HTMLElement): void {
    this.element.classList.remove("stale");
    this.element.removeAttribute("aria-busy");
    replace(waiting);
  }
}
