/** The two rules over every fixture, healthy and damaged. */

import { describe, expect, it } from "vitest";
import { DAMAGED, GOLDEN, readFixture } from "../support/fixtures.ts";
import { holdAgreement, holdMoments } from "./hold.ts";

describe.each([...GOLDEN, ...DAMAGED])("%s", (name) => {
  it("verify, restore and dry run agree, and what they offer works", { timeout: 300_000 }, async () => {
    const { restored } = await holdAgreement(readFixture(name), name);
    if (GOLDEN.includes(name)) expect(restored).toBeDefined();
  });
});

describe.each(DAMAGED)("%s", (name) => {
  it("every moment that is listed can be restored", { timeout: 300_000 }, async () => {
    await holdMoments(readFixture(name), name);
  });
});
