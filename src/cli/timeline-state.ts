import type { Timeline } from "../timeline/lineage.ts";
import type { GenerationPoint } from "../timeline/points.ts";
import type { GenerationReport } from "../verify/report.ts";

/** A timeline with what its files are like. */
export interface TimelineState extends Timeline {
  /** `empty`: a generation without any file. */
  state: "whole" | "damaged" | "gone" | "empty";
  /** Of the newest generation: the others have ended. Undefined where times do not tell. */
  current: boolean | undefined;
  report: GenerationReport | undefined;
  points: GenerationPoint[];
}
