/** The changes of a branch, commit by commit, and which of these can be restored. */

import type { Branch } from "../replay/catalog.ts";
import { comparePositions, formatPosition, isSameSection, isStart, positionOf } from "../replay/position.ts";
import type { Commits } from "./commits.ts";
import type { Early } from "./early.ts";
import type { SegmentMoments, Stretch } from "./moment.ts";

/** The segments in order, with the commits in each. `timeOf` gives the time of a file as it is to be told. */
export function segmentMoments(
  { segments, snapshots }: Branch,
  { byPath }: Commits,
  { byClaim }: Early,
  stretches: readonly Stretch[],
  timeOf: (modified: bigint | undefined) => string | undefined,
): SegmentMoments[] {
  const early = stretches.map(({ from }) => {
    const claim = isStart(from) ? undefined : snapshots.find((one) => isSameSection(one, from));
    return claim && byClaim.get(claim.path);
  });
  let at = 0;
  return segments.map((change): SegmentMoments => {
    const commits = (byPath.get(change.path) ?? []).map(({ end, transaction, sound }) => {
      while (stretches[at] && comparePositions(stretches[at]!.to, end) < 0) at++;
      const stretch = stretches[at];
      const isPast = stretch && comparePositions(stretch.from, end) <= 0;
      const isEarly = stretch && isSameSection(stretch.from, end) && early[at]?.has(formatPosition(end));
      return { end, transaction, restorable: sound && (isPast || isEarly || false) };
    });
    const { path, modified } = change;
    return { position: positionOf(change), path, time: timeOf(modified), commits };
  });
}
