/**
 * Each form of target, inclusive and exclusive, held against an oracle that knows the database as SQLite had it after every
 * transaction: what is restored is just that state, byte for byte, or it is refused where it cannot be had.
 *
 * The suite runs a sample. `WALKIT_CAMPAIGN=targets npx vitest run test/timeline/targets.test.ts` runs more of it, with
 * `WALKIT_TARGETS_SEED=<n>` other ones.
 */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Moment } from "../../../src/errors.ts";
import type { WalPosition } from "../../../src/replay/position.ts";
import { parsePosition, parseTime } from "../../../src/snapshot/index.ts";
import { formatRestorePoints, restorePointsPath } from "../../../src/timeline/restore-points.ts";
import type { Target } from "../../../src/timeline/target/target.ts";
import { makeBranches } from "../../support/branches.ts";
import { hold, Tally } from "../../support/hold.ts";
import { type Expected, Oracle, type Place, refused, type TrueGeneration } from "../../support/oracle.ts";
import { anyRecipe, campaignRuns, LONG, pick } from "../../support/recipes.ts";

/** Holds all cases of many replicas, in the suite at most `most` of each. */
async function campaign(
  runs: number,
  most: number,
  casesOf: (oracle: Oracle) => Iterable<[Target, Expected]>,
): Promise<Tally> {
  const tally = new Tally();
  const offered = new Tally();
  await fc.assert(
    fc.asyncProperty(anyRecipe, async (recipe) => {
      const oracle = new Oracle(makeBranches(recipe));
      for (const [target, expected] of pick([...casesOf(oracle)], LONG ? 4 * most : most, recipe.seed)) {
        const { error } = await hold(oracle.branches.storage, target, expected, tally);
        for (const moment of error?.nearest ?? []) await takeOffer(oracle, moment, offered);
      }
    }),
    campaignRuns(runs),
  );
  if (LONG) console.log(`${tally}; offered instead: ${offered}`);
  // What is offered can be had.
  expect(offered.total).toBe(offered.get("right") + offered.get("later") + offered.get("doubtful"));
  expect(tally.get("doubtful")).toBeLessThan(Math.max(5, tally.total / 50));
  return tally;
}

/** A moment that a refusal names as the nearest one. */
async function takeOffer(
  oracle: Oracle,
  { generation, position, time }: Moment,
  tally: Tally,
): Promise<void> {
  const one = oracle.generations.find(({ id }) => id === generation)!;
  const { storage } = oracle.branches;
  const place = position === undefined ? undefined : (parsePosition(position) as WalPosition);
  if (place) await hold(storage, { generation, position: place }, one.position(place), tally);
  else {
    const timestamp = parseTime(time!);
    await hold(storage, { generation, timestamp }, one.time(timestamp), tally);
  }
}

function* bothWays<T>(values: Iterable<T>): Generator<[value: T, exclusive: boolean]> {
  for (const value of values) {
    yield [value, false];
    yield [value, true];
  }
}

/** Ends of commits and what lies around them, starts and ends of indexes, places where there is nothing. */
function placesOf({ timeline, end }: TrueGeneration): Place[] {
  const places: Place[] = [
    { index: end.index + 1, offset: 0 },
    { index: end.index + 3, offset: 50 },
  ];
  let before = { index: -1, offset: 0 };
  for (const { index, offset } of timeline.commits) {
    if (index !== before.index) {
      if (before.index >= 0) places.push({ index: before.index, offset: before.offset + 100_000 });
      places.push({ index, offset: 0 }, { index, offset: 33 });
      before = { index, offset: 0 };
    }
    const middle = Math.floor((before.offset + offset) / 2);
    for (const at of [middle, offset - 1, offset, offset + 1]) places.push({ index, offset: at });
    before = { index, offset };
  }
  places.push({ index: Math.max(before.index, 0), offset: before.offset + 100_000 }, { index: 0, offset: 0 });
  return places;
}

function* times({ times: files }: TrueGeneration): Generator<bigint> {
  for (const time of files) yield* [time - 1n, time, time + 1n];
}

