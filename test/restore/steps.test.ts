/** Steps from one WAL index to the next: what nothing proves is said, and what verify knows of them, restore says too. */

import { describe, expect, it } from "vitest";
import { replicaIn } from "../../src/layouts/open.ts";
import { MemoryStorage } from "../../src/storage/index.ts";
import { verify } from "../../src/verify/index.ts";
import { restoreAsCommand } from "../agreement/hold.ts";
import { attemptRestore } from "../support/attempt.ts";
import { GOLDEN, readFixture } from "../support/fixtures.ts";
import { SqliteReplica } from "../support/sqlite-replica.ts";
import { adviceOf } from "../support/words.ts";

const codes = (findings: readonly { code: string }[]) => findings.map(({ code }) => code);

/** Three WALs behind one snapshot; what happens just before the second begins. */
function makeReplica(before: (replica: SqliteReplica) => void = () => {}, pageSize = 1024): MemoryStorage {
  const replica = new SqliteReplica({ pageSize });
  replica.exec("CREATE TABLE t (id INTEGER PRIMARY KEY, x)");
  for (let wal = 0; wal < 3; wal++) {
    replica.exec(`INSERT INTO t (x) VALUES (${wal})`);
    replica.segment();
    if (wal === 1) before(replica);
    if (wal < 2) replica.checkpoint();
  }
  replica.segment();
  replica.close();
  return replica.storage;
}

describe("steps that nothing proves", () => {
  it.each([512, 1024, 65536])(
    "are named, with what Litestream's counter shows (pages of %i bytes)",
    async (pageSize) => {
      const { restored } = await attemptRestore(makeReplica(undefined, pageSize));
      expect(restored!.proven).toBe(false);
      expect(restored!.unproven.map((one) => ({ ...one, from: "" }))).toEqual([
        { what: "step", from: "", to: "00000001:00000000", counter: "follows" },
        { what: "step", from: "", to: "00000002:00000000", counter: "follows" },
      ]);
      expect(codes(restored!.findings)).toEqual([]);
    },
  );

  it("over which the counter jumps are a warning of restore, as of verify", async () => {
    const storage = makeReplica((replica) => replica.exec("UPDATE _litestream_seq SET seq = seq + 3"));
    // The jump itself is in a segment that is lost.
    const lost = [...storage.files.keys()].filter((path) => /wal\/00000001_/.test(path)).sort();
    const whole = await attemptRestore(storage);
    expect(whole.restored!.unproven.at(-1)).toMatchObject({ counter: "follows" });
    const cut = new MemoryStorage(storage.files);
    cut.files.delete(lost.at(-1)!);
    const { findings } = await verify(replicaIn(cut), { level: "replay" });
    expect(codes(findings)).toContain("replica/sequence-gap");
    const { restored } = await attemptRestore(cut);
    expect(restored!.unproven.at(-1)).toMatchObject({ to: "00000002:00000000", counter: "jumps" });
    expect(codes(restored!.findings)).toContain("replica/sequence-gap");
  });

  it("are none where the way stays in the WAL of the snapshot's own index", async () => {
    const { restored } = await attemptRestore(makeReplica(), { index: 0 });
    expect([restored!.proven, restored!.unproven]).toEqual([true, []]);
  });

  it.each(GOLDEN)("%s: are where verify has them, and the counter shows at each", async (name) => {
    const storage = readFixture(name);
    const { generations } = await verify(replicaIn(storage), { level: "replay" });
    for (const { generation, links } of generations) {
      const { restored } = await attemptRestore(storage, { generation });
      const own = restored!.unproven.filter((one) => one.what === "step");
      // A later snapshot that agrees with the WAL proves for verify what restore does not read.
      const counters = new Map(links!.steps.map(({ to, counter }) => [to, counter]));
      for (const { to, counter } of own)
        if (counters.has(to)) expect([to, counter]).toEqual([to, counters.get(to)]);
      for (const { counter } of [...own, ...links!.steps] as { counter?: string }[])
        expect(counter).toBe("follows");
    }
  });
});

it("a result that SQLite finds corrupt is refused, and the steps are where to look", async () => {
  const replica = new SqliteReplica();
  replica.exec("CREATE TABLE t (id INTEGER PRIMARY KEY, x, y); CREATE INDEX i ON t (x)");
  replica.exec("INSERT INTO t VALUES (1, 'a', 1)");
  replica.segment();
  // Lost: the row in the table, and its entry in the index. What follows brings the page of the table again, and not the index's.
  replica.exec("INSERT INTO t VALUES (2, 'b', 1)");
  replica.segment();
  replica.checkpoint();
  replica.exec("UPDATE t SET y = 2 WHERE id = 2");
  replica.segment();
  replica.close();
  const { storage } = replica;
  const lost = [...storage.files.keys()]
    .filter((path) => /wal\/00000000_/.test(path))
    .sort()
    .at(-1)!;
  const before = await attemptRestore(storage, {
    position: { index: 0, offset: Number.parseInt(lost.slice(-16, -8), 16) },
  });
  storage.files.delete(lost);
  const { restored, error } = await restoreAsCommand(storage, {});
  expect([restored, error!.code]).toEqual([undefined, "database/integrity"]);
  expect(adviceOf(error!)).toMatch(/00000001:00000000/);
  const salvaged = await restoreAsCommand(storage, {}, { salvage: true });
  expect([salvaged.restored!.lost!.reached, salvaged.restored!.sha256]).toEqual([
    error!.available!.position,
    before.sha256,
  ]);
});
