/**
 * Any one byte of any file changed, any file cut at any length: verify reports it, or what is restored is proven to be
 * the same for every target; and a restore gives the right bytes or none.
 *
 * The suite runs a sample. `WALKIT_CAMPAIGN=basic,page-512 npx vitest run test/campaign` runs all of the replicas named.
 */

import { describe, expect, it } from "vitest";
import { replicaIn } from "../../src/layouts/open.ts";
import { readCatalog } from "../../src/snapshot/index.ts";
import { MemoryStorage } from "../../src/storage/index.ts";
import type { Target } from "../../src/timeline/target/target.ts";
import { verify } from "../../src/verify/index.ts";
import { attemptRestore } from "../support/attempt.ts";
import { readFixture, sha256 as sha256Of } from "../support/fixtures.ts";
import { naiveGenerations, naiveStates } from "../support/naive.ts";

/** Campaigns of other folders. */
const OTHERS = ["kernel", "targets", "infer", "large", "agreement", "times", "early"];
const EXHAUSTIVE = process.env.WALKIT_CAMPAIGN?.split(",").filter((name) => !OTHERS.includes(name)) ?? [];
const REPLICAS =
  EXHAUSTIVE.length > 0 ? EXHAUSTIVE : ["basic", "multi-snapshot", "rewritten-snapshot", "multi-generation"];
const SAMPLES = 250;

/** Deterministic, so that what fails once fails again. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Newest, every index, the time of every file: all that the names and times of a replica can tell apart. */
async function everyTarget(storage: MemoryStorage): Promise<Target[]> {
  const { generations } = await readCatalog(storage);
  const targets: Target[] = [{}];
  for (const { id, snapshots, segments } of generations) {
    targets.push({ generation: id });
    for (const index of new Set(segments.map((s) => s.index))) targets.push({ generation: id, index });
    for (const { modified } of [...snapshots, ...segments])
      targets.push({ generation: id, timestamp: modified });
  }
  return targets;
}

async function restoreAll(storage: MemoryStorage, targets: Target[]): Promise<(string | undefined)[]> {
  const all: (string | undefined)[] = [];
  for (const target of targets) all.push((await attemptRestore(storage, target)).sha256);
  return all;
}

describe.each(REPLICAS)("%s", (name) => {
  const original = readFixture(name);
  const places = [...original.files].flatMap(([path, { data }]) =>
    Array.from(data, (byte, offset) => ({ path, offset, byte })),
  );
  const states = new Set(
    naiveGenerations(original).flatMap((g) => naiveStates(g).map((state) => state.sha256)),
  );
  for (const { snapshots } of naiveGenerations(original)) states.add(sha256Of(snapshots[0]!.bytes));
  const next = random(name.length * 7919);
  const chosen =
    EXHAUSTIVE.length > 0
      ? places
      : Array.from({ length: SAMPLES }, () => places[Math.floor(next() * places.length)]!);

  const withFile = (path: string, data: Uint8Array) => {
    const storage = new MemoryStorage(original.files);
    storage.files.set(path, { ...original.files.get(path)!, data });
    return storage;
  };

  const check = async (
    storage: MemoryStorage,
    path: string,
    what: string,
    targets: Target[],
    right: (string | undefined)[],
  ) => {
    const { status, findings } = await verify(replicaIn(storage), { level: "replay" });
    const reported = findings.some((finding) => finding.path === path && finding.message !== "");
    if (!reported) expect(`${what}: ${await restoreAll(storage, targets)}`).toBe(`${what}: ${right}`);
    else if (status === "ok")
      expect(`${what}: ${await restoreAll(storage, targets)}`).toBe(`${what}: ${right}`);
    // Of the targets one in turn: refused, or as it was.
    const turn = Math.floor(next() * targets.length);
    const { sha256 } = await attemptRestore(storage, targets[turn]!);
    if (sha256 !== undefined) expect(`${what}: ${sha256}`).toBe(`${what}: ${right[turn]}`);
    // What salvage gives is a state that existed, or said not to be proven.
    const salvaged = await attemptRestore(storage, {}, { salvage: true });
    if (salvaged.restored?.proven) expect(states, what).toContain(salvaged.sha256);
    return reported;
  };

  it(`reports any byte changed (${chosen.length} of ${places.length})`, { timeout: 3_600_000 }, async () => {
    const targets = await everyTarget(original);
    const right = await restoreAll(original, targets);
    let reported = 0;
    for (const { path, offset, byte } of chosen) {
      const data = original.files.get(path)!.data.slice();
      data[offset] = byte ^ (1 + Math.floor(next() * 255));
      if (await check(withFile(path, data), path, `${path} byte ${offset} = ${data[offset]}`, targets, right))
        reported++;
    }
    if (EXHAUSTIVE.length > 0)
      console.log(`${name}: ${chosen.length} bytes changed, ${reported} reported, the others without effect`);
  });

  it(`reports any cut (${chosen.length} of ${places.length})`, { timeout: 3_600_000 }, async () => {
    const targets = await everyTarget(original);
    const right = await restoreAll(original, targets);
    for (const { path, offset } of chosen) {
      const data = original.files.get(path)!.data.slice(0, offset);
      const reported = await check(withFile(path, data), path, `${path} cut to ${offset}`, targets, right);
      expect(`${path} cut to ${offset}: ${reported}`).toBe(`${path} cut to ${offset}: true`);
    }
  });
});
