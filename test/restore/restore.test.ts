/** Every healthy replica, every target in its manifest: the bytes that the real Litestream restored. */

import { describe, expect, it } from "vitest";
import { attemptRestore, targetOf } from "../support/attempt.ts";
import { GOLDEN, readFixture, readManifest } from "../support/fixtures.ts";
import { naiveGenerations, naiveStates } from "../support/naive.ts";

describe.each(GOLDEN)("%s", (name) => {
  const storage = readFixture(name);
  const { restores } = readManifest(name);

  it.each(restores.filter(({ db }) => db).map((r) => [r.args.slice(3).join(" "), r] as const))(
    "gives the same bytes for %s",
    async (_, recorded) => {
      const { sha256, error } = await attemptRestore(storage, targetOf(recorded));
      expect(error?.message ?? sha256).toBe(recorded.db!.sha256);
    },
  );

  const refused = restores.filter(({ db, error, id }) => !db && !error?.startsWith("panic") && isTarget(id));
  it(`refuses the ${refused.length} targets that are out of reach`, async () => {
    expect(refused.length).toBeGreaterThan(0);
    for (const recorded of refused) {
      const { sha256, error } = await attemptRestore(storage, targetOf(recorded));
      expect(`${recorded.id}: ${error?.code ?? sha256}`).toMatch(
        /: target\/(out-of-range|no-snapshot|no-generation)$/,
      );
    }
  });
});

it("restores a true state where Litestream panics", async () => {
  let count = 0;
  for (const name of GOLDEN) {
    const storage = readFixture(name);
    const panics = readManifest(name).restores.filter(({ error }) => error?.startsWith("panic"));
    const states = new Set(naiveGenerations(storage).flatMap((g) => naiveStates(g).map((s) => s.sha256)));
    for (const recorded of panics) {
      const { sha256, error } = await attemptRestore(storage, targetOf(recorded));
      expect(error?.message).toBeUndefined();
      expect(states).toContain(sha256);
      count++;
    }
  }
  expect(count).toBe(6);
});

/** Some records are of the command line's own errors, not of a target. */
function isTarget(id: string): boolean {
  return /^(latest|gen:|time:)/.test(id);
}

it("covers all 240 restores that Litestream recorded", () => {
  const count = GOLDEN.flatMap((name) => readManifest(name).restores.filter(({ db }) => db)).length;
  expect(count).toBe(240);
});
