/** What the pages of a database sum up to. */

import fc from "fast-check";
import { expect, it } from "vitest";
import { DatabaseChecksum } from "../../src/ltx/index.ts";
import { chainBroken, PageSums, sumDiffers, sumText } from "../../src/replay/sums.ts";

const sum = fc.bigInt({ min: 0n, max: (1n << 63n) - 1n });
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ page: fc.integer({ min: 1, max: 3000 }), sum }) },
  { weight: 1, arbitrary: fc.record({ count: fc.nat(3000) }) },
);

it("is the sums of the pages that are left, by XOR, whatever was set, set again or cut off", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const sums = new PageSums();
      const model = new Map<number, bigint>();
      for (const one of steps) {
        if ("count" in one) {
          sums.truncate(one.count);
          for (const page of model.keys()) if (page > one.count) model.delete(page);
        } else {
          sums.set(one.page, one.sum);
          model.set(one.page, one.sum);
        }
        expect(sums.value).toBe([...model.values()].reduce((all, page) => all ^ page, 0n));
      }
    }),
  );
});

it("of no page is nothing, and a page that adds nothing changes nothing", () => {
  const sums = new PageSums();
  expect(sums.value).toBe(0n);
  sums.set(7, (1n << 63n) - 1n);
  sums.set(8, 0n);
  expect(sums.value).toBe((1n << 63n) - 1n);
  sums.set(7, 0n);
  expect(sums.value).toBe(0n);
});

it("is written as files have it: with a bit that says that there is one", () => {
  expect([0n, 1n, (1n << 63n) - 1n].map(sumText)).toEqual([
    "8000000000000000",
    "8000000000000001",
    "ffffffffffffffff",
  ]);
  expect(sumText(new DatabaseChecksum(512).value)).toBe("8000000000000000");
});

it("errors say which file, where in it, what was to be and what is", () => {
  expect(chainBroken("ltx/0/a.ltx", 1n, 2n)).toMatchObject({
    ...{ code: "ltx/chain", path: "ltx/0/a.ltx", offset: 40 },
    message: expect.stringMatching(/checksum 8000000000000001, found .* follows on 8000000000000002$/),
  });
  expect(sumDiffers("ltx/0/a.ltx", { txid: 26 }, 1n, 2n)).toMatchObject({
    ...{ code: "ltx/database-checksum", path: "ltx/0/a.ltx", position: "000000000000001a" },
    message: expect.stringMatching(/checksum 8000000000000002, as the file says, .* have 8000000000000001$/),
  });
});
