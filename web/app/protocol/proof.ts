/** How far a state can be trusted when the files do not prove every part of the way to it. */

import type { Step } from "../../../src/replay/steps.ts";
import type { Unproven } from "../../../src/restore/execute.ts";
import type { IntegrityView } from "./protocol.ts";

/**
 * - `sure`: the whole way is proven; or only steps from one WAL index to the next are unproven, and neither Litestream's
 *   counter nor SQLite finds a fault (SQLite may not have been asked yet). After the newest snapshot this is normal
 * - `doubtful`: the state may be one that was never committed
 */
export type Trust = "sure" | "doubtful";

/** `integrity`: SQLite's answer about the state; undefined if SQLite was not asked. */
export function trustIn(unproven: readonly Unproven[], integrity: IntegrityView["found"] | undefined): Trust {
  if (unproven.length === 0) return "sure";
  return isInLine(unproven) && (integrity === "ok" || integrity === undefined) ? "sure" : "doubtful";
}

/** Whether only steps between WAL indexes are unproven, and Litestream's counter goes up by one at each of them. */
export function isInLine(unproven: readonly Unproven[]): boolean {
  return unproven.every((one) => one.what === "step" && one.counter === "follows");
}

/**
 * Whether the snapshot is proven to fit the WAL; steps do not matter. If so, a corrupt state comes from the replica itself, not
 * from a wrong snapshot.
 */
export function fits(unproven: readonly Unproven[]): boolean {
  return unproven.every(({ what }) => what === "step");
}

/** The unproven steps between WAL indexes. */
export function stepsOf(unproven: readonly Unproven[]): Step[] {
  return unproven.flatMap((one) => (one.what === "step" ? one : []));
}
