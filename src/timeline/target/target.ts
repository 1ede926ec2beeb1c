/** The moment that is wanted, and the grammar in which it is written: the same for every command and for the library. */

import type { Catalog } from "../../replay/catalog.ts";
import type { Replica } from "../../replay/layout.ts";
import type { PlanTarget } from "../../replay/plan.ts";
import type { Position } from "../../replay/position.ts";

/**
 * A moment of a replica. At most one of `index`, `timestamp`, `position`, `transaction`, `name` and `immediate`; none of
 * them: the newest there is.
 */
export interface Target {
  /** Of this generation alone, whatever its history is. */
  generation?: string | undefined;
  /**
   * Along this timeline: `latest` (of the newest generation), a generation, or a timeline ID; a time from before it began
   * is looked for in its parent. `current` (default): in the generation whose own files hold the moment.
   */
  timeline?: "current" | "latest" | string | number | undefined;
  /** The state at the end of this WAL index; past the last one: the newest state, as with Litestream. */
  index?: number | undefined;
  /** Nanoseconds since 1970: all that was uploaded at or before it. As exact as the times of WAL segments. */
  timestamp?: bigint | undefined;
  /** With `timestamp`, of LTX files: those from before it alone, as Litestream takes them. Of generations both take in the time itself. */
  strict?: boolean | undefined;
  /** The last commit that ends at or before this position. */
  position?: Position | undefined;
  /** This commit of the generation, counted from 1 at the first WAL that the replica holds of it. */
  transaction?: number | undefined;
  /** A restore point. */
  name?: string | undefined;
  /** The first consistent moment that the generation's newest snapshot leads to. */
  immediate?: boolean | undefined;
  /** Stop just before: the moment itself is left out. */
  exclusive?: boolean | undefined;
}

/** A moment as names and times tell it, and where it is looked for. */
export interface Goal {
  replica: Replica;
  catalog: Catalog;
  /** Whether the catalog is that of one branch, whose parents it lacks. */
  isPart: boolean;
  target: PlanTarget;
  signal: AbortSignal | undefined;
}

/** Whether names and times alone tell the moment: a generation, an index, a time. */
export function isPlain({ generation, index, timestamp, strict: _, timeline, ...rest }: Target): boolean {
  const others = Object.values(rest).every((value) => value === undefined || value === false);
  return others && (timeline === undefined || timeline === "current");
}

/** Whether files beside the generations may have to be looked at, so that the whole replica is to be listed. */
export function needsTimelines({ timeline, name }: Target): boolean {
  return name !== undefined || (timeline !== undefined && timeline !== "current");
}
