/** Steps from section to section, and what Litestream's counter says of each. */

import { describe, expect, it } from "vitest";
import { replicaIn } from "../../src/layouts/open.ts";
import type { ReplayEvent } from "../../src/replay/events.ts";
import { Pages } from "../../src/replay/pages.ts";
import { plannedSegment } from "../../src/replay/plan.ts";
import { comparePositions, formatPosition } from "../../src/replay/position.ts";
import { catalogOf, readChanges, readClaim } from "../../src/replay/replica.ts";
import { type Step, Steps } from "../../src/replay/steps.ts";
import { stepsText } from "../../src/words/index.ts";
import { SqliteReplica } from "../support/sqlite-replica.ts";

/** The steps of a replica of four indexes; what is done at the end of each. */
async function stepsOf(atEnd: (replica: SqliteReplica, index: number) => void): Promise<Step[]> {
  const made = new SqliteReplica();
  made.exec("CREATE TABLE t (x)");
  for (let index = 0; index < 4; index++) {
    made.exec(`INSERT INTO t VALUES (${index})`);
    atEnd(made, index);
    if (index < 3) made.checkpoint();
  }
  made.finish();
  const replica = replicaIn(made.storage);
  const [branch] = (await catalogOf(replica)).generations;
  const steps = new Steps();
  const tell = (event: ReplayEvent) => {
    if (event.type === "opens")
      steps.begin(event.section, comparePositions(event.section, branch!.segments[0]!) > 0);
    if (event.type === "pages") {
      event.run.forEach((page, data) => {
        steps.addFrame(page, data);
      });
    }
    if (event.type === "commit") steps.commit(event.end);
  };
  const leg = { generation: branch!.id, segments: branch!.segments.map(plannedSegment) };
  for await (const event of readChanges(replica, leg)) tell(event);
  const pages = new Pages((page, data) => steps.addSnapshotPage(page, data));
  for await (const piece of readClaim(replica, branch!.snapshots[0]!)) pages.add(piece);
  expect(steps.crossed).toBe(true);
  return steps.steps;
}

describe("the counter", () => {
  const counters = (steps: readonly Step[]) => steps.map(({ counter }) => counter);

  it("goes on by one from index to index", async () => {
    const steps = await stepsOf(() => {});
    expect(counters(steps)).toEqual(["follows", "follows", "follows"]);
    expect(steps.map(({ to }) => to)).toEqual([1, 2, 3].map((index) => formatPosition({ index, offset: 0 })));
  });

  it("jumps where what raised it is not there", async () => {
    const steps = await stepsOf((replica, index) => {
      if (index !== 2) return;
      const { files } = replica.storage;
      replica.segment();
      const before = new Set(files.keys());
      replica.exec("UPDATE _litestream_seq SET seq = seq + 1");
      replica.segment();
      for (const path of [...files.keys()]) if (!before.has(path)) files.delete(path);
    });
    expect(counters(steps)).toEqual(["follows", "follows", "jumps"]);
  });

  it("is found at its new place after VACUUM", async () => {
    const steps = await stepsOf((replica, index) => {
      if (index === 1) replica.exec("CREATE TABLE u (x); DROP TABLE t; VACUUM; CREATE TABLE t (x)");
    });
    expect(counters(steps).slice(1)).toEqual(["follows", "follows"]);
  });
});

it("of many steps the last ones are named", () => {
  const steps = [1, 2, 3].map((n) => ({ from: `${n}`, to: `${n + 1}`, counter: undefined }));
  expect([stepsText(steps), stepsText(steps, 2)]).toEqual([
    "1 to 2, 2 to 3, 3 to 4",
    "the last of 3: 2 to 3, 3 to 4",
  ]);
});
