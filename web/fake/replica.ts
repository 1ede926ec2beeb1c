/** Replicas made up, for screenshots and for looking at the page by hand: what the real engine would say of them. */

import type { Finding } from "../../src/findings.ts";
import type { VerifyReport } from "../../src/verify/report.ts";
import type { GapView, ReplicaView, SnapshotView } from "../app/protocol/protocol.ts";
import { columnsOf } from "../app/protocol/segments.ts";
import { formatPosition } from "../app/strings/format.ts";
import { type Draft, finding, placeAt, reportOf } from "./report.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const FRAME = 4120;

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

/** Numbers that look like chance and are the same each time. */
function chance(seed: number): () => number {
  let state = seed * 2654435761 + 1;
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 2246822519) + 0x9e3779b9) | 0;
    return ((state ^ (state >>> 13)) >>> 0) / 4294967296;
  };
}

interface Plan {
  id: number;
  generation: string;
  from: number;
  to: number;
  /** Minutes between segments in working hours. */
  every: number;
  /** Hours between snapshots. */
  snapshots?: number;
  nightly?: boolean;
  firstIndex?: number;
}

function timelineOf({
  id,
  generation,
  from,
  to,
  every,
  snapshots: apart = 24,
  nightly = true,
  firstIndex = 0,
}: Plan): Draft {
  const random = chance(id * 977 + every * 31);
  const segments: Draft["segments"] = [];
  const snapshots: SnapshotView[] = [];
  const moments: { index: number; offset: number; segment: number }[] = [];
  let index = firstIndex;
  let offset = 0;
  let nextSnapshot = from;
  const folder = `generations/${generation}`;
  for (let time = from; time <= to; ) {
    const hour = new Date(time).getHours() + new Date(time).getMinutes() / 60;
    const day = new Date(time).getDay();
    const isOpen = hour >= 7.5 && hour < 19 && day !== 0 && !(day === 6 && hour > 13);
    if (nightly && !isOpen) {
      time += 20 * MINUTE;
      continue;
    }
    if (time >= nextSnapshot) {
      if (offset > 0) [index, offset] = [index + 1, 0];
      snapshots.push({
        index,
        path: `${folder}/snapshots/${hex(index)}.snapshot.lz4`,
        bytes: Math.round(1_400_000 + 9_000 * snapshots.length + random() * 4000),
        time: time - 4000,
        damaged: false,
        alone: snapshots.length === 0,
      });
      nextSnapshot = time + apart * HOUR;
    }
    const rush = Math.exp(-((hour - 11) ** 2) / 3) + 0.8 * Math.exp(-((hour - 16) ** 2) / 5) + 0.08;
    const count = Math.max(1, Math.round(rush * 9 * random() * random() + random() * 2));
    const number = segments.length;
    segments.push({
      index,
      offset,
      bytes: 0,
      time: Math.round(time),
      damaged: false,
      firstMoment: moments.length,
      moments: count,
    });
    const start = offset;
    if (offset === 0) offset = 32;
    for (let i = 0; i < count; i++) {
      offset += FRAME * (1 + Math.floor(random() * 3));
      moments.push({ index, offset, segment: number });
    }
    segments[number]!.bytes = Math.round((offset - start) * 0.38);
    if (offset > 4_000_000) [index, offset] = [index + 1, 0];
    time += (every * MINUTE * (0.25 + 1.5 * random())) / Math.min(1, rush + 0.35);
  }
  return {
    id,
    generation,
    parent: undefined,
    switchPoint: undefined,
    reason: undefined,
    inferred: false,
    state: "whole",
    current: false,
    timesTrusted: true,
    snapshots,
    segments,
    gaps: [],
    restorePoints: [],
    moments: {
      index: Uint32Array.from(moments, (moment) => moment.index),
      offset: Float64Array.from(moments, (moment) => moment.offset),
      segment: Uint32Array.from(moments, (moment) => moment.segment),
      restorable: new Uint8Array(moments.length).fill(1),
    },
  };
}

function hex(n: number): string {
  return n.toString(16).padStart(8, "0");
}

function pathOf({ generation }: Draft, { index, offset }: { index: number; offset: number }): string {
  return `generations/${generation}/wal/${hex(index)}_${hex(offset)}.wal.lz4`;
}

/** The last commit at or before a time. */
function commitAt({ segments }: Draft, time: number): number {
  const segment = segments.findLast((one) => one.time! <= time) ?? segments[0]!;
  return segment.firstMoment + segment.moments - 1;
}

