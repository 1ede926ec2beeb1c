/** `walkit restore-points`: every moment that can be restored, and where there is none. */

import { type Finding, makeFinding } from "../findings.ts";
import { openReplica } from "../layouts/locate.ts";
import { type GenerationMoments, listMoments } from "../moments/index.ts";
import { rootAbove } from "../replay/branch-name.ts";
import { formatPosition, type Position } from "../replay/position.ts";
import { statusOf } from "../verify/report.ts";
import { generationOf } from "./arguments.ts";
import { exitCodeOf } from "./exit.ts";
import { findingLines, print, printAside, printJson } from "./output.ts";
import { momentLines } from "./restore-points-text.ts";
import { paintFor } from "./text.ts";

export interface RestorePointsFlags {
  transactions?: boolean;
  generation?: string;
  json?: boolean;
}

export async function runRestorePoints(
  location: string,
  flags: RestorePointsFlags,
  signal: AbortSignal,
): Promise<number> {
  const { transactions = false, json = false } = flags;
  const replica = await openReplica(location);
  const generation = generationOf(replica, flags.generation);
  const checkIntegrity = async (bytes: Uint8Array<ArrayBuffer>, how: "full") => {
    const { checkIntegrityInThread } = await import("../sqlite/thread.ts");
    await checkIntegrityInThread(bytes, how, signal);
  };
  const moments = await listMoments({ ...replica, generation }, { signal, checkIntegrity });
  // What is true of all of the replica is said once.
  const findings: Finding[] = [...new Set(moments.flatMap((one) => one.findings))];
  if (moments.length === 0) {
    const message = `Expected generations or LTX files below ${rootAbove(replica.prefix) || "the folder"}, found none`;
    findings.push(makeFinding("replica/not-a-replica", message));
  }
  const status = statusOf(findings);
  if (json) {
    const generations = moments.map(generationObject);
    printJson({ command: "restore-points", status, replica: location, generations, findings });
  } else {
    print(momentLines(moments, { transactions, location }, paintFor(process.stdout)));
    printAside(findingLines(findings, paintFor(process.stderr)));
  }
  return exitCodeOf(status);
}

/** With positions as text. */
function generationObject({ generation, present, timesTrusted, ...rest }: GenerationMoments): object {
  const { snapshots, segments, gaps, restorePoints } = rest;
  const text = (position: Position | undefined) => position && formatPosition(position);
  return {
    ...{ generation, present, timesTrusted },
    snapshots: snapshots.map(({ position, path, time }) => ({ position: text(position), path, time })),
    segments: segments.map(({ position, path, time, commits }) => ({
      ...{ position: text(position), path, time },
      transactions: commits.map(({ end, transaction, restorable }) => {
        return { position: text(end), transaction, restorable };
      }),
    })),
    gaps: gaps.map(({ after, before, reason }) => ({ after: text(after), before: text(before), reason })),
    restorePoints: restorePoints.map(({ name, position, recorded, restorable }) => {
      return { name, position: text(position), recorded, restorable };
    }),
  };
}
