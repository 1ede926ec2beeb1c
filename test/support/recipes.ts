/** What campaigns over targets share: recipes of all kinds, the seed, how much is run. */

import fc from "fast-check";
import {
  type BranchesRecipe,
  branchesRecipe,
  shrinkingBranchesRecipe,
  undoingBranchesRecipe,
} from "./branches.ts";
import { numbers } from "./generate.ts";

export const LONG = process.env.WALKIT_CAMPAIGN?.split(",").includes("targets") ?? false;
export const SEED = Number(process.env.WALKIT_TARGETS_SEED ?? 1);

export const anyRecipe: fc.Arbitrary<BranchesRecipe> = fc.oneof(
  { weight: 4, arbitrary: branchesRecipe },
  { weight: 1, arbitrary: shrinkingBranchesRecipe },
  { weight: 1, arbitrary: undoingBranchesRecipe },
);

/** In the suite so many runs, always the same ones. What fails in a campaign is shrunk when its path is run by itself. */
export function campaignRuns(count: number): { seed: number; numRuns: number; endOnFailure: boolean } {
  return { seed: SEED, numRuns: LONG ? 8 * count : count, endOnFailure: LONG };
}

/** At most `most` of them; which ones, the seed tells. */
export function pick<T>(all: readonly T[], most: number, seed: number): T[] {
  const left = [...all];
  const next = numbers(seed);
  while (left.length > most) left.splice(next(left.length), 1);
  return left;
}
