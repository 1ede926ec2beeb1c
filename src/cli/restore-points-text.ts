/** The tables that `walkit restore-points` prints. */

import type {
  CommitMoment,
  Gap,
  GenerationMoments,
  SegmentMoments,
  SnapshotMoment,
} from "../moments/index.ts";
import { LTX_BRANCH } from "../replay/branch-name.ts";
import { comparePositions, formatPosition, type Position } from "../replay/position.ts";
import { MAX_NAME_LENGTH, quoted } from "../timeline/restore-points.ts";
import { count, type Paint, printable, row, shellQuote, table } from "./text.ts";

export interface Shown {
  /** A row for each transaction; else for each segment. */
  transactions: boolean;
  location: string;
}

export function momentLines(moments: readonly GenerationMoments[], shown: Shown, paint: Paint): string[] {
  const lines: string[] = [];
  for (const one of moments) {
    if (lines.length > 0) lines.push("");
    lines.push(headLine(one, paint));
    for (const line of tableLines(one, shown, paint)) lines.push(line);
  }
  if (moments.some(({ segments, snapshots }) => segments.length + snapshots.length > 0)) {
    lines.push("", ...exactnessLines(moments, shown, paint));
  }
  return lines;
}

/** How close a position and a time come. */
function exactnessLines(moments: readonly GenerationMoments[], { location }: Shown, paint: Paint): string[] {
  const which = moments.length > 1 ? " --generation <generation>" : "";
  const lines: string[] = [];
  if (moments.some(isLtx)) {
    const about = moments.every(isLtx) ? "" : " of LTX files";
    lines.push(
      `A TXID${about} leads to that very state, a time to the last one that was written by then:`,
      `  walkit restore ${shellQuote(location)} -o restored.db --txid <TXID>`,
    );
    if (moments.every(isLtx)) return lines;
  }
  lines.push(
    "A position leads to that very transaction:",
    `  walkit restore ${shellQuote(location)} -o restored.db${which} --target-position <to>`,
  );
  const time =
    "A time leads to the end of a WAL segment, with all of its transactions: when each of them was committed is not recorded.";
  return moments.some((one) => one.timesTrusted && !isLtx(one))
    ? [...lines, ...row("", time, 0, paint)]
    : lines;
}

function isLtx({ generation }: GenerationMoments): boolean {
  return generation === LTX_BRANCH;
}

function headLine(one: GenerationMoments, paint: Paint): string {
  if (isLtx(one) && one.present) return ltxHeadLine(one, paint);
  const { generation, present, segments } = one;
  const head = `Generation ${paint.bold(generation)}: `;
  if (!present) return head + paint.yellow("gone, only its restore points are left");
  let all = 0;
  let restorable = 0;
  for (const { commits } of segments) {
    all += commits.length;
    restorable += countRestorable(commits);
  }
  const which = restorable === all ? "" : paint.red(`, ${all - restorable} of them not restorable`);
  return `${head}${count(all, "transaction")} in ${count(segments.length, "WAL segment")}${which}`;
}

function ltxHeadLine({ segments, snapshots }: GenerationMoments, paint: Paint): string {
  const commits = segments.flatMap((segment) => segment.commits);
  const lost = segments.length - countRestorable(commits);
  const which = lost === 0 ? "" : paint.red(`, ${lost} of them not restorable`);
  return `${paint.bold("LTX files")}: ${count(segments.length + snapshots.length, "state")}${which}`;
}

function countRestorable(commits: readonly CommitMoment[]): number {
  let restorable = 0;
  for (const commit of commits) if (commit.restorable) restorable++;
  return restorable;
}

/** What stands in the table, at its place: cells, or a line of its own. */
interface Item {
  at: Position | undefined;
  /** At one place: transactions first, segments last. */
  rank: 0 | 1 | 2 | 3 | 4;
  cells?: string[];
  line?: string;
}

