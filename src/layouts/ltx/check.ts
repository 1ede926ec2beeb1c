/** What the names of a replica's LTX files show. */

import { type Finding, findingOf, makeFinding } from "../../findings.ts";
import { unreadableIn } from "../../replay/catalog.ts";
import type { Chain } from "../../replay/layout.ts";
import { formatPosition } from "../../replay/position.ts";
import { missingTxids } from "./faults.ts";
import { SNAPSHOT_LEVEL } from "./names.ts";
import { gapBehind } from "./plan.ts";
import { LTX_BRANCH, type LtxBranch, type LtxClaim, type LtxFile } from "./types.ts";

/** So many files of a level above what the next one has merged are no chance any more: at Litestream's defaults 30 are usual. */
const BACKLOG = 2000;

/** Findings that no reading of files adds to. */
export function nameFindings(branch: LtxBranch): Finding[] {
  const findings = unreadableIn(branch).map((error) => findingOf(error, { generation: LTX_BRANCH }));
  if (branch.snapshots.length === 0 && !branch.unreadable && branch.files.length > 0) {
    const message = `Expected a snapshot or another LTX file that begins with TXID 1, found ${branch.files.length} files that all begin later`;
    findings.push(
      makeFinding("replica/no-snapshot", message, { generation: LTX_BRANCH, path: branch.files[0]!.path }),
    );
  }
  for (const { from, next } of unreadGaps(branch))
    findings.push(findingOf(missingTxids(from, next), { generation: LTX_BRANCH }));
  findings.push(...levelGaps(branch), ...backlogs(branch));
  return findings;
}

/** Where all that the walk comes by ends, and files begin behind that, which so lead to nothing. */
function lostBehind({ snapshots, segments, files, unreadable }: LtxBranch): Gap | undefined {
  if (snapshots.length === 0 || unreadable) return undefined;
  const from = Math.max(snapshots.at(-1)!.txid, segments.at(-1)?.maxTxid ?? 0);
  const next = gapBehind(files, from);
  return next && { from, to: next.minTxid - 1, next };
}

/** The files of each level, by name. */
export function levelsOf({ files }: Pick<LtxBranch, "files">): Map<number, LtxFile[]> {
  const levels = new Map<number, LtxFile[]>();
  for (const file of files) {
    const level = levels.get(file.level);
    if (level) level.push(file);
    else levels.set(file.level, [file]);
  }
  return levels;
}

/** Holes inside of a level that files of other levels cover. */
function levelGaps(branch: LtxBranch): Finding[] {
  const findings: Finding[] = [];
  const missing = allGaps(branch);
  for (const [level, files] of levelsOf(branch)) {
    if (level === SNAPSHOT_LEVEL) continue;
    let reach: number | undefined;
    let holes = 0;
    let first: { file: LtxFile; reach: number } | undefined;
    for (const file of files) {
      if (reach !== undefined && file.minTxid > reach + 1) {
        const [from, to] = [reach, file.minTxid - 1];
        // What no other file covers is said as what it is.
        if (!missing.some((gap) => gap.from < to && gap.to > from)) {
          holes++;
          first ??= { file, reach };
        }
      }
      reach = Math.max(reach ?? 0, file.maxTxid);
    }
    if (!first) continue;
    const message = `Expected the files of level ${level} to follow on one another, found ${holes === 1 ? "a hole" : `${holes} holes`}, the first behind TXID ${formatPosition({ txid: first.reach })}, which files of other levels cover`;
    findings.push(
      makeFinding("replica/level-gap", message, { generation: LTX_BRANCH, path: first.file.path }),
    );
  }
  return findings;
}

