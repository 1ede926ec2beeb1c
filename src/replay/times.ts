/** The times of a branch's files. What they prove, its layout says. */

import { type Branch, filesIn } from "./catalog.ts";

/** Why times of a branch are not simply those of its files' creation. */
export interface Doubt {
  /**
   * `clock`: they are, but the clock was set back meanwhile. `copy`: they are those of a copy. `none`: the storage keeps
   * none.
   */
  kind: "clock" | "copy" | "none";
  /** The file that shows it. */
  path: string;
  /** In words. */
  reason: string;
}

/** The times of the oldest and the newest file of a branch; undefined where it has no file with a time. */
export function timeRange(branch: Branch): { oldest: bigint; newest: bigint } | undefined {
  let oldest: bigint | undefined;
  let newest: bigint | undefined;
  for (const { modified } of filesIn(branch)) {
    if (modified === undefined) continue;
    if (oldest === undefined || modified < oldest) oldest = modified;
    if (newest === undefined || modified > newest) newest = modified;
  }
  return oldest === undefined || newest === undefined ? undefined : { oldest, newest };
}
