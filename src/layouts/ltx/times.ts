/** When LTX files were made: by their headers, which no copy changes. */

import { ofEach } from "../../at-once.ts";
import { isFault, isGone, WalkitError } from "../../errors.ts";
import type { ReadContext } from "../../replay/layout.ts";
import { formatPosition } from "../../replay/position.ts";
import type { Doubt } from "../../replay/times.ts";
import { formatTime } from "../../time.ts";
import { readTime } from "./file.ts";
import { LTX_BRANCH, type LtxBranch, type LtxFile } from "./types.ts";
import { branchOfFiles } from "./walk.ts";

/**
 * `branch` with the times of its headers in place of the storage's; that of a file whose header cannot be read is not known.
 */
export async function withTimes(branch: LtxBranch, context: ReadContext): Promise<LtxBranch> {
  const files = await ofEach(branch.files, async (file) =>
    file.unreadable ? file : await dated(file, context),
  );
  const there = files.filter((file) => file !== undefined);
  return { ...branchOfFiles(there), ...(branch.unreadable && { unreadable: branch.unreadable }) };
}

/** A file with the time of its header; undefined where it is not there any more, as retention deletes. */
async function dated(file: LtxFile, context: ReadContext): Promise<LtxFile | undefined> {
  const stored = file.modified;
  try {
    return { ...file, modified: await readTime(file, context), stored };
  } catch (error) {
    if (isGone(error)) return undefined;
    if (!isFault(error)) throw error;
    return { ...file, modified: undefined, stored };
  }
}

/** Where times go back from one file to the next of a level: the writer's clock was set back. */
export function doubtOf({ files }: LtxBranch): Doubt | undefined {
  for (const [i, file] of files.entries()) {
    const before = files[i - 1];
    if (before?.level !== file.level || before.modified === undefined || file.modified === undefined)
      continue;
    if (file.modified >= before.modified) continue;
    const reason = `${file.path} and ${before.path} before it are in the wrong order, as where the clock was set back`;
    return { kind: "clock", path: file.path, reason };
  }
  return undefined;
}

/** So many states are named where a time came more than once. */
const SHOWN = 8;

/**
 * The states at a time, by TXID: one, unless the clock was set back. `isBy` tells of a file's time whether it is by then.
 */
export function readingsAt(
  { snapshots, segments }: Pick<LtxBranch, "snapshots" | "segments">,
  isBy: (time: bigint) => boolean,
): number[] {
  const times = new Map<number, bigint | undefined>();
  // Of a snapshot and a change that lead to one state the change is as old as that.
  for (const { maxTxid, modified } of [...snapshots, ...segments]) times.set(maxTxid, modified);
  const states = [...times].filter(([, time]) => time !== undefined).sort(([a], [b]) => a - b);
  return states.flatMap(([txid, time], i) => {
    const next = states[i + 1]?.[1];
    return isBy(time!) && (next === undefined || !isBy(next)) ? [txid] : [];
  });
}

/** @throws WalkitError `replica/times-untrusted` for a time that came more than once */
export function checkOnce(
  branch: Pick<LtxBranch, "snapshots" | "segments">,
  time: bigint,
  isBy: (time: bigint) => boolean,
): void {
  const readings = readingsAt(branch, isBy);
  if (readings.length <= 1) return;
  const positions = readings.slice(0, SHOWN).map((txid) => formatPosition({ txid }));
  throw new WalkitError(
    "replica/times-untrusted",
    `Expected a time that came once, found that the clock was set back, and ${formatTime(time)} came ${readings.length} times`,
    { remedy: { do: "choose-reading", generation: LTX_BRANCH, positions } },
  );
}