function tableLines(one: GenerationMoments, { transactions }: Shown, paint: Paint): string[] {
  const items: Item[] = [];
  const add = (at: Position | undefined, rank: Item["rank"], what: { cells: string[] } | { line: string }) =>
    items.push({ at, rank, ...what });
  const ltx = isLtx(one);
  for (const segment of ltx ? [] : one.segments) {
    if (!transactions) add(segment.position, 4, { cells: segmentCells(segment, paint) });
    else {
      for (const commit of segment.commits) {
        add(commit.end, 0, { cells: commitCells(commit, segment, paint) });
      }
    }
  }
  for (const segment of ltx ? one.segments : []) {
    const end = segment.commits.at(-1)?.end;
    add(end ?? segment.position, end ? 0 : 4, { cells: stateCells(segment, paint) });
  }
  for (const { name, position, restorable } of one.restorePoints) {
    const mark = restorable ? "" : paint.red(", not restorable");
    const text = `restore point ${quoted(name, MAX_NAME_LENGTH)} at ${formatPosition(position)}`;
    add(position, 1, { line: `  ${paint.bold(text)}${mark}` });
  }
  for (const gap of one.gaps) add(gap.after, 2, { line: gapLine(gap, paint) });
  for (const snapshot of ltx ? one.snapshots : [])
    add(snapshot.position, 3, { cells: snapshotCells(snapshot) });
  for (const { position, time } of ltx ? [] : one.snapshots) {
    const when = time === undefined ? "" : `, written ${time}`;
    add(position, 3, { line: `  snapshot alone at ${formatPosition(position)}${when}` });
  }
  items.sort((a, b) => compareTo(a.at, b.at) || a.rank - b.rank);
  const head = ltx ? STATE_HEAD : transactions ? COMMIT_HEAD : SEGMENT_HEAD;
  const rows = table([head, ...items.flatMap(({ cells }) => (cells ? [cells] : []))]);
  if (rows.length === 1) return items.map(({ line }) => line!);
  let next = 1;
  return [`  ${rows[0]!.trimEnd()}`, ...items.map(({ line }) => line ?? `  ${rows[next++]!.trimEnd()}`)];
}

/** Undefined comes before all. */
function compareTo(a: Position | undefined, b: Position | undefined): number {
  return a && b ? comparePositions(a, b) : Number(a !== undefined) - Number(b !== undefined);
}

const SEGMENT_HEAD = ["written", "transactions", "count", "from", "to", ""];

function segmentCells({ position, time, commits }: SegmentMoments, paint: Paint): string[] {
  const [first, last] = [commits[0], commits.at(-1)];
  const numbers =
    first?.transaction === undefined || last?.transaction === undefined
      ? "-"
      : first === last
        ? `${first.transaction}`
        : `${first.transaction}-${last.transaction}`;
  const lost = commits.length - countRestorable(commits);
  const mark =
    lost === 0 ? "" : lost === commits.length ? "not restorable" : `${lost} of them not restorable`;
  return [
    ...[time ?? "-", numbers, `${commits.length}`, formatPosition(position)],
    ...[last ? formatPosition(last.end) : "-", paint.red(mark)],
  ];
}

/** Of LTX files, one of which is one step. */
const STATE_HEAD = ["written", "TXID", "after", ""];

function stateCells({ position, time, commits }: SegmentMoments, paint: Paint): string[] {
  const end = commits.at(-1);
  const mark = end?.restorable ? "" : paint.red("not restorable");
  return [time ?? "-", end ? formatPosition(end.end) : "-", formatPosition(position), mark];
}

function snapshotCells({ position, time }: SnapshotMoment): string[] {
  return [time ?? "-", formatPosition(position), "-", "a snapshot"];
}

const COMMIT_HEAD = ["transaction", "to", "segment written", ""];

function commitCells(
  { end, transaction, restorable }: CommitMoment,
  { time }: SegmentMoments,
  paint: Paint,
): string[] {
  const mark = restorable ? "" : paint.red("not restorable");
  return [transaction === undefined ? "-" : `${transaction}`, formatPosition(end), time ?? "-", mark];
}

function gapLine({ after, before, reason }: Gap, paint: Paint): string {
  const from = after && `after ${formatPosition(after)}`;
  const to = before && `before ${formatPosition(before)}`;
  const what = (from ?? to) ? `what was committed ${[from, to].filter(Boolean).join(" and ")}` : "anything";
  const why = reason ? `: ${printable(reason.message)}` : "";
  return `  ${paint.red(`cannot be restored: ${what}`)}${why}`;
}
