/** The stops that the page offers: each of them restores, whatever was done to the replica. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compress, decompress } from "../../../../src/lz4/index.ts";
import { formatPosition, positionOf } from "../../../../src/replay/position.ts";
import type { MemoryStorage } from "../../../../src/storage/index.ts";
import type { MomentId } from "../../../../web/app/protocol/protocol.ts";
import { makeLanes } from "../../../../web/app/session/lanes.ts";
import type { ReplicaEngine } from "../../../../web/engine/engine.ts";
import { attemptRestore } from "../../../support/attempt.ts";
import { DAMAGED, GOLDEN, readFixture } from "../../../support/fixtures.ts";
import { makeReplica } from "../../../support/generate.ts";
import { harm, harmed, recipe } from "../../../support/harm.ts";
import { SqliteReplica } from "../../../support/sqlite-replica.ts";
import { context, loadStorage } from "../../engine/support.ts";

/** Stops that are tried of one timeline at most: of more, the first, the last, and every so many between. */
const MOST = 150;

/** Restores the stops that are offered, each to its own place; gives them. */
async function restoreStops(
  storage: MemoryStorage,
): Promise<{ engine: ReplicaEngine; first: MomentId[]; offered: MomentId[] }> {
  const { engine, view } = await loadStorage(storage);
  const offered: MomentId[] = [];
  const first: MomentId[] = [];
  for (const { stops } of makeLanes(view.timelines)) {
    const all = Array.from({ length: stops.length }, (_, i) => i).filter((i) => stops.isRestorable(i));
    const step = Math.ceil(all.length / MOST);
    for (const [n, i] of all.entries()) {
      if (n % step !== 0 && n !== all.length - 1) continue;
      const id = stops.id(i);
      const { generation } = id;
      const position = positionOf(id);
      const at = `${generation} ${formatPosition(id)}`;
      const { error, restored } = await attemptRestore(storage, { generation, position });
      expect([at, error?.message]).toEqual([at, undefined]);
      // The beginning of an index may come as the end of the one before.
      if (position.offset !== 0) expect([at, restored?.position]).toEqual([at, position]);
      if (n === 0) first.push(id);
      offered.push(id);
    }
  }
  return { engine, first, offered };
}

describe.each([...GOLDEN, ...DAMAGED])("%s", (name) => {
  it("offers no stop that a restore refuses", async () => {
    const { engine, first, offered } = await restoreStops(readFixture(name));
    // Only what lost its one snapshot has nothing to offer.
    if (!/snapshot-missing|snapshot-(flip|truncated)/.test(name)) expect(offered.length).toBeGreaterThan(0);
    for (const moment of [...first, ...offered.slice(-1)]) {
      expect((await engine.look(moment, context())).moment).toEqual(moment);
    }
  });
});

describe("made-up replicas", () => {
  it("offer no stop that a restore refuses, whatever happens to their files", async () => {
    await fc.assert(
      fc.asyncProperty(recipe, fc.array(harm, { maxLength: 3 }), async (made, harms) => {
        await restoreStops(harmed(makeReplica(made).storage, harms));
      }),
      { numRuns: 100 },
    );
  });
});

describe("a snapshot that nothing proves, and that SQLite finds corrupt", () => {
  /** The snapshot of a generation that has no WAL yet, with a page of a table overwritten. */
  function torn(isTorn: boolean): MemoryStorage {
    const replica = new SqliteReplica({ setup: "CREATE TABLE t (id INTEGER PRIMARY KEY, text)" });
    replica.exec("INSERT INTO t VALUES (1, 'one')");
    replica.close();
    const { files } = replica.storage;
    for (const path of [...files.keys()]) if (/wal\.lz4$/.test(path)) files.delete(path);
    const [path] = [...files.keys()].filter((one) => /snapshot\.lz4$/.test(one));
    const file = files.get(path!)!;
    const bytes = decompress(file.data).slice();
    if (isTorn) bytes.fill(0x5a, bytes.length >> 1);
    files.set(path!, { ...file, data: compress(bytes) });
    return replica.storage;
  }

  it("is not offered, and why is said", async () => {
    const { view } = await loadStorage(torn(true));
    const [lane] = makeLanes(view.timelines);
    const { stops, timeline } = lane!;
    const offered = Array.from({ length: stops.length }, (_, i) => i).filter((i) => stops.isRestorable(i));
    expect(offered).toEqual([]);
    expect(timeline.gaps.map(({ reason }) => reason.code)).toEqual(["database/integrity"]);
    expect(timeline.state).toBe("damaged");
  });

  it("is offered where SQLite finds it in order", async () => {
    const { offered } = await restoreStops(torn(false));
    expect(offered.length).toBe(1);
  });
});
