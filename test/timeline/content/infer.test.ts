/**
 * Parents found by content, against what is true of the replicas: the golden ones, and those that test/support/branches.ts
 * makes up.
 *
 * The suite runs a sample whose seeds are fixed. `WALKIT_CAMPAIGN=infer npx vitest run test/timeline/content/infer.test.ts` makes
 * WALKIT_RUNS replicas of each kind (by default 500) from WALKIT_SEED on, and prints what was found of their generations.
 * Databases of 8 to 15 pages, of which a child's own WAL has often rewritten nearly all: a few answers in thousands are
 * wrong then, so the campaign only holds how many.
 */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { replicaIn } from "../../../src/layouts/open.ts";
import { decompress } from "../../../src/lz4/index.ts";
import { formatPosition, readCatalog } from "../../../src/snapshot/index.ts";
import { MemoryStorage } from "../../../src/storage/index.ts";
import { inferParents } from "../../../src/timeline/content/infer.ts";
import { attemptRestore } from "../../support/attempt.ts";
import {
  type BranchesRecipe,
  branchesRecipe,
  type GenerationRecipe,
  makeBranches,
  shrinkingBranchesRecipe,
  undoingBranchesRecipe,
} from "../../support/branches.ts";
import { GOLDEN, readFixture } from "../../support/fixtures.ts";
import { type Judged, judgeBranches, tableOf } from "../../support/infer-table.ts";

const LONG = process.env.WALKIT_CAMPAIGN?.split(",").includes("infer") ?? false;
const RUNS = Number(process.env.WALKIT_RUNS ?? 500);
const SEED = Number(process.env.WALKIT_SEED ?? Date.now() % 1_000_000);

/** Child, parent and switch point of all that have a parent. */
async function parentsIn(storage: MemoryStorage): Promise<Record<string, string>> {
  const { generations } = await readCatalog(storage);
  const found = await inferParents(replicaIn(storage), generations, generations);
  expect([...found.keys()].sort()).toEqual(generations.map(({ id }) => id));
  return Object.fromEntries(
    [...found].flatMap(([id, one]) =>
      one.parent === undefined ? [] : [[id, `${one.parent} at ${formatPosition(one.switchPoint)}`]],
    ),
  );
}

const TRUE_PARENTS = {
  "5895e7a4888b5747": "89c0220745ddaaba at 00000001:00003068",
  "89c0220745ddaaba": "eebf5555ba3afc10 at 00000002:00003068",
};

describe("golden replicas", () => {
  it("have two generations with a parent", async () => {
    expect(await parentsIn(readFixture("multi-generation"))).toEqual(TRUE_PARENTS);
  });

  it("are told apart in one replica", async () => {
    const all = new MemoryStorage(new Map(GOLDEN.flatMap((name) => [...readFixture(name).files])));
    expect((await readCatalog(all)).generations).toHaveLength(13);
    expect(await parentsIn(all)).toEqual(TRUE_PARENTS);
  });

  it("need no times", async () => {
    const { files } = readFixture("multi-generation");
    const copy = new Map([...files].map(([path, { data }]) => [path, { data, modified: 5n }]));
    expect(await parentsIn(new MemoryStorage(copy))).toEqual(TRUE_PARENTS);
  });
});

const KINDS: { name: string; recipe: fc.Arbitrary<BranchesRecipe>; seed: number }[] = [
  { name: "plain", recipe: branchesRecipe, seed: 2 },
  { name: "shrinking", recipe: shrinkingBranchesRecipe, seed: 13 },
  { name: "undoing", recipe: undoingBranchesRecipe, seed: 3 },
];

/** Nothing was written that no WAL has, and the replica has the WAL from its first byte on. */
const IS_COVERED = /: (Litestream at once|\d written, WAL kept)(; \d before the snapshot)?$/;

function isWrong({ row, verdict }: Judged): boolean {
  return verdict === "wrong" || verdict === "other point" || (row === "root" && verdict !== "none");
}

function isMissed({ row, verdict, timeline: { kind } }: Judged): boolean {
  return verdict === "none" && row === "parent there" && IS_COVERED.test(kind);
}

