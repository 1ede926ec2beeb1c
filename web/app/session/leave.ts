/** Leaving the page, or what is open in it, while a database is being written. */

import { t } from "../strings/strings.ts";

let works = 0;

/** What is done until the function that it gives is called would be lost by leaving. */
export function beginWork(): () => void {
  if (++works === 1) addEventListener("beforeunload", ask);
  let isOver = false;
  return () => {
    if (isOver) return;
    isOver = true;
    if (--works === 0) removeEventListener("beforeunload", ask);
  };
}

/** Whether what is open may be closed: asks where that ends work. */
export function mayClose(): boolean {
  return works === 0 || confirm(t.leaveRestore);
}

/** The browser asks, in its own words. */
function ask(event: BeforeUnloadEvent): void {
  event.preventDefault();
}
