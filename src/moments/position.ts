/** From a target to the place in the WAL that it means. */

import { WalkitError } from "../errors.ts";
import type { Finding } from "../findings.ts";
import type { Branch } from "../replay/catalog.ts";
import type { Layout, Replica } from "../replay/layout.ts";
import type { RestorePlan } from "../replay/plan.ts";
import {
  comparePositions,
  formatPosition,
  isSameSection,
  isStart,
  type Position,
  sectionAt,
  startOf,
} from "../replay/position.ts";
import { catalogOf, commitsOf } from "../replay/replica.ts";
import { planTarget, restore } from "../restore/restore.ts";
import { momentOf, type RestoreOptions } from "../restore/restored.ts";
import type { DatabaseSink } from "../restore/sinks/sink.ts";
import type { Target } from "../timeline/target/target.ts";

/** The place that a target means. */
export interface FoundPosition {
  generation: string;
  /** The end of the last commit; with offset 0 the snapshot of that index alone. */
  position: Position;
  /** Nanoseconds since 1970: when the file that holds it was written; undefined where times cannot be trusted. */
  time: bigint | undefined;
  /** What is worth knowing about the choice. */
  findings: Finding[];
}

/**
 * Where `target` lies: its generation, and the end of the last commit that a restore of it would apply. Reads the WAL of
 * that index; where its snapshot may hold pages from after the target, everything that a restore reads.
 *
 * @throws WalkitError why a restore would refuse the target, as far as the names and that index tell
 */
export async function positionOf(
  replica: Replica,
  target: Target,
  options: Pick<RestoreOptions, "signal"> = {},
): Promise<FoundPosition> {
  const { signal } = options;
  const plan = await planTarget(replica, target, options);
  const { generations } = await catalogOf(replica, { generation: plan.generation, signal, times: true });
  const generation = generations[0]!;
  const found = (position: Position, findings: Finding[]): FoundPosition => ({
    generation: generation.id,
    position,
    time: timeAt(replica.layout, generation, position),
    findings,
  });
  if (generation.exact) return found(plan.end ?? startOf(plan.snapshot), plan.findings);
  const position = (await lastCommit(replica, plan, signal)) ?? beginningOf(plan, generation);
  const isOwn = plan.ancestors.length === 0 && isSameSection(position, plan.snapshot);
  if (!isOwn || (plan.proof.length === 0 && !plan.end)) return found(position, plan.findings);
  // Only its pages tell how far the snapshot reaches into that index. A time before its mark leads to the mark.
  const { timestamp, exclusive } = target;
  const moment =
    timestamp === undefined || plan.end
      ? { position }
      : { timestamp: exclusive ? timestamp - 1n : timestamp };
  const restored = await restore(replica, { generation: generation.id, ...moment }, NOWHERE, options);
  return found(momentOf(restored), restored.findings);
}

const NOWHERE: DatabaseSink = { write: async () => {} };

/** The end of the last commit that the plan applies of its own generation. */
async function lastCommit(
  replica: Replica,
  { generation, segments, end, next }: RestorePlan,
  signal: AbortSignal | undefined,
): Promise<Position | undefined> {
  let last: Position | undefined;
  // An index that was only just begun has no commit.
  for (let rest = segments; !last && rest.length > 0; ) {
    const newest = rest.at(-1)!;
    const own = rest.filter((segment) => isSameSection(segment, newest));
    const leg = { generation, segments: own, end, next };
    for await (const commit of commitsOf(replica, leg, { signal })) if (commit.applied) last = commit.end;
    rest = rest.slice(0, -own.length);
  }
  if (end && (!last || comparePositions(last, end) !== 0)) {
    throw new WalkitError(
      "target/out-of-range",
      `Expected a commit of generation ${generation} that ends at ${formatPosition(end)}, found ${last ? formatPosition(last) : "none"} to be the last one up to there`,
      { position: formatPosition(end) },
    );
  }
  return last;
}

function beginningOf({ ancestors, snapshot }: RestorePlan, { segments }: Branch): Position {
  if (ancestors.length === 0) return startOf(snapshot);
  return segments[0] ? startOf(segments[0]) : sectionAt(0);
}

function timeAt(layout: Layout, generation: Branch, position: Position): bigint | undefined {
  if (layout.doubt(generation)) return undefined;
  const { snapshots, segments } = generation;
  const snapshot = isStart(position) && snapshots.find((one) => isSameSection(one, position));
  const file = snapshot || segments.findLast((segment) => comparePositions(segment, position) < 0);
  return file?.modified;
}