function point(timeline: Draft, name: string, time: number): void {
  const place = placeAt(timeline, commitAt(timeline, time));
  timeline.restorePoints.push({ name, ...place, restorable: true });
}

function branch(timeline: Draft, parent: Draft, time: number, inferred: boolean): void {
  const switchPoint = placeAt(parent, commitAt(parent, time));
  timeline.parent = parent.id;
  timeline.switchPoint = switchPoint;
  timeline.inferred = inferred;
  timeline.reason = inferred ? "inferred: 391 of 393 pages equal" : `before ${new Date(time).toISOString()}`;
}

/** Makes commits `from` to `to` (without it) impossible to restore. */
function lose(timeline: Draft, from: number, to: number, reason: Finding): GapView {
  const { moments } = timeline;
  moments.restorable.fill(0, from, to);
  const at = (i: number) => ({ generation: timeline.generation!, ...placeAt(timeline, i) });
  const gap: GapView = {
    after: from > 0 ? at(from - 1) : undefined,
    before: to < moments.index.length ? at(to) : undefined,
    reason,
  };
  timeline.gaps.push(gap);
  timeline.state = "damaged";
  return gap;
}

/** Takes segment `i` away, and its commits. */
function remove(timeline: Draft, i: number): void {
  const [gone] = timeline.segments.splice(i, 1);
  const { firstMoment, moments: count } = gone!;
  for (const segment of timeline.segments.slice(i)) segment.firstMoment -= count;
  const keep = (_: number, k: number) => k < firstMoment || k >= firstMoment + count;
  const { index, offset, segment, restorable } = timeline.moments;
  timeline.moments = {
    index: index.filter(keep),
    offset: offset.filter(keep),
    segment: segment.filter(keep).map((n) => (n > i ? n - 1 : n)),
    restorable: restorable.filter(keep),
  };
}

const END = new Date(2026, 10, 20, 18, 42, 7).getTime();

