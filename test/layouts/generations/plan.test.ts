/** The planner against a naive one: same choice as Litestream's rules, written down as plainly as can be. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WalkitError } from "../../../src/errors.ts";
import {
  planRestore,
  type RestorePlan,
  type PlanTarget as Target,
} from "../../../src/layouts/generations/index.ts";
import type { Generations, WalTarget } from "../../../src/layouts/generations/types.ts";
import {
  type Catalog,
  formatSegmentName,
  formatSnapshotName,
  readCatalog,
} from "../../../src/snapshot/index.ts";
import { MemoryStorage } from "../../../src/storage/index.ts";
import { attemptRestore } from "../../support/attempt.ts";
import { readFixture } from "../../support/fixtures.ts";

interface File {
  generation: string;
  index: number;
  /** Undefined: a snapshot. */
  offset: number | undefined;
  modified: bigint;
}

/** The rules of `formats/litestream-0.3.md`, "How Litestream restores", with walkit's refusals of gaps. */
function naivePlan(
  files: File[],
  { generation, index, timestamp }: Target,
): { snapshot: File; segments: File[] } | string {
  const segmentsOf = (g: string) =>
    files
      .filter((f) => f.generation === g && f.offset !== undefined)
      .sort((a, b) => a.index - b.index || a.offset! - b.offset!);
  let chosen = generation;
  if (chosen === undefined) {
    const usable = [...new Set(files.map((f) => f.generation))].filter((g) => {
      const times = files.filter((f) => f.generation === g).map((f) => f.modified);
      if (timestamp !== undefined)
        return times.some((t) => t <= timestamp) && times.some((t) => t >= timestamp);
      return true;
    });
    const newest = (g: string) =>
      files
        .filter((f) => f.generation === g)
        .map((f) => f.modified)
        .sort((a, b) => (a > b ? -1 : 1))[0]!;
    chosen = usable.sort((a, b) => (newest(a) > newest(b) ? -1 : 1))[0];
    if (chosen === undefined) return "no generation";
  } else if (timestamp !== undefined) {
    const times = files.filter((f) => f.generation === chosen).map((f) => f.modified);
    if (!times.some((t) => t <= timestamp) || !times.some((t) => t >= timestamp)) return "out of range";
  }
  const snapshots = files
    .filter((f) => f.generation === chosen && f.offset === undefined)
    .filter(
      (f) =>
        (timestamp === undefined || f.modified <= timestamp) && (index === undefined || f.index <= index),
    )
    .sort((a, b) => b.index - a.index);
  if (snapshots.length === 0) return "no snapshot";
  const from = (snapshot: File) => naiveSegments(segmentsOf(chosen!), snapshot, { index, timestamp });
  // A snapshot with WAL of its own index, none of it younger, and none of a later index: an older one leads there as well.
  const [newest, ...older] = snapshots;
  const own = segmentsOf(chosen).filter((f) => f.index >= newest!.index);
  if (own.length > 0 && own.every((f) => f.index === newest!.index && f.modified < newest!.modified)) {
    const other = older.find((snapshot) => typeof from(snapshot) !== "string");
    if (other) return from(other);
  }
  return from(newest!);
}

function naiveSegments(
  files: File[],
  snapshot: File,
  { index, timestamp }: Target,
): { snapshot: File; segments: File[] } | string {
  const all = files.filter((f) => f.index >= snapshot.index);
  const segments: File[] = [];
  for (const f of all) {
    if (timestamp !== undefined && f.modified > timestamp) break;
    if (index !== undefined && f.index > index) break;
    segments.push(f);
  }
  // From the snapshot's index on, no index may be left out, and each must begin at offset 0.
  const indexes = [...new Set(segments.map((f) => f.index))];
  if (indexes.some((at, i) => at !== snapshot.index + i)) return "gap";
  if (indexes.some((at) => !segments.some((f) => f.index === at && f.offset === 0))) return "gap";
  const next = all[segments.length];
  if (next) {
    const last = segments.at(-1);
    if (index !== undefined && (last?.index ?? -1) < index) return "gap";
    if (timestamp !== undefined && last?.modified !== timestamp) {
      const reached = last?.index ?? snapshot.index - 1;
      if (next.index > reached + 1 || (next.index > reached && next.offset !== 0)) return "gap";
    }
  }
  return { snapshot, segments };
}

/** Of a file, in nanoseconds: as long as Litestream takes. */
const STEP = 10_000_000n;

const GENERATIONS = ["aaaaaaaaaaaaaaaa", "0000000000000001"];

/** Generations one after another in time, in each the times ascending, some files left out. */
const replica = fc
  .array(
    fc.record({
      first: fc.nat(3),
      indexes: fc.array(
        fc.record({
          snapshot: fc.boolean(),
          early: fc.boolean(),
          segments: fc.array(fc.boolean(), { minLength: 0, maxLength: 4 }),
        }),
        { minLength: 1, maxLength: 6 },
      ),
    }),
    { minLength: 1, maxLength: 2 },
  )
  .map((generations) => {
    const files: File[] = [];
    let clock = 1_700_000_000_000_000_000n;
    generations.forEach(({ first, indexes }, g) => {
      indexes.forEach(({ snapshot, early, segments }, i) => {
        const at = { generation: GENERATIONS[g]!, index: first + i };
        const snap = () => snapshot && files.push({ ...at, offset: undefined, modified: (clock += STEP) });
        if (early) snap();
        segments.forEach((there, s) => {
          clock += STEP;
          if (there) files.push({ ...at, offset: s === 0 ? 0 : 32 + s * 1048, modified: clock });
        });
        if (!early) snap();
      });
    });
    return files;
  });

