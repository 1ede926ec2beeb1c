import fc from "fast-check";
import { expect, it } from "vitest";
import { PageHashes } from "../../src/replay/page-hashes.ts";

const page = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 2 ** 24 }));
const step = fc.oneof(
  fc.record({ kind: fc.constant("set" as const), page, hash: fc.integer({ min: 0, max: 0xffffffff }) }),
  fc.record({ kind: fc.constant("truncate" as const), page, hash: fc.constant(0) }),
  fc.record({ kind: fc.constant("clear" as const), page, hash: fc.constant(0) }),
);

it("holds what a map holds; a hash that is 0 counts as 1", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const hashes = new PageHashes();
      const model = new Map<number, number>();
      for (const { kind, page, hash } of steps) {
        if (kind === "set") {
          hashes.set(page, hash);
          model.set(page, hash || 1);
        } else if (kind === "truncate") {
          hashes.truncate(page);
          for (const key of model.keys()) if (key > page) model.delete(key);
        } else {
          hashes.clear();
          model.clear();
        }
      }
      for (const { page } of steps)
        for (const one of [page - 1, page, page + 1])
          expect([one, hashes.get(one)]).toEqual([one, model.get(one) ?? 0]);
    }),
  );
});
