/** A newest snapshot that holds what no WAL has brought: ahead of it, older than it, or nobody can tell. */

import { describe, expect, it } from "vitest";
import { replicaIn } from "../../src/layouts/open.ts";
import { compress } from "../../src/lz4/index.ts";
import { parsePosition } from "../../src/replay/position.ts";
import { formatSnapshotName } from "../../src/snapshot/index.ts";
import { MemoryStorage } from "../../src/storage/index.ts";
import { verify } from "../../src/verify/index.ts";
import { holdAgreement } from "../agreement/hold.ts";
import { attemptRestore } from "../support/attempt.ts";
import { sha256 } from "../support/fixtures.ts";
import { naiveGenerations, naiveStates } from "../support/naive.ts";
import { SqliteReplica } from "../support/sqlite-replica.ts";

/** Three WALs; a snapshot before the first, and one at the beginning of a fourth. */
function makeReplica(): MemoryStorage {
  const replica = new SqliteReplica();
  replica.exec("CREATE TABLE t (id INTEGER PRIMARY KEY, x)");
  for (let wal = 0; wal < 3; wal++) {
    for (let i = 0; i < 4; i++) {
      replica.exec(`INSERT OR REPLACE INTO t VALUES (${i % 2}, ${wal * 10 + i})`);
      replica.segment();
    }
    replica.checkpoint();
  }
  replica.snapshot();
  replica.close();
  return replica.storage;
}

const whole = makeReplica();
const [generation] = naiveGenerations(whole);
const states = naiveStates(generation!);
const FOURTH = `generations/0123456789abcdef/snapshots/${formatSnapshotName(3)}`;

/** Of the first `wals` indexes all WAL, of the next the first segments; the snapshot at index 3 as given. */
function lay(snapshot: Uint8Array | undefined, dropped: number): MemoryStorage {
  const storage = new MemoryStorage(new Map(whole.files));
  const paths = generation!.segments.map(({ path }) => path);
  for (const path of dropped === 0 ? [] : paths.slice(-dropped)) storage.files.delete(path);
  const { data, modified } = storage.files.get(FOURTH)!;
  storage.files.set(FOURTH, { data: snapshot ? compress(snapshot) : data, modified });
  return storage;
}

async function bytesAt(index: number, offset: number): Promise<Uint8Array> {
  const attempt = await attemptRestore(whole, { generation: generation!.id, position: { index, offset } });
  return attempt.restored ? attempt.bytes : Promise.reject(attempt.error);
}

const codes = (findings: readonly { code: string }[]) => findings.map(({ code }) => code);

describe("the newest snapshot", () => {
  it("that the WAL leads to is proven by it", async () => {
    const storage = lay(undefined, 0);
    const { status, findings } = await verify(replicaIn(storage));
    expect([status, codes(findings)]).toEqual(["ok", []]);
    const { restored, sha256: hash } = await holdAgreement(storage, "equal").then((o) => ({
      ...o,
      ...o.restored,
    }));
    expect([restored?.proven, restored?.plan.snapshot.index]).toEqual([true, 3]);
    expect(hash).toBe(states.at(-1)!.sha256);
  });

  it("may be ahead of the WAL: what lies between was never uploaded", async () => {
    const storage = lay(undefined, 2);
    const { status, findings } = await verify(replicaIn(storage));
    expect(status).toBe("ok");
    expect(codes(findings)).toContain("replica/snapshot-ahead");
    const { restored } = await holdAgreement(storage, "ahead");
    expect([restored?.proven, restored?.sha256]).toEqual([false, states.at(-1)!.sha256]);
  });

  it("that is an older one is not called ahead, and not restored", async () => {
    const first = generation!.snapshots[0]!.bytes;
    const third = states.findLast(({ index }) => index === 1)!;
    for (const older of [first, await bytesAt(third.index, third.end)]) {
      const storage = lay(older, 0);
      const { status, findings, generations } = await verify(replicaIn(storage));
      expect(status).toBe("damaged");
      expect(codes(findings)).toContain("replica/snapshot-mismatch");
      expect(codes(findings)).not.toContain("replica/snapshot-ahead");
      expect(generations[0]!.restorable.at(-1)!.to).toMatch(/^00000002:/);
      await holdAgreement(storage, "older");
      const { error } = await attemptRestore(storage);
      expect(error?.code).toBe("replica/snapshot-mismatch");
      // What the WAL leads to is there, and salvage gives it.
      const salvaged = await attemptRestore(storage, {}, { salvage: true });
      expect(salvaged.sha256).toBe(states.at(-1)!.sha256);
      expect(parsePosition(error!.available!.position!)).toEqual(salvaged.restored!.position);
    }
  });

  it("with pages as they were before, and all counters as they are, is nobody's to judge", async () => {
    // From within the last WAL: Litestream's counter and SQLite's stand still there.
    const within = states.filter(({ index }) => index === 2);
    const earlier = within[within.length - 2]!;
    const storage = lay(await bytesAt(earlier.index, earlier.end), 0);
    const { status, findings } = await verify(replicaIn(storage));
    expect([status, codes(findings)]).toEqual(["inconclusive", ["replica/snapshot-ambiguous"]]);
    await holdAgreement(storage, "ambiguous");
    const { error } = await attemptRestore(storage);
    expect(error?.code).toBe("replica/snapshot-ambiguous");
    // Both can be had, by name.
    const before = await attemptRestore(storage, { index: 2 });
    expect(before.sha256).toBe(states.at(-1)!.sha256);
    const salvaged = await attemptRestore(storage, {}, { salvage: true });
    expect([salvaged.restored?.proven, salvaged.sha256]).toEqual([
      false,
      sha256(await bytesAt(2, earlier.end)),
    ]);
  });
});
