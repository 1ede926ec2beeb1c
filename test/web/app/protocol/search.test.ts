/** Places in what is in order. */

import fc from "fast-check";
import { expect, it } from "vitest";
import { firstIn } from "../../../../web/app/protocol/search.ts";

it("finds the first of ascending places that is not before another", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: -50, max: 50 })),
      fc.integer({ min: -60, max: 60 }),
      (some, value) => {
        const places = Float64Array.from(some).sort();
        const found = places.findIndex((one) => one >= value);
        expect(firstIn(places, value)).toBe(found === -1 ? places.length : found);
      },
    ),
  );
});
