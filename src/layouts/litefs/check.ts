/** What names alone show of one database of LiteFS. */

import { type Finding, findingOf, makeFinding } from "../../findings.ts";
import { unreadableIn } from "../../replay/catalog.ts";
import type { Chain } from "../../replay/layout.ts";
import { missingTxids } from "../ltx/faults.ts";
import type { LtxChange, LtxClaim } from "../ltx/types.ts";
import { type LitefsBranch, LTX_BRANCH } from "./types.ts";
import { statesOf } from "./walk.ts";

/** Findings that no reading of files adds to. */
export function nameFindings(branch: LitefsBranch): Finding[] {
  const { files, unreadable } = branch;
  const findings = unreadableIn(branch).map((error) => findingOf(error, { generation: LTX_BRANCH }));
  const gap = gapBehindSnapshot(branch);
  if (gap) findings.push(findingOf(missingTxids(gap.reach, gap.next), { generation: LTX_BRANCH }));
  const isDeleted = files.at(-1)?.isDeletion;
  if (statesOf(branch).length > 0 || unreadable || files.length === 0 || isDeleted) return findings;
  const message = `Expected the database, or an LTX file that holds every page of it, found ${files.length === 1 ? "a file that does" : `${files.length} files that do`} not`;
  findings.push(
    makeFinding("replica/no-snapshot", message, { generation: LTX_BRANCH, path: files[0]!.path }),
  );
  return findings;
}

/**
 * The first change, where it does not follow on the snapshots: reading the changes tells of what is missing between two of them,
 * not of what is missing before the first.
 */
function gapBehindSnapshot({
  snapshots,
  segments,
  database,
}: LitefsBranch): { reach: number; next: LtxChange } | undefined {
  const reach = snapshots.filter((claim) => claim !== database).at(-1)?.txid;
  const [next] = segments;
  return reach !== undefined && next && next.minTxid > reach + 1 ? { reach, next } : undefined;
}

/** Gaps that names alone show, and the chains of files between them. */
export function findGaps(branch: LitefsBranch): { findings: Finding[]; chains: Chain[] } {
  const findings: Finding[] = [];
  const chains: Chain[] = [];
  const claims: LtxClaim[] = [...branch.snapshots, ...branch.bases].sort((a, b) => a.txid - b.txid);
  let reach: number | undefined;
  const told = gapBehindSnapshot(branch)?.next.path;
  for (const file of branch.files) {
    if (reach !== undefined && file.minTxid > reach + 1 && file.path !== told)
      findings.push(findingOf(missingTxids(reach, file), { generation: LTX_BRANCH }));
    reach = Math.max(reach ?? 0, file.maxTxid);
  }
  let end: number | undefined;
  for (const claim of claims) {
    if (claim.unreadable || (end !== undefined && claim.txid <= end)) continue;
    const chain: Chain = { claim, last: undefined, newest: false };
    end = claim.txid;
    for (const change of branch.segments) {
      if (change.txid !== end || change.unreadable) continue;
      chain.last = change;
      end = change.maxTxid;
    }
    chains.push(chain);
  }
  const newest = chains.at(-1);
  if (newest && end === (reach ?? end)) newest.newest = true;
  return { findings, chains };
}