function describeOne({ row, verdict, timeline }: Judged): string {
  return `${row}: ${verdict} (${timeline.generation}, ${timeline.kind})`;
}

describe.each(KINDS)("$name replicas made up", ({ name, recipe, seed }) => {
  if (!LONG)
    it("have the parents that are found", async () => {
      const all: Judged[] = [];
      for (const one of fc.sample(recipe, { seed, numRuns: 70 })) {
        const judged = await judgeBranches(makeBranches(one));
        expect(judged.filter((it) => isWrong(it) || isMissed(it)).map(describeOne)).toEqual([]);
        all.push(...judged);
      }
      const children = all.filter(({ row }) => row === "parent there");
      const found = children.filter(({ verdict }) => verdict !== "none");
      expect(children.length).toBeGreaterThan(40);
      expect(found.length).toBeGreaterThan(0.5 * children.length);
    });

  if (LONG)
    it("campaign", { timeout: 3_600_000 }, async () => {
      const all: Judged[] = [];
      for (const one of fc.sample(recipe, { seed: SEED, numRuns: RUNS })) {
        all.push(...(await judgeBranches(makeBranches(one))));
      }
      console.log(`${name}, ${RUNS} replicas from seed ${SEED}, ${all.length} generations\n${tableOf(all)}`);
      expect(all.filter(({ row, verdict }) => row === "root" && verdict !== "none")).toEqual([]);
      expect(all.filter(isWrong).length).toBeLessThan(3 + 0.003 * all.length);
      expect(all.filter(isMissed).length).toBeLessThan(3 + 0.02 * all.length);
    });
});

describe("a database of some hundred pages", () => {
  const generation = (own: Partial<GenerationRecipe>): GenerationRecipe => ({
    ...{ from: { type: "root", script: "same" }, before: "nothing", writes: 2, busy: 0, firstIndex: 0 },
    ...{ stillborn: false, seed: 1, remove: "nothing" },
    indexes: [
      { snapshot: true, segments: [1, 2, 1, 1] },
      { snapshot: false, segments: [1, 5, 2] },
    ],
    ...own,
  });

  it.each<GenerationRecipe["before"]>(["closed", "restarted", "nothing", "kept"])(
    "is found, and its pages are counted, where the application had: %s",
    async (before) => {
      const generations = [
        generation({ seed: 13 }),
        generation({ from: { type: "child", of: 0, at: 7 }, before, seed: 113 }),
        generation({ from: { type: "child", of: 1, at: 6 }, before, seed: 213 }),
      ];
      const made = makeBranches({
        ...{ pageSize: 1024, shrinks: false, undoes: false, filler: 1500, seed: 91 },
        generations,
      });
      const judged = await judgeBranches(made);
      expect(judged.map(({ row }) => row)).toEqual(["root", "parent there", "parent there"]);
      for (const { timeline, inference, verdict } of judged.slice(1)) {
        expect(verdict).toMatch(/^right/);
        if (inference?.parent === undefined) throw new Error("No parent");
        const { storage } = made;
        const path = `generations/${timeline.generation}/snapshots/00000000.snapshot.lz4`;
        const snapshot = decompress(storage.files.get(path)!.data);
        const parent = await attemptRestore(storage, {
          generation: inference.parent,
          position: inference.switchPoint,
        });
        if (parent.error) throw parent.error;
        const { equal, total } = pagesInCommon(snapshot, parent.bytes, 1024);
        expect({ equal: inference.equal, total: inference.total }).toEqual({ equal, total });
        expect(total).toBeGreaterThan(350);
        expect(equal).toBeGreaterThan(total - 12);
        // A WAL of its own that brings all that was changed looks the same where an earlier one is gone.
        if (before !== "restarted") expect(inference.complete).toBe(before !== "closed");
      }
    },
  );
});

function pagesInCommon(a: Uint8Array, b: Uint8Array, pageSize: number): { equal: number; total: number } {
  const total = Math.max(a.length, b.length) / pageSize;
  let equal = 0;
  for (let at = 0; at < Math.min(a.length, b.length); at += pageSize) {
    if (Buffer.compare(a.subarray(at, at + pageSize), b.subarray(at, at + pageSize)) === 0) equal++;
  }
  return { equal, total };
}
