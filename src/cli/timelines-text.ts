/** The tree that `walkit timelines` draws. */

import type { Finding } from "../findings.ts";
import { comparePositions, formatPosition } from "../replay/position.ts";
import { findingLines } from "./output.ts";
import { count, type Paint, printable, wrap } from "./text.ts";
import type { TimelineState } from "./timeline-state.ts";

/** So many restore points of a timeline are printed; `--json` has them all. */
const SHOWN = 10;

export function timelineLines(
  about: { location: string; timelines: TimelineState[]; written: string[]; findings: Finding[] },
  paint: Paint,
): string[] {
  const { location, timelines, written, findings } = about;
  const lines = [`${paint.bold("Timelines of")} ${printable(location)}`, ""];
  const roots = timelines.filter(({ parent }) => parent === undefined);
  for (const root of roots) {
    lines.push(...nodeLines(root, timelines, { first: "", rest: "" }, paint));
  }
  if (timelines.length === 0) lines.push("There is no generation.");
  if (written.length > 0) {
    lines.push("", `Written down in ${count(written.length, "history file")}:`);
    for (const path of written) lines.push(`  ${printable(path)}`);
  } else if (timelines.some(({ inferred }) => inferred)) {
    lines.push("", "What is inferred can be written down with --write.");
  }
  if (findings.length > 0) lines.push("", ...findingLines(findings, paint));
  return lines;
}

function nodeLines(
  timeline: TimelineState,
  all: readonly TimelineState[],
  margin: { first: string; rest: string },
  paint: Paint,
): string[] {
  const children = all.filter(({ parent }) => parent === timeline.id).sort(bySwitchPoint);
  const head = `${paint.bold(String(timeline.id))}  ${timeline.generation ?? "generation unknown"}  ${stateText(timeline, paint)}`;
  const lines = [margin.first + head];
  const stem = margin.rest + (children.length > 0 ? "│  " : "   ");
  const width = paint.width && Math.max(40, paint.width - stem.length);
  for (const text of aboutLines(timeline)) lines.push(...wrap(text, width).map((line) => stem + line));
  for (const [i, child] of children.entries()) {
    const last = i === children.length - 1;
    const inner = {
      first: `${margin.rest}${last ? "└─ " : "├─ "}`,
      rest: margin.rest + (last ? "   " : "│  "),
    };
    lines.push(...nodeLines(child, all, inner, paint));
  }
  return lines;
}

function bySwitchPoint(a: TimelineState, b: TimelineState): number {
  return comparePositions(a.switchPoint!, b.switchPoint!) || a.id - b.id;
}

function stateText({ state, current, problem }: TimelineState, paint: Paint): string {
  const colour = state === "damaged" ? paint.red : state === "whole" ? paint.green : paint.yellow;
  const end = state === "gone" || current === undefined ? "" : current ? ", current" : ", ends here";
  return colour(state) + end + (problem ? paint.yellow(", history not understood") : "");
}

function aboutLines({ parent, switchPoint, reason, report, points, unknown }: TimelineState): string[] {
  const lines: string[] = [];
  if (parent !== undefined && switchPoint) {
    lines.push(
      `left timeline ${parent} at ${formatPosition(switchPoint)}${reason ? `: ${printable(reason)}` : ""}`,
    );
  } else if (unknown) lines.push(`no parent: ${unknown}`);
  for (const { from, to, fromTime, toTime } of report?.restorable ?? []) {
    lines.push(`${from} to ${to}${fromTime && toTime ? `, ${fromTime} to ${toTime}` : ""}`);
  }
  for (const { name, position } of points.slice(0, SHOWN)) {
    lines.push(`restore point ${JSON.stringify(printable(name))} at ${formatPosition(position)}`);
  }
  if (points.length > SHOWN)
    lines.push(`… and ${points.length - SHOWN} more restore points (walkit restore-points)`);
  return lines;
}
