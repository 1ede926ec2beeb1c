/** Ranges of moments that can be restored, while they come to light. */

import type { Change, Claim } from "../replay/catalog.ts";
import { formatPosition, sectionOf, startOf } from "../replay/position.ts";
import { formatTime } from "../time.ts";
import type { Range } from "./report.ts";
import type { RangeStates } from "./states.ts";

/** A range under way. */
export interface RangeDraft {
  snapshot: Claim;
  from: string;
  /** The position reached, where it is known better than by the last segment's name. */
  to: string | undefined;
  first: Change | undefined;
  last: Change | undefined;
  newest: boolean;
  proven: boolean;
  /** The WAL that would have to prove it is broken: a restore gives it with `salvage` only. */
  salvage: boolean;
  /** Of an exact branch. */
  states?: RangeStates | undefined;
}

export function startRange(snapshot: Claim): RangeDraft {
  const from = formatPosition(startOf(snapshot));
  return {
    snapshot,
    from,
    to: undefined,
    first: undefined,
    last: undefined,
    newest: false,
    proven: true,
    salvage: false,
  };
}

export function finishRange(draft: RangeDraft, timesTrusted: boolean): Range {
  const { snapshot, first, last, from, to, newest, proven, salvage, states } = draft;
  // A time reaches back to the snapshot's own at the earliest: before that Litestream and walkit do not choose it.
  const start = first?.modified;
  const fromTime = start !== undefined && start > (snapshot.modified ?? start) ? start : snapshot.modified;
  const toTime = last?.modified !== undefined && last.modified > (fromTime ?? 0n) ? last.modified : fromTime;
  const text = (time: bigint | undefined) =>
    timesTrusted && time !== undefined ? formatTime(time) : undefined;
  return {
    from,
    to: to ?? (last ? formatPosition(last) : from),
    fromTime: text(fromTime),
    toTime: text(toTime),
    snapshot: sectionOf(snapshot),
    newest,
    proven,
    salvage,
    ...states?.told(text),
  };
}
