/** Asks before the page, or the open replica, is left while a database is being written. */

import { t } from "../strings/strings.ts";

let works = 0;

/** Marks the beginning of work that leaving would lose. Returns the function that marks its end. */
export function beginWork(): () => void {
  if (++works === 1) addEventListener("beforeunload", ask);
  let isOver = false;
  return () => {
    if (isOver) return;
    isOver = true;
    if (--works === 0) removeEventListener("beforeunload", ask);
  };
}

/** Whether the open replica may be closed. Asks the person if that would end work. */
export function mayClose(): boolean {
  return works === 0 || confirm(t.leaveRestore);
}

/** Makes the browser ask, in its own words. */
function ask(event: BeforeUnloadEvent): void {
  event.preventDefault();
}
