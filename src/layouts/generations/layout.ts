/** Generations of Litestream 0.3 and the 0.4 betas, as a layout. */

import { WalkitError } from "../../errors.ts";
import type { Layout } from "../../replay/layout.ts";
import type { PlanTarget } from "../../replay/plan.ts";
import { formatPosition, sectionOf } from "../../replay/position.ts";
import { readCatalog } from "./catalog.ts";
import { findGaps, nameFindings } from "./check.ts";
import { chooseGeneration, newestGeneration } from "./choose.ts";
import { missingIndex } from "./faults.ts";
import { timeMoments } from "./nearest.ts";
import { isSettled, planRestore, planWal } from "./plan.ts";
import { readSegments } from "./segments.ts";
import { readSnapshot } from "./snapshot.ts";
import { timesUntrusted } from "./times.ts";
import type { Generation, Generations, Segment, WalTarget } from "./types.ts";

export const generations: Layout = {
  name: "generations",
  catalog: ({ storage, prefix }, options) => readCatalog(storage, { ...options, prefix }),
  plan: (catalog, target, options) => planRestore(catalog as Generations, inWal(target), options),
  planChanges: (branch, target) => planWal(branch as Generation, inWal(target)),
  choose: chooseGeneration,
  newest: newestGeneration,
  isSettled,
  states: () => undefined,
  doubt: timesUntrusted,
  near: timeMoments,
  faults: nameFindings,
  gaps: findGaps,
  missing: (branch, section, next) => missingIndex(branch, sectionOf(section), next as Segment),
  changes: readSegments,
  claim: (context, claim) => readSnapshot(claim, context),
};

/** @throws WalkitError `target/out-of-range` for a position of another kind of history */
function inWal(target: PlanTarget): WalTarget {
  const { commit } = target;
  if (commit?.txid === undefined) return { ...target, commit };
  throw new WalkitError(
    "target/out-of-range",
    `Expected a position in the WAL of a generation, as <index>:<offset>, found the TXID ${formatPosition(commit)}`,
  );
}
