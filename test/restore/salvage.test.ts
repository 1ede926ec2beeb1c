/**
 * Salvage of a moment within a generation: never a state from after it, whatever file is missing or damaged, and where it
 * says what it reached, that state.
 *
 * `WALKIT_CAMPAIGN=targets npx vitest run test/restore/salvage.test.ts` runs more of it, with `WALKIT_TARGETS_SEED=<n>`
 * other ones.
 */

import fc from "fast-check";
import { expect, it } from "vitest";
import { parsePosition, sectionAt, sectionOf, type WalPosition } from "../../src/replay/position.ts";
import { MemoryStorage } from "../../src/storage/index.ts";
import type { Target } from "../../src/timeline/target/target.ts";
import { attemptRestore } from "../support/attempt.ts";
import { makeBranches, type TrueCommit } from "../support/branches.ts";
import { describe, expectAdvice, Tally } from "../support/hold.ts";
import { comparePlaces, Oracle, type Place, type TrueGeneration } from "../support/oracle.ts";
import { anyRecipe, campaignRuns, LONG, pick } from "../support/recipes.ts";

const damage = fc.record({
  kind: fc.constantFrom("delete", "cut", "flip"),
  file: fc.nat(1_000_000),
  at: fc.nat(1_000_000),
  bit: fc.nat(7),
});

function targetsOf({ id: generation, commits }: TrueGeneration): { target: Target; place: Place }[] {
  return commits.flatMap(({ index, offset, time }, at) => {
    const [position, transaction] = [{ index, offset }, at + 1];
    const before = commits[at - 1] ?? { index, offset: 0 };
    const upTo = (fits: (one: TrueCommit) => boolean) => commits.findLast(fits)!;
    return [
      { target: { generation, timestamp: time }, place: upTo((one) => one.time <= time) },
      { target: { generation, index }, place: upTo((one) => one.index <= index) },
      { target: { generation, position }, place: position },
      { target: { generation, position, exclusive: true }, place: before },
      { target: { generation, transaction }, place: position },
      { target: { generation, transaction, exclusive: true }, place: before },
    ];
  });
}

const indexOf = (path: string | undefined) => path && /([0-9a-f]{8})_/.exec(path)?.[1];

it("never goes past the moment that was asked for", { timeout: 3_600_000 }, async () => {
  const tally = new Tally();
  await fc.assert(
    fc.asyncProperty(anyRecipe, damage, async (recipe, { kind, file, at, bit }) => {
      const oracle = new Oracle(makeBranches(recipe));
      for (const one of oracle.generations) {
        const storage = new MemoryStorage(oracle.branches.storage.files);
        const paths = [...storage.files.keys()].filter((path) => path.includes(`/${one.id}/`)).sort();
        const path = paths[file % paths.length]!;
        const { data, modified } = storage.files.get(path)!;
        const harmed = data.slice(0, kind === "cut" ? at % data.length : undefined);
        if (kind === "flip") harmed[at % data.length]! ^= 1 << bit;
        if (kind === "delete") storage.files.delete(path);
        else storage.files.set(path, { data: harmed, modified });
        // The last segment of an index may be gone without a trace; then the transactions count otherwise.
        const next = paths[(file % paths.length) + 1];
        const isUnseen = kind === "delete" && /\/wal\//.test(path) && indexOf(path) !== indexOf(next);
        for (const { target, place } of pick(targetsOf(one), LONG ? 40 : 8, at)) {
          const attempt = await attemptRestore(storage, target, { salvage: true });
          const what = `${describe(target)}, ${kind} ${path}`;
          if (attempt.error) {
            expectAdvice(attempt.error);
            tally.add("refused");
            continue;
          }
          const { position, plan, proven, lost, findings } = attempt.restored;
          // By time it goes on to where the snapshot is whole, and says so.
          if (!lost && findings.some(({ code }) => code === "replica/before-mark")) continue;
          if (isUnseen) continue;
          const reached = (position as WalPosition | undefined) ?? sectionAt(sectionOf(plan.snapshot));
          const commit = one.commits.findLast((commit) => comparePlaces(commit, reached) <= 0);
          if (commit && comparePlaces(commit, place) > 0) {
            throw new Error(`${what}: reached ${describe(reached)}, past ${describe(place)}`);
          }
          if (lost?.reached) expect([what, parsePosition(lost.reached)]).toEqual([what, position]);
          tally.add(`${lost ? "salvaged" : "restored"}${proven ? "" : ", not proven"}`);
          if (!proven) continue;
          const right = commit?.sha256 ?? one.state(-1);
          if (typeof right === "string") expect([what, attempt.sha256]).toEqual([what, right]);
        }
      }
    }),
    campaignRuns(20),
  );
  if (LONG) console.log(`${tally}`);
  expect(tally.get("salvaged") + tally.get("salvaged, not proven")).toBeGreaterThan(50);
});
