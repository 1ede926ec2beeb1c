/**
 * Generations whose first snapshot is gone or damaged, restored through their parents: the bytes that SQLite had, or a
 * refusal. What history files do not vouch for takes salvage, and is said not to be proven.
 *
 * `WALKIT_CAMPAIGN=targets npx vitest run test/timeline/target/through.test.ts` runs more of it, with
 * `WALKIT_TARGETS_SEED=<n>` other ones.
 */

import fc from "fast-check";
import { expect, it } from "vitest";
import type { WalkitError } from "../../../src/errors.ts";
import { replicaIn } from "../../../src/layouts/open.ts";
import {
  comparePositions,
  type Position,
  sectionOf,
  type WalPosition,
} from "../../../src/replay/position.ts";
import { readCatalog } from "../../../src/snapshot/index.ts";
import { MemoryStorage } from "../../../src/storage/index.ts";
import { formatHistory, historyOf, historyPath, pathTo, readLineage } from "../../../src/timeline/index.ts";
import type { Target } from "../../../src/timeline/target/target.ts";
import { attemptRestore } from "../../support/attempt.ts";
import { type BranchesRecipe, makeBranches } from "../../support/branches.ts";
import { describe, expectAdvice, Tally } from "../../support/hold.ts";
import { Oracle, type TrueGeneration } from "../../support/oracle.ts";
import { anyRecipe, campaignRuns, LONG, pick } from "../../support/recipes.ts";

/** Each generation a child of the one before, with nothing deleted. */
const chainRecipe: fc.Arbitrary<BranchesRecipe> = anyRecipe.map((recipe) => ({
  ...recipe,
  generations: recipe.generations.map((plan, number) => ({
    ...plan,
    from: number === 0 ? plan.from : { type: "child", of: number - 1, at: plan.seed },
    remove: "nothing",
  })),
}));

const damage = fc.record({
  kind: fc.constantFrom("delete", "cut", "flip"),
  at: fc.nat(1_000_000),
  bit: fc.nat(7),
});
type Damage = typeof damage extends fc.Arbitrary<infer T> ? T : never;

function firstSnapshot(storage: MemoryStorage, generation: string): string {
  const folder = `generations/${generation}/snapshots/`;
  return [...storage.files.keys()].filter((path) => path.startsWith(folder)).sort()[0]!;
}

function harm(storage: MemoryStorage, path: string, { kind, at, bit }: Damage): void {
  if (kind === "delete") return void storage.files.delete(path);
  const file = storage.files.get(path)!;
  const data = file.data.slice(0, kind === "cut" ? at % file.data.length : undefined);
  if (kind === "flip") data[at % data.length]! ^= 1 << bit;
  storage.files.set(path, { ...file, data });
}

/** Moments of a generation that its first snapshot leads to, and the newest one, with the states that these are to be. */
function momentsOf(
  one: TrueGeneration,
  second: number,
): { target: Target; sha256: string; place: Position }[] {
  const { id: generation } = one;
  const commits = one.commits
    .filter(({ index }) => index < second)
    .map(({ index, offset, sha256, time }) => ({ place: { index, offset }, sha256, time }));
  const byTime = commits.filter(({ time }, at) => time !== commits[at + 1]?.time);
  const { sha256, ...place } = one.commits.at(-1)!;
  return [
    { target: { generation }, sha256, place },
    ...commits.map((commit) => ({ target: { generation, position: commit.place }, ...commit })),
    ...commits.map((commit, at) => ({ target: { generation, transaction: at + 1 }, ...commit })),
    ...byTime.map((commit) => ({ target: { generation, timestamp: commit.time }, ...commit })),
  ];
}

/** Where the second snapshot takes over. */
function secondIndex(storage: MemoryStorage, generation: string): number {
  const [, second] = [...storage.files.keys()]
    .filter((path) => path.startsWith(`generations/${generation}/snapshots/`))
    .sort();
  return second === undefined ? Number.POSITIVE_INFINITY : Number.parseInt(second.split("/").at(-1)!, 16);
}

/**
 * Whether there is a complete way through the parent to `place`: to its switch point, and on from the first byte of the own
 * WAL. The snapshot that is gone was taken somewhere in the first segment: up to there it may have held more.
 */
