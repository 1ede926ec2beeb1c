/**
 * The two rules over generated damage of replicas that real SQLite wrote; and that what is restored as proven is right.
 *
 * `WALKIT_CAMPAIGN=agreement npx vitest run test/agreement` runs more of it.
 */

import fc from "fast-check";
import { expect, it } from "vitest";
import { MemoryStorage } from "../../src/storage/index.ts";
import { numbers } from "../support/generate.ts";
import { naiveGenerations, naiveStates } from "../support/naive.ts";
import { SqliteReplica } from "../support/sqlite-replica.ts";
import { holdAgreement } from "./hold.ts";

const LONG = process.env.WALKIT_CAMPAIGN === "agreement";

/** A workload that a table with an index makes of a seed: some commits a segment, some segments a WAL. */
function makeReplica(seed: number, generation: string, clock?: bigint): SqliteReplica {
  const next = numbers(seed);
  const replica = new SqliteReplica({ generation, clock });
  replica.exec("CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER, b BLOB)");
  replica.exec("CREATE INDEX i ON t (a)");
  for (let wal = 0; wal < 3 + next(3); wal++) {
    if (wal > 0 && next(3) === 0) replica.snapshot();
    for (let segment = 0; segment < 1 + next(3); segment++) {
      for (let commit = 0; commit < 1 + next(2); commit++) {
        const what = next(4);
        if (what === 0) replica.exec(`DELETE FROM t WHERE id % 5 = ${next(5)}`);
        else if (what === 1) replica.exec(`UPDATE t SET a = ${next(100)} WHERE id % 3 = ${next(3)}`);
        else
          for (let row = 0; row < 1 + next(6); row++)
            replica.exec(`INSERT INTO t (a, b) VALUES (${next(1000)}, zeroblob(${next(900)}))`);
      }
      replica.segment();
    }
    replica.checkpoint();
  }
  replica.segment();
  return replica;
}

const harm = fc.record({
  kind: fc.constantFrom("delete", "delete", "cut", "flip", "empty", "copy"),
  file: fc.nat(1_000_000),
  other: fc.nat(1_000_000),
  at: fc.nat(1_000_000),
  bit: fc.nat(7),
});
type Harm = typeof harm extends fc.Arbitrary<infer T> ? T : never;

function doHarm(storage: MemoryStorage, { kind, file, other, at, bit }: Harm): string {
  const paths = [...storage.files.keys()].sort();
  if (paths.length === 0) return "nothing left";
  const path = paths[file % paths.length]!;
  const { data, modified } = storage.files.get(path)!;
  if (kind === "delete") storage.files.delete(path);
  else if (kind === "copy") {
    // In the place of a file stands another of its kind: an old snapshot under a newer name.
    const same = paths.filter((one) => one.includes("/wal/") === path.includes("/wal/"));
    storage.files.set(path, { data: storage.files.get(same[other % same.length]!)!.data, modified });
  } else {
    const harmed = data.slice(0, kind === "cut" ? at % data.length : kind === "empty" ? 0 : undefined);
    if (kind === "flip") harmed[at % data.length]! ^= 1 << bit;
    storage.files.set(path, { data: harmed, modified });
  }
  return `${kind} ${path}`;
}

const recipe = fc.record({
  seed: fc.integer({ min: 1, max: 1 << 30 }),
  generations: fc.integer({ min: 1, max: 2 }),
  harms: fc.array(harm, { minLength: 1, maxLength: 2 }),
});

const harmTo = (kind: Harm["kind"], file: number, other = 0): Harm => ({ kind, file, other, at: 0, bit: 0 });

/** An older snapshot under a newer name: a commit lacks a page that a later one brings. */
const SHORT = {
  seed: 1071643615,
  generations: 1,
  harms: [harmTo("delete", 288662), harmTo("copy", 386200)],
};

/** The end of one WAL is lost without a trace, and the next breaks off: SQLite finds what is left before that corrupt. */
const CORRUPT_BEFORE_A_GAP = {
  seed: 421140575,
  generations: 1,
  harms: [harmTo("copy", 11), harmTo("delete", 9)],
};

/** A segment of another generation in the place of one: the commit at the snapshot's mark lacks a page, so no state is left of it. */
const FOREIGN_SEGMENT = {
  seed: 777316479,
  generations: 2,
  harms: [harmTo("copy", 902384, 767163), harmTo("delete", 0)],
};

/** As that one, whose state SQLite alone finds corrupt: the WAL from the older snapshot does not lead on into it. */
const FOREIGN_AND_CORRUPT = {
  seed: 911971136,
  generations: 2,
  harms: [harmTo("copy", 460216, 636389)],
};

it("verify, restore and dry run agree, and what they offer works", { timeout: 3_600_000 }, async () => {
  const seen = { restored: 0, proven: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(recipe, async ({ seed, generations, harms }) => {
      const storage = new MemoryStorage();
      const right = new Set<string>();
      for (let i = 0; i < generations; i++) {
        const clock = 1_700_000_000_000_000_000n + BigInt(i) * 3_600_000_000_000n;
        const replica = makeReplica(seed + i, `${i}123456789abcdef`, clock);
        for (const [path, file] of replica.storage.files) storage.files.set(path, file);
        replica.close();
      }
      const newest = naiveGenerations(storage).at(-1)!;
      right.add(naiveStates(newest).at(-1)!.sha256);
      const states = new Set(naiveStates(newest).map(({ sha256 }) => sha256));
      const what = harms.map((one) => doHarm(storage, one)).join(", ");
      const { restored } = await holdAgreement(storage, `seed ${seed}, ${generations}: ${what}`);
      if (!restored) seen.refused++;
      else if (restored.proven) {
        seen.proven++;
        // Of a last segment, or a newest snapshot, that is gone there is no trace.
        if (restored.generation === newest.id)
          expect([what, states.has(restored.sha256)]).toEqual([what, true]);
      } else seen.restored++;
    }),
    {
      examples: [[SHORT], [CORRUPT_BEFORE_A_GAP], [FOREIGN_SEGMENT], [FOREIGN_AND_CORRUPT]],
      numRuns: LONG ? 2000 : 25,
    },
  );
  if (LONG) console.log(seen);
  expect(seen.refused).toBeGreaterThan(0);
});
