/** How finely the states of a range lie. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { replicaIn } from "../../src/layouts/open.ts";
import type { Branch } from "../../src/replay/catalog.ts";
import { catalogOf } from "../../src/replay/replica.ts";
import { RangeStates, statesByNames } from "../../src/verify/states.ts";
import { makeReplica } from "../support/generate.ts";
import { type LtxReplica, usualReplica } from "../support/ltx-replica.ts";

const text = (time: bigint | undefined) => (time === undefined ? undefined : String(time));
const file = (level: number | undefined, modified: bigint | undefined) =>
  ({ path: "file", size: undefined, txid: 1, level, modified }) as const;

it("runs are stretches of files of one level, each with the times of its first and last file", () => {
  const level = fc.record({ level: fc.integer({ min: 0, max: 2 }), time: fc.option(fc.nat()) });
  fc.assert(
    fc.property(fc.array(level, { minLength: 1, maxLength: 20 }), (files) => {
      const states = new RangeStates();
      const times = files.map(({ time }) => (time === null ? undefined : BigInt(time)));
      files.forEach((one, i) => void states.add(`${i}`, file(one.level, times[i])));
      const { runs, fromTime, toTime } = states.told(text);
      expect([fromTime, toTime]).toEqual([text(times[0]), text(times.at(-1))]);
      let next = 0;
      for (const [at, run] of runs!.entries()) {
        expect([run.from, run.to]).toEqual([`${next}`, `${next + run.states - 1}`]);
        const own = files.slice(next, next + run.states);
        expect(own.every((one) => one.level === run.level)).toBe(true);
        expect([run.fromTime, run.toTime]).toEqual([text(times[next]), text(times[next + run.states - 1])]);
        expect(run.level).not.toBe(runs![at - 1]?.level);
        next += run.states;
      }
      expect(next).toBe(files.length);
    }),
  );
});

it("nothing is told where files have no levels, or there are none", () => {
  const states = new RangeStates();
  states.add("1", file(undefined, 1n));
  states.add("2", undefined);
  expect(states.told(text)).toEqual({});
});

it("the last state, and it alone, can be given another time", () => {
  const states = new RangeStates();
  states.date("0", 5n);
  states.add("1", file(0, 1n));
  states.add("2", file(1, 2n));
  states.date("1", 7n);
  states.date(undefined, 8n);
  expect(states.told(text)).toMatchObject({ fromTime: "1", toTime: "2" });
  states.date("2", 9n);
  expect(states.told(text)).toMatchObject({ fromTime: "1", toTime: "9" });
});

describe("by names alone", () => {
  const branchOf = async (replica: LtxReplica) =>
    (await catalogOf(replicaIn(replica.storage()))).generations[0]!;
  /** From the snapshot of TXID `snapshot` to the change that ends with `last`. */
  const toldOf = (branch: Branch, snapshot: number, last: number | undefined) => {
    const claim = branch.snapshots.find(({ txid }) => txid === snapshot)!;
    const change = branch.segments.find(({ end }) => end?.txid === last);
    const { states, to } = statesByNames(branch, { snapshot: claim, from: hex(snapshot), last: change });
    const { runs } = states.told(text);
    return { to, runs: runs!.map(({ level, states: count, from, to: end }) => [level, count, from, end]) };
  };
  const hex = (txid: number) => txid.toString(16).padStart(16, "0");

  it("the states are the snapshot's, and that at the end of each change up to the last", async () => {
    const branch = await branchOf(usualReplica());
    expect(toldOf(branch, 1, 20)).toEqual({
      to: hex(20),
      runs: [
        [9, 1, hex(1), hex(1)],
        [1, 3, hex(4), hex(12)],
        [0, 8, hex(13), hex(20)],
      ],
    });
    expect(toldOf(branch, 1, 8)).toEqual({
      to: hex(8),
      runs: [
        [9, 1, hex(1), hex(1)],
        [1, 2, hex(4), hex(8)],
      ],
    });
  });

  it("a snapshot behind a gap leads on from itself", async () => {
    const replica = usualReplica();
    replica.drop("ltx/1/0000000000000005-0000000000000008.ltx");
    expect(toldOf(await branchOf(replica), 9, 14)).toEqual({
      to: hex(14),
      runs: [
        [9, 1, hex(9), hex(9)],
        [1, 1, hex(12), hex(12)],
        [0, 2, hex(13), hex(14)],
      ],
    });
  });

  it("a snapshot that no change follows is its own state, and leads nowhere", async () => {
    const branch = await branchOf(usualReplica());
    expect(toldOf(branch, 9, undefined)).toEqual({ to: undefined, runs: [[9, 1, hex(9), hex(9)]] });
  });

  it("a WAL has no levels, and names do not tell where its files end", async () => {
    const { storage } = makeReplica({
      ...{ pageSize: 512, pages: 3, seed: 1 },
      indexes: [{ snapshot: true, mark: 0, segments: [{ commits: 1 }, { commits: 1 }] }],
    });
    const [branch] = (await catalogOf(replicaIn(storage))).generations;
    const [snapshot] = branch!.snapshots;
    const about = { snapshot: snapshot!, from: "1", last: branch!.segments.at(-1) };
    const { states, to } = statesByNames(branch!, about);
    expect([states.told(text), to]).toEqual([{}, undefined]);
  });
});
