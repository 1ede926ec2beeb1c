import fc from "fast-check";
import { expect, it } from "vitest";
import { concat } from "../../src/bytes.ts";
import { IndexBytes } from "../../src/ltx/index-bytes.ts";
import { IndexCheck } from "../../src/ltx/index-check.ts";
import { cut } from "../wal/frames.ts";

const pages = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 7, max: 70_000 })), { maxLength: 60 })
  .map((list) => {
    let [page, offset] = [0, 100];
    return list.map(([gap, size]): [number, number, number] => {
      page += gap;
      offset += size;
      return [page, offset - size, size];
    });
  });

/** An index of these pages, and what checks one. */
function made(list: [number, number, number][]): { bytes: Uint8Array; check: IndexCheck } {
  const [index, check] = [new IndexBytes(), new IndexCheck()];
  for (const entry of list) {
    index.add(...entry);
    check.page(...entry);
  }
  return { bytes: concat([...index.pieces(), new Uint8Array(1)]), check };
}

it("the index of the pages is right, in whatever pieces it comes", () => {
  fc.assert(
    fc.property(pages, fc.integer({ min: 1, max: 9 }), (list, size) => {
      const { bytes, check } = made(list);
      expect(check.size).toBe(bytes.length);
      for (const piece of cut(bytes, [size])) {
        expect(check.done).toBe(false);
        expect(check.take(piece, 0, piece.length)).toBe(piece.length);
      }
      expect([check.done, check.fault]).toEqual([true, undefined]);
    }),
  );
});

it("any other is not, and none is read on behind its end", () => {
  fc.assert(
    fc.property(pages, fc.nat(), fc.integer({ min: 1, max: 255 }), (list, where, mask) => {
      const { bytes, check } = made(list);
      const at = where % bytes.length;
      bytes[at]! ^= mask;
      const longer = concat([bytes, new Uint8Array(50)]);
      const stop = check.take(longer, 0, longer.length);
      expect(check.fault).toMatch(/^Expected .* found /);
      expect(stop).toBeLessThanOrEqual(bytes.length);
    }),
  );
});
