import fc from "fast-check";
import { expect, it } from "vitest";
import { MaxHeap } from "../../src/replay/max-heap.ts";

it("gives the largest first, as a sorted list does", () => {
  const step = fc.option(fc.nat(50), { nil: undefined });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const heap = new MaxHeap();
      const list: number[] = [];
      for (const number of steps) {
        if (number === undefined) expect(heap.pop()).toBe(list.pop() ?? -1);
        else {
          heap.push(number);
          list.push(number);
          list.sort((a, b) => a - b);
        }
        expect(heap.max).toBe(list.at(-1) ?? -1);
      }
      heap.clear();
      expect(heap.max).toBe(-1);
    }),
  );
});