function hasWay(
  oracle: Oracle,
  one: TrueGeneration,
  place: Position,
  harmed: ReadonlySet<string>,
): boolean | "perhaps" {
  const { parent, switchPoint, covered } = one.timeline;
  const above = oracle.generations.find(({ id }) => id === parent);
  if (!above || one.timeline.commits[0]?.index !== 0) return false;
  const first = one.commits.findLast(({ time }) => time === one.commits[0]!.time)!;
  if (!covered || comparePositions(place, first) <= 0) return "perhaps";
  const needsItsFirst = sectionOf(switchPoint!) < secondIndex(oracle.branches.storage, above.id);
  if (needsItsFirst && harmed.has(above.id)) return hasWay(oracle, above, switchPoint!, harmed);
  return above.position(switchPoint as WalPosition).type === "state" || "perhaps";
}

/** Restores moments of `one`, whose first snapshot is harmed in `storage`, and looks at what comes. */
async function restoreWithout(
  oracle: Oracle,
  storage: MemoryStorage,
  one: TrueGeneration,
  about: { harmed: ReadonlySet<string>; how: Damage; vouched: boolean; tally: Tally },
): Promise<void> {
  const { harmed, how, vouched, tally } = about;
  const second = secondIndex(oracle.branches.storage, one.id);
  for (const { target, sha256, place } of pick(momentsOf(one, second), LONG ? 40 : 8, one.commits.length)) {
    const attempt = await attemptRestore(storage, target);
    const isThere = hasWay(oracle, one, place, harmed);
    const what = `${describe(target)} of ${one.timeline.kind}, ${describe({ isThere, vouched, place, second })}`;
    const covered = isThere === true && vouched;
    if (attempt.error) {
      expectAdvice(attempt.error);
      if (sectionOf(place) >= second || covered) throw new Error(`${what}: ${attempt.error.message}`);
      const hasGuess = /; through its parent there is a way, but /.test(attempt.error.message);
      if (isThere === true) expect([what, hasGuess]).toEqual([what, true]);
      tally.add(`refused, ${hasGuess ? "incomplete" : isThere === false ? "no way" : "perhaps a way"}`);
      if (hasGuess) await salvageWithout(storage, target, { what, sha256, error: attempt.error, tally });
      continue;
    }
    const { restored } = attempt;
    const through = restored.findings.filter(({ code }) => code === "timeline/through-parent");
    // A bit of LZ4 may be another one, and what comes of it the same.
    const isByItself = sectionOf(place) >= second || how.kind === "flip";
    expect([what, attempt.sha256, through.length > 0 || isByItself]).toEqual([what, sha256, true]);
    tally.add(through.length > 0 ? `through ${through.length}: right` : "by itself");
  }
}

/** By the way that nothing says to be complete: perhaps another state, but then it is said. */
async function salvageWithout(
  storage: MemoryStorage,
  target: Target,
  about: { what: string; sha256: string; error: WalkitError; tally: Tally },
): Promise<void> {
  const { what, sha256, error, tally } = about;
  const { restored, sha256: found } = await attemptRestore(storage, target, { salvage: true });
  if (!restored) return tally.add("salvage refused");
  const through = restored.findings.filter(({ code }) => code === "timeline/through-parent");
  const { code, message } = restored.lost!.reason;
  expect([what, code, message]).toEqual([what, error.code, error.message]);
  if (through.length === 0) return tally.add("salvaged otherwise");
  expect([what, restored.proven, restored.lost!.segments]).toEqual([what, false, []]);
  if (found !== sha256) {
    expect([what, through.some((one) => /is not in the result$/.test(one.message))]).toEqual([what, true]);
  }
  tally.add(`salvaged: ${found === sha256 ? "right" : "other"}, unproven`);
}

it("restores the same bytes as with the snapshot, or refuses", { timeout: 3_600_000 }, async () => {
  const tally = new Tally();
  await fc.assert(
    fc.asyncProperty(chainRecipe, damage, fc.boolean(), async (recipe, how, vouched) => {
      const oracle = new Oracle(makeBranches(recipe));
      oracle.writeHistories({ complete: vouched });
      for (const one of oracle.generations) {
        if (one.timeline.parent === undefined || one.commits.length === 0) continue;
        const storage = new MemoryStorage(oracle.branches.storage.files);
        harm(storage, firstSnapshot(storage, one.id), how);
        await restoreWithout(oracle, storage, one, { harmed: new Set([one.id]), how, vouched, tally });
      }
    }),
    campaignRuns(20),
  );
  if (LONG) console.log(`${tally}`);
  expect(tally.get("through 1: right")).toBeGreaterThan(50);
  expect(tally.get("salvaged: right, unproven")).toBeGreaterThan(50);
});

