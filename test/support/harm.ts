/** Recipes of made-up replicas, and what may happen to the files of one. */

import fc from "fast-check";
import type { MemoryStorage } from "../../src/storage/index.ts";
import type { Recipe } from "./generate.ts";

export const recipe: fc.Arbitrary<Recipe> = fc.record({
  pageSize: fc.constantFrom(512, 1024),
  pages: fc.integer({ min: 2, max: 12 }),
  seed: fc.integer({ min: 1, max: 2 ** 31 }),
  indexes: fc
    .array(
      fc.record({
        snapshot: fc.boolean(),
        mark: fc.integer({ min: 0, max: 4 }),
        segments: fc.array(fc.record({ commits: fc.integer({ min: 0, max: 3 }) }), {
          minLength: 1,
          maxLength: 3,
        }),
      }),
      { minLength: 1, maxLength: 5 },
    )
    .map((indexes) => indexes.map((index, at) => (at === 0 ? { ...index, snapshot: true } : index))),
});

export interface Harm {
  kind: string;
  file: number;
  other: number;
  at: number;
  xor: number;
}

export const harm: fc.Arbitrary<Harm> = fc.record({
  kind: fc.constantFrom("delete", "delete", "empty", "swap", "flip", "cut"),
  file: fc.nat(1000),
  other: fc.nat(1000),
  at: fc.nat(100_000),
  xor: fc.integer({ min: 1, max: 255 }),
});

/** Does the harm to the storage itself. What leaves no trace, which nobody can tell, is not done. */
export function harmed(storage: MemoryStorage, harms: readonly Harm[]): MemoryStorage {
  for (const { kind, file: which, other: second, at, xor } of harms) {
    const paths = [...storage.files.keys()];
    if (paths.length === 0) return storage;
    const [path, other] = [paths[which % paths.length]!, paths[second % paths.length]!];
    const [file, otherFile] = [storage.files.get(path)!, storage.files.get(other)!];
    // What leaves no trace in an index or between two (see test/restore/model.test.ts) nobody can tell.
    const starts = (one: string) => /_00000000\.wal|snapshot/.test(one);
    const isLast =
      paths
        .filter((one) => one.startsWith(path.replace(/_.*/, "_")))
        .sort()
        .at(-1) === path;
    if (kind === "delete" && isLast && /\/wal\//.test(path)) continue;
    if (kind === "swap" && starts(path) && starts(other)) continue;
    const data = file.data.slice();
    if (kind === "flip" && data.length > 0) data[at % data.length]! ^= xor;
    if (kind === "delete") storage.files.delete(path);
    else if (kind === "swap") {
      storage.files.set(path, { ...file, data: otherFile.data });
      storage.files.set(other, { ...otherFile, data });
    } else {
      const end = kind === "empty" ? 0 : kind === "cut" ? at % (data.length + 1) : data.length;
      storage.files.set(path, { ...file, data: data.slice(0, end) });
    }
  }
  return storage;
}
