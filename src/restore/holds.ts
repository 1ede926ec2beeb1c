/** What a target takes in, of the files of a branch and of the moments that they lead to; and when a file was written. */

import { type Catalog, filesOf, type RemoteFile } from "../replay/catalog.ts";
import type { PlannedFile, PlanTarget } from "../replay/plan.ts";
import { comparePositions, type Position, sectionOf } from "../replay/position.ts";
import { formatTime } from "../time.ts";

/** A file, or a moment that a file leads to, with the time of that file. */
export type Dated = Position & Pick<RemoteFile, "modified">;

/** Whether a moment, a snapshot's too, was there at the target. */
export function holdsMoment(target: PlanTarget, moment: Dated): boolean {
  return wasThere(target, moment) && (!target.commit || comparePositions(moment, target.commit) <= 0);
}

/** Whether a segment was there at the target, or begins before it. */
export function holdsChange(target: PlanTarget, change: Dated): boolean {
  return wasThere(target, change) && (!target.commit || comparePositions(change, target.commit) < 0);
}

function wasThere({ index, timestamp }: PlanTarget, dated: Dated): boolean {
  return (
    (index === undefined || sectionOf(dated) <= index) &&
    (timestamp === undefined || (dated.modified !== undefined && dated.modified <= timestamp))
  );
}

/** When a planned file was written, RFC 3339; undefined where there is none, or the storage keeps no times. */
export function writtenAt(planned: PlannedFile | undefined, catalog: Catalog): string | undefined {
  const written = planned && filesOf(catalog).find(({ path }) => path === planned.path)?.modified;
  return written === undefined ? undefined : formatTime(written);
}
