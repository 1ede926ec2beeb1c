/** The replica that is opened, and one moment of it. */

import { WalkitError } from "../../src/errors.ts";
import type { Branch, Change, Claim } from "../../src/replay/catalog.ts";
import type { Replica } from "../../src/replay/layout.ts";
import { plannedSegment } from "../../src/replay/plan.ts";
import {
  comparePositions,
  formatPosition,
  isSameSection,
  isStart,
  type Position,
  positionOf,
  startOf,
} from "../../src/replay/position.ts";
import { catalogOf, readChanges, readClaim } from "../../src/replay/replica.ts";
import { type Restored, restore } from "../../src/restore/restore.ts";
import { MemorySink } from "../../src/restore/sinks/memory.ts";
import type { DatabaseSink } from "../../src/restore/sinks/sink.ts";
import type { MomentId, Progress } from "../app/protocol/protocol.ts";
import { EngineError } from "./failure.ts";

/** The replica that is opened, and what to call it. */
export interface NamedReplica extends Replica {
  name: string;
}

export interface ReadOptions {
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: Progress) => void) | undefined;
}

/** The size of the database at a moment, and what the commit that ends there wrote. */
export interface CommitPages {
  pageSize: number;
  /** Undefined where the snapshot does not tell. */
  pageCount: number | undefined;
  /** Page numbers, ascending. None where the moment is a snapshot's. */
  written: Uint32Array<ArrayBuffer>;
  /** The moment before it. */
  before: MomentId | undefined;
}

/**
 * Reads the WAL of a moment's index, up to there, or the LTX file that leads there; of a snapshot's moment the snapshot's beginning.
 *
 * @throws EngineError `no-transaction` where no commit ends there
 */
export async function readCommit(
  replica: Replica,
  moment: MomentId,
  { signal, onProgress }: ReadOptions = {},
): Promise<CommitPages> {
  const { generation: id } = moment;
  const { generations } = await catalogOf({ ...replica, generation: id }, { signal });
  const generation = generations[0]!;
  const changes = changesTo(generation, moment);
  let done = 0;
  let start = generation.exact && changes[0] ? positionOf(changes[0]) : startOf(moment);
  let pages = new Set<number>();
  let found = 0;
  const onRead = (bytes: number) =>
    onProgress?.({ phase: "commit", done: (done += bytes), total: undefined });
  const leg = { generation: id, segments: changes.map(plannedSegment), merged: generation.merged };
  for await (const event of readChanges(replica, leg, { signal, onRead, faults: "report" })) {
    if (event.type === "pages") {
      found = event.run.pageSize;
      event.run.forEach((page) => {
        pages.add(page);
      });
    } else if (event.type === "commit") {
      const { end, pageCount } = event;
      if (comparePositions(end, moment) === 0) {
        const before = { generation: id, ...start };
        return { pageSize: found, pageCount, written: Uint32Array.from(pages).sort(), before };
      }
      start = end;
      pages = new Set();
    }
  }
  const snapshot = isStart(moment) && generation.snapshots.find((one) => isSameSection(one, moment));
  if (snapshot) return { ...(await snapshotSize(replica, snapshot, signal)), ...NO_COMMIT };
  throw new EngineError("no-transaction", `No transaction ends at ${formatPosition(moment)}`);
}

/** The changes that a commit at a moment is in. */
function changesTo({ segments, exact }: Branch, moment: Position): Change[] {
  if (exact) return segments.filter(({ end }) => end && comparePositions(end, moment) === 0);
  return segments.filter((one) => isSameSection(one, moment) && comparePositions(one, moment) < 0);
}

const NO_COMMIT: Pick<CommitPages, "written" | "before"> = { written: new Uint32Array(0), before: undefined };

async function snapshotSize(
  replica: Replica,
  snapshot: Claim,
  signal: AbortSignal | undefined,
): Promise<Pick<CommitPages, "pageSize" | "pageCount">> {
  for await (const { header } of readClaim(replica, snapshot, { signal })) return header;
  return { pageSize: 0, pageCount: undefined };
}

/**
 * Restores a moment, exactly.
 *
 * @throws WalkitError why it cannot be had; `target/out-of-range` where no commit ends there
 */
export async function restoreMoment(
  replica: Replica,
  moment: MomentId,
  sink: DatabaseSink,
  {
    signal,
    onProgress,
    openSpill,
    accept,
  }: ReadOptions & Pick<Parameters<typeof restore>[3] & object, "openSpill" | "accept">,
): Promise<Restored> {
  const { generation } = moment;
  const position = positionOf(moment);
  const restored = await restore(replica, { generation, position }, sink, {
    signal,
    onProgress,
    openSpill,
    accept,
    offer: false,
  });
  if (!isStart(position) && (!restored.position || comparePositions(restored.position, position) !== 0)) {
    const found = restored.position ? formatPosition(restored.position) : "none";
    throw new WalkitError(
      "target/out-of-range",
      `Expected a commit that ends at ${formatPosition(position)}, found ${found} to be the last one up to there`,
      { position: formatPosition(position) },
    );
  }
  return restored;
}

/** The database of a moment, in memory. */
export async function readState(
  replica: Replica,
  moment: MomentId,
  { pageSize, pageCount = 0 }: Pick<CommitPages, "pageSize" | "pageCount">,
  most: number,
  options: ReadOptions,
): Promise<{ bytes: Uint8Array<ArrayBuffer>; restored: Restored }> {
  const expected = pageSize * pageCount;
  if (expected > most) throw tooLarge(expected, most);
  const sink = new MemorySink(most, expected);
  try {
    const restored = await restoreMoment(replica, moment, sink, options);
    return { bytes: fitting(sink.bytes), restored };
  } catch (error) {
    if (error instanceof WalkitError && error.code === "restore/memory-budget")
      throw tooLarge(undefined, most);
    throw error;
  }
}

/** In an array of its own, so that it can be handed over: it mostly is in one. */
function fitting(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return bytes.length === bytes.buffer.byteLength ? bytes : bytes.slice();
}

export function tooLarge(bytes: number | undefined, most: number): EngineError {
  const mib = (count: number) => `${Math.round(count / (1 << 20))} MiB`;
  const found = bytes === undefined ? `more than ${mib(most)}` : `${mib(bytes)}, more than ${mib(most)}`;
  return new EngineError(
    "too-large",
    `The database has ${found}: too large to look into; restore it instead`,
  );
}

/**
 * The pages `numbers` (and all past `count`) as they were at a moment. Undefined where that state cannot be had, as before
 * the first commit that can.
 */
export async function readPages(
  replica: Replica,
  moment: MomentId,
  { numbers, count }: { numbers: ReadonlySet<number>; count: number },
  pageSize: number,
  options: ReadOptions,
): Promise<{ pages: Map<number, Uint8Array>; count: number } | undefined> {
  const pages = new Map<number, Uint8Array>();
  const sink: DatabaseSink = {
    async write(chunk) {
      if (chunk.type === "truncate") {
        if (chunk.size === 0) pages.clear();
        return;
      }
      const { data, position } = chunk;
      for (let at = 0; at < data.length; at += pageSize) {
        const page = (position + at) / pageSize + 1;
        if (numbers.has(page) || page > count) pages.set(page, data.slice(at, at + pageSize));
      }
    },
  };
  try {
    const { pageCount } = await restoreMoment(replica, moment, sink, options);
    return { pages, count: pageCount };
  } catch (error) {
    options.signal?.throwIfAborted();
    if (!(error instanceof WalkitError) || error.code.startsWith("storage/")) throw error;
    return undefined;
  }
}
