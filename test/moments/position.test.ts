/** Where a target lies: the very place that a restore of it ends at, or its refusal. */

import { describe, expect, it } from "vitest";
import { WalkitError } from "../../src/errors.ts";
import { replicaIn } from "../../src/layouts/open.ts";
import { listMoments, positionOf } from "../../src/moments/index.ts";
import { formatPosition, readCatalog } from "../../src/snapshot/index.ts";
import type { MemoryStorage } from "../../src/storage/index.ts";
import type { Target } from "../../src/timeline/target/target.ts";
import { attemptRestore } from "../support/attempt.ts";
import { DAMAGED, GOLDEN, readFixture, readManifest } from "../support/fixtures.ts";

async function someTargets(storage: MemoryStorage): Promise<Target[]> {
  const targets: Target[] = [{}];
  const { generations } = await readCatalog(storage);
  for (const { id: generation, snapshots, segments } of generations) {
    targets.push({ generation }, { generation, immediate: true });
    for (const index of new Set(segments.map((segment) => segment.index))) {
      targets.push({ generation, index }, { generation, index, exclusive: true });
    }
    for (const { modified: timestamp } of [...snapshots, ...segments]) {
      targets.push({ generation, timestamp }, { generation, timestamp, exclusive: true });
    }
    for (const { index, offset } of segments) {
      const position = { index, offset };
      targets.push({ generation, position }, { generation, position, exclusive: true });
      targets.push({ generation, position: { index, offset: offset + 1 } });
    }
    for (const transaction of [1, 5, segments.length + 1]) {
      targets.push({ generation, transaction }, { generation, transaction, exclusive: true });
    }
  }
  return targets;
}

describe.each([...GOLDEN, ...DAMAGED])("%s", (name) => {
  it("leads to where a restore ends", async () => {
    const storage = readFixture(name);
    const isGolden = readManifest(name).kind === "golden";
    for (const target of await someTargets(storage)) {
      const { restored, sha256, error } = await attemptRestore(storage, target);
      const found = await positionOf(replicaIn(storage), target).catch((thrown) => {
        if (thrown instanceof WalkitError) return { error: thrown };
        throw thrown;
      });
      if (!restored) {
        // Of what is damaged before the last index it knows nothing.
        if (isGolden || "error" in found) expect(found).toMatchObject({ error: { code: error!.code } });
        continue;
      }
      expect(found).toMatchObject({
        generation: restored.generation,
        position: restored.position ?? { index: restored.snapshot.index, offset: 0 },
      });
      const { generation, position } = found as Awaited<ReturnType<typeof positionOf>>;
      const again = await attemptRestore(storage, { generation, position });
      expect([formatPosition(position), again.sha256]).toEqual([formatPosition(position), sha256]);
    }
  });
});

it("knows when the file that holds it was written, where times can be trusted", async () => {
  const storage = readFixture("multi-snapshot");
  const [one] = await listMoments(replicaIn(storage));
  for (const { path, commits } of one!.segments) {
    for (const { end, restorable } of commits) {
      if (!restorable) continue;
      expect((await positionOf(replicaIn(storage), { position: end })).time).toBe(
        storage.files.get(path)!.modified,
      );
    }
  }
  for (const file of storage.files.values()) file.modified = 1_700_000_000_123_456_789n;
  expect((await positionOf(replicaIn(storage), {})).time).toBe(undefined);
});

it("warns where a time leads to a later moment, as a restore does", async () => {
  const storage = readFixture("rewritten-snapshot");
  for (const { modified: timestamp } of storage.files.values()) {
    const { restored } = await attemptRestore(storage, { timestamp });
    if (!restored) continue;
    const { findings } = await positionOf(replicaIn(storage), { timestamp });
    expect(findings.map(({ code }) => code)).toEqual(restored.findings.map(({ code }) => code));
  }
});