it("restores through two parents and more", { timeout: 3_600_000 }, async () => {
  const tally = new Tally();
  await fc.assert(
    fc.asyncProperty(chainRecipe, damage, async (recipe, how) => {
      const oracle = new Oracle(makeBranches(recipe));
      oracle.writeHistories();
      const children = oracle.generations.filter(({ timeline }) => timeline.parent !== undefined);
      const storage = new MemoryStorage(oracle.branches.storage.files);
      for (const { id } of children) harm(storage, firstSnapshot(storage, id), how);
      const harmed = new Set(children.map(({ id }) => id));
      for (const one of children)
        if (one.commits.length > 0)
          await restoreWithout(oracle, storage, one, { harmed, how, vouched: true, tally });
    }),
    campaignRuns(25),
  );
  if (LONG) console.log(`${tally}`);
  for (const many of [1, 2, 3]) expect(tally.get(`through ${many}: right`)).toBeGreaterThan(5);
});

it("refuses where the parent is gone, and says what to bring back", { timeout: 3_600_000 }, async () => {
  let gone = 0;
  await fc.assert(
    fc.asyncProperty(chainRecipe, damage, async (recipe, how) => {
      const oracle = new Oracle(makeBranches(recipe));
      oracle.writeHistories();
      const { storage } = oracle.branches;
      for (const one of oracle.generations) {
        const { parent } = one.timeline;
        if (parent === undefined || one.timeline.commits[0]?.index !== 0) continue;
        const left = new MemoryStorage([...storage.files].filter(([path]) => !path.includes(parent)));
        harm(left, firstSnapshot(left, one.id), how);
        const { error } = await attemptRestore(left, { generation: one.id, transaction: 1 });
        expectAdvice(error);
        const id = oracle.idOf(parent);
        expect(error.message).toContain(
          `; through its parent there is no way: Expected timeline ${id} (generation ${parent})`,
        );
        expect(error.message).toMatch(/, found it gone$/);
        expect(error.remedy).toEqual({ do: "bring-back", what: "generation" });
        gone++;
      }
    }),
    campaignRuns(10),
  );
  expect(gone).toBeGreaterThan(10);
});

it("takes the newest state of the newest generation through its parent, and never another one's", {
  timeout: 3_600_000,
}, async () => {
  const tally = new Tally();
  await fc.assert(
    fc.asyncProperty(chainRecipe, damage, async (recipe, how) => {
      const oracle = new Oracle(makeBranches(recipe));
      oracle.writeHistories();
      const { storage } = oracle.branches;
      const latest = oracle.latest!;
      if (how.kind === "delete" || latest.commits.length === 0) return;
      // Another one is without a snapshot: that is not what is meant.
      for (const { id } of oracle.generations.slice(1, -1)) storage.files.delete(firstSnapshot(storage, id));
      harm(storage, firstSnapshot(storage, latest.id), how);
      for (const target of [{}, { timestamp: latest.times.at(-1)! }]) {
        const attempt = await attemptRestore(storage, target);
        if (attempt.error) expectAdvice(attempt.error);
        else expect(attempt.sha256).toBe(latest.commits.at(-1)!.sha256);
        expect(attempt.restored?.generation ?? latest.id).toBe(latest.id);
        tally.add(attempt.error ? "refused" : "restored");
      }
    }),
    campaignRuns(20),
  );
  expect(tally.get("restored")).toBeGreaterThan(10);
});

it("writes down the lineage that is true", async () => {
  await fc.assert(
    fc.asyncProperty(chainRecipe, async (recipe) => {
      const oracle = new Oracle(makeBranches(recipe));
      const { storage, timelines } = oracle.branches;
      const lineage = await readLineage(replicaIn(storage), await readCatalog(storage));
      for (const timeline of lineage.timelines) {
        const { parent, switchPoint, covered } = timelines.find(
          (one) => one.generation === timeline.generation,
        )!;
        expect(timeline.id).toBe(oracle.idOf(timeline.generation!));
        if (parent === undefined) continue;
        Object.assign(timeline, { parent: oracle.idOf(parent), switchPoint, reason: "", complete: covered });
      }
      const written = lineage.timelines.map(({ id, generation }) => {
        const text = formatHistory(historyOf(lineage, id));
        return [historyPath("generations/", generation!), text];
      });
      oracle.writeHistories();
      for (const [path, text] of written)
        expect(text).toBe(new TextDecoder().decode(storage.files.get(path!)!.data));
      const again = await readLineage(replicaIn(storage), await readCatalog(storage));
      expect(again.findings).toEqual([]);
      for (const { id } of again.timelines) {
        const places = pathTo(again, id).map(({ timeline, until }) => [timeline.generation, until]);
        const right = oracle.path(places.at(-1)![0] as string);
        expect(places).toEqual(right.map(({ timeline, until }) => [timeline.generation, until]));
      }
    }),
    campaignRuns(6),
  );
});
