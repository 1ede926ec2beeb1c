/** A way through the parent: for a generation whose own snapshot cannot be used, from its parent's, up to the switch point. */

import { WalkitError } from "../../errors.ts";
import { makeFinding } from "../../findings.ts";
import type { Catalog } from "../../replay/catalog.ts";
import type { Layout } from "../../replay/layout.ts";
import type { PlannedWal, PlanOptions, PlanTarget, RestorePlan } from "../../replay/plan.ts";
import { sizeOf } from "../../replay/plan.ts";
import {
  comparePositions,
  formatPosition,
  type Position,
  sectionAt,
  sectionOf,
} from "../../replay/position.ts";
import { type Lineage, pathTo, type Timeline } from "../lineage.ts";

/**
 * Plans `target` (which must name its generation) from the snapshot of a parent, or of that one's parent.
 *
 * @returns undefined where no history file says where the generation came from, or its WAL does not begin where it began
 * @throws WalkitError `timeline/*` what is wrong with the history; what keeps the parent from being restored up to there
 */
export function planThrough(
  layout: Layout,
  catalog: Catalog,
  lineage: Lineage,
  target: PlanTarget,
  options: PlanOptions = {},
): RestorePlan | undefined {
  const timeline = lineage.timelines.find(({ generation }) => generation === target.generation);
  const generation = catalog.generations.find(({ id }) => id === target.generation);
  if (!timeline || !generation) return undefined;
  const parent = pathTo(lineage, timeline.id).at(-2)?.timeline;
  const { switchPoint } = timeline;
  if (!parent || !switchPoint) return undefined;
  const first = generation.segments[0];
  if (!first) return undefined;
  // Litestream begins with index 1 where its first sync made a checkpoint; but it may as well have begun with 0, and retention
  // has deleted that: nothing tells the two apart, and what was committed meanwhile would be missing without a trace.
  if (sectionOf(first) > 0) throw layout.missing(generation.id, sectionAt(0), first);
  const own = layout.planChanges(generation, target);
  // Complete is what the parent and the WAL are from the mark of the snapshot on that is gone: before it, pages may lack what
  // was in it before the first byte of the WAL. That mark lies in the first segment.
  const complete = timeline.complete && holdsFirst(own, generation.segments[1]);
  const before = planParent(layout, catalog, lineage, parent, switchPoint, options);
  const { generation: id, segments, proof, end, next, later } = before;
  const message = `Expected a snapshot of generation ${generation.id} to start from, found none that serves: restored through its parent, timeline ${parent.id} (generation ${parent.generation}), up to the switch point ${formatPosition(switchPoint)}${complete ? "" : "; what was changed between the switch point and the first byte of its own WAL, if anything, is not in the result"}`;
  return {
    ...before,
    ...own,
    ancestors: [...before.ancestors, { generation: id, segments, proof, end, next, later, complete }],
    bytes: sizeOf([
      before.snapshot,
      ...before.ancestors.flatMap((wal) => [...wal.segments, ...wal.proof]),
      ...segments,
      ...proof,
      ...own.segments,
    ]),
    findings: [
      ...before.findings,
      makeFinding("timeline/through-parent", message, {
        generation: generation.id,
        position: formatPosition(switchPoint),
      }),
    ],
  };
}

/** Whether all of the first segment is applied; `second` is the one that follows it. */
function holdsFirst({ segments, end }: PlannedWal, second: Position | undefined): boolean {
  if (segments.length !== 1 || !end) return segments.length > 0;
  return second !== undefined && comparePositions(end, second) >= 0;
}

function planParent(
  layout: Layout,
  catalog: Catalog,
  lineage: Lineage,
  { id, generation, gone }: Timeline,
  switchPoint: NonNullable<PlanTarget["commit"]>,
  options: PlanOptions,
): RestorePlan {
  if (gone || generation === undefined) {
    throw new WalkitError(
      "timeline/parent-gone",
      `Expected timeline ${id}${generation === undefined ? "" : ` (generation ${generation})`} in the replica, through which a generation without a usable snapshot could be restored, found it gone`,
      { remedy: { do: "bring-back", what: "generation" } },
    );
  }
  const target = { generation, commit: switchPoint };
  try {
    return layout.plan(catalog, target, options);
  } catch (error) {
    const plan = planThrough(layout, catalog, lineage, target, options);
    if (plan) return plan;
    throw error;
  }
}
