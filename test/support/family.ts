import type { MemoryStorage } from "../../src/storage/index.ts";
import { type GenerationRecipe, makeBranches } from "./branches.ts";
import { Oracle } from "./oracle.ts";

/** A database, a restore of it, a restore of that one, and another restore of the first. */
export function family(): { oracle: Oracle; storage: MemoryStorage; ids: [string, string, string, string] } {
  const plan = (number: number, from: GenerationRecipe["from"]): GenerationRecipe => ({
    ...{ from, before: "nothing", writes: 1, busy: 0, firstIndex: 0, stillborn: false, seed: 7 + number },
    indexes: [
      { snapshot: false, segments: [2, 1, 3] },
      ...(number === 1 ? [{ snapshot: false, segments: [2] }] : []),
    ],
    remove: "nothing",
  });
  const generations = [
    plan(0, { type: "root", script: "same" }),
    plan(1, { type: "child", of: 0, at: 3 }),
    plan(2, { type: "child", of: 1, at: 2 }),
    plan(3, { type: "child", of: 0, at: 2 }),
  ];
  const oracle = new Oracle(
    makeBranches({ pageSize: 1024, shrinks: false, undoes: false, seed: 5, generations }),
  );
  oracle.writeHistories();
  const ids = oracle.generations.map(({ id }) => id) as [string, string, string, string];
  return { oracle, storage: oracle.branches.storage, ids };
}
