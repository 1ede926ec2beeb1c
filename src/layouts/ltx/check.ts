/** What the names of a replica's LTX files show. */

import { type Finding, findingOf, makeFinding } from "../../findings.ts";
import { unreadableIn } from "../../replay/catalog.ts";
import type { Chain } from "../../replay/layout.ts";
import { formatPosition } from "../../replay/position.ts";
import { missingTxids } from "./faults.ts";
import { SNAPSHOT_LEVEL } from "./names.ts";
import { gapBehind } from "./plan.ts";
import { LTX_BRANCH, type LtxBranch, type LtxFile } from "./types.ts";
import { byLevel } from "./walk.ts";

/** So many files of a level above what the next one has merged are no chance any more: at Litestream's defaults 30 are usual. */
const BACKLOG = 2000;

/** Findings that no reading of files adds to. */
export function nameFindings(branch: LtxBranch): Finding[] {
  const findings = unreadableIn(branch).map((error) => findingOf(error, { generation: LTX_BRANCH }));
  const { snapshots, files, unreadable } = branch;
  if (!unreadable && files.length > 0 && snapshots.every(({ base }) => base)) {
    const [base] = snapshots;
    const which = base ? `. ${base.path} holds every page, but Litestream begins with no such file` : "";
    const message = `Expected a snapshot or another LTX file that begins with TXID 1, found ${files.length} files that all begin later${which}`;
    const { path } = base ?? files[0]!;
    findings.push(makeFinding("replica/no-snapshot", message, { generation: LTX_BRANCH, path }));
  }
  const { gaps, unread } = walkAlong(branch);
  for (const { from, next } of unread)
    findings.push(findingOf(missingTxids(from, next), { generation: LTX_BRANCH }));
  findings.push(...levelGaps(branch, [...gaps, ...unread]), ...backlogs(branch));
  return findings;
}

/** Holes inside of a level that files of other levels cover. */
function levelGaps(branch: LtxBranch, missing: readonly Gap[]): Finding[] {
  const findings: Finding[] = [];
  for (const [level, files] of byLevel(branch.files)) {
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
  const levels = byLevel(branch.files);
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

interface Walked {
  /** Gaps between two steps; `isLed`: a chain ends there. */
  gaps: (Gap & { isLed: boolean })[];
  /** Gaps that nobody comes by who reads the steps. */
  unread: Gap[];
  chains: Chain[];
}

/** Goes the way that the snapshots and the steps are, by their names. */
function walkAlong({ snapshots, segments, files, retained, unreadable }: LtxBranch): Walked {
  const walked: Walked = { gaps: [], unread: [], chains: [] };
  const { gaps, unread, chains } = walked;
  // Retention deletes what is from before the oldest snapshot, all but the last file of each level.
  const oldest = retained?.txid ?? Number.POSITIVE_INFINITY;
  const last = snapshots.at(-1)?.txid ?? 0;
  // The first file of a level leads on with all that was before.
  const first = snapshots.findLast(({ level, base }) => level !== SNAPSHOT_LEVEL && !base)?.txid ?? 0;
  const lost = (from: number, next = gapBehind(files, from)) => {
    if (next && unread.at(-1)?.from !== from) unread.push({ from, to: next.minTxid - 1, next });
  };
  let reach = 0;
  let chain: Chain | undefined;
  let next = 0;
  for (const step of [...segments, undefined]) {
    if (step && reach > 0 && step.txid !== reach) {
      gaps.push({ from: reach, to: step.txid, next: step, isLed: chain !== undefined });
      chain = undefined;
    }
    for (; snapshots[next] && snapshots[next]!.txid <= (step?.txid ?? last); next++) {
      const claim = snapshots[next]!;
      const { txid } = claim;
      if (txid < reach || (txid === reach && chain)) continue;
      // Litestream uploads in order: what was written behind a snapshot that nothing follows on is not all there.
      const isNew = txid > reach && txid !== snapshots[next - 1]?.txid;
      if (isNew && txid !== step?.txid && txid >= oldest && txid >= first && txid < last) lost(txid);
      // Before the first step and behind the last, nobody comes by what is missing before a file that holds every page.
      const before = Math.max(reach, snapshots[next - 1]?.txid ?? 0);
      const isUnread = !step || reach === 0;
      if (isUnread && claim.base && before > 0 && claim.minTxid > before + 1) lost(before, claim);
      if (claim.unreadable || chain?.claim.txid === txid) continue;
      chain = { claim, last: undefined, newest: false };
      chains.push(chain);
    }
    if (!step) break;
    if (step.unreadable) chain = undefined;
    else if (chain) chain.last = step;
    reach = step.maxTxid;
  }
  if (snapshots.length > 0 && !unreadable) lost(Math.max(last, reach));
  const newest = chains.at(-1);
  if (newest) newest.newest = true;
  return walked;
}

/** Gaps that names alone show, and the chains of files between them. */
export function findGaps(branch: LtxBranch): { findings: Finding[]; chains: Chain[] } {
  const { gaps, chains } = walkAlong(branch);
  const findings = gaps.flatMap(({ from, to, next, isLed }) => {
    if (!isLed) return [];
    const severity = to <= (branch.retained?.txid ?? 0) ? "info" : undefined;
    return [findingOf(missingTxids(from, next), { generation: LTX_BRANCH, severity })];
  });
  return { findings, chains };
}