export function makeReplica(scenario: Scenario): FakeReplica {
  const make = {
    healthy,
    branching,
    damaged,
    lost: () => lostEnd(),
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

interface Made {
  name: string;
  timelines: Draft[];
  findings: Finding[];
}

function healthy(): Made {
  const timeline = timelineOf({
    id: 1,
    generation: "9e4d08f40df91f4f",
    from: END - 30 * DAY,
    to: END,
    every: 2.6,
  });
  timeline.current = true;
  point(timeline, "before price update", END - 23.2 * DAY);
  point(timeline, "release 2.4", END - 9.1 * DAY);
  point(timeline, "end of month", new Date(2026, 9, 31, 12).getTime());
  return { name: "shop-replica.tar", timelines: [timeline], findings: [] };
}

function branching(): Made {
  const monday = new Date(2026, 10, 9, 7, 50).getTime();
  const wednesday = new Date(2026, 10, 11, 11, 2).getTime();
  const friday = new Date(2026, 10, 13, 13, 40).getTime();
  const one = timelineOf({
    id: 1,
    generation: "eebf5555ba3afc10",
    from: monday,
    to: new Date(2026, 10, 13, 12, 55).getTime(),
    every: 9,
  });
  const two = timelineOf({
    id: 2,
    generation: "89c0220745ddaaba",
    from: friday,
    to: new Date(2026, 10, 16, 10, 20).getTime(),
    every: 11,
  });
  branch(two, one, wednesday, false);
  const three = timelineOf({
    id: 3,
    generation: "5895e7a4888b5747",
    from: new Date(2026, 10, 16, 11, 5).getTime(),
    to: END,
    every: 10,
  });
  branch(three, one, new Date(2026, 10, 12, 8).getTime(), true);
  three.current = true;
  const four = timelineOf({
    id: 4,
    generation: "c41f7a20b6e39d85",
    from: new Date(2026, 10, 17, 9, 10).getTime(),
    to: new Date(2026, 10, 17, 16).getTime(),
    every: 14,
    snapshots: 6,
  });
  branch(four, two, new Date(2026, 10, 14, 9, 30).getTime(), true);
  point(one, "before drop table", wednesday);
  point(three, "release 2.4", new Date(2026, 10, 18, 17).getTime());
  return { name: "app", timelines: [one, two, three, four], findings: [] };
}

function damaged(): Made {
  const timeline = timelineOf({
    id: 1,
    generation: "857d648c3a1d2509",
    from: new Date(2026, 10, 14, 8).getTime(),
    to: END,
    every: 7,
  });
  timeline.current = true;
  const generation = timeline.generation!;
  const { segments } = timeline;
  const missing = segments.findIndex(({ time }) => time! > new Date(2026, 10, 16, 14, 5).getTime());
  const next = segments[missing + 1]!;
  const firstBehind = timeline.snapshots.find(({ time }) => time! > next.time!)!;
  const gone = finding(
    "replica/missing-segment",
    `Expected a segment at ${formatPosition(segments[missing]!)} of generation ${generation}, found the next one at ${formatPosition(next)}`,
    { generation, position: formatPosition(segments[missing]!), path: pathOf(timeline, next) },
  );
  remove(timeline, missing);
  const from = segments[missing]!.firstMoment;
  const to = segments.find(({ index }) => index === firstBehind.index)!.firstMoment;
  lose(timeline, from, to, gone);
  const broken = segments.findIndex(({ time }) => time! > new Date(2026, 10, 19, 10, 30).getTime());
  const segment = segments[broken]!;
  segment.damaged = true;
  const flipped = finding("lz4/content-checksum", "Expected content checksum 0x4f1d2c87, found 0x9b02e611", {
    generation,
    position: formatPosition(segment),
    path: pathOf(timeline, segment),
    offset: 2151,
  });
  const behind = timeline.snapshots.find(({ time }) => time! > segment.time!)!;
  lose(
    timeline,
    segment.firstMoment,
    segments.find(({ index }) => index === behind.index)!.firstMoment,
    flipped,
  );
  const snapshot = timeline.snapshots[2]!;
  snapshot.damaged = true;
  const cut = finding(
    "lz4/truncated",
    "Expected 65536 bytes of block 12, found the end of the file after 20480 of them",
    {
      generation,
      path: snapshot.path,
      offset: 786_452,
    },
  );
  timeline.restorePoints.push({ name: "import", ...placeAt(timeline, from + 30), restorable: false });
  point(timeline, "release 2.4", new Date(2026, 10, 18, 16).getTime());
  const stray = finding("replica/stray-file", "Found generations/857d648c3a1d2509/.DS_Store", {
    generation,
    path: `generations/${generation}/.DS_Store`,
  });
  return { name: "backups-2026-11-20.tar.gz", timelines: [timeline], findings: [gone, flipped, cut, stray] };
}

function lostEnd(): Made {
  const made = damaged();
  const [timeline] = made.timelines;
  const from = commitAt(timeline!, new Date(2026, 10, 20, 9, 15).getTime()) + 1;
  const reason = finding("replica/missing-index", "Expected index 00000007, found 00000008", {
    generation: timeline!.generation,
    position: formatPosition(placeAt(timeline!, from)),
  });
  lose(timeline!, from, timeline!.moments.index.length, reason);
  return { ...made, findings: [...made.findings, reason] };
}

function untrusted(): Made {
  const timeline = timelineOf({
    id: 1,
    generation: "9e4d08f40df91f4f",
    from: END - 0.25 * DAY,
    to: END,
    every: 12,
    snapshots: 2,
    firstIndex: 1,
  });
  timeline.timesTrusted = false;
  timeline.current = undefined;
  for (const one of [...timeline.segments, ...timeline.snapshots]) one.time = undefined;
  const times = finding(
    "replica/times-untrusted",
    "Expected the files' times to follow their order, found all of them within 0.4 s",
    {
      generation: timeline.generation,
    },
  );
  return { name: "shop", timelines: [timeline], findings: [times] };
}

function many(): Made {
  const timelines: Draft[] = [];
  for (let i = 0; i < 14; i++) {
    const from = END - (28 - 2 * i) * DAY;
    const generation = (0x9e3779b97f4a7c15n * BigInt(i + 1)).toString(16).slice(-16);
    const timeline = timelineOf({ id: i + 1, generation, from, to: from + 1.9 * DAY, every: 12 });
    const parent = timelines[Math.max(i - 1 - (i % 3), 0)];
    if (parent && i % 5 > 0) branch(timeline, parent, from - 3 * DAY, true);
    timelines.push(timeline);
  }
  timelines.at(-1)!.current = true;
  return { name: "many", timelines, findings: [] };
}

function busy(): Made {
  const timeline = timelineOf({
    id: 1,
    generation: "4aead0326628b97e",
    from: END - 60 * DAY,
    to: END,
    every: 0.5,
    nightly: false,
  });
  timeline.current = true;
  return { name: "busy", timelines: [timeline], findings: [] };
}
