/** The changes of a branch, commit by commit, and which of these can be restored. */

import type { Branch, Change } from "../replay/catalog.ts";
import { comparePositions, formatPosition, isSameSection, isStart, positionOf } from "../replay/position.ts";
import type { Commits, FoundCommit } from "./commits.ts";
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
  // Where a merged file stands in for one, the state that this led to is the other's end.
  const own = new Set(segments.map(({ path }) => path));
  const byEnd = new Map<string, FoundCommit[]>();
  for (const [path, found] of byPath) {
    const last = found.at(-1);
    if (last && !own.has(path)) byEnd.set(formatPosition(last.end), [last]);
  }
  const commitsIn = ({ path, end }: Change) =>
    byPath.get(path) ?? (end && byEnd.get(formatPosition(end))) ?? [];
  let at = 0;
  return segments.map((change): SegmentMoments => {
    const commits = commitsIn(change).map(({ end, transaction, sound }) => {
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
