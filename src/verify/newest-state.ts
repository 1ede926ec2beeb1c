/**
 * How old a replica is. What counts is the newest state that can be restored, by the time that its file was written: neither the
 * newest file, which may lead nowhere, nor the time of the check.
 */

import { parseTime } from "../time.ts";
import type { GenerationReport, NewestState, VerifyReport } from "./report.ts";

/** The newest state that can be restored; undefined where there is none, or it is not known in which branch it is. */
export function newestStateOf(
  { generations, newestGeneration }: Pick<VerifyReport, "generations" | "newestGeneration">,
  now: bigint,
): NewestState | undefined {
  const branch =
    generations.find(({ generation }) => generation === newestGeneration) ??
    // Of one alone there is no other that could be newer.
    (generations.length === 1 ? generations[0] : undefined);
  return branch && branch.restorable.length > 0 ? stateOf(branch, now) : undefined;
}

function stateOf(
  { generation, restorable, integrity, available }: GenerationReport,
  now: bigint,
): NewestState {
  const last = restorable.at(-1)!;
  // What SQLite finds corrupt is nothing to go back to.
  const isCorrupt = integrity === "failed";
  const position = isCorrupt ? available?.position : last.to;
  const time = isCorrupt ? available?.time : last.toTime;
  return { generation, position, time, age: time === undefined ? undefined : ageOf(time, now) };
}

/** Seconds; below 0 where the time is still to come. Undefined for a time that is none. */
function ageOf(time: string, now: bigint): number | undefined {
  try {
    return Number((now - parseTime(time)) / 1_000_000n) / 1000;
  } catch {
    return undefined;
  }
}
