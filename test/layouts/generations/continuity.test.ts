/** Continuity: never a false alarm on what real SQLite writes, and what it finds where a WAL's end is missing. */

import fc from "fast-check";
import { expect, it } from "vitest";
import { replicaIn } from "../../../src/layouts/open.ts";
import { MemoryStorage } from "../../../src/storage/index.ts";
import { verify } from "../../../src/verify/index.ts";
import { attemptRestore } from "../../support/attempt.ts";
import { sha256 } from "../../support/fixtures.ts";
import { SqliteReplica } from "../../support/sqlite-replica.ts";

const statement = fc.oneof(
  { weight: 6, arbitrary: fc.nat(3000).map((n) => `INSERT INTO t(x) VALUES (randomblob(${n}))`) },
  { weight: 4, arbitrary: fc.nat(40).map((n) => `UPDATE t SET x = randomblob(90) WHERE id % 41 = ${n}`) },
  { weight: 3, arbitrary: fc.nat(30).map((n) => `DELETE FROM t WHERE id % 31 = ${n}`) },
  fc
    .nat(9)
    .map((n) => `CREATE TABLE IF NOT EXISTS u${n}(a, b); CREATE INDEX IF NOT EXISTS i${n} ON u${n}(b)`),
  fc.nat(9).map((n) => `DROP TABLE IF EXISTS u${n}`),
  fc.constantFrom(
    "VACUUM",
    "PRAGMA incremental_vacuum",
    "PRAGMA user_version = 7",
    "BEGIN; INSERT INTO t(x) SELECT randomblob(400) FROM t LIMIT 20; ROLLBACK",
    "BEGIN; SAVEPOINT a; INSERT INTO t(x) SELECT randomblob(700) FROM t; ROLLBACK TO a; UPDATE t SET x = 1 WHERE id < 3; COMMIT",
    "REINDEX",
    "ANALYZE",
    "DELETE FROM t",
    "INSERT INTO t(x) SELECT zeroblob(2000) FROM t LIMIT 50",
  ),
);

const workload = (then: string[], length: number) =>
  fc.record({
    pageSize: fc.constantFrom(512, 1024, 4096),
    setup: fc.constantFrom(
      "",
      "PRAGMA auto_vacuum=FULL",
      "PRAGMA auto_vacuum=INCREMENTAL",
      "PRAGMA secure_delete=ON",
    ),
    cache: fc.constantFrom(3, 2000),
    steps: fc.array(fc.tuple(statement, fc.constantFrom(...then)), { minLength: length, maxLength: 40 }),
  });

type Workload = ReturnType<typeof workload> extends fc.Arbitrary<infer T> ? T : never;

function run({ pageSize, setup, cache, steps }: Workload): { storage: MemoryStorage; database: Uint8Array } {
  const replica = new SqliteReplica({ pageSize, setup });
  try {
    replica.exec(`PRAGMA cache_size=${cache}`);
    replica.exec("CREATE TABLE t(id INTEGER PRIMARY KEY, x BLOB); CREATE INDEX tx ON t(x)");
    for (const [sql, then] of steps) {
      replica.exec(sql);
      if (then === "segment") replica.segment();
      else if (then === "checkpoint") replica.checkpoint();
      else if (then === "snapshot") {
        replica.checkpoint();
        replica.snapshot();
      }
    }
    return { storage: replica.storage, database: replica.finish() };
  } catch (error) {
    replica.close();
    throw error;
  }
}

it("finds nothing wrong with what SQLite writes, and restores its very bytes", {
  timeout: 120_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(workload(["", "segment", "segment", "checkpoint", "snapshot"], 1), async (w) => {
      const { storage, database } = run(w);
      const { findings } = await verify(replicaIn(storage));
      expect(findings).toEqual([]);
      expect((await attemptRestore(storage)).sha256).toBe(sha256(database));
    }),
    { numRuns: 40 },
  );
});

it("finds most last segments that are missing, and says so", { timeout: 120_000 }, async () => {
  const count = { removed: 0, restore: 0, verify: 0, harmless: 0 };
  await fc.assert(
    fc.asyncProperty(workload(["", "segment", "segment", "checkpoint"], 20), async (w) => {
      const { storage } = run(w);
      const paths = [...storage.files.keys()].filter((path) => path.includes("/wal/")).sort();
      for (let i = 0; i + 1 < paths.length; i++) {
        const indexOf = (path: string) => path.split("/").at(-1)!.slice(0, 8);
        const first = paths.findIndex((path) => indexOf(path) === indexOf(paths[i]!));
        if (indexOf(paths[i]!) === indexOf(paths[i + 1]!) || first === i) continue;
        const cut = new MemoryStorage(storage.files);
        cut.files.delete(paths[i]!);
        const [exact, right] = [await attemptRestore(cut), await attemptRestore(storage)];
        const { status } = await verify(replicaIn(cut));
        count.removed++;
        if (exact.error) count.restore++;
        else if (exact.sha256 === right.sha256) count.harmless++;
        if (status === "damaged") count.verify++;
      }
    }),
    { numRuns: 60, seed: 20 },
  );
  expect(count.removed).toBeGreaterThan(50);
  expect(count.restore).toBeGreaterThan(count.removed / 2);
});