async function catalogOf(files: File[]): Promise<Catalog> {
  const storage = new MemoryStorage();
  for (const { generation, index, offset, modified } of files) {
    const name =
      offset === undefined
        ? `snapshots/${formatSnapshotName(index)}`
        : `wal/${formatSegmentName({ index, offset })}`;
    storage.files.set(`generations/${generation}/${name}`, { data: new Uint8Array(7), modified });
  }
  return readCatalog(storage);
}

function attempt(catalog: Catalog, target: Target): RestorePlan | WalkitError {
  try {
    return planRestore(catalog as Generations, target as WalTarget);
  } catch (error) {
    if (error instanceof WalkitError) return error;
    throw error;
  }
}

describe("planRestore", () => {
  it("chooses what the naive planner chooses, and refuses what it refuses", async () => {
    const target = fc.record({
      generation: fc.constantFrom(undefined, ...GENERATIONS),
      kind: fc.constantFrom("latest", "index", "time"),
      n: fc.nat(10),
      shift: fc.constantFrom(-1n, 0n, 1n),
    });
    let planned = 0;
    await fc.assert(
      fc.asyncProperty(replica, target, async (files, { generation, kind, n, shift }) => {
        if (files.length === 0 || (generation && !files.some((f) => f.generation === generation))) return;
        const t: Target = { generation };
        if (kind === "index") t.index = n;
        if (kind === "time") t.timestamp = files[n % files.length]!.modified + shift;
        const naive = naivePlan(files, t);
        const plan = attempt(await catalogOf(files), t);
        if (typeof naive === "string") {
          expect(plan).toBeInstanceOf(WalkitError);
          return;
        }
        if (plan instanceof WalkitError) {
          expect(`${plan.code}: ${plan.message}`).toBe("a plan");
          return;
        }
        planned++;
        expect(plan.snapshot.index).toBe(naive.snapshot.index);
        expect(plan.generation).toBe(naive.snapshot.generation);
        expect(plan.segments.map(({ index, offset }) => [index, offset])).toEqual(
          naive.segments.map(({ index, offset }) => [index, offset]),
        );
        const last = naive.segments.at(-1)?.index ?? naive.snapshot.index;
        const own = files.filter(
          (f) =>
            f.generation === plan.generation && f.offset !== undefined && f.index === plan.snapshot.index,
        );
        const applied = naive.segments.filter((s) => s.index === plan.snapshot.index).length;
        expect(plan.proof).toHaveLength(last === plan.snapshot.index ? own.length - applied : 0);
        expect(plan.bytes).toBe(7 * (1 + plan.segments.length + plan.proof.length));
        expect(JSON.parse(JSON.stringify(plan)).segments).toEqual(plan.segments);
      }),
      { numRuns: 2000 },
    );
    expect(planned).toBeGreaterThan(100);
  });

  it("takes one of index and time", async () => {
    const catalog = await readCatalog(readFixture("basic"));
    expect(() => planRestore(catalog, { index: 0, timestamp: 1n })).toThrow(TypeError);
  });

  it("goes by time up to a segment that cannot be read, and refuses for that reason what lies behind it", async () => {
    const catalog = await readCatalog(readFixture("basic"));
    const { segments } = catalog.generations[0]!;
    const { path, modified } = segments[5]!;
    const unreadable = new WalkitError("storage/unreadable", "Cannot read it", { path });
    segments[5] = { ...segments[5]!, modified: undefined, size: undefined, unreadable };
    const at = (timestamp: bigint) => attempt(catalog, { timestamp });
    for (const last of [3, 4])
      expect(at(segments[last]!.modified!)).toMatchObject({ segments: { length: last + 1 } });
    for (const time of [modified!, segments[4]!.modified! + 1n, segments[6]!.modified!])
      expect(at(time)).toBe(unreadable);
  });

  it("does not pass over a newer generation without a snapshot", async () => {
    const storage = readFixture("multi-generation");
    const newest = "5895e7a4888b5747";
    for (const path of storage.files.keys()) {
      if (path.includes(newest) && path.includes("snapshots")) storage.files.delete(path);
    }
    const refused = attempt(await readCatalog(storage), {}) as WalkitError;
    expect([refused.code, refused.message]).toEqual(["replica/no-snapshot", expect.stringContaining(newest)]);
    // The older one is what salvage gives, with the younger as lost.
    const salvaged = await attemptRestore(storage, {}, { salvage: true });
    expect(salvaged.restored!.generation).toBe("89c0220745ddaaba");
    expect(salvaged.restored!.lost!.branches).toMatchObject([
      { generation: newest, whole: true, snapshots: 0 },
    ]);
    expect(salvaged.restored!.lost!.branches[0]!.transactions).toBeGreaterThan(0);
  });
});
