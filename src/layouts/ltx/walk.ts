/** From files of several levels to one way through all of them, in the smallest steps that there are. */

import type { FilesOfLevel } from "../../replay/catalog.ts";
import { sizeOf } from "../../replay/plan.ts";
import { formatPosition } from "../../replay/position.ts";
import { SNAPSHOT_LEVEL } from "./names.ts";
import {
  beginOf,
  LTX_BRANCH,
  type LtxBranch,
  type LtxChange,
  type LtxClaim,
  type LtxFile,
  type LtxMerged,
} from "./types.ts";

/**
 * The branch that LTX files are: its snapshots, and the walk. From each state the walk goes on with the file that leads least far;
 * so it comes by every state that any way through these files comes by, save what only a snapshot within a step leads to. Where no
 * file leads on, the next snapshot does.
 * Files that are no step repeat others, or begin where nothing leads to.
 */
export function branchOfFiles(files: readonly LtxFile[]): LtxBranch {
  const sorted = [...files].sort(
    (a, b) =>
      a.level - b.level || a.minTxid - b.minTxid || a.maxTxid - b.maxTxid || (a.path < b.path ? -1 : 1),
  );
  const snapshots = sorted
    .filter((file) => beginOf(file) === 1)
    .map(
      (file): LtxClaim => ({
        ...file,
        txid: file.maxTxid,
        ...(file.level === SNAPSHOT_LEVEL && { live: true }),
      }),
    )
    // Of those with the same end Litestream takes the one of the highest level.
    .sort((a, b) => a.txid - b.txid || b.level - a.level);
  const byMin = sorted.filter((file) => beginOf(file) > 1).sort((a, b) => a.minTxid - b.minTxid);
  const segments: LtxChange[] = [];
  const merged: LtxMerged[] = [];
  const waiting = new Waiting();
  let [next, claim] = [0, 0];
  for (let reach: number | undefined; ; ) {
    if (reach !== undefined) {
      for (; next < byMin.length && byMin[next]!.minTxid <= reach + 1; next++) waiting.add(byMin[next]!);
      for (let file = waiting.least; file && file.maxTxid <= reach; file = waiting.least)
        merged.push(mergedOf(waiting.take()));
      const file = waiting.least && waiting.take();
      if (file) {
        const since = file.minTxid - 1;
        segments.push({
          ...file,
          ...{ txid: reach, end: { txid: file.maxTxid } },
          ...(since < reach && { since: { txid: since } }),
        });
        reach = file.maxTxid;
        continue;
      }
    }
    while (snapshots[claim] && snapshots[claim]!.txid <= (reach ?? 0)) claim++;
    const base = snapshots[claim];
    if (!base) break;
    reach = base.txid;
  }
  for (; next < byMin.length; next++) merged.push(mergedOf(byMin[next]!));
  merged.sort((a, b) => a.txid - b.txid || a.level - b.level);
  const oldest = snapshots.find(({ level }) => level === SNAPSHOT_LEVEL);
  return {
    ...{ id: LTX_BRANCH, exact: true, selfLeading: true, snapshots, segments, merged },
    retained: oldest && { txid: oldest.txid },
    ...{ levels: levelsOf(sorted), files: sorted },
  };
}

/** The files of each level, in their order. */
export function byLevel(files: readonly LtxFile[]): Map<number, LtxFile[]> {
  const levels = new Map<number, LtxFile[]>();
  for (const file of files) {
    const level = levels.get(file.level);
    if (level) level.push(file);
    else levels.set(file.level, [file]);
  }
  return levels;
}

/** `files`: by level and first transaction. */
export function levelsOf(files: readonly LtxFile[]): FilesOfLevel[] {
  return [...byLevel(files)].map(([level, own]) => ({
    ...{ level, files: own.length, bytes: sizeOf(own) },
    minTxid: formatPosition({ txid: own[0]!.minTxid }),
    maxTxid: formatPosition({ txid: own.reduce((max, { maxTxid }) => Math.max(max, maxTxid), 0) }),
  }));
}

function mergedOf(file: LtxFile): LtxMerged {
  return { ...file, txid: file.maxTxid, since: { txid: file.minTxid - 1 } };
}

/** Which of two files is the smaller step. */
function isLess(a: LtxFile, b: LtxFile): boolean {
  return a.maxTxid !== b.maxTxid
    ? a.maxTxid < b.maxTxid
    : a.minTxid !== b.minTxid
      ? a.minTxid > b.minTxid
      : a.level < b.level;
}

/** A heap of files, the smallest step on top. */
class Waiting {
  readonly #files: LtxFile[] = [];

  get least(): LtxFile | undefined {
    return this.#files[0];
  }

  add(file: LtxFile): void {
    const files = this.#files;
    let at = files.push(file) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!isLess(file, files[above]!)) break;
      files[at] = files[above]!;
      at = above;
    }
    files[at] = file;
  }

  take(): LtxFile {
    const files = this.#files;
    const least = files[0]!;
    const last = files.pop()!;
    let at = 0;
    for (let below = 1; below < files.length; below = 2 * at + 1) {
      if (below + 1 < files.length && isLess(files[below + 1]!, files[below]!)) below++;
      if (!isLess(files[below]!, last)) break;
      files[at] = files[below]!;
      at = below;
    }
    if (files.length > 0) files[at] = last;
    return least;
  }
}
