/** LTX files of Litestream 0.5, as a layout. */

import { WalkitError } from "../../errors.ts";
import type { Catalog } from "../../replay/catalog.ts";
import { noGeneration } from "../../replay/faults.ts";
import type { CatalogOptions, Layout, Replica } from "../../replay/layout.ts";
import type { Storage } from "../../storage/storage.ts";
import { withBases } from "./bases.ts";
import { listLtx } from "./catalog.ts";
import { findGaps, nameFindings } from "./check.ts";
import { missingTxids } from "./faults.ts";
import { nearTime } from "./nearest.ts";
import { planLtx, statesOf } from "./plan.ts";
import { changesIn } from "./planned.ts";
import { mayBeAhead } from "./raced.ts";
import { readChanges, readClaim, readMerged } from "./read.ts";
import { doubtOf, withTimes } from "./times.ts";
import { isLtx, LTX_BRANCH, type LtxBranch, type LtxChange } from "./types.ts";

/** `prefix`: the replica's root. */
export const ltx: Layout = {
  name: "ltx",

  async catalog(replica, options) {
    const { generation } = options;
    if (generation !== undefined && generation !== LTX_BRANCH)
      throw noGeneration(generation, `${replica.prefix}ltx/`);
    return await catalogIn(replica, options);
  },

  plan: (catalog, target, options) => planLtx(branchIn(catalog.generations), target, options),
  planChanges: (branch, target) => changesIn(planLtx(branch as LtxBranch, target)),
  choose: ({ generations }) => branchIn(generations),
  newest: ({ generations }) => generations.find(isLtx),
  isSettled: () => true,
  states: (branch) => statesOf(branch as LtxBranch).map((txid) => ({ txid })),
  doubt: (branch) => doubtOf(branch as LtxBranch),
  near: (branches, time) => branches.filter(isLtx).flatMap((branch) => nearTime(branch, time)),
  faults: (branch) => nameFindings(branch as LtxBranch),
  gaps: (branch) => findGaps(branch as LtxBranch),
  missing: (_branch, section, next) => missingTxids(section.txid ?? 0, next as LtxChange),
  mayBeAhead,
  changes: readChanges,
  claim: readClaim,
  merged: readMerged,
};

/** `listed`: the storage, or what has been listed of it. */
export async function catalogIn(
  { storage, prefix }: Pick<Replica, "storage" | "prefix">,
  { signal, times = false, bases = false }: CatalogOptions,
  listed: Pick<Storage, "list"> = storage,
): Promise<Catalog> {
  const { branch, strays, timelineFiles } = await listLtx(listed, prefix, signal);
  const dated = branch && times ? await withTimes(branch, { storage, signal }) : branch;
  const found = dated && (await withBases(dated, { storage, signal }, bases));
  return { generations: found ? [found] : [], timelineFiles, strays };
}

/** @throws WalkitError `target/no-generation` */
function branchIn(branches: readonly { id: string }[]): LtxBranch {
  const branch = (branches as readonly LtxBranch[]).find(isLtx);
  if (!branch) throw noGeneration(LTX_BRANCH, "ltx/");
  if (branch.files.length > 0 || branch.unreadable) return branch;
  throw new WalkitError("target/no-generation", "Expected LTX files, found none");
}
