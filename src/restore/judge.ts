/**
 * A newest snapshot without WAL of its own, held against the WAL that leads to it. The verdict is verify's: a snapshot that it
 * calls older, or cannot judge, is not restored as the newest state.
 */

import { WalkitError } from "../errors.ts";
import type { Catalog } from "../replay/catalog.ts";
import type { Replica } from "../replay/layout.ts";
import type { RestorePlan } from "../replay/plan.ts";
import { comparePositions, formatPosition, sectionOf, startOf } from "../replay/position.ts";
import { checkBranch } from "../verify/check.ts";

const NO_VERDICT = new Set(["replica/snapshot-mismatch", "replica/snapshot-ambiguous"]);

/**
 * `plan` as it is, or as settled, where its snapshot equals the state that the WAL before it leads to.
 *
 * @throws WalkitError `replica/snapshot-mismatch`: the snapshot is older than that, or of another database;
 * `replica/snapshot-ambiguous`
 */
export async function judgeSnapshot(
  replica: Replica,
  catalog: Catalog,
  plan: RestorePlan,
  options: { signal?: AbortSignal | undefined; parallelism?: number | undefined },
): Promise<RestorePlan> {
  const { path } = plan.snapshot;
  if (plan.settled || plan.segments.length + plan.proof.length + plan.ancestors.length > 0) return plan;
  const generation = catalog.generations.find(({ id }) => id === plan.generation);
  const before = generation?.snapshots.findLast((one) => sectionOf(one) < sectionOf(plan.snapshot));
  if (!generation || !before) return plan;
  const [from, until] = [startOf(before), startOf(plan.snapshot)];
  const segments = generation.segments.filter(
    (segment) => comparePositions(segment, from) >= 0 && comparePositions(segment, until) < 0,
  );
  const snapshots = generation.snapshots.filter((s) => s === before || s.path === path);
  const { findings, ranges } = await checkBranch(
    replica,
    { id: generation.id, snapshots, segments },
    { ...options, pages: true, onRead: () => {} },
  );
  const found = findings.find((finding) => finding.path === path && NO_VERDICT.has(finding.code));
  if (found) throw new WalkitError(found.code, found.message, { path, position: found.position });
  const [range, another] = ranges;
  const agrees = !another && range?.snapshot === before && range.to === formatPosition(until);
  return agrees ? { ...plan, settled: true } : plan;
}
