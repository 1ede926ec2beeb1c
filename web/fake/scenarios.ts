/** The fake replicas, one per scenario. */

import type { Finding } from "../../src/findings.ts";
import { isSameSection } from "../../src/replay/position.ts";
import { formatPosition } from "../app/strings/format.ts";
import { finding } from "./report.ts";
import {
  branch,
  commitAt,
  type Draft,
  lose,
  pathOf,
  placeAt,
  point,
  remove,
  timelineOf,
} from "./timeline.ts";

const DAY = 24 * 3_600_000;
const END = new Date(2026, 10, 20, 18, 42, 7).getTime();

export interface Made {
  name: string;
  timelines: Draft[];
  findings: Finding[];
}

export function healthy(): Made {
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

export function branching(): Made {
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

export function damaged(): Made {
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
  const to = segments.find((one) => isSameSection(one, firstBehind.position))!.firstMoment;
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
    segments.find((one) => isSameSection(one, behind.position))!.firstMoment,
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

export function lostEnd(): Made {
  const made = damaged();
  const [timeline] = made.timelines;
  const from = commitAt(timeline!, new Date(2026, 10, 20, 9, 15).getTime()) + 1;
  const reason = finding("replica/missing-index", "Expected index 00000007, found 00000008", {
    generation: timeline!.generation,
    position: formatPosition(placeAt(timeline!, from)),
  });
  lose(timeline!, from, timeline!.moments.segment.length, reason);
  return { ...made, findings: [...made.findings, reason] };
}

export function untrusted(): Made {
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

export function many(): Made {
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

export function busy(): Made {
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
