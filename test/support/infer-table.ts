/** Inferred parents held against the truth of {@link Branches}, as a table. */

import { replicaIn } from "../../src/layouts/open.ts";
import { comparePositions, isStart, type Position } from "../../src/replay/position.ts";
import { readCatalog } from "../../src/snapshot/index.ts";
import { type Inference, inferParents } from "../../src/timeline/content/infer.ts";
import type { Branches, TrueTimeline } from "./branches.ts";

/** What there is to be found of a generation. */
export const ROWS = ["root", "parent there", "parent gone", "switch gone", "child's beginning gone"] as const;
export type Row = (typeof ROWS)[number];

/**
 * `other point`: the right parent, but neither the switch point is right (nor a commit with the very same database), nor
 * does a range hold it.
 */
export const VERDICTS = [
  "right",
  "right in a range",
  "other point in a range",
  "other point",
  "none",
  "wrong",
] as const;
export type Verdict = (typeof VERDICTS)[number];

export interface Judged {
  timeline: TrueTimeline;
  inference: Inference | undefined;
  row: Row;
  verdict: Verdict;
}

export async function judgeBranches({ storage, timelines }: Branches): Promise<Judged[]> {
  const { generations } = await readCatalog(storage);
  const found = await inferParents(replicaIn(storage), generations, generations);
  return timelines
    .filter(({ removed }) => removed !== "all")
    .map((timeline) => {
      const inference = found.get(timeline.generation);
      const parent = timelines.find(({ generation }) => generation === timeline.parent);
      return {
        timeline,
        inference,
        row: rowOf(timeline, parent),
        verdict: verdictOf(timeline, parent, inference),
      };
    });
}

function rowOf({ removed, switchPoint }: TrueTimeline, parent: TrueTimeline | undefined): Row {
  if (!parent || !switchPoint) return "root";
  if (removed === "early") return "child's beginning gone";
  if (parent.removed === "all") return "parent gone";
  return commitAt(parent, switchPoint)!.kept ? "parent there" : "switch gone";
}

function verdictOf(
  { switchPoint }: TrueTimeline,
  parent: TrueTimeline | undefined,
  inference: Inference | undefined,
): Verdict {
  if (inference?.parent === undefined) return "none";
  if (inference.parent !== parent?.generation || !switchPoint) return "wrong";
  const { between } = inference;
  const database = databaseAt(parent, switchPoint)!;
  const isRight = databaseAt(parent, inference.switchPoint) === database;
  if (!between) return isRight ? "right" : "other point";
  const [first, last] = between;
  const isWithin =
    isRight ||
    parent.commits.some(
      (commit) =>
        commit.sha256 === database &&
        comparePositions(commit, first) >= 0 &&
        comparePositions(commit, last) <= 0,
    );
  if (!isWithin) return "other point";
  return isRight ? "right in a range" : "other point in a range";
}

function commitAt(
  { commits }: TrueTimeline,
  position: Position,
): TrueTimeline["commits"][number] | undefined {
  return commits.find((commit) => comparePositions(commit, position) === 0);
}

/** At the start of an index it is that of the last commit before. */
function databaseAt({ commits }: TrueTimeline, position: Position): string | undefined {
  const last = commits.findLast((commit) => comparePositions(commit, position) <= 0);
  if (!isStart(position) && last && comparePositions(last, position) < 0) return undefined;
  return last?.sha256;
}

/** Counts, a row a line. */
export function tableOf(all: readonly Judged[]): string {
  const cells = ROWS.map((row) => [
    row,
    ...VERDICTS.map((verdict) =>
      String(all.filter((one) => one.row === row && one.verdict === verdict).length),
    ),
  ]);
  const lines = [["", ...VERDICTS], ...cells];
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  return lines
    .map((line) =>
      line.map((cell, i) => (i ? cell.padStart(widths[i]!) : cell.padEnd(widths[0]!))).join("  "),
    )
    .join("\n");
}
