/** A replica as the page draws it: its timelines, with every commit. */

import { type Finding, makeFinding } from "../../src/findings.ts";
import { type Gap, type GenerationMoments, type MomentsOptions, overview } from "../../src/moments/index.ts";
import { type Branch, type Catalog, filesOf } from "../../src/replay/catalog.ts";
import {
  behind,
  formatPosition,
  isInWal,
  type Position,
  sectionOf,
  startOf,
} from "../../src/replay/position.ts";
import type { Lineage, Timeline } from "../../src/timeline/lineage.ts";
import type { Examined } from "../../src/verify/examine.ts";
import { positionColumns, setPosition } from "../app/protocol/positions.ts";
import type {
  GapView,
  LevelView,
  MomentId,
  ReplicaView,
  SnapshotView,
  TimelineView,
} from "../app/protocol/protocol.ts";
import { columnsOf } from "../app/protocol/segments.ts";
import type { CallContext } from "./calls.ts";
import type { NamedReplica } from "./replica.ts";

/** Reads all of a replica, once: what can be restored of it, how its generations descend from each other, what is wrong. */
export async function viewReplica(
  replica: NamedReplica,
  context: CallContext,
  check: Pick<MomentsOptions, "checkIntegrity" | "integrityUpTo"> = {},
): Promise<{ view: ReplicaView; examined: Examined }> {
  const { prefix, name } = replica;
  const { signal, onProgress } = context;
  onProgress({ phase: "moments", done: 0, total: undefined });
  const { catalog, examined, moments, ...found } = await overview(replica, {
    ...check,
    signal,
    lineage: true,
    onProgress: (progress) => onProgress({ phase: "moments", ...progress }),
  });
  const lineage = found.lineage!;
  onProgress({ phase: "lineage", done: 1, total: 1 });
  const files = filesOf(catalog);
  const current = replica.layout.newest(catalog)?.id;
  const view: ReplicaView = {
    name,
    bytes: files.every(({ size }) => size !== undefined)
      ? files.reduce((sum, { size }) => sum + size!, 0)
      : undefined,
    files: files.length,
    timelines: timelinesOf(prefix, lineage, moments, catalog, current),
    findings: [
      ...examined.findings,
      ...new Set(moments.flatMap(({ findings }) => findings)),
      ...lineage.findings,
    ],
  };
  return { view, examined };
}

/** The arrays of a view, to be handed over. */
export function buffersOf({ timelines }: ReplicaView): Transferable[] {
  return timelines.flatMap(({ moments, segments, levels }) => {
    const columns = [moments, segments, ...levels].flatMap((one) => Object.values<unknown>({ ...one }));
    return columns.filter(ArrayBuffer.isView).map(({ buffer }) => buffer as ArrayBuffer);
  });
}

function timelinesOf(
  prefix: string,
  { timelines }: Lineage,
  moments: readonly GenerationMoments[],
  { generations }: Catalog,
  current: string | undefined,
): TimelineView[] {
  return timelines.map((timeline) => {
    const found = moments.find(({ generation }) => generation === timeline.generation);
    const files = generations.find(({ id }) => id === timeline.generation);
    return timelineView(`${prefix}${timeline.generation}/`, timeline, found, files, current);
  });
}

