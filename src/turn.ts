/**
 * Turns of the event loop. What is done without waiting for anything leaves no room for others: signals, timers, a server's
 * other requests, a page's clicks.
 */

/** So long, in milliseconds, others wait at most, and for what is done in one piece. */
const TURN = 20;
let last = 0;

const { setImmediate } = globalThis as { setImmediate?: (then: () => void) => void };
const later = setImmediate ?? ((then: () => void) => void setTimeout(then, 0));

/** Gives the event loop a turn where the last one was a while ago. */
export function giveTurn(): Promise<void> | undefined {
  if (performance.now() - last < TURN) return undefined;
  return new Promise((resolve) =>
    later(() => {
      last = performance.now();
      resolve();
    }),
  );
}
