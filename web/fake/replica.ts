/** Makes replicas up, for screenshots and for trying the page by hand: the view and the report that the real engine would give. */

import type { VerifyReport } from "../../src/verify/report.ts";
import type { ReplicaView } from "../app/protocol/protocol.ts";
import { columnsOf } from "../app/protocol/segments.ts";
import { reportOf } from "./report.ts";
import { branching, busy, damaged, healthy, lostEnd, many, untrusted } from "./scenarios.ts";

export const SCENARIOS = [
  "healthy",
  "branching",
  "damaged",
  "lost",
  "untrusted",
  "busy",
  "many",
  "empty",
] as const;
export type Scenario = (typeof SCENARIOS)[number];

export interface FakeReplica {
  view: ReplicaView;
  report: VerifyReport;
}

export function makeReplica(scenario: Scenario): FakeReplica {
  const make = {
    healthy,
    branching,
    damaged,
    lost: lostEnd,
    untrusted,
    busy,
    many,
    empty: () => ({ name: "empty", timelines: [], findings: [] }),
  }[scenario];
  const { name, timelines, findings } = make();
  const files = timelines.reduce((sum, one) => sum + one.segments.length + one.snapshots.length, 0);
  let bytes = 0;
  for (const { segments, snapshots } of timelines)
    for (const one of [...segments, ...snapshots]) bytes += one.bytes ?? 0;
  const views = timelines.map(({ segments, ...timeline }) => {
    return { ...timeline, segments: columnsOf(`generations/${timeline.generation}/wal/`, segments) };
  });
  return { view: { name, bytes, files, timelines: views, findings }, report: reportOf(timelines, findings) };
}
