/** What is made of what nothing proves. */

import fc from "fast-check";
import { expect, it } from "vitest";
import type { Unproven } from "../../../../src/restore/execute.ts";
import { fits, isInLine, stepsOf, trustIn } from "../../../../web/app/protocol/proof.ts";

const step = (counter: "follows" | "jumps" | undefined): Unproven => ({
  what: "step",
  from: "00000000:00001038",
  to: "00000001:00000000",
  counter,
});
const SAID = ["ok", "corrupt", "skipped", undefined] as const;

it("is sure where all is proven, whatever SQLite says", () => {
  for (const said of SAID) expect(trustIn([], said)).toBe("sure");
});

it("is sure over steps that the counter goes along with, unless SQLite says no or cannot be asked", () => {
  const found = SAID.map((said) => trustIn([step("follows"), step("follows")], said));
  expect(found).toEqual(["sure", "doubtful", "doubtful", "sure"]);
});

it("is never sure where the snapshot or the parent is not proven, or the counter is not in line", () => {
  const doubtful = fc.constantFrom<Unproven>(
    { what: "snapshot" },
    { what: "parent" },
    step("jumps"),
    step(undefined),
  );
  const any = fc.array(fc.oneof(doubtful, fc.constant(step("follows"))), { maxLength: 4 });
  fc.assert(
    fc.property(any, doubtful, any, fc.constantFrom(...SAID), (before, one, behind, said) => {
      const unproven = [...before, one, ...behind];
      expect(trustIn(unproven, said)).toBe("doubtful");
      expect(isInLine(unproven)).toBe(false);
      const steps = stepsOf(unproven);
      expect(fits(unproven)).toBe(steps.length === unproven.length);
    }),
  );
});
