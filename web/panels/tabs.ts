/** Tabs after the ARIA practices: arrow keys move to the next tab, and open it. */

import { h, newId } from "../app/dom/dom.ts";

export interface Tab {
  name: string;
  panel: HTMLElement;
  /** The tab has been opened, or is open while its contents have changed. */
  onShow?: () => void;
}

export class Tabs {
  readonly element: HTMLElement;
  readonly #tabs: readonly Tab[];
  readonly #buttons: HTMLButtonElement[];
  #open = 0;

  constructor(label: string, tabs: readonly Tab[]) {
    this.#tabs = tabs;
    this.#buttons = tabs.map(({ name, panel }, i) => {
      panel.id ||= newId("panel");
      const id = newId("tab");
      panel.setAttribute("role", "tabpanel");
      panel.setAttribute("aria-labelledby", id);
      return h(
        "button",
        { id, type: "button", role: "tab", "aria-controls": panel.id, on: { click: () => this.open(i) } },
        name,
      );
    });
    const list = h("div", { class: "tab-list", role: "tablist", "aria-label": label }, ...this.#buttons);
    list.addEventListener("keydown", (event) => this.#key(event));
    this.element = h("div", { class: "tabs" }, list, ...tabs.map(({ panel }) => panel));
    this.#show();
  }

  get current(): Tab {
    return this.#tabs[this.#open]!;
  }

  /** Moves the focus to the button of the open tab. */
  focus(): void {
    this.#buttons[this.#open]!.focus({ preventScroll: true });
  }

  open(i: number): void {
    this.#open = i;
    this.#show();
    this.current.onShow?.();
  }

  #show(): void {
    for (const [i, { panel }] of this.#tabs.entries()) {
      const isOpen = i === this.#open;
      panel.hidden = !isOpen;
      this.#buttons[i]!.setAttribute("aria-selected", String(isOpen));
      this.#buttons[i]!.tabIndex = isOpen ? 0 : -1;
    }
  }

  #key(event: KeyboardEvent): void {
    const last = this.#tabs.length - 1;
    const keys: Record<string, number> = {
      ArrowRight: this.#open === last ? 0 : this.#open + 1,
      ArrowLeft: this.#open === 0 ? last : this.#open - 1,
      Home: 0,
      End: last,
    };
    const next = keys[event.key];
    if (next === undefined) return;
    event.preventDefault();
    this.open(next);
    this.#buttons[next]!.focus();
  }
}
