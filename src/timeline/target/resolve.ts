/**
 * From a target as people say it to one that a plan can be made of: timelines, restore points, positions and transactions
 * become a generation and a time, an index, or the end of a commit.
 */

import { isFault, WalkitError } from "../../errors.ts";
import type { Branch, Catalog } from "../../replay/catalog.ts";
import type { Replica } from "../../replay/layout.ts";
import { commitMoment } from "../../replay/nearest.ts";
import type { PlanTarget } from "../../replay/plan.ts";
import { plannedSegment } from "../../replay/plan.ts";
import {
  behind,
  comparePositions,
  formatPosition,
  isSameSection,
  isStart,
  justBefore,
  type Position,
  positionOf,
  sectionAt,
  sectionOf,
  startOf,
} from "../../replay/position.ts";
import { findMark } from "../../snapshot/mark.ts";
import { firstIndex, missingStart, readCommits } from "../commits.ts";
import { type Lineage, pathTo, readLineage, type Timeline } from "../lineage.ts";
import { findRestorePoint } from "../points.ts";
import { targetAlong } from "./along.ts";
import { checkTarget, describeTarget } from "./grammar.ts";
import type { Target } from "./target.ts";

export interface Chosen {
  /** No state past this is meant; known better when `exact` has run, or failed. */
  readonly bound: PlanTarget;
  /** Reads the WAL where names and times do not tell the exact commit. */
  exact(): Promise<PlanTarget>;
}

/**
 * Chooses the generation of `target`, and how far it goes at most.
 *
 * @throws WalkitError `target/*`, `timeline/*`, and what keeps a choice from being made
 * @throws TypeError, RangeError where it is no target
 */
export async function chooseTarget(
  replica: Replica,
  catalog: Catalog,
  target: Target,
  signal?: AbortSignal,
): Promise<Chosen> {
  checkTarget(target);
  const context = { replica, catalog, target, signal };
  const { index, timestamp, position, transaction, name, immediate, exclusive = false } = target;
  if (name !== undefined) return await atRestorePoint(context, name, exclusive);
  if (timestamp !== undefined) {
    const time = exclusive ? timestamp - 1n : timestamp;
    const timeline = await timelineOf(context);
    const found: PlanTarget = timeline
      ? await targetAlong(replica, catalog, timeline.lineage, timeline.timeline, time, signal)
      : { generation: target.generation, timestamp: time };
    return settled(target.strict && found.timestamp !== undefined ? { ...found, strict: true } : found);
  }
  const generation = await generationOf(context);
  if (index !== undefined) {
    if (exclusive && index === 0) throw nothingBefore(describeTarget({ index }));
    return settled({ generation, index: exclusive ? index - 1 : index });
  }
  if (position) return at(context, generation, position, exclusive);
  if (transaction !== undefined) {
    return nth(context, find(context, generation), transaction, exclusive);
  }
  if (immediate) {
    const one = find(context, generation);
    const newest = one.snapshots.at(-1);
    const index = newest && sectionOf(newest);
    if (newest && one.exact) return settled({ generation: one.id, commit: startOf(newest) });
    return { bound: { generation: one.id, index }, exact: () => firstConsistent(context, one) };
  }
  return settled({ generation });
}

interface Context {
  replica: Replica;
  catalog: Catalog;
  target: Target;
  signal: AbortSignal | undefined;
}

function settled(target: PlanTarget): Chosen {
  return { bound: target, exact: async () => target };
}

/** The timeline that the target names, if it does. */
async function timelineOf({
  replica,
  catalog,
  target,
  signal,
}: Context): Promise<{ lineage: Lineage; timeline: Timeline } | undefined> {
  const { timeline: wanted } = target;
  if (wanted === undefined || wanted === "current") return undefined;
  const lineage = await readLineage(replica, catalog, { signal, infer: true });
  const name = wanted === "latest" ? replica.layout.choose(catalog, {}).id : wanted;
  const timeline = lineage.timelines.find(({ id, generation }) => id === name || generation === name);
  if (timeline && !timeline.gone) return { lineage, timeline };
  const there = lineage.timelines
    .filter(({ gone }) => !gone)
    .map(({ id, generation }) => `${id} (${generation})`);
  throw new WalkitError(
    "target/no-timeline",
    timeline
      ? `Expected the generation of timeline ${timeline.id} in the replica, found it gone; there is ${there.join(", ")}`
      : `Expected timeline ${name}, found ${there.slice(0, 20).join(", ") || "none"}`,
  );
}

/** Without lineage, which may have to read all WAL, where the target says the generation by itself. */
async function generationOf(context: Context): Promise<string | undefined> {
  const { replica, catalog, target } = context;
  if (target.timeline === "latest") return replica.layout.choose(catalog, {}).id;
  if (catalog.generations.some(({ id }) => id === target.timeline)) return String(target.timeline);
  const timeline = await timelineOf(context);
  return timeline?.timeline.generation ?? context.target.generation;
}

/** The generation meant, the newest where none is named. */
function find({ replica, catalog }: Context, id: string | undefined): Branch {
  return replica.layout.choose(catalog, { generation: id });
}

async function atRestorePoint(context: Context, name: string, exclusive: boolean): Promise<Chosen> {
  const { replica, catalog, target, signal } = context;
  const { generation, position } = await findRestorePoint(
    replica.storage,
    catalog,
    name,
    target.generation,
    signal,
  );
  const timeline = await timelineOf(context);
  if (timeline) {
    const path = pathTo(timeline.lineage, timeline.timeline.id);
    const stage = path.find((one) => one.timeline.generation === generation);
    if (!stage || (stage.until && comparePositions(position, stage.until) > 0)) {
      throw new WalkitError(
        "target/not-in-history",
        `Expected restore point ${name} on the history of timeline ${timeline.timeline.id}, found it at ${formatPosition(position)} of generation ${generation}${stage ? `, which that history leaves at ${formatPosition(stage.until!)}` : ""}`,
      );
    }
  }
  if (exclusive || isStart(position)) return at(context, generation, position, exclusive);
  return settled({ generation, commit: position });
}

