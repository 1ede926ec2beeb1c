/**
 * Any history, any files of it, any of them gone: what can be had by the naive model is what the walk comes by, what a restore gives
 * byte by byte, and what a refusal offers in place of the rest.
 */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WalkitError } from "../../../src/errors.ts";
import { statesOf } from "../../../src/layouts/ltx/plan.ts";
import type { LtxFile } from "../../../src/layouts/ltx/types.ts";
import { branchOfFiles } from "../../../src/layouts/ltx/walk.ts";
import { verify } from "../../../src/verify/index.ts";
import {
  databaseOf,
  LtxHistory,
  momentOf,
  type Placed,
  pathOf,
  replicaOf,
} from "../../support/ltx-history.ts";

const transaction = fc.record({
  size: fc.integer({ min: 1, max: 9 }),
  pages: fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 4 }),
  restart: fc.boolean(),
});

/** Where each level was cut into files; files that are gone. */
const sample = fc
  .array(transaction, { minLength: 1, maxLength: 14 })
  .chain((transactions) => {
    const last = transactions.length;
    const file = fc
      .tuple(
        fc.constantFrom(0, 0, 1, 1, 2, 3, 9),
        fc.integer({ min: 1, max: last }),
        fc.integer({ min: 0, max: 5 }),
      )
      .map(([level, min, more]): Placed => {
        const end = Math.min(last, min + more);
        return level === 9 ? [9, 1, end] : level === 0 ? [0, min, min] : [level, min, end];
      });
    return fc.record({
      transactions: fc.constant(transactions),
      // All of level 0, and a few merged: most of it can be had. Or whatever there is.
      files: fc.oneof(
        fc.array(file, { maxLength: 12 }),
        fc
          .tuple(
            fc.array(fc.boolean(), { minLength: last, maxLength: last }),
            fc.array(file, { maxLength: 8 }),
          )
          .map(([there, more]) => [
            ...there.flatMap((is, i): Placed[] => (is ? [[0, i + 1, i + 1]] : [])),
            ...more,
          ]),
      ),
    });
  })
  .map(({ transactions, files }) => {
    const history = new LtxHistory();
    for (const { size, pages, restart } of transactions) history.transact(size, pages, { restart });
    const places = [...new Map(files.map((place) => [pathOf(...place), place])).values()];
    const said = () => JSON.stringify({ transactions, places });
    return { history, places, storage: history.storage(places), [fc.toStringMethod]: said };
  });

/** What any chain of files ends with: one that begins with TXID 1, then any that begins where that ends, or before. */
function naiveStates(
  places: readonly Placed[],
  isBase: (place: Placed) => boolean = () => false,
): Set<number> {
  const states = new Set(places.filter((one) => one[1] === 1 || isBase(one)).map(([, , max]) => max));
  for (let before = -1; before < states.size; ) {
    before = states.size;
    for (const [, min, max] of places)
      for (const state of [...states]) if (min <= state + 1 && max > state) states.add(max);
  }
  return states;
}

/** The files that a restore can begin with though their names do not say so: nothing leads to them, nor to their state, and they hold every page. */
function naiveBases(history: LtxHistory, places: readonly Placed[]): (place: Placed) => boolean {
  const bases: Placed[] = [];
  const inOrder = [...places].sort((a, b) => a[2] - b[2]);
  for (;;) {
    const states = [...naiveStates(places, (place) => bases.includes(place))];
    const next = inOrder.find((place) => {
      const [level, min, max] = place;
      const isLed = states.some((state) => (state >= min - 1 && state < max) || state === max);
      const isBehind = states.length === 0 || states.some((state) => state < min - 1);
      return (
        level !== 9 && min > 1 && !isLed && isBehind && !bases.includes(place) && history.isWhole(min, max)
      );
    });
    if (!next) return (place) => bases.includes(place);
    bases.push(next);
  }
}

function listed(places: readonly Placed[]): LtxFile[] {
  return places.map(([level, minTxid, maxTxid]) => {
    const path = pathOf(level, minTxid, maxTxid);
    return { level, minTxid, maxTxid, path, size: 200, modified: momentOf(maxTxid) };
  });
}

const sorted = (numbers: Iterable<number>) => [...numbers].sort((a, b) => a - b);

