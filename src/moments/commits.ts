/** The commits of a branch, file by file: a fold. */

import type { Branch } from "../replay/catalog.ts";
import type { ReplayEvent } from "../replay/events.ts";
import type { Replica } from "../replay/layout.ts";
import { plannedSegment } from "../replay/plan.ts";
import { comparePositions, type Position, sectionOf } from "../replay/position.ts";
import { readChanges } from "../replay/replica.ts";
import type { Fold } from "../replay/run.ts";
import { firstIndex, missingStart } from "../timeline/commits.ts";

/** A commit, as the files have it. */
export interface FoundCommit {
  /** The position behind its last page. */
  end: Position;
  /** The number that a target names it by; undefined behind damage or a gap, across which none is counted. */
  transaction: number | undefined;
  /** Checksums prove all that leads to it in its section. */
  sound: boolean;
}

export class Commits implements Fold {
  /** By the path of the file that they are in, in order. */
  readonly byPath: Map<string, FoundCommit[]> = new Map();
  /** Transactions so far; undefined behind the first fault, where a target is not counted either. */
  #count: number | undefined;
  #last: Position | undefined;
  /** Its transactions have numbers of their own. */
  readonly #isNumbered: boolean;

  constructor(replica: Replica, branch: Branch) {
    this.#isNumbered = branch.exact ?? false;
    this.#count = missingStart(replica.layout, branch, firstIndex(branch)) ? undefined : 0;
  }

  on(event: Exclude<ReplayEvent, { type: "pages" }>): void {
    if (event.type === "fault" && event.breaks) this.#count = undefined;
    if (event.type !== "commit") return;
    const { end, sound, change } = event;
    // Where files overlap, two claim to end at the same place.
    if (this.#last && comparePositions(end, this.#last) <= 0) return;
    this.#last = end;
    const transaction = this.#isNumbered
      ? sectionOf(end)
      : this.#count === undefined
        ? undefined
        : ++this.#count;
    const commits = this.byPath.get(change.path);
    if (commits) commits.push({ end, transaction, sound });
    else this.byPath.set(change.path, [{ end, transaction, sound }]);
  }
}

/** Whether the pass over a branch, which begins at its first snapshot, meets all commits that are counted. */
export function sharesPass(branch: Branch): boolean {
  const [first] = branch.segments;
  if (!first) return true;
  const [snapshot] = branch.snapshots;
  return sectionOf(first) >= firstIndex(branch) && (!snapshot || comparePositions(first, snapshot) >= 0);
}

/**
 * Reads the commits of a branch in a pass of their own.
 *
 * @throws WalkitError `storage/not-found`
 */
export async function readAllCommits(
  replica: Replica,
  branch: Branch,
  signal: AbortSignal | undefined,
): Promise<Commits> {
  const commits = new Commits(replica, branch);
  const first = firstIndex(branch);
  const segments = branch.segments.filter((change) => sectionOf(change) >= first).map(plannedSegment);
  const leg = { generation: branch.id, segments, snapshot: branch.snapshots[0] };
  for await (const event of readChanges(replica, leg, { signal, faults: "report" }))
    if (event.type !== "pages") commits.on(event);
  return commits;
}
