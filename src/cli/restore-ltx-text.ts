/** What `walkit restore` says of LTX files: which, and how close the moment is to what was asked for. */

import { formatTime, parseTime } from "../time.ts";
import { describeTarget } from "../timeline/target/grammar.ts";
import type { Target } from "../timeline/target/target.ts";
import type { LtxPlan, LtxState } from "./restore-ltx.ts";
import { formatSeconds, printable, table } from "./text.ts";

/** A label, and what stands behind it. */
export type Row = [label: string, text: string];

/** So many files are printed; `--json` has them all. */
const SHOWN = 20;

export function askedText(target: Target): string {
  if (!target.strict || target.timestamp === undefined) return describeTarget(target);
  return describeTarget({ ...target, exclusive: true });
}

export function fromText({ files }: LtxPlan): string {
  const { max_txid, path } = files[0]!;
  const what = path.endsWith(".ltx") ? "LTX snapshot of" : "the database itself, at";
  return `${what} TXID ${max_txid} (${printable(path)})`;
}

/** The moment itself: TXID, time, and how far it is from the time that was asked for; then the next one. */
export function momentRows({ state, next }: LtxPlan, { timestamp }: Target): Row[] {
  const rows: Row[] = [["up to", `TXID ${state.position}`]];
  if (state.time) rows.push(["", `written ${state.time}${distanceText(state, timestamp)}`]);
  if (next) {
    const when = next.time ? `, written ${next.time}${distanceText(next, timestamp)}` : "";
    rows.push(["next", `TXID ${next.position}${when}`]);
  } else if (timestamp !== undefined) rows.push(["next", "none: nothing newer can be had"]);
  return rows;
}

function distanceText({ time }: LtxState, asked: bigint | undefined): string {
  if (asked === undefined || time === undefined) return "";
  const distance = parseTime(time) - asked;
  if (distance === 0n) return ", the very time that was asked for";
  const milliseconds = Number((distance < 0n ? -distance : distance) / 1000n) / 1000;
  const span = milliseconds < 1000 ? `${milliseconds} ms` : formatSeconds(milliseconds);
  return `, ${span} ${distance < 0n ? "before" : "after"} ${formatTime(asked)}`;
}

/** The files as Litestream's plan has them, but for exact times. */
export function fileLines({ files }: LtxPlan): string[] {
  const rows = files.slice(0, SHOWN).map(({ level, min_txid, max_txid, size, timestamp }) => {
    return [level, min_txid, max_txid, size ?? "-", timestamp ?? "-"];
  });
  const lines = table([["level", "min_txid", "max_txid", "size", "written"], ...rows]);
  const more = files.length - SHOWN;
  return more > 0 ? [...lines, `… and ${more} more (all of them with --json)`] : lines;
}
