/** Makes elements. Text is only ever put in as text: nothing from a replica is parsed as HTML. */

export type Child = Node | string | number | undefined | false;

type Listeners = { [K in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[K]) => void };

export interface Attributes {
  on?: Listeners;
  [name: string]: string | number | boolean | undefined | Listeners;
}

/** `h("p", { class: "note" }, "text")`. Attributes: `false` and `undefined` are left out, `true` becomes an empty one. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  setAttributes(element, attributes);
  fill(element, children);
  return element;
}

/** The same for SVG. */
export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  setAttributes(element, attributes);
  fill(element, children);
  return element;
}

export function setAttributes(element: Element, { on, ...attributes }: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) element.removeAttribute(name);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  for (const [type, listener] of Object.entries(on ?? {})) {
    element.addEventListener(type, listener as EventListener);
  }
}

/** Replaces all children of an element. */
export function replace(element: Element, ...children: Child[]): void {
  element.replaceChildren();
  fill(element, children);
}

function fill(element: Element, children: readonly Child[]): void {
  for (const child of children) {
    if (child === undefined || child === false) continue;
    element.append(typeof child === "number" ? String(child) : child);
  }
}

/** Text for screen readers only. */
export function hidden(text: string): HTMLElement {
  return h("span", { class: "hidden" }, text);
}

let count = 0;

/** An id that no other element of the page has. */
export function newId(prefix: string): string {
  return `${prefix}-${++count}`;
}

/** A function that calls `f` before the next frame is drawn: once, however often it is called until then. */
export function oncePerFrame(f: () => void): () => void {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      f();
    });
  };
}

/** Resolves after the browser had a chance to draw and to handle input. */
export function nextTask(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** Resolves after the browser has drawn a frame. A hidden tab draws none: then after a tenth of a second. */
export function nextFrame(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 100);
    requestAnimationFrame(() => setTimeout(resolve, 0));
  });
}

export function prefersStillness(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}
