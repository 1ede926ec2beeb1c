/** The words of the picture, its legend, and the scrubber below it. */

import { formatNumber } from "./format.ts";
import { capital, counted, type FileKind, plural, type Unit } from "./plural.ts";

export const picture = {
  picture: "The replica over time",
  pictureOf: (name: string, n: number) => `${name} has ${plural(n, "timeline", "timelines")}.`,
  laneInWords: (
    id: number,
    state: string,
    commits: number,
    segments: number,
    snapshots: number,
    lost: number,
    parent: number | undefined,
    unit: Unit,
    files: FileKind,
  ) =>
    `Timeline ${id}, ${state}: ${counted(commits, unit)} in ${files === "wal" ? plural(segments, "segment", "segments") : plural(segments, "LTX file", "LTX files")}, ${plural(snapshots, "snapshot", "snapshots")}${lost > 0 ? `, ${plural(lost, "gap", "gaps")}` : ""}${parent === undefined ? "" : `; it left timeline ${parent}`}.`,
  timelines: "Timelines",
  timeline: (id: number) => `Timeline ${id}`,
  timelineState: (state: "whole" | "damaged" | "gone" | "empty", isCurrent: boolean | undefined) =>
    ({
      whole: isCurrent === undefined ? "whole" : isCurrent ? "current" : "ended",
      damaged: isCurrent ? "current, damaged" : "damaged",
      gone: "no longer here",
      empty: "empty",
    })[state],
  unknownGeneration: "unknown",
  axisBy: "Draw the picture by",
  axisTime: "Time",
  axisCommits: (unit: Unit) => `${capital(unit)}s`,
  axisIn: (zone: string) => `Times in ${zone}`,
  axisCommitsLong: (unit: Unit) => `${capital(unit)}s since the beginning`,
  zoomIn: "Zoom in",
  zoomOut: "Zoom out",
  zoomFit: "Show everything",
  legend: "Legend",
  legendItems: (files: FileKind | "both", unit: Unit): [kind: string, text: string][] => [
    [
      "segment",
      files === "ltx"
        ? "LTX file that leads to a moment"
        : `${files === "wal" ? "WAL segment" : "File of changes"}, as high as it holds ${unit}s`,
    ],
    ["level", "The same changes, merged, level by level"],
    ["snapshot", "Snapshot"],
    ["branch", "A timeline leaves another"],
    ["point", "Named restore point"],
    ["lost", "Damaged or lost"],
    ["fold", "Pause, shortened"],
  ],
  restorePoint: (name: string) => `Restore point “${name}”`,
  snapshotHere: (damaged: boolean) => (damaged ? "Damaged snapshot" : "Snapshot"),
  indexIs: (index: string) => `index ${index}`,
  snapshotIs: "The whole database at this point",
  segmentHere: (damaged: boolean, files: FileKind) =>
    ({
      wal: damaged ? "Damaged WAL segment" : "WAL segment",
      ltx: damaged ? "Damaged LTX file" : "LTX file",
    })[files],
  levelHere: (level: number) => `Merged LTX file, level ${level}`,
  txids: (from: string, to: string) => (from === to ? `TXID ${to}` : `TXID ${from} to ${to}`),
  pause: (duration: string) => `Pause of ${duration}`,
  pauseIs: "Nothing was written; the axis is shortened here",
  gap: "Cannot be restored",
  gapBefore: "Before the first whole moment",

  // The scrubber
  scrubber: (unit: Unit) => capital(unit),
  toFirst: "First moment",
  toPrevious: (unit: Unit) => `One ${unit} back`,
  toNext: (unit: Unit) => `One ${unit} on`,
  toLast: "Newest moment",
  commitNumber: (n: number, unit: Unit) => `${unit} ${formatNumber(n)}`,
  snapshotBefore: (n: number, unit: Unit) => `the snapshot before ${unit} ${formatNumber(n)}`,
  commitOf: (n: number, all: number, unit: Unit) =>
    `${capital(unit)} ${formatNumber(n)} of ${formatNumber(all)}`,
  goToTime: "Go to a time",
  goToCommit: (unit: Unit) => `Go to a ${unit}`,
  go: "Go",
  noCommit: (unit: Unit) => `This is not a ${unit}’s number`,
  beforeAll: "This is before the first moment",
  keys: "Keys",
  keyList: (unit: Unit): [keys: string[], text: string][] => [
    [["←", "→"], `one ${unit}`],
    [["Shift", "←", "→"], `ten ${unit}s`],
    [["Page Up", "Page Down"], "one file of changes"],
    [["Home", "End"], "first, newest"],
    [["↑", "↓"], "another timeline"],
    [["+", "−", "0"], "zoom, show everything"],
    [["Ctrl", "wheel"], "zoom at the pointer"],
  ],
  noMoments: "There is no moment in this replica to travel to. The report below says why.",
};
