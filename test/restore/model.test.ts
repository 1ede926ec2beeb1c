/**
 * Restore against what is known of made-up replicas: every state of the source after every commit, fuzzy snapshots
 * included. Whatever is done to a replica, a restore gives a state that existed, and the right one, or refuses.
 */

import fc from "fast-check";
import { expect, it } from "vitest";
import { readUint32BE } from "../../src/bytes.ts";
import { replicaIn } from "../../src/layouts/open.ts";
import { MemoryStorage } from "../../src/storage/index.ts";
import type { Target } from "../../src/timeline/target/target.ts";
import { verify } from "../../src/verify/index.ts";
import { attemptRestore } from "../support/attempt.ts";
import { sha256 } from "../support/fixtures.ts";
import { type Made, makeReplica, type Recipe } from "../support/generate.ts";

const recipe: fc.Arbitrary<Recipe> = fc.record({
  pageSize: fc.constantFrom(512, 1024, 4096),
  pages: fc.integer({ min: 2, max: 12 }),
  seed: fc.integer({ min: 1, max: 2 ** 31 }),
  indexes: fc
    .array(
      fc.record({
        snapshot: fc.boolean(),
        mark: fc.integer({ min: 0, max: 4 }),
        segments: fc.array(fc.record({ commits: fc.integer({ min: 0, max: 3 }) }), {
          minLength: 1,
          maxLength: 4,
        }),
      }),
      { minLength: 1, maxLength: 5 },
    )
    .map((indexes) => indexes.map((index, at) => (at === 0 ? { ...index, snapshot: true } : index))),
});

/**
 * The newest commit that a segment brought by `time`, and all after it up to the snapshot's mark: the snapshot was there
 * by then, so these had been committed.
 */
function expectedAt(made: Made, time: bigint): string[] {
  const snapshot = made.snapshots.filter((s) => s.modified <= time).at(-1);
  if (!snapshot) return [];
  const later = made.segments.findIndex((s) => s.modified > time);
  const reached = made.segments.slice(0, later < 0 ? made.segments.length : later).at(-1)?.end;
  const own = made.states.find((s) => s.index === snapshot.index && s.offset === 0)!;
  const first = made.states.indexOf(reached && reached.index >= own.index ? reached : own);
  return made.states
    .slice(first, Math.max(first, made.states.indexOf(snapshot.mark)) + 1)
    .map((s) => s.sha256);
}

it("restores the newest state, and that at the end of every index", async () => {
  await fc.assert(
    fc.asyncProperty(recipe, async (r) => {
      const made = makeReplica(r);
      const last = made.states.at(-1)!;
      expect((await attemptRestore(made.storage)).sha256).toBe(last.sha256);
      for (let index = 1; index <= r.indexes.length; index++) {
        const end = made.states.filter((s) => s.index === index).at(-1)!;
        expect((await attemptRestore(made.storage, { index })).sha256).toBe(end.sha256);
      }
    }),
    { numRuns: 150 },
  );
});

it("restores by time what the source had committed by then", async () => {
  await fc.assert(
    fc.asyncProperty(recipe, fc.boolean(), async (r, exactly) => {
      const made = makeReplica(r);
      const files = [...made.snapshots, ...made.segments];
      for (const { modified } of files) {
        const time = exactly ? modified : modified - 1n;
        const attempt = await attemptRestore(made.storage, { timestamp: time });
        if (attempt.sha256 !== undefined) {
          const states = expectedAt(made, time);
          expect(states).toContain(attempt.sha256);
          // A later state than the last segment's by then is said to be one.
          const codes = attempt.restored.findings.map(({ code }) => code);
          if (attempt.sha256 !== states[0]) expect(codes).toContain("replica/before-mark");
        } else expect(attempt.error.code).toMatch(/^(target\/|replica\/times-untrusted)/);
      }
    }),
    { numRuns: 150 },
  );
});

it("says of a sound replica that it is sound", async () => {
  await fc.assert(
    fc.asyncProperty(recipe, async (r) => {
      const { findings } = await verify(replicaIn(makeReplica(r).storage), { level: "replay" });
      const grave = findings.filter(({ severity }) => severity === "damage" || severity === "inconclusive");
      expect(grave).toEqual([]);
    }),
    { numRuns: 150 },
  );
});

const harm = fc.record({
  kind: fc.constantFrom("delete", "empty", "swap", "flip", "cut"),
  file: fc.nat(1000),
  other: fc.nat(1000),
  at: fc.nat(100_000),
  xor: fc.integer({ min: 1, max: 255 }),
});

type Harm = typeof harm extends fc.Arbitrary<infer T> ? T : never;

