/**
 * A layout of a few lines, which nobody writes: what verify, restore and moments know of a layout is what they are told.
 *
 * ```
 * <prefix>claim.<n>    4  xxHash32 of what follows, big-endian
 *                      …  the database before transaction n
 * <prefix>change.<n>   4  xxHash32 of what follows, big-endian
 *                      4  bytes in a page; 4  pages of the database behind it; 4  pages that follow
 *                      …  pages: 4  number, then its bytes
 * ```
 *
 * Numbers have 8 hexadecimal digits. A transaction is a section: it ends at offset 1 of it.
 */

import { concat, readUint32BE, writeUint32BE } from "../../src/bytes.ts";
import { WalkitError } from "../../src/errors.ts";
import { findingOf } from "../../src/findings.ts";
import { xxh32 } from "../../src/lz4/index.ts";
import type { Branch, Change, Claim } from "../../src/replay/catalog.ts";
import type { ReplayEvent } from "../../src/replay/events.ts";
import { noGeneration } from "../../src/replay/faults.ts";
import type { Layout, ReadContext } from "../../src/replay/layout.ts";
import { type PlannedFile, type PlanTarget, plannedSegment, sizeOf } from "../../src/replay/plan.ts";
import { comparePositions, isStart, sectionAt, sectionOf } from "../../src/replay/position.ts";
import { parseDatabaseHeader } from "../../src/sqlite/header.ts";
import { MemoryStorage } from "../../src/storage/index.ts";
import type { NaiveState } from "./naive.ts";

export const TOY_BRANCH = "70070070070070a1";

async function readChecked(
  { storage, signal, onRead }: ReadContext,
  { path }: PlannedFile,
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of storage.read(path, { signal })) {
    signal?.throwIfAborted();
    onRead?.(piece.length);
    pieces.push(piece.slice());
  }
  const bytes = concat(pieces);
  if (bytes.length < 16 || readUint32BE(bytes, 0) !== xxh32(bytes.subarray(4)))
    throw new WalkitError("lz4/content-checksum", `Expected the checksum of ${path}, found another`, {
      path,
    });
  return bytes.subarray(4);
}

function chosen({ generations }: { generations: Branch[] }, { generation }: PlanTarget): Branch {
  const branch = generations.find(({ id }) => id === (generation ?? TOY_BRANCH));
  if (!branch) throw noGeneration(generation ?? TOY_BRANCH, "");
  return branch;
}

/** Where what is applied ends: the first section that is not. */
function endOf({ index, commit }: PlanTarget): number {
  if (index !== undefined) return index + 1;
  return commit ? sectionOf(commit) + (isStart(commit) ? 0 : 1) : Number.POSITIVE_INFINITY;
}

