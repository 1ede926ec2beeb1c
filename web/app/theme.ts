/** Light or dark: the system's choice, until somebody presses the button. */

import { h, replace } from "./dom/dom.ts";
import { icon } from "./dom/icons.ts";
import { t } from "./strings/strings.ts";

const KEY = "walkit-theme";
const dark = matchMedia("(prefers-color-scheme: dark)");

export function themeSwitch(onChange: () => void): HTMLButtonElement {
  const button = h("button", { type: "button", class: "square" });
  const chosen = read();
  if (chosen) document.documentElement.dataset.theme = chosen;
  const isDark = () =>
    (document.documentElement.dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark";
  const show = () => {
    const label = isDark() ? t.useLight : t.useDark;
    button.setAttribute("aria-label", label);
    button.title = label;
    replace(button, icon(isDark() ? "sun" : "moon"));
  };
  button.addEventListener("click", () => {
    document.documentElement.dataset.theme = isDark() ? "light" : "dark";
    try {
      localStorage.setItem(KEY, document.documentElement.dataset.theme);
    } catch {
      // This browser stores nothing: the choice lasts until the page is closed.
    }
    show();
    onChange();
  });
  dark.addEventListener("change", () => {
    show();
    onChange();
  });
  for (const other of ["(forced-colors: active)", "print"])
    matchMedia(other).addEventListener("change", onChange);
  show();
  return button;
}

function read(): "light" | "dark" | undefined {
  try {
    const value = localStorage.getItem(KEY);
    return value === "light" || value === "dark" ? value : undefined;
  } catch {
    return undefined;
  }
}