/** Between generations, before the first, after the last. */
function* outerTimes({ generations }: Oracle): Generator<bigint> {
  for (const { times: files } of generations) yield* [files[0]! - 500_000_000n, files.at(-1)! + 500_000_000n];
  yield* [0n, 4_000_000_000_000_000_000n];
}

describe("a target leads to the state that SQLite had", () => {
  it("by position", { timeout: 3_600_000 }, async () => {
    const tally = await campaign(8, 60, function* ({ generations }) {
      for (const one of generations)
        for (const [position, exclusive] of bothWays(placesOf(one)))
          yield [{ generation: one.id, position, exclusive }, one.position(position, exclusive)];
    });
    expect(tally.get("right")).toBeGreaterThan(0.7 * tally.total);
    expect(tally.get("replica/before-mark")).toBeGreaterThan(0);
    expect(tally.get("target/out-of-range")).toBeGreaterThan(0);
    expect(tally.get("target/no-snapshot")).toBeGreaterThan(0);
  });

  it("by transaction", { timeout: 3_600_000 }, async () => {
    const tally = await campaign(6, 40, function* ({ generations }) {
      for (const one of generations) {
        const all = Array.from({ length: one.commits.length + 1 }, (_, at) => at + 1);
        for (const [transaction, exclusive] of bothWays(all))
          yield [{ generation: one.id, transaction, exclusive }, one.transaction(transaction, exclusive)];
      }
    });
    expect(tally.get("right")).toBeGreaterThan(0.8 * tally.total);
    expect(tally.get("target/out-of-range")).toBeGreaterThan(0);
  });

  it("by time", { timeout: 3_600_000 }, async () => {
    const tally = await campaign(8, 60, function* (oracle) {
      for (const one of oracle.generations) {
        for (const [timestamp, exclusive] of bothWays(times(one))) {
          const moment = exclusive ? timestamp - 1n : timestamp;
          yield [{ generation: one.id, timestamp, exclusive }, one.time(moment)];
          yield [{ timestamp, exclusive }, oracle.time(moment)];
        }
      }
      if (oracle.generations.length === 0) return;
      for (const timestamp of outerTimes(oracle)) yield [{ timestamp }, oracle.time(timestamp)];
    });
    expect(tally.get("right")).toBeGreaterThan(0.7 * tally.total);
    expect(tally.get("later")).toBeGreaterThan(0);
    expect(tally.get("target/out-of-range")).toBeGreaterThan(0);
  });

  it("by index", { timeout: 3_600_000 }, async () => {
    const tally = await campaign(8, 30, function* ({ generations }) {
      for (const one of generations) {
        const all = Array.from({ length: one.end.index + 3 }, (_, at) => at);
        for (const [index, exclusive] of bothWays(all))
          yield [{ generation: one.id, index, exclusive }, one.index(index, exclusive)];
      }
    });
    expect(tally.get("right")).toBeGreaterThan(0.6 * tally.total);
    expect(tally.get("target/out-of-range")).toBeGreaterThan(0);
  });

  it("by nothing but the generation, or by its first consistent moment", { timeout: 3_600_000 }, async () => {
    const tally = await campaign(12, 60, function* ({ generations, latest }) {
      const none = refused(/^target\/no-generation$/);
      yield [{}, latest?.newest() ?? none];
      yield [{ immediate: true }, latest?.immediate() ?? none];
      for (const one of generations) {
        yield [{ generation: one.id }, one.newest()];
        yield [{ generation: one.id, immediate: true }, one.immediate()];
      }
    });
    expect(tally.get("right")).toBeGreaterThan(0.9 * tally.total);
  });

  it("by the name of a restore point", { timeout: 3_600_000 }, async () => {
    const tally = await campaign(8, 40, function* (oracle) {
      yield* namedCases(oracle);
    });
    expect(tally.get("right")).toBeGreaterThan(0.3 * tally.total);
    expect(tally.get("target/no-restore-point")).toBeGreaterThan(0);
    expect(tally.get("target/no-generation")).toBeGreaterThan(0);
  });

  it("along a timeline", { timeout: 3_600_000 }, async () => {
    const tally = await campaign(8, 70, function* (oracle) {
      oracle.writeHistories();
      yield* timelineCases(oracle);
    });
    expect(tally.get("right")).toBeGreaterThan(0.4 * tally.total);
    expect(tally.get("target/not-in-history")).toBeGreaterThan(0);
  });
});