describe("of any files", () => {
  const place = fc
    .tuple(fc.constantFrom(0, 1, 2, 3, 9), fc.integer({ min: 1, max: 30 }), fc.integer({ min: 0, max: 12 }))
    .map(([level, min, more]): Placed => [level, level === 9 ? 1 : min, min + more]);

  it("the walk comes by what any chain of them comes by", () => {
    fc.assert(
      fc.property(fc.array(place, { maxLength: 40 }), (places) => {
        const unique = [...new Map(places.map((one) => [pathOf(...one), one])).values()];
        const branch = branchOfFiles(listed(unique));
        const states = naiveStates(unique);
        expect(statesOf(branch)).toEqual(sorted(states));
        // Only what a snapshot within a step leads to is not come by.
        const visited = new Set([...branch.snapshots, ...branch.segments].map(({ maxTxid }) => maxTxid));
        const isWithin = (txid: number) =>
          branch.segments.some((step) => step.txid < txid && txid < step.maxTxid);
        for (const state of states)
          expect([state, visited.has(state) || isWithin(state)]).toEqual([state, true]);
        for (const state of visited) expect(states).toContain(state);
        // Each file is a claim, a step or merged, and one of these alone.
        const all = [...branch.snapshots, ...branch.segments, ...branch.merged].map(({ path }) => path);
        expect(all.sort()).toEqual(unique.map((one) => pathOf(...one)).sort());
        // Each step begins where the walk is, and leads on.
        for (const { txid, minTxid, maxTxid } of branch.segments)
          expect([minTxid <= txid + 1, maxTxid > txid]).toEqual([true, true]);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("a replica of any files", () => {
  it("gives every state that can be had, and offers the nearest ones in place of any other", async () => {
    await fc.assert(
      fc.asyncProperty(sample, async ({ history, places, storage }) => {
        const reachable = sorted(naiveStates(places, naiveBases(history, places)));
        for (let txid = 1; txid <= history.last; txid++) {
          let found: unknown;
          try {
            found = history.txidOf(await databaseOf(replicaOf(storage), { position: { txid } }));
          } catch (error) {
            if (!(error instanceof WalkitError)) throw error;
            found = error;
          }
          if (reachable.includes(txid)) {
            // A state may come again: a transaction of page 1 alone changes its counter, so none does.
            expect(found).toBe(txid);
            continue;
          }
          const error = found as WalkitError;
          expect(error).toBeInstanceOf(WalkitError);
          if (places.length === 0) continue;
          if (reachable.length === 0) expect(error.code).toBe("replica/no-snapshot");
          else {
            const nearest = [
              reachable.findLast((one) => one < txid),
              reachable.find((one) => one > txid),
            ].filter((one) => one !== undefined);
            expect(error.code).toBe("target/out-of-range");
            expect(error.nearest?.map(({ position }) => Number.parseInt(position!, 16))).toEqual(nearest);
          }
        }
      }),
      { numRuns: 150 },
    );
  });

  it("is verified: nothing is wrong but what is missing, and that is told", async () => {
    await fc.assert(
      fc.asyncProperty(sample, async ({ history, places, storage }) => {
        fc.pre(places.length > 0);
        const report = await verify(replicaOf(storage), { level: "replay" });
        const grave = report.findings.filter(({ severity }) => severity !== "info");
        const told = new Set(grave.map(({ code }) => code));
        for (const code of told) expect(["replica/missing-txid", "replica/no-snapshot"]).toContain(code);
        const reachable = sorted(naiveStates(places, naiveBases(history, places)));
        expect(told.has("replica/no-snapshot")).toBe(naiveStates(places).size === 0);
        // A file that nothing leads to means that something is missing before it.
        const newest = reachable.at(-1);
        const isCut = newest !== undefined && places.some(([level, min]) => level !== 9 && min > newest + 1);
        if (isCut) expect(told).toContain("replica/missing-txid");
        // So it does where a copy of the database is to begin with, though a state comes before it that nothing leads on from.
        const isBase = naiveBases(history, places);
        const oldest = Math.min(...places.filter(([level]) => level === 9).map(([, , max]) => max));
        const isGap = places.some((place) => {
          const [, min] = place;
          const before = reachable.findLast((state) => state < min);
          const isYoung = !Number.isFinite(oldest) || min - 1 > oldest;
          if (before === undefined || !isBase(place) || !isYoung) return false;
          return !places.some(([, from, to]) => from <= before + 1 && to > before);
        });
        if (isGap) expect(told).toContain("replica/missing-txid");
        // The ranges are the states, as far as each leads.
        const [branch] = report.generations;
        const covered = (branch!.restorable ?? []).flatMap(({ from, to }) => [from, to]);
        for (const position of covered) expect(reachable).toContain(Number.parseInt(position, 16));
      }),
      { numRuns: 300 },
    );
  });

  it("gives at a time what had been written by then", async () => {
    await fc.assert(
      fc.asyncProperty(sample, fc.integer({ min: 1, max: 14 }), async ({ history, places, storage }, at) => {
        try {
          const txid = history.txidOf(await databaseOf(replicaOf(storage), { timestamp: momentOf(at) }));
          const isBase = naiveBases(history, places);
          const by = naiveStates(
            places.filter(([, , max]) => max <= at),
            isBase,
          );
          expect(txid).toBe(Math.max(...by));
        } catch (error) {
          if (!(error instanceof WalkitError)) throw error;
          expect([
            "target/out-of-range",
            "replica/no-snapshot",
            "replica/missing-txid",
            "target/no-generation",
            "replica/not-a-replica",
          ]).toContain(error.code);
        }
      }),
      { numRuns: 200 },
    );
  });
});
