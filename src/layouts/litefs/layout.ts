/** One database of a LiteFS data directory, or of its backups, as a layout. */

import { WalkitError } from "../../errors.ts";
import { noGeneration } from "../../replay/faults.ts";
import type { CatalogOptions, Layout, Replica } from "../../replay/layout.ts";
import { missingTxids } from "../ltx/faults.ts";
import { nearTime } from "../ltx/nearest.ts";
import { changesIn } from "../ltx/planned.ts";
import { doubtOf } from "../ltx/times.ts";
import type { LtxChange } from "../ltx/types.ts";
import { type Listed, listLitefs } from "./catalog.ts";
import { findGaps, nameFindings } from "./check.ts";
import { pageSum } from "./database.ts";
import { aboutFiles } from "./headers.ts";
import { planLitefs } from "./plan.ts";
import { readChanges, readClaim, readMerged } from "./read.ts";
import { type LitefsBranch, LTX_BRANCH } from "./types.ts";
import { branchOf, hasUnled, statesOf } from "./walk.ts";
import { SumWatch } from "./watch.ts";

/** `prefix`: the database's folder. */
export const litefs: Layout = {
  name: "litefs",

  async catalog(replica, { generation, ...options }) {
    if (generation !== undefined && generation !== LTX_BRANCH) throw noGeneration(generation, replica.prefix);
    const listed = await listLitefs(replica.storage, replica.prefix, options.signal);
    if (!listed && generation !== undefined) throw noGeneration(generation, replica.prefix);
    if (!listed) return { generations: [], timelineFiles: [], strays: [] };
    const { timelineFiles, strays } = listed;
    return { generations: [await branchIn(replica, listed, options)], timelineFiles, strays };
  },

  plan: ({ generations }, target, options) => planLitefs(onlyOne(generations), target, options),
  planChanges: (branch, target) => changesIn(planLitefs(branch as LitefsBranch, target)),
  choose: ({ generations }) => onlyOne(generations),
  newest: ({ generations }) => generations[0],
  isSettled: () => true,
  states: (branch) => statesOf(branch as LitefsBranch).map((txid) => ({ txid })),
  doubt: (branch) => doubtOf(branch as LitefsBranch),
  near: (branches, time) => branches.flatMap((branch) => nearTime(branch as LitefsBranch, time)),
  faults: (branch) => nameFindings(branch as LitefsBranch),
  gaps: (branch) => findGaps(branch as LitefsBranch),
  missing: (_branch, section, next) => missingTxids(section.txid ?? 0, next as LtxChange),
  changes: readChanges,
  claim: readClaim,
  merged: readMerged,
  pageSum,
  watch: () => new SumWatch(),
};

/** Headers are looked at where times are wanted, or where names do not tell what leads to each file. */
async function branchIn(
  { storage }: Pick<Replica, "storage">,
  listed: Listed,
  { signal, times = false, bases: all = false }: CatalogOptions,
): Promise<LitefsBranch> {
  const branch = branchOf(listed);
  const isUnled = all || hasUnled(branch);
  if (!times && !isUnled) return branch;
  const about = await aboutFiles(branch.files, { storage, signal }, isUnled);
  const files = branch.files.map((file) => {
    const found = about.get(file.path);
    const time = times ? { modified: found?.time } : {};
    return { ...file, ...time, ...(found?.isDeletion && { isDeletion: true }) };
  });
  const newest = files.at(-1);
  // The database is as old as its newest transaction, whatever its file says.
  const database =
    listed.database && times && newest ? { ...listed.database, modified: newest.modified } : listed.database;
  const bases = new Set([...about].filter(([, { isWhole }]) => isWhole).map(([path]) => path));
  return branchOf({ ...listed, files, database }, bases);
}

/** @throws WalkitError `target/no-generation` */
function onlyOne(branches: readonly { id: string }[]): LitefsBranch {
  const branch = branches[0] as LitefsBranch | undefined;
  if (!branch) throw noGeneration(LTX_BRANCH, "ltx/");
  if (branch.files.length > 0 || branch.database || branch.unreadable) return branch;
  throw new WalkitError("target/no-generation", "Expected a database, or LTX files of one, found neither");
}
