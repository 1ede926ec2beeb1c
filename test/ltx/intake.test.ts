import fc from "fast-check";
import { expect, it } from "vitest";
import { Intake } from "../../src/ltx/intake.ts";
import { cut } from "../wal/frames.ts";

it("hands on elements whole, however the bytes are cut, and wherever more was looked at", () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 30 });
  const pieces = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(sizes, pieces, fc.nat({ max: 20 }), (elements, cuts, ahead) => {
      const total = elements.reduce((a, b) => a + b, 0);
      const bytes = Uint8Array.from({ length: total }, (_, i) => i);
      const intake = new Intake(7);
      const seen: number[] = [];
      let [next, given] = [0, 0];
      for (const piece of cut(bytes, cuts)) {
        intake.give(piece);
        given += piece.length;
        while (next < elements.length) {
          const size = elements[next]!;
          // Looks at more than it takes, as far as there is more.
          const want = Math.min(size + ahead, total + 7 - intake.offset);
          if (!intake.need(want)) break;
          seen.push(...intake.source.subarray(intake.position, intake.position + size));
          intake.take(size);
          next++;
        }
        expect(intake.end).toBe(7 + given);
        expect(intake.offset + intake.available).toBe(intake.end);
      }
      expect(seen).toEqual([...bytes]);
    }),
  );
});