function timelineView(
  folder: string,
  { id, generation, parent, switchPoint, reason, inferred, gone }: Timeline,
  found: GenerationMoments | undefined,
  files: Branch | undefined,
  current: string | undefined,
): TimelineView {
  const timesTrusted = found?.timesTrusted ?? false;
  const damaged = new Set<string | undefined>();
  for (const { path, severity, code } of found?.findings ?? []) {
    // That something is missing is told of the file behind it, which is whole.
    if (severity === "damage" && !code.startsWith("replica/missing-")) damaged.add(path);
  }
  const timeOf = (modified: bigint | undefined) =>
    timesTrusted && modified !== undefined ? milliseconds(modified) : undefined;
  const alone = new Set(found?.snapshots.map(({ path }) => path));
  const snapshots = (files?.snapshots ?? []).map((claim): SnapshotView => {
    const { path, size, modified } = claim;
    const about = { time: timeOf(modified), damaged: damaged.has(path), alone: alone.has(path) };
    return { position: startOf(claim), path, bytes: size, ...about };
  });
  const byPath = new Map(files?.segments.map((segment) => [segment.path, segment]));
  const segments = (found?.segments ?? []).map(({ position, path, commits }) => {
    const { size, modified } = byPath.get(path) ?? {};
    const about = { bytes: size, time: timeOf(modified), damaged: damaged.has(path) };
    return { ...position, ...about, moments: commits.length };
  });
  const [any] = files ? [...files.snapshots, ...files.segments] : [];
  const kind = any && !isInWal(any) ? "ltx" : "wal";
  const paths = kind === "ltx" ? found?.segments.map(({ path }) => path) : undefined;
  const walFolder = files?.segments[0]?.path.replace(/[^/]*$/, "") ?? `${folder}wal/`;
  const isEmpty = !files || files.snapshots.length + files.segments.length === 0;
  const isDamaged = found?.findings.some(({ severity }) => severity === "damage");
  return {
    ...{ id, generation, parent, reason, inferred },
    switchPoint,
    state: gone ? "gone" : isEmpty ? "empty" : isDamaged ? "damaged" : "whole",
    current: current === undefined ? undefined : generation === current,
    timesTrusted,
    files: kind,
    snapshots,
    segments: columnsOf(walFolder, segments, paths),
    levels: files ? levelsOf(files) : [],
    gaps: found ? found.gaps.map((gap) => gapView(found, gap)) : [],
    restorePoints: (found?.restorePoints ?? []).map(({ name, position, restorable }) => {
      return { name, ...position, restorable };
    }),
    moments: momentArrays(found),
  };
}

function milliseconds(nanoseconds: bigint): number {
  return Number(nanoseconds / 1000n) / 1000;
}

function gapView({ generation, findings }: GenerationMoments, { after, before, reason }: Gap): GapView {
  const moment = (position: Position | undefined): MomentId | undefined =>
    position && { generation, ...position };
  return { after: moment(after), before: moment(before), reason: reason ?? unknownReason(findings, after) };
}

/** Nothing is known to be wrong, and nothing shows that it is right. */
function unknownReason(findings: readonly Finding[], after: Position | undefined): Finding {
  const grave = findings.find(({ severity }) => severity === "damage" || severity === "inconclusive");
  if (grave) return grave;
  const message = `Expected a snapshot that shows it fits the WAL${after ? ` behind ${formatPosition(after)}` : ""}, found none`;
  return makeFinding("replica/snapshot-unproven", message, { position: after && formatPosition(after) });
}

function momentArrays(found: GenerationMoments | undefined): TimelineView["moments"] {
  const count = (found?.segments ?? []).reduce((sum, { commits }) => sum + commits.length, 0);
  const positions = positionColumns(count);
  const segment = new Uint32Array(count);
  const restorable = new Uint8Array(count);
  let at = 0;
  for (const [number, { commits }] of (found?.segments ?? []).entries()) {
    for (const commit of commits) {
      setPosition(positions, at, commit.end);
      segment[at] = number;
      restorable[at++] = commit.restorable ? 1 : 0;
    }
  }
  return { ...positions, segment, restorable };
}

/** What spans are kept at which level; none of a layout without levels. */
function levelsOf({ segments, snapshots, merged = [] }: Branch): LevelView[] {
  const byLevel = new Map<number, { from: number; to: number }[]>();
  const add = (level: number | undefined, from: Position, to: Position) => {
    if (level === undefined) return;
    const spans = byLevel.get(level) ?? [];
    byLevel.set(level, spans);
    spans.push({ from: sectionOf(from), to: sectionOf(to) });
  };
  for (const change of segments) add(change.level, change.since ?? change, change.end ?? change);
  for (const claim of [...snapshots, ...merged]) add(claim.level, claim.since ?? behind(0), claim);
  return [...byLevel.entries()]
    .sort(([a], [b]) => a - b)
    .map(([level, spans]) => {
      spans.sort((a, b) => a.to - b.to);
      const [from, to] = [spans.map((span) => span.from), spans.map((span) => span.to)];
      return { level, from: Float64Array.from(from), to: Float64Array.from(to) };
    });
}
