/** Where what can be restored begins and ends, and why. */

import { describe, expect, it } from "vitest";
import { makeFinding } from "../../src/findings.ts";
import { replicaIn } from "../../src/layouts/open.ts";
import { gapsOf, stretchesOf } from "../../src/moments/gaps.ts";
import { listMoments } from "../../src/moments/index.ts";
import type { Stretch } from "../../src/moments/moment.ts";
import type { Branch } from "../../src/replay/catalog.ts";
import { sectionOf } from "../../src/replay/position.ts";
import { formatPosition, formatSegmentName } from "../../src/snapshot/index.ts";
import { verify } from "../../src/verify/index.ts";
import { readFixture } from "../support/fixtures.ts";
import { makeReplica } from "../support/generate.ts";
import { LtxReplica } from "../support/ltx-replica.ts";
import { naiveGenerations } from "../support/naive.ts";

/** A branch of one segment in index 1, with a snapshot of index 1. */
const BRANCH: Branch = {
  id: "0123456789abcdef",
  snapshots: [{ index: 1, offset: 0, path: "snapshot", size: 1, modified: 1n }],
  segments: [{ index: 1, offset: 0, path: "segment", size: 1, modified: 1n }],
};
const at = (offset: number, index = 1) => ({ index, offset });
const stretch = (from: number, to: number, newest = true): Stretch => ({
  ...{ from: at(from), to: at(to), snapshot: 1, newest },
});
const damage = (position: string | undefined, code: "wal/salt" | "replica/no-snapshot" = "wal/salt") =>
  makeFinding(code, "Expected another one", { severity: "damage", position });

/** Gaps where commits end at these offsets, which can be restored or cannot. */
function gapsAt(
  commits: Record<number, boolean>,
  stretches: readonly Stretch[],
  { findings = [], branch = BRANCH }: { findings?: ReturnType<typeof damage>[]; branch?: Branch } = {},
) {
  const segment = {
    ...{ position: at(0), path: "segment", time: undefined },
    commits: Object.entries(commits).map(([offset, restorable]) => {
      return { end: at(Number(offset)), transaction: undefined, restorable };
    }),
  };
  const found = gapsOf(branch, stretches, [segment], findings);
  return found.map(({ after, before, reason }) => [after?.offset, before?.offset, reason?.code]);
}

describe("a gap", () => {
  it("is all there is, where nothing can be restored; where there are no files there is none", () => {
    expect(gapsAt({ 100: false }, [])).toEqual([[undefined, undefined, undefined]]);
    expect(gapsAt({}, [], { branch: { ...BRANCH, snapshots: [], segments: [] } })).toEqual([]);
    const findings = [damage(undefined, "replica/no-snapshot")];
    expect(gapsAt({}, [], { findings })).toEqual([[undefined, undefined, "replica/no-snapshot"]]);
  });

  it("is none in a stretch from the first file to the newest commit", () => {
    expect(gapsAt({ 100: true, 200: true }, [stretch(0, 200)])).toEqual([]);
  });

  it("lies behind the last stretch where that does not end with the newest commit", () => {
    const found = gapsAt({ 100: true, 200: false }, [stretch(0, 100, false)], {
      findings: [damage("00000001:000000ff"), damage("00000001:00000064", "wal/salt"), damage("1:1")],
    });
    expect(found).toEqual([[100, undefined, "wal/salt"]]);
  });

  it("lies before a stretch that begins in the middle of a section, around what is restorable there", () => {
    const isBefore = "replica/before-mark";
    const stretches = [stretch(200, 250)];
    const commits = { 100: true, 150: false, 200: true, 250: true };
    expect(gapsAt(commits, stretches)).toEqual([[100, 200, isBefore]]);
    expect(gapsAt({ 50: false, ...commits }, stretches)).toEqual([
      [undefined, 100, isBefore],
      [100, 200, isBefore],
    ]);
    const leftover: Branch = { ...BRANCH, segments: [{ ...at(0, 0), path: "0", size: 1, modified: 1n }] };
    expect(gapsAt(commits, stretches, { branch: leftover })).toEqual([
      [undefined, 100, isBefore],
      [100, 200, isBefore],
    ]);
  });

  it("has for its reason the first damage in it, and none from elsewhere", () => {
    const findings = [damage("00000001:00000096"), damage("00000001:00000070"), damage("00000001:00000001")];
    const stretches = [stretch(0, 100, false), stretch(200, 300)];
    const [gap] = gapsOf(BRANCH, stretches, [], findings);
    expect(gap!.reason).toBe(findings[1]);
    const elsewhere = gapsOf(BRANCH, stretches, [], [findings[2]!, damage("00000001:0000012d")]);
    expect(elsewhere).toMatchObject([{ after: at(100), before: at(200) }]);
    // Nothing is wrong, and the second begins behind its snapshot's mark.
    expect(elsewhere[0]!.reason).toMatchObject({ code: "replica/before-mark", severity: "info" });
  });
});