function at(context: Context, id: string | undefined, position: Position, exclusive: boolean): Chosen {
  const bound = exclusive ? justBefore(position) : positionOf(position);
  // Without a name, the kind of the position tells which branch is meant.
  const generation = context.replica.layout.choose(context.catalog, { generation: id, commit: bound });
  if (generation.exact) return settled({ generation: generation.id, commit: bound });
  return {
    bound: { generation: generation.id, commit: bound },
    exact: async () => ({
      generation: generation.id,
      commit: await lastCommit(context, generation, bound, position),
    }),
  };
}

/** The last commit that ends at or before `bound`; where its section has none, the start of the section. */
async function lastCommit(
  { replica, signal }: Context,
  generation: Branch,
  bound: Position,
  asked: Position,
): Promise<Position> {
  const { id, segments } = generation;
  const next = segments.find((segment) => sectionOf(segment) > sectionOf(bound));
  const start = startOf(bound);
  const isThere = segments.some((segment) => isSameSection(segment, bound));
  const isSnapshot = generation.snapshots.some((snapshot) => isSameSection(snapshot, bound));
  if (isStart(bound) && (isThere || isSnapshot)) return start;
  if (!isThere && next) {
    // Before all WAL there is at most a snapshot.
    if (sectionOf(segments[0]!) > sectionOf(bound)) return start;
    throw replica.layout.missing(id, bound, next);
  }
  let last: Position | undefined;
  if (isThere) {
    for await (const { end } of readCommits(replica, generation, { from: sectionOf(bound), signal })) {
      const order = comparePositions(end, bound);
      if (order > 0) return last ?? start;
      last = end;
      // What lies behind it may be damaged.
      if (order === 0) return last;
    }
    if (next || (last && comparePositions(last, asked) >= 0)) return last ?? start;
  }
  last ??= await newestCommit(replica, generation, signal);
  const moments = last ? [commitMoment(generation, last)] : [];
  throw new WalkitError(
    "target/out-of-range",
    `Expected WAL of generation ${id} up to ${formatPosition(asked)}, found that it ends at ${last ? formatPosition(last) : "its snapshot"}`,
    { position: formatPosition(asked), nearest: moments, remedy: { do: "choose-moment", nearest: moments } },
  );
}

/** The end of the last commit that the generation has. */
export async function newestCommit(
  replica: Replica,
  generation: Branch,
  signal?: AbortSignal,
): Promise<Position | undefined> {
  const states = replica.layout.states(generation);
  if (states) return states.at(-1);
  const segment = generation.segments.at(-1);
  if (!segment) return undefined;
  let last = startOf(segment);
  for await (const { end } of readCommits(replica, generation, { from: sectionOf(segment), signal })) {
    last = end;
  }
  return last;
}

/**
 * Commit number `n`, counted from 1 at the first section of which the replica has the beginning. Its bound moves on with the
 * count: where the WAL breaks off, what comes after may be past the target.
 */
function nth({ replica, signal }: Context, generation: Branch, n: number, exclusive: boolean): Chosen {
  const { id } = generation;
  // Its transactions have numbers of their own.
  if (generation.exact) return settled({ generation: id, commit: behind(exclusive ? n - 1 : n) });
  const from = firstIndex(generation);
  const bound: PlanTarget = { generation: id, commit: sectionAt(from) };
  const exact = async (): Promise<PlanTarget> => {
    const wanted = exclusive ? n - 1 : n;
    if (wanted === 0) return bound;
    const missing = missingStart(replica.layout, generation, from);
    if (missing) throw missing;
    let count = 0;
    for await (const { end } of readCommits(replica, generation, {
      from,
      to: Number.POSITIVE_INFINITY,
      signal,
    })) {
      bound.commit = end;
      if (++count === wanted) return bound;
    }
    const moments = count > 0 ? [commitMoment(generation, bound.commit!)] : [];
    throw new WalkitError(
      "target/out-of-range",
      `Expected ${n} transactions in generation ${id}, found ${count}`,
      { nearest: moments, remedy: { do: "choose-moment", nearest: moments } },
    );
  };
  return { bound, exact };
}

async function firstConsistent({ replica, signal }: Context, generation: Branch): Promise<PlanTarget> {
  const { id, snapshots, segments } = generation;
  let first: WalkitError | undefined;
  for (const snapshot of [...snapshots].reverse()) {
    const start = startOf(snapshot);
    const own = segments.filter((segment) => isSameSection(segment, snapshot)).map(plannedSegment);
    try {
      const mark = await findMark(replica, id, snapshot, own, signal);
      if (!mark && !replica.layout.isSettled(generation, snapshot) && own.length > 0) {
        const last = await newestCommit(replica, generation, signal);
        return { generation: id, commit: last ?? start };
      }
      return { generation: id, commit: mark ?? start };
    } catch (error) {
      if (!isFault(error)) throw error;
      first ??= error;
    }
  }
  throw (
    first ?? new WalkitError("replica/no-snapshot", `Expected a snapshot in generation ${id}, found none`)
  );
}

function nothingBefore(what: string): WalkitError {
  return new WalkitError(
    "target/out-of-range",
    `Expected a moment before ${what}, found that it is the first one`,
  );
}
