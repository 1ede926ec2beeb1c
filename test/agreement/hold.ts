/**
 * The two rules that hold all of walkit together, held against one replica: verify, restore and dry run never contradict each
 * other, and what is offered works.
 */

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { paintFor } from "../../src/cli/text.ts";
import { reportLines } from "../../src/cli/verify-text.ts";
import { WalkitError } from "../../src/errors.ts";
import { replicaIn } from "../../src/layouts/open.ts";
import { listMoments } from "../../src/moments/index.ts";
import { parsePosition } from "../../src/replay/position.ts";
import { type RestoredFile, type RestoreFileOptions, restoreFile } from "../../src/restore/file.ts";
import { planTarget } from "../../src/restore/index.ts";
import type { MemoryStorage } from "../../src/storage/index.ts";
import { parseTime } from "../../src/time.ts";
import type { Target } from "../../src/timeline/target/target.ts";
import { verify } from "../../src/verify/index.ts";
import { sha256 } from "../support/fixtures.ts";

export interface Outcome {
  restored?: RestoredFile & { sha256: string };
  error?: WalkitError;
}

/** A restore as the command does it, with SQLite's check where that is the default. */
export async function restoreAsCommand(
  storage: MemoryStorage,
  target: Target,
  options: RestoreFileOptions = {},
): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), "walkit-agree-"));
  const output = join(folder, "out.db");
  try {
    const restored = await restoreFile(replicaIn(storage), target, output, { history: false, ...options });
    return { restored: { ...restored, sha256: sha256(readFileSync(output)) } };
  } catch (error) {
    if (!(error instanceof WalkitError)) throw error;
    return { error };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function planned(storage: MemoryStorage, target: Target): Promise<WalkitError | undefined> {
  try {
    await planTarget(replicaIn(storage), target);
    return undefined;
  } catch (error) {
    if (error instanceof WalkitError) return error;
    throw error;
  }
}

/** Holds both rules; returns what came of the newest state. */
export async function holdAgreement(storage: MemoryStorage, what: string): Promise<Outcome> {
  const report = await verify(replicaIn(storage));
  const shown = { location: "replica", generation: undefined, root: "replica", quiet: true };
  const headline = reportLines(report, shown, paintFor({})).slice(0, 2).join(" ");
  const newest = await restoreAsCommand(storage, {});
  const about = `${what}\n${headline}\n${newest.error?.message ?? "restored"}`;

  // What the headline says.
  if (/The newest state (\(of [^)]*\) )?can be restored|every commit can still be restored/.test(headline))
    expect(newest.error, about).toBeUndefined();
  if (
    /The newest state cannot be restored|SQLite finds the newest state corrupt|^Nothing of/.test(headline)
  ) {
    expect(newest.restored?.proven ?? false, about).toBe(false);
    if (!/SQLite finds/.test(headline)) expect(newest.error, about).toBeDefined();
  }

  // A dry run knows less than a restore, and never more.
  const plan = await planned(storage, {});
  if (newest.restored) expect(plan, about).toBeUndefined();

  for (const { generation, restorable, available, integrity } of report.generations) {
    const last = restorable.at(-1);
    const own = await restoreAsCommand(storage, { generation });
    const here = `${about}\ngeneration ${generation}: ${own.error?.message ?? "restored"}`;
    if (own.restored) expect(last?.newest ?? false, here).toBe(true);
    else if (last?.newest)
      expect([integrity, own.error!.code], here).toEqual(["failed", "database/integrity"]);
    for (const { from, to, salvage } of restorable) {
      for (const text of [from, to]) {
        const position = parsePosition(text)!;
        const { error } = await restoreAsCommand(storage, { generation, position }, { salvage });
        if (error)
          expect([integrity, error.code], `${here}\n${text}`).toEqual(["failed", "database/integrity"]);
      }
    }
    if (available) await holdOffer(storage, { generation }, available, `${here}\nverify offers`);
    if (own.error) await holdError(storage, { generation }, own.error, here);
  }
  if (newest.error) await holdError(storage, {}, newest.error, about);
  return newest;
}

/** What a refusal offers. */
export async function holdError(
  storage: MemoryStorage,
  target: Target,
  { available, nearest = [] }: WalkitError,
  what: string,
): Promise<void> {
  if (available) await holdOffer(storage, target, available, `${what}\nrestore offers`);
  else {
    const { restored, error } = await restoreAsCommand(storage, target, { salvage: true });
    expect(restored?.lost, `${what}\nnothing was offered, but salvage went well`).toBeUndefined();
    expect(error, what).toBeDefined();
  }
  for (const { generation, position, time } of nearest) {
    const moment: Target = position
      ? { generation, position: parsePosition(position)! }
      : { generation, timestamp: parseTime(time!) };
    const { error } = await restoreAsCommand(storage, moment);
    expect(error?.message, `${what}\nthe nearest: ${position ?? time}`).toBeUndefined();
  }
}

async function holdOffer(
  storage: MemoryStorage,
  target: Target,
  available: { generation: string; position: string | undefined },
  what: string,
): Promise<void> {
  const { restored, error } = await restoreAsCommand(storage, target, {
    salvage: true,
    integrityCheck: "full",
  });
  expect(error?.message, what).toBeUndefined();
  const { lost, generation } = restored!;
  expect([generation, lost?.reached], what).toEqual([available.generation, available.position]);
}

/** Every moment that is listed can be had. */
export async function holdMoments(storage: MemoryStorage, what: string): Promise<number> {
  let count = 0;
  const moments = await listMoments(replicaIn(storage), {});
  for (const { generation, snapshots, segments } of moments) {
    const commits = segments.flatMap((one) => one.commits).filter(({ restorable }) => restorable);
    for (const position of [...snapshots.map((one) => one.position), ...commits.map(({ end }) => end)]) {
      const { error } = await restoreAsCommand(storage, { generation, position });
      expect(error?.message, `${what}: ${generation} ${JSON.stringify(position)}`).toBeUndefined();
      count++;
    }
  }
  return count;
}
