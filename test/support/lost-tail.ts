/** Replicas whose files are whole, each for itself, and whose newest database SQLite finds corrupt. */

import { WalkitError } from "../../src/errors.ts";
import { replicaIn } from "../../src/layouts/open.ts";
import { MemorySink, restore } from "../../src/restore/index.ts";
import { type Change, type Position, readCatalog } from "../../src/snapshot/index.ts";
import { checkIntegrity } from "../../src/sqlite/index.ts";
import { readCommits } from "../../src/timeline/commits.ts";
import { numbers } from "./generate.ts";
import { SqliteReplica } from "./sqlite-replica.ts";

/** Random work of real SQLite: `indexes` indexes of `segments` segments of one commit each. */
export function work(seed: number, indexes: number, segments: number): SqliteReplica {
  const next = numbers(seed);
  const replica = new SqliteReplica({ pageSize: 512 });
  replica.exec("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INTEGER); CREATE INDEX t_b ON t (b)");
  for (let index = 0; index < indexes; index++) {
    for (let segment = 0; segment < segments; segment++) {
      const [n, b] = [next(6) + 1, next(1000)];
      replica.exec(
        next(4) === 0
          ? `DELETE FROM t WHERE b % 7 = ${b % 7}`
          : `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${n})
             INSERT INTO t (a, b) SELECT hex(zeroblob(${next(60)})), ${b} + i FROM n`,
      );
      replica.segment();
    }
    if (index < indexes - 1) replica.checkpoint();
  }
  return replica;
}

/** The ends of its commits, and its segments, in order. */
export async function commitsOf({
  storage,
  generation,
}: SqliteReplica): Promise<{ ends: Position[]; segments: Change[] }> {
  const catalog = await readCatalog(storage);
  const one = catalog.generations.find(({ id }) => id === generation)!;
  const ends: Position[] = [];
  for await (const { end } of readCommits(replicaIn(storage), one, { from: 0, to: 1000 })) ends.push(end);
  return { ends, segments: one.segments };
}

/** Without the last segment of an index, chosen so that a restore of the newest goes through, to a corrupt database. */
export async function withoutLastSegment(
  from: number,
  indexes: number,
  segments: number,
): Promise<SqliteReplica> {
  for (let seed = from; seed < from + 50; seed++) {
    const replica = work(seed, indexes, segments);
    replica.close();
    const { files } = replica.storage;
    const { segments: all } = await commitsOf(replica);
    for (let index = indexes >> 1; index < indexes - 1; index++) {
      const { path } = all.findLast((one) => one.index === index)!;
      const file = files.get(path)!;
      files.delete(path);
      const sink = new MemorySink();
      try {
        await restore(replicaIn(replica.storage), { generation: replica.generation }, sink);
        await checkIntegrity(sink.bytes, "full");
      } catch (error) {
        if (error instanceof WalkitError && error.code === "database/integrity") return replica;
        if (!(error instanceof WalkitError)) throw error;
      }
      files.set(path, file);
    }
  }
  throw new Error("Expected a replica whose damage nothing but SQLite finds, found none");
}