interface Point extends Place {
  generation: string;
  name: string;
}

/** Every third commit, and the start of every index, gets a name, also where the files are gone. */
function writePoints(oracle: Oracle): Point[] {
  const all: Point[] = [];
  for (const { generation, commits } of oracle.branches.timelines) {
    const starts = [...new Set(commits.map(({ index }) => index))].map((index) => ({ index, offset: 0 }));
    const places = [...starts, ...commits.filter((_, at) => at % 3 === 0)];
    const points = places.map(({ index, offset }, at) => ({
      index,
      offset,
      generation,
      name: `${generation} ${at}`,
    }));
    all.push(...points);
    if (points.length > 0) points.push({ ...points[0]!, name: "the same everywhere" });
    const text = formatRestorePoints(
      points.map(({ name, ...position }) => ({ name, position, recorded: undefined })),
    );
    oracle.write(restorePointsPath("generations/", generation), text);
  }
  return all;
}

function* namedCases(oracle: Oracle): Generator<[Target, Expected]> {
  const gone = refused(/^target\/no-generation$/);
  const unknown = refused(/^target\/no-restore-point$/);
  for (const [{ name, generation, ...place }, exclusive] of bothWays(writePoints(oracle))) {
    const one = oracle.generations.find(({ id }) => id === generation);
    const expected = one?.position(place, exclusive) ?? gone;
    yield [{ name, exclusive }, expected];
    yield [{ name, generation, exclusive }, expected];
    const other = oracle.generations.find(({ id }) => id !== generation);
    if (other) yield [{ name, generation: other.id, exclusive }, unknown];
  }
  yield [{ name: "unheard-of" }, unknown];
  const named = oracle.branches.timelines.filter(({ commits }) => commits.length > 0);
  if (named.length > 1) yield [{ name: "the same everywhere" }, unknown];
  for (const one of oracle.generations)
    if (one.timeline.commits.length > 0) {
      const { index } = one.timeline.commits[0]!;
      yield [{ name: "the same everywhere", generation: one.id }, one.position({ index, offset: 0 })];
    }
}

function* timelineCases(oracle: Oracle): Generator<[Target, Expected]> {
  const { branches, generations, latest } = oracle;
  const points = writePoints(oracle);
  const none = refused(/^target\/no-timeline$/);
  if (!latest) return;
  yield [{ timeline: "latest" }, latest.newest()];
  yield [{ timeline: "latest", immediate: true }, latest.immediate()];
  yield [{ timeline: branches.timelines.length + 1 }, none];
  yield [{ timeline: "00000000deadbeef" }, none];
  for (const { generation, removed } of branches.timelines)
    if (removed === "all") yield [{ timeline: oracle.idOf(generation), transaction: 1 }, none];
  for (const one of generations) {
    const timelines = [oracle.idOf(one.id), one.id, ...(one === latest ? ["latest"] : [])];
    const along = oracle.path(one.id).flatMap((stage) => (stage.one ? [...times(stage.one)] : []));
    for (const timeline of timelines) {
      for (const [timestamp, exclusive] of bothWays([...along, ...outerTimes(oracle)])) {
        const moment = exclusive ? timestamp - 1n : timestamp;
        yield [{ timeline, timestamp, exclusive }, oracle.timeAlong(one.id, moment)];
      }
      for (const [{ name, ...point }, exclusive] of bothWays(points))
        yield [{ timeline, name, exclusive }, oracle.pointAlong(one.id, point, exclusive)];
      for (const [{ index, offset }, exclusive] of bothWays(one.commits))
        yield [
          { timeline, position: { index, offset }, exclusive },
          one.position({ index, offset }, exclusive),
        ];
      yield [{ timeline, transaction: 1 }, one.transaction(1)];
      yield [{ timeline, index: one.end.index }, one.index(one.end.index)];
      yield [{ timeline }, one.newest()];
    }
  }
}