it("stretches are what verify found to be restorable, as positions", async () => {
  const { storage } = makeReplica({
    ...{ pageSize: 512, pages: 4, seed: 3 },
    indexes: [{ snapshot: true, mark: 0, segments: [{ commits: 2 }] }],
  });
  const { generations } = await verify(replicaIn(storage));
  const [range] = generations[0]!.restorable;
  const [only, ...others] = stretchesOf(generations[0]!);
  expect([formatPosition(only!.from), formatPosition(only!.to), others]).toEqual([
    range!.from,
    range!.to,
    [],
  ]);
  expect(only).toMatchObject({ snapshot: 1, newest: true, proven: range!.proven });
});

const gapsIn = async (name: string) =>
  (await listMoments(replicaIn(readFixture(name)))).map(({ gaps }) =>
    gaps.map(({ after, before, reason }) => [
      after && formatPosition(after),
      before && formatPosition(before),
      reason?.code,
    ]),
  );

describe("the gaps of a replica", () => {
  it.each([
    ["missing-index", ["00000003:0002e470", undefined, "replica/missing-index"]],
    ["missing-middle-segment", ["00000004:00001038", undefined, "replica/missing-segment"]],
    ["flip-compressed", ["00000004:00001038", undefined, "wal/frame-checksum"]],
    ["snapshot-missing", [undefined, undefined, "replica/no-snapshot"]],
    ["tail-uncommitted", ["00000006:00001038", undefined, "replica/uncommitted-tail"]],
    ["partial-retention", [undefined, "00000002:00000000", "replica/leftover-wal"]],
  ])("%s has one, and it is known why", async (name, gap) => {
    expect(await gapsIn(`damaged/${name}`)).toEqual([[gap]]);
  });

  it("lie between two stretches where a snapshot begins the second", async () => {
    const storage = readFixture("multi-snapshot");
    const newest = Math.max(...naiveGenerations(storage)[0]!.snapshots.map(({ index }) => index));
    const lost = formatSegmentName({ index: newest - 1, offset: 0 }).slice(0, 8);
    for (const path of [...storage.files.keys()]) {
      if (path.includes(`/wal/${lost}_`)) storage.files.delete(path);
    }
    const [after] = await listMoments(replicaIn(storage));
    expect(after!.gaps.map((gap) => [gap.after?.index, gap.before?.index, gap.reason?.code])).toEqual([
      [newest - 2, newest, "replica/missing-index"],
    ]);
    // Not numbered behind the gap, but there.
    const behind = after!.segments
      .flatMap(({ commits }) => commits)
      .filter(({ end }) => sectionOf(end) >= newest);
    expect(behind.length).toBeGreaterThan(0);
    expect(behind.every(({ transaction, restorable }) => transaction === undefined && restorable)).toBe(true);
  });
});

describe("LTX files", () => {
  const sql = Array.from({ length: 8 }, (_, i) =>
    i === 0 ? "CREATE TABLE t (x)" : `INSERT INTO t VALUES (${i})`,
  );
  const coarse = () => {
    const replica = new LtxReplica(sql);
    replica.put(9, 1, 1);
    replica.put(2, 1, 4);
    replica.put(1, 5, 6);
    replica.put(1, 7, 8);
    return replica;
  };
  const gapsIn = async (replica: LtxReplica) => {
    const [one] = await listMoments(replicaIn(replica.storage()));
    return one!.gaps.map(({ after, before, reason }) => [after?.txid, before?.txid, reason?.code]);
  };

  it("have no gap where one file leads over states that are not kept", async () => {
    expect(await gapsIn(coarse())).toEqual([]);
  });

  it("have none where what is broken lies elsewhere", async () => {
    const replica = coarse();
    const again = replica.put(3, 5, 8);
    replica.files.get(again)!.bytes[120]! ^= 1;
    expect(await gapsIn(replica)).toEqual([]);
  });

  it("have one where what was there is missing, or broken", async () => {
    const missing = coarse();
    missing.drop("ltx/1/0000000000000005-0000000000000006.ltx");
    missing.put(9, 1, 7);
    missing.put(0, 8);
    expect(await gapsIn(missing)).toEqual([[4, 7, "replica/missing-txid"]]);
    const broken = coarse();
    broken.put(9, 1, 8);
    broken.files.get("ltx/1/0000000000000005-0000000000000006.ltx")!.bytes[120]! ^= 1;
    expect(await gapsIn(broken)).toEqual([[4, 8, "ltx/file-checksum"]]);
  });
});
