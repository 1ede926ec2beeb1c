/** The history file of a restored database: where it branches off, for the day when it is replicated again. */

import type { Catalog } from "../replay/catalog.ts";
import type { Layout, Replica } from "../replay/layout.ts";
import { comparePositions, type Position } from "../replay/position.ts";
import { catalogOf, whole } from "../replay/replica.ts";
import { formatHistory } from "../timeline/history.ts";
import { historyOf, readLineage } from "../timeline/lineage.ts";
import { describeTarget } from "../timeline/target/grammar.ts";
import { newestCommit } from "../timeline/target/resolve.ts";
import type { Target } from "../timeline/target/target.ts";
import { momentOf, type Restored } from "./restored.ts";

const HEAD = `# Where the database beside this file came from. Once it is replicated again, tie the new generation to its parent:
#   walkit timelines --write --history <this file> <replica>
`;

/**
 * The text of the history file: its generation's own history, and one line for the moment.
 *
 * @returns undefined where it is the newest moment of the newest generation: nothing branches off there
 * @throws WalkitError `storage/*`, `timeline/*`
 */
export async function historyOfRestored(
  replica: Replica,
  target: Target,
  restored: Restored,
  { signal }: { signal?: AbortSignal | undefined },
): Promise<string | undefined> {
  const catalog = await catalogOf(whole(replica), { signal });
  const { plan } = restored;
  const isParents = plan.segments.length === 0 && plan.ancestors.length > 0;
  const generation = isParents ? plan.ancestors.at(-1)!.generation : plan.generation;
  const position = momentOf(restored);
  if (!isParents && (await isNewest(replica, catalog, restored, position, signal))) return undefined;
  const lineage = await readLineage(replica, catalog, { signal });
  const timeline = lineage.timelines.find((one) => one.generation === generation)!;
  const history = historyOf(lineage, timeline.id);
  history.lines.push({ parent: timeline.id, switchPoint: position, reason: describeTarget(target) });
  return HEAD + formatHistory({ ...history, complete: false });
}

async function isNewest(
  replica: Replica,
  catalog: Catalog,
  { plan, lost }: Restored,
  position: Position,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const generation = catalog.generations.find(({ id }) => id === plan.generation);
  const last = generation?.segments.at(-1);
  if (
    !generation ||
    plan.segments.at(-1)?.path !== last?.path ||
    !isNewestGeneration(replica.layout, catalog, plan.generation)
  ) {
    return false;
  }
  if (!plan.end && !lost) return true;
  try {
    const newest = await newestCommit(replica, generation, signal);
    return newest !== undefined && comparePositions(position, newest) >= 0;
  } catch {
    signal?.throwIfAborted();
    return false;
  }
}

function isNewestGeneration(layout: Layout, catalog: Catalog, id: string): boolean {
  try {
    return layout.choose(catalog, {}).id === id;
  } catch {
    return false;
  }
}
