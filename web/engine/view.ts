/** A replica as the page draws it: its timelines, with every commit. */

import { type Finding, makeFinding } from "../../src/findings.ts";
import { type Gap, type GenerationMoments, type MomentsOptions, overview } from "../../src/moments/index.ts";
import type { Branch, Catalog } from "../../src/replay/catalog.ts";
import { formatPosition, type Position, sectionOf } from "../../src/replay/position.ts";
import type { Lineage, Timeline } from "../../src/timeline/lineage.ts";
import type { Examined } from "../../src/verify/examine.ts";
import { inWal, positionColumns, setPosition } from "../app/protocol/positions.ts";
import type { GapView, MomentId, ReplicaView, SnapshotView, TimelineView } from "../app/protocol/protocol.ts";
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
  const files = catalog.generations.flatMap(({ snapshots, segments }) => [...snapshots, ...segments]);
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
  return timelines.flatMap(({ moments, segments }) => {
    const arrays = [...Object.values(moments), ...Object.values(segments)].filter(ArrayBuffer.isView);
    return arrays.map(({ buffer }) => buffer as ArrayBuffer);
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
  for (const { path, severity } of found?.findings ?? []) if (severity === "damage") damaged.add(path);
  const timeOf = (modified: bigint | undefined) =>
    timesTrusted && modified !== undefined ? milliseconds(modified) : undefined;
  const alone = new Set(found?.snapshots.map(({ path }) => path));
  const snapshots = (files?.snapshots ?? []).map((claim): SnapshotView => {
    const { path, size, modified } = claim;
    const about = { time: timeOf(modified), damaged: damaged.has(path), alone: alone.has(path) };
    return { index: sectionOf(claim), path, bytes: size, ...about };
  });
  const byPath = new Map(files?.segments.map((segment) => [segment.path, segment]));
  const segments = (found?.segments ?? []).map(({ position, path, commits }) => {
    const { size, modified } = byPath.get(path) ?? {};
    const about = { bytes: size, time: timeOf(modified), damaged: damaged.has(path) };
    return { ...inWal(position), ...about, moments: commits.length };
  });
  const isEmpty = !files || files.snapshots.length + files.segments.length === 0;
  const isDamaged = found?.findings.some(({ severity }) => severity === "damage");
  return {
    ...{ id, generation, parent, reason, inferred },
    switchPoint: switchPoint && inWal(switchPoint),
    state: gone ? "gone" : isEmpty ? "empty" : isDamaged ? "damaged" : "whole",
    current: current === undefined ? undefined : generation === current,
    timesTrusted,
    snapshots,
    segments: columnsOf(files?.segments[0]?.path.replace(/[^/]*$/, "") ?? `${folder}wal/`, segments),
    gaps: found ? found.gaps.map((gap) => gapView(found, gap)) : [],
    restorePoints: (found?.restorePoints ?? []).map(({ name, position, restorable }) => {
      return { name, ...inWal(position), restorable };
    }),
    moments: momentArrays(found),
  };
}

function milliseconds(nanoseconds: bigint): number {
  return Number(nanoseconds / 1000n) / 1000;
}

function gapView({ generation, findings }: GenerationMoments, { after, before, reason }: Gap): GapView {
  const moment = (position: Position | undefined): MomentId | undefined =>
    position && { generation, ...inWal(position) };
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
      setPosition(positions, at, inWal(commit.end));
      segment[at] = number;
      restorable[at++] = commit.restorable ? 1 : 0;
    }
  }
  return { ...positions, segment, restorable };
}