/** Does it, and says which file is gone, and whether what is left may be a sound replica of another history. */
function doHarm(
  made: Made,
  h: Harm,
): { storage: MemoryStorage; deleted: string | undefined; traceless: boolean } {
  const storage = new MemoryStorage(made.storage.files);
  const paths = [...storage.files.keys()];
  const path = paths[h.file % paths.length]!;
  const file = storage.files.get(path)!;
  if (h.kind === "delete") storage.files.delete(path);
  else if (h.kind === "empty") storage.files.set(path, { ...file, data: new Uint8Array(0) });
  else if (h.kind === "swap") {
    const other = paths[h.other % paths.length]!;
    storage.files.set(path, { ...file, data: made.storage.files.get(other)!.data });
    storage.files.set(other, { ...storage.files.get(other)!, data: file.data });
  } else {
    const data = file.data.slice();
    const at = h.at % data.length;
    data[at] = data[at]! ^ h.xor;
    storage.files.set(path, { ...file, data: h.kind === "cut" ? data.slice(0, at) : data });
  }
  const deleted = h.kind === "delete" ? path : undefined;
  // Nothing ties the WAL of an index, or a snapshot, to its index: the last segment may be gone without a trace, and two
  // WALs of a single segment, or two snapshots, may change places. What can be known all the same, verify's comparison
  // of snapshots and the tests of continuity show.
  const gone = made.segments.find((s) => s.path === deleted);
  const isLast =
    gone !== undefined && !made.segments.some((s) => s.index === gone.index && s.offset > gone.offset);
  const starts = [path, paths[h.other % paths.length]!].map(
    (p) => made.segments.find((s) => s.path === p)?.offset ?? 0,
  );
  return {
    storage,
    deleted,
    traceless: isLast || (h.kind === "swap" && starts.every((offset) => offset === 0)),
  };
}

it("never restores a state that did not exist, whatever happens to one file", async () => {
  await fc.assert(
    fc.asyncProperty(recipe, harm, async (r, h) => {
      const made = makeReplica(r);
      const { storage, deleted, traceless } = doHarm(made, h);
      const states = new Set(made.states.map((s) => s.sha256));
      if (traceless) {
        // Without a trace, and so without a proof.
        const { restored, sha256 } = await attemptRestore(storage);
        if (restored?.proven && deleted?.includes("/wal/")) expect(states).toContain(sha256);
        return;
      }
      const targets: Target[] = [
        {},
        ...made.segments.map((s) => ({ index: s.index })),
        ...made.segments.map((s) => ({ timestamp: s.modified })),
      ];
      for (const target of targets) {
        const right = (await attemptRestore(made.storage, target)).sha256;
        const exact = await attemptRestore(storage, target);
        // By time, the right state is that of the last segment, or any after it up to the mark of a snapshot. Of a
        // snapshot that is gone there is no trace: an older state is then the newest there is.
        if (exact.sha256 === undefined) expect(exact.error).toBeDefined();
        else if (deleted?.includes("/snapshots/")) expect(states).toContain(exact.sha256);
        else if (target.timestamp !== undefined)
          expect(expectedAt(made, target.timestamp)).toContain(exact.sha256);
        else expect(exact.sha256).toBe(right);
        const salvaged = await attemptRestore(storage, target, { salvage: true });
        if (salvaged.restored?.proven) expect(states).toContain(salvaged.sha256);
      }
    }),
    { numRuns: 200 },
  );
}, 240_000);

const TORN = {
  pageSize: 512,
  pages: 5,
  seed: 47562165,
  indexes: [
    { snapshot: true, mark: 0, segments: [{ commits: 0 }, { commits: 1 }, { commits: 1 }] },
    { snapshot: true, mark: 0, segments: [{ commits: 1 }] },
    { snapshot: true, mark: 1, segments: [{ commits: 2 }, { commits: 1 }] },
    { snapshot: true, mark: 0, segments: [{ commits: 0 }] },
  ],
};

it("says so where a snapshot may hold what was never uploaded", async () => {
  const seen = { right: 0, unproven: 0, wrong: 0 };
  await fc.assert(
    fc.asyncProperty(recipe, fc.integer({ min: 1, max: 4 }), async (r, count) => {
      const made = makeReplica(r);
      // Litestream died: the last segments were never uploaded, while snapshots were.
      const lost = made.segments.slice(-count);
      const storage = new MemoryStorage(made.storage.files);
      for (const { path } of lost) storage.files.delete(path);
      const attempt = await attemptRestore(storage);
      if (!attempt.restored) return;
      const { restored, bytes } = attempt;
      // A file may be longer than what is in use: a checkpoint of later WAL had begun.
      const inUse = bytes.subarray(0, readUint32BE(bytes, 28) * r.pageSize);
      const hashes = new Set([sha256(bytes), sha256(inUse)]);
      const isState = made.states.some((state) => hashes.has(state.sha256));
      const ofSnapshot = restored.unproven.some(({ what }) => what === "snapshot");
      if (!ofSnapshot) expect(isState).toBe(true);
      else expect(restored.findings.map(({ code }) => code)).toContain("replica/snapshot-unproven");
      seen[isState ? (ofSnapshot ? "unproven" : "right") : "wrong"]++;
      const { findings, generations } = await verify(replicaIn(storage), { level: "replay" });
      expect(findings.filter(({ severity }) => severity === "damage")).toEqual([]);
      if (!isState) expect(generations[0]!.restorable.at(-1)!.proven).toBe(false);
    }),
    {
      numRuns: 300,
      // The newest snapshot was taken amid a checkpoint: page 1 tells of a page that is in WAL which was never uploaded.
      examples: [[TORN, 3]],
    },
  );
  // Some of these states never existed, and nothing in the files tells: that is what the warning is for.
  expect(seen.wrong).toBeGreaterThan(0);
  expect(seen.right).toBeGreaterThan(seen.wrong);
});
