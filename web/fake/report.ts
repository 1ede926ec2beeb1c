/** Makes the report of a fake replica up, and findings. */

import type { ErrorCode } from "../../src/errors.ts";
import { type Finding, severityOf } from "../../src/findings.ts";
import { sectionOf } from "../../src/replay/position.ts";
import type { GenerationReport, Range, VerifyReport } from "../../src/verify/report.ts";
import { formatPosition } from "../app/strings/format.ts";
import { type Draft, placeAt } from "./timeline.ts";

export function reportOf(timelines: readonly Draft[], findings: Finding[]): VerifyReport {
  const generations = timelines.map((timeline): GenerationReport => {
    const { segments, snapshots, moments } = timeline;
    const restorable: Range[] = [];
    let from: number | undefined;
    const count = moments.segment.length;
    const timeOf = (i: number) => {
      const { time } = segments[moments.segment[i]!]!;
      return time === undefined ? undefined : new Date(time).toISOString();
    };
    for (let i = 0; i <= count; i++) {
      if (i < count && moments.restorable[i]) {
        from ??= i;
        continue;
      }
      if (from === undefined) continue;
      const to = i - 1;
      restorable.push({
        from: formatPosition(placeAt(timeline, from)),
        to: formatPosition(placeAt(timeline, to)),
        fromTime: timeOf(from),
        toTime: timeOf(to),
        snapshot: snapshots[0] ? sectionOf(snapshots[0].position) : 0,
        newest: to === count - 1,
        proven: true,
        salvage: false,
      });
      from = undefined;
    }
    const own = findings.filter(({ generation }) => generation === timeline.generation);
    return {
      generation: timeline.generation!,
      status: own.some(({ severity }) => severity === "damage") ? "damaged" : "ok",
      snapshots: snapshots.length,
      segments: segments.length,
      indexes: new Set(segments.map(sectionOf)).size,
      bytes: [...segments, ...snapshots].reduce((sum, { bytes }) => sum + (bytes ?? 0), 0),
      transactions: count,
      frames: count * 2,
      pageSize: 4096,
      pageCount: 1180,
      oldest: timeOf(0),
      newest: timeOf(count - 1),
      timesTrusted: timeline.timesTrusted,
      restorable,
      links: undefined,
      available: undefined,
      integrity: "ok",
    };
  });
  const status = findings.some(({ severity }) => severity === "damage") ? "damaged" : "ok";
  const checkedAt = new Date().toISOString();
  return { status, level: "integrity", checkedAt, newestState: undefined, generations, findings };
}

export function finding(code: ErrorCode, message: string, more: Partial<Finding> = {}): Finding {
  const nothing = {
    remedy: undefined,
    generation: undefined,
    position: undefined,
    path: undefined,
    offset: undefined,
    decoded: undefined,
    frame: undefined,
  };
  return { code, severity: severityOf(code), message, ...nothing, ...more };
}
