/** What `walkit verify` says of a replica's LTX files: levels, TXIDs and states in place of segments and indexes. */

import { SNAPSHOT_LEVEL } from "../layouts/ltx/names.ts";
import type { FilesOfLevel } from "../replay/catalog.ts";
import { parseTime } from "../time.ts";
import type { GenerationReport, Level, Range, StateRun } from "../verify/index.ts";
import { count, formatBytes, formatSeconds } from "./text.ts";

/** `30 LTX files: 12 of level 0, 14 of level 1, 4 snapshots (level 9), 3.4 MiB`; LiteFS has no levels: `30 LTX files, 3.4 MiB` */
export function levelsText(levels: readonly FilesOfLevel[], bytes: number | undefined): string {
  const all = levels.reduce((sum, { files }) => sum + files, 0);
  const each = levels.map(({ level, files }) =>
    level === SNAPSHOT_LEVEL ? `${count(files, "snapshot")} (level ${level})` : `${files} of level ${level}`,
  );
  const which = levels.length === 1 && levels[0]!.level === 0 ? "" : `: ${each.join(", ")}`;
  return `${count(all, "LTX file")}${which}${bytes === undefined ? "" : `, ${formatBytes(bytes)}`}`;
}

/** Where the times are from: names alone do not tell those of the headers. */
export function writtenText({ oldest, newest }: GenerationReport, level: Level): string {
  return `${oldest} to ${newest}${level === "names" ? "" : ", by the headers"}`;
}

export function checkedText({ transactions, frames }: GenerationReport): string {
  return `${count(transactions, "step")} from state to state, with ${count(frames, "page")}`;
}

/** What a range has, and below it how finely. */
export function rangeTexts({ from, to, fromTime, toTime, runs = [] }: Range): {
  what: string;
  fine?: string;
} {
  const states = runs.reduce((sum, run) => sum + run.states, 0);
  const times =
    fromTime && toTime ? (fromTime === toTime ? `, ${fromTime}` : `, ${fromTime} to ${toTime}`) : "";
  if (from === to) return { what: `the state of TXID ${from} alone${times}` };
  const fine = finenessText(runs);
  return {
    what: `${count(states, "state")}, from TXID ${from} to ${to}${times}`,
    ...(fine !== undefined && { fine }),
  };
}

/** How far apart states lie: at the end, where merging has not come yet, and before. */
function finenessText(runs: readonly StateRun[]): string | undefined {
  const [last, first] = [runs.at(-1), runs[0]];
  if (!last || !first) return undefined;
  const before = runs.slice(0, -1);
  const older = before.reduce((sum, { states }) => sum + states, 0);
  if (older === 0) return stepText(first.fromTime, last.toTime, last.states - 1);
  const end = before.at(-1)!;
  const step = stepText(end.toTime, last.toTime, last.states);
  const atEnd = last.states === 1 ? step?.replace(/apart$/, "behind the one before") : step;
  const which =
    last.states === 1
      ? `the last one, TXID ${last.to},`
      : `the last ${last.states}, from TXID ${last.from} on,`;
  const others =
    older === 1
      ? `before them that of TXID ${first.from} alone`
      : [`the ${older} before`, stepText(first.fromTime, end.toTime, older - 1)].filter(Boolean).join(" ");
  return `${which} ${atEnd ?? `of level ${last.level}`}; ${others}`;
}

function stepText(from: string | undefined, to: string | undefined, steps: number): string | undefined {
  if (from === undefined || to === undefined || steps <= 0) return undefined;
  const nanoseconds = parseTime(to) - parseTime(from);
  if (nanoseconds < 0n) return undefined;
  return `about ${formatSeconds(Number(nanoseconds / 1_000_000n) / steps)} apart`;
}
