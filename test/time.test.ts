/** Which times can be those of Litestream, and which were made by copying. */

import { describe, expect, it } from "vitest";
import { planRestore } from "../src/layouts/generations/index.ts";
import { readCatalog, timesUntrusted } from "../src/snapshot/index.ts";
import type { MemoryStorage } from "../src/storage/index.ts";
import { GOLDEN, readFixture } from "./support/fixtures.ts";

const START = 1_795_180_000_123_456_789n;

/** The replica as a copy would leave it: each file, in the order given, `step` nanoseconds after the one before. */
async function copied(name: string, order: (paths: string[]) => string[], step: bigint, unit = 1n) {
  const storage: MemoryStorage = readFixture(name);
  let time = START;
  for (const path of order([...storage.files.keys()].filter((path) => !path.endsWith("/")))) {
    time += step;
    storage.files.get(path)!.modified = (time / unit) * unit;
  }
  return await readCatalog(storage);
}

const byName = (paths: string[]) => paths.sort();
const anyhow = (paths: string[]) => paths.sort((a, b) => (a.slice(-15) < b.slice(-15) ? -1 : 1)).reverse();

describe("times", () => {
  it.each(GOLDEN)("of %s are those of Litestream, also in milliseconds or whole seconds", async (name) => {
    for (const unit of [1n, 1_000_000n, 1_000_000_000n]) {
      const storage = readFixture(name);
      for (const file of storage.files.values()) file.modified = (file.modified! / unit) * unit;
      for (const generation of (await readCatalog(storage)).generations) {
        // All within one second: then nothing can be told apart.
        if (unit === 1_000_000_000n && generation.segments.length < 10) continue;
        expect(timesUntrusted(generation)).toBeUndefined();
      }
    }
  });

  it.each([
    ["a clone by git, in the order of names", byName, 40_000n, 4_000_000n],
    ["cp -r", anyhow, 40_000n, 1n],
    ["cp -r that happens to go in order", byName, 40_000n, 1n],
    ["a slow copy in the order of names", byName, 25_000_000n, 1n],
    ["an archive unpacked with one time", byName, 0n, 1n],
  ] as const)("of %s are not", async (_, order, step, unit) => {
    const catalog = await copied("multi-snapshot", order, step, unit);
    expect(timesUntrusted(catalog.generations[0]!)?.reason).toBeDefined();
    expect(() => planRestore(catalog, { timestamp: START + 30n * step })).toThrow(
      expect.objectContaining({ code: "replica/times-untrusted" }),
    );
    // Without times nothing tells how far the newest snapshot reaches: the one before it leads to the same state.
    expect(planRestore(catalog, {})).toMatchObject({ snapshot: { index: 4 }, settled: true });
  });
});
