/** Which files lead to a target: as the reference's planner has it, and a naive one of the same rules. */

import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chooseFiles, gapBehind, planLtx, statesOf } from "../../../src/layouts/ltx/plan.ts";
import type { LtxFile } from "../../../src/layouts/ltx/types.ts";
import { branchOfFiles } from "../../../src/layouts/ltx/walk.ts";
import { LTX } from "../../ltx/fixtures.ts";
import { pathOf } from "../../support/ltx-history.ts";

interface Vector {
  name: string;
  files: [level: number, min: number, max: number, ms: number][];
  txid: number;
  timestamp: number;
  expected: { plan?: [number, number, number][]; error?: string };
}

const { vectors }: { vectors: Vector[] } = JSON.parse(
  readFileSync(`${LTX}restore-plan-vectors.json`, "utf8"),
);

function fileOf([level, minTxid, maxTxid, ms]: readonly number[]): LtxFile {
  const path = pathOf(level!, minTxid!, maxTxid!);
  return {
    level: level!,
    minTxid: minTxid!,
    maxTxid: maxTxid!,
    path,
    size: 200,
    modified: BigInt(ms ?? 0) * 1_000_000n,
  };
}

const triple = ({ level, minTxid, maxTxid }: LtxFile) => [level, minTxid, maxTxid];

/** As the reference answers: a plan, or none. */
function planned(files: LtxFile[], txid: number, ms: number): number[][] | undefined {
  const isBefore = ms === 0 ? undefined : (file: LtxFile) => file.modified! < BigInt(ms) * 1_000_000n;
  const plan = chooseFiles(files, { txid: txid || undefined, isBefore });
  if (plan && !txid && !isBefore && gapBehind(files, plan.at(-1)!.maxTxid)) return undefined;
  return plan?.map(triple);
}

describe("the reference's planner", () => {
  it.each(vectors.map((one) => [one.name, one] as const))(
    "%s",
    (_name, { files, txid, timestamp, expected }) => {
      expect(planned(files.map(fileOf), txid, timestamp)).toEqual(expected.plan);
    },
  );
});

/** The rules one by one, each looked for among all files. */
function naivePlan(files: LtxFile[], txid: number, ms: number): number[][] | undefined {
  const time = BigInt(ms) * 1_000_000n;
  const eligible = files.filter((one) => (!txid || one.maxTxid <= txid) && (!ms || one.modified! < time));
  const plan: LtxFile[] = [];
  let reach = 0;
  const snapshots = eligible.filter(({ level }) => level === 9);
  snapshots.sort((a, b) => a.minTxid - b.minTxid || a.maxTxid - b.maxTxid);
  if (snapshots.length > 0) {
    plan.push(snapshots.at(-1)!);
    reach = plan[0]!.maxTxid;
  }
  while (!txid || reach < txid) {
    const candidates = eligible.filter(
      (one) => one.level < 9 && one.minTxid <= reach + 1 && one.maxTxid > reach,
    );
    candidates.sort(
      (a, b) =>
        b.maxTxid - a.maxTxid ||
        a.minTxid - b.minTxid ||
        b.level - a.level ||
        Number(a.modified! - b.modified!),
    );
    if (candidates.length === 0) break;
    plan.push(candidates[0]!);
    reach = candidates[0]!.maxTxid;
  }
  if (plan.length === 0 || (txid && reach < txid)) return undefined;
  if (!txid && !ms && files.some((one) => one.level < 9 && one.minTxid > reach + 1)) return undefined;
  return plan.map(triple);
}

const file = fc
  .tuple(
    fc.constantFrom(0, 0, 1, 2, 3, 8, 9),
    fc.integer({ min: 1, max: 12 }),
    fc.integer({ min: 0, max: 8 }),
    fc.integer({ min: 1, max: 20 }),
  )
  .map(([level, min, more, ms]) => fileOf([level, level === 9 ? 1 : min, min + more, ms]));
const files = fc.uniqueArray(file, { maxLength: 25, selector: ({ path }) => path });

it("plans as the rules have it, one by one", () => {
  fc.assert(
    fc.property(
      files,
      fc.integer({ min: 0, max: 20 }),
      fc.integer({ min: 0, max: 21 }),
      (files, txid, ms) => {
        expect(planned(files, txid, txid ? 0 : ms)).toEqual(naivePlan(files, txid, txid ? 0 : ms));
      },
    ),
    { numRuns: 5000 },
  );
});

describe("a plan of ours", () => {
  it("begins with the last file that holds every page, and goes on without a break", () => {
    fc.assert(
      fc.property(files, (files) => {
        const branch = branchOfFiles(files);
        for (const txid of statesOf(branch)) {
          const { snapshot, segments, end } = planLtx(branch, { commit: { txid } });
          let reach = snapshot.txid!;
          for (const { path, txid: at } of segments) {
            const { minTxid, maxTxid } = files.find((one) => one.path === path)!;
            expect([at, minTxid > 1, minTxid <= reach + 1, maxTxid > reach]).toEqual([
              reach,
              true,
              true,
              true,
            ]);
            reach = maxTxid;
          }
          expect([reach, end?.txid ?? snapshot.txid]).toEqual([txid, txid]);
        }
      }),
    );
  });

  it("refuses places in a WAL", () => {
    const branch = branchOfFiles([fileOf([9, 1, 4])]);
    for (const target of [{ index: 0 }, { commit: { index: 1, offset: 2 } }])
      expect(() => planLtx(branch, target)).toThrow(/Litestream 0\.3/);
  });
});
