/** Generations of Litestream 0.3 and the 0.4 betas, as a layout. */

import type { Layout } from "../../replay/layout.ts";
import { readCatalog } from "./catalog.ts";
import { findGaps, nameFindings } from "./check.ts";
import { chooseGeneration, newestGeneration } from "./choose.ts";
import { missingIndex } from "./faults.ts";
import { timeMoments } from "./nearest.ts";
import { isSettled, planRestore, planWal } from "./plan.ts";
import { readSegments } from "./segments.ts";
import { readSnapshot } from "./snapshot.ts";
import { timesUntrusted } from "./times.ts";

export const generations: Layout = {
  name: "generations",
  catalog: ({ storage, prefix }, options) => readCatalog(storage, { ...options, prefix }),
  plan: planRestore,
  planChanges: planWal,
  choose: chooseGeneration,
  newest: newestGeneration,
  isSettled,
  doubt: timesUntrusted,
  near: timeMoments,
  faults: nameFindings,
  gaps: findGaps,
  missing: (branch, { index }, next) => missingIndex(branch, index, next),
  changes: readSegments,
  claim: (context, claim) => readSnapshot(claim, context),
};