export const toy: Layout = {
  name: "generations",

  async catalog({ storage, prefix }, { generation, signal }) {
    const [snapshots, segments]: [Claim[], Change[]] = [[], []];
    for await (const { path, size, modified } of storage.list(prefix, { signal })) {
      const [, kind, number] = /^(claim|change)\.([0-9a-f]{8})$/.exec(path.slice(prefix.length)) ?? [];
      if (number === undefined) continue;
      const file = { ...sectionAt(Number.parseInt(number, 16)), path, size, modified };
      (kind === "claim" ? snapshots : segments).push(file);
    }
    if (generation !== undefined && generation !== TOY_BRANCH) throw noGeneration(generation, prefix);
    const branch = {
      id: TOY_BRANCH,
      snapshots: snapshots.sort(comparePositions),
      segments: segments.sort(comparePositions),
    };
    return { generations: [branch], timelineFiles: [], strays: [] };
  },

  choose: chosen,
  newest: (catalog) => chosen(catalog, {}),
  isSettled: () => true,
  doubt: () => undefined,
  near: () => [],
  faults({ id, snapshots: [claim], segments: [change] }) {
    if (!claim || !change || sectionOf(change) <= sectionOf(claim)) return [];
    return [findingOf(toy.missing(id, claim, change), { generation: id })];
  },
  gaps: ({ snapshots: [claim], segments }) => ({
    findings: [],
    chains: claim ? [{ claim, last: segments.at(-1), newest: true }] : [],
  }),
  missing: (branch, section, { path }) =>
    new WalkitError(
      "replica/missing-index",
      `Expected change ${sectionOf(section)} of ${branch}, found ${path}`,
      { path },
    ),

  plan(catalog, target, { avoid = new Set() } = {}) {
    const branch = chosen(catalog, target);
    const end = endOf(target);
    const latest = target.commit ? sectionOf(target.commit) : end;
    const claim = branch.snapshots.findLast((one) => sectionOf(one) <= latest && !avoid.has(one.path));
    if (!claim)
      throw new WalkitError("target/no-snapshot", `Expected a claim before change ${end}, found none`);
    const behind = branch.segments.filter((change) => comparePositions(change, claim) >= 0);
    const segments = behind.filter((change) => sectionOf(change) < end);
    return {
      ...{ generation: branch.id, snapshot: plannedSegment(claim), ancestors: [], proof: [], findings: [] },
      ...{ settled: true, mark: undefined, next: undefined },
      segments: segments.map(plannedSegment),
      later: behind.slice(segments.length).map(plannedSegment),
      end: target.commit && !isStart(target.commit) ? target.commit : undefined,
      bytes: sizeOf([claim, ...segments]),
    };
  },

  states: () => undefined,

  planChanges: (branch, target) => ({
    ...{ generation: branch.id, proof: [], later: [], end: undefined, next: undefined },
    segments: branch.segments.filter((change) => sectionOf(change) < endOf(target)).map(plannedSegment),
  }),

  async *changes(context, { generation, segments }, { faults = "throw" }) {
    let before: number | undefined;
    for (const change of segments) {
      const section = sectionAt(sectionOf(change));
      yield { type: "opens", section };
      let error: WalkitError | undefined;
      if (before !== undefined && sectionOf(change) !== before + 1)
        error = toy.missing(generation, sectionAt(before + 1), change as Change);
      before = sectionOf(change);
      const end = { ...section, offset: 1 };
      const events: ReplayEvent[] = [];
      try {
        const bytes = await readChecked(context, change);
        const [pageSize, pageCount, count] = [0, 4, 8].map((at) => readUint32BE(bytes, at)) as [
          number,
          number,
          number,
        ];
        const run = {
          ...{ pageSize, count },
          forEach(each: (page: number, data: Uint8Array) => void) {
            for (let at = 12; at < bytes.length; at += 4 + pageSize)
              each(readUint32BE(bytes, at), bytes.subarray(at + 4, at + 4 + pageSize));
          },
        };
        events.push({ type: "pages", run, sound: true, applied: true });
        events.push({ type: "commit", end, pageCount, sound: true, applied: true, change });
        events.push({ type: "change", change, end, applied: true });
      } catch (thrown) {
        if (!(thrown instanceof WalkitError) || thrown.code.startsWith("storage/")) throw thrown;
        error ??= thrown;
      }
      if (error && faults === "throw") throw error;
      if (error) yield { type: "fault", error, position: section, breaks: true };
      yield* events;
      yield { type: "closes", section, whole: error === undefined };
    }
  },

  async *claim(context, claim) {
    const data = await readChecked(context, claim);
    yield { header: parseDatabaseHeader(data, { path: claim.path }), position: 0, data };
  },
};

function file(...parts: Uint8Array[]): Uint8Array {
  const body = concat(parts);
  const head = new Uint8Array(4);
  writeUint32BE(head, 0, xxh32(body));
  return concat([head, body]);
}

function numbers(...values: number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  for (const [i, value] of values.entries()) writeUint32BE(bytes, 4 * i, value);
  return bytes;
}

/** The history of these states, that begins with `database`, with another claim every `every` transactions. */
export function writeToy(
  database: Uint8Array,
  states: readonly Pick<NaiveState, "pages" | "size">[],
  every: number,
): MemoryStorage {
  const storage = new MemoryStorage();
  const pageSize = parseDatabaseHeader(database).pageSize;
  const name = (n: number) => n.toString(16).padStart(8, "0");
  let now = database;
  for (const [n, { pages, size }] of states.entries()) {
    const modified = 1_700_000_000_000_000_000n + BigInt(n) * 1_000_000_000n;
    if (n % every === 0) storage.files.set(`toy/claim.${name(n)}`, { data: file(now), modified });
    const parts = pages.flatMap(([page, data]) => [numbers(page), data]);
    const data = file(numbers(pageSize, size, pages.length), ...parts);
    storage.files.set(`toy/change.${name(n)}`, { data, modified });
    const next = new Uint8Array(size * pageSize);
    next.set(now.subarray(0, next.length));
    for (const [page, bytes] of pages) next.set(bytes, (page - 1) * pageSize);
    now = next;
  }
  return storage;
}