/** Files of a level that wait to be merged into the next. */
function backlogs(branch: LtxBranch): Finding[] {
  const levels = levelsOf(branch);
  const findings: Finding[] = [];
  for (const [level, files] of levels) {
    if (level === SNAPSHOT_LEVEL) continue;
    const above = [...levels]
      .filter(([other]) => other > level && other !== SNAPSHOT_LEVEL)
      .flatMap(([, others]) => others);
    const merged = above.reduce((max, { maxTxid }) => Math.max(max, maxTxid), 0);
    const waiting = files.filter(({ minTxid }) => minTxid > merged);
    if (waiting.length <= BACKLOG) continue;
    const message = `Expected the files of level ${level} to be merged into the next, found ${waiting.length} that are not, from TXID ${formatPosition({ txid: waiting[0]!.minTxid })} on`;
    findings.push(
      makeFinding("replica/backlog", message, { generation: LTX_BRANCH, path: waiting[0]!.path }),
    );
  }
  return findings;
}

/** From a transaction to where the next file begins. */
interface Gap {
  from: number;
  to: number;
  next: LtxFile;
}

/**
 * Where nothing follows on a snapshot, though files were written behind that: Litestream uploads in order. What is from before the
 * oldest snapshot retention deletes, all but the last file of each level.
 */
function lostBehindSnapshots({ snapshots, segments, files, retained }: LtxBranch): Gap[] {
  const oldest = retained?.txid ?? Number.POSITIVE_INFINITY;
  const last = snapshots.at(-1)?.txid;
  let step = 0;
  return snapshots.flatMap(({ txid: from }) => {
    while (segments[step] && segments[step]!.txid < from) step++;
    const isLed = segments[step]?.txid === from || (segments[step - 1]?.maxTxid ?? 0) >= from;
    if (isLed || from < oldest || from === last || files.some((file) => leadsOn(file, from))) return [];
    const next = gapBehind(files, from);
    return next ? { from, to: next.minTxid - 1, next } : [];
  });
}

/** Whether a file leads on from a transaction; the first of a level does that, too, with all that was before. */
function leadsOn({ level, minTxid, maxTxid }: LtxFile, from: number): boolean {
  return level !== SNAPSHOT_LEVEL && minTxid <= from + 1 && maxTxid > from;
}

/** Gaps that nobody comes by who reads the steps of the walk. */
function unreadGaps(branch: LtxBranch): Gap[] {
  return [...lostBehindSnapshots(branch), ...[lostBehind(branch)].filter((gap) => gap !== undefined)];
}

/** Where no file leads on. */
function allGaps(branch: LtxBranch): Gap[] {
  const gaps: Gap[] = [];
  let reach: number | undefined;
  for (const step of branch.segments) {
    if (reach !== undefined && step.txid !== reach) gaps.push({ from: reach, to: step.txid, next: step });
    reach = step.maxTxid;
  }
  return [...gaps, ...unreadGaps(branch)];
}

/** Gaps that names alone show, and the chains of files between them. */
export function findGaps(branch: LtxBranch): { findings: Finding[]; chains: Chain[] } {
  const { snapshots, segments, retained } = branch;
  const findings: Finding[] = [];
  const chains: Chain[] = [];
  let reach: number | undefined;
  let chain: Chain | undefined;
  const begin = (claim: LtxClaim) => chains.push((chain = { claim, last: undefined, newest: false }));
  let next = 0;
  for (const step of segments) {
    if (chain && reach !== undefined && step.txid !== reach) {
      const severity = step.txid <= (retained?.txid ?? 0) ? "info" : undefined;
      findings.push(findingOf(missingTxids(reach, step), { generation: LTX_BRANCH, severity }));
      chain = undefined;
    }
    if (step.unreadable) chain = undefined;
    for (; snapshots[next] && snapshots[next]!.txid <= step.txid; next++)
      if (!chain && !snapshots[next]!.unreadable && snapshots[next]!.txid > (reach ?? -1))
        begin(snapshots[next]!);
    if (chain && !step.unreadable) chain.last = step;
    reach = step.maxTxid;
  }
  for (const claim of snapshots.slice(next))
    if (claim.txid > (reach ?? -1) && !claim.unreadable) {
      begin(claim);
      reach = claim.txid;
    }
  const newest = chains.at(-1);
  if (newest) newest.newest = true;
  return { findings, chains };
}
