/** What names and times alone show. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WalkitError } from "../../../src/errors.ts";
import { readCatalog } from "../../../src/layouts/generations/catalog.ts";
import { findGaps, nameFindings, timesFinding } from "../../../src/layouts/generations/check.ts";
import type { Generation } from "../../../src/layouts/generations/types.ts";
import { formatSegmentName, formatSnapshotName } from "../../../src/snapshot/index.ts";
import { MemoryStorage } from "../../../src/storage/index.ts";

const ID = "0123456789abcdef";
const PREFIX = `generations/${ID}/`;
const snapshotAt = (index: number) => `snapshots/${formatSnapshotName(index)}`;
const segmentAt = (index: number, offset = 0) => `wal/${formatSegmentName({ index, offset })}`;

/** Each file a second behind the one before. */
async function catalogOf(...names: string[]) {
  const files = names.map((name, i) => {
    const modified = 1_700_000_000_123_456_789n + BigInt(i) * 1_000_000_000n;
    return [PREFIX + name, { data: new Uint8Array(1), modified }] as const;
  });
  const catalog = await readCatalog(new MemoryStorage(files));
  return { catalog, generation: catalog.generations[0]! };
}

async function told(...names: string[]) {
  const { catalog, generation } = await catalogOf(...names);
  return nameFindings(generation, catalog).map(({ code, severity, path }) => {
    return [severity, code, path?.slice(PREFIX.length)];
  });
}

const gaps = (one: Generation) =>
  findGaps(one).findings.map(({ code, path }) => [code, path?.slice(PREFIX.length)]);
const chains = (one: Generation) =>
  findGaps(one).chains.map(({ claim, last, newest }) => [claim.index, last?.index, last?.offset, newest]);

const denied = new WalkitError("storage/unreadable", "Cannot read it", { path: "x" });

describe("names", () => {
  it("of a generation as it should be show nothing", async () => {
    expect(await told(snapshotAt(0), segmentAt(0), segmentAt(0, 1048), segmentAt(1))).toEqual([]);
    expect(await told(snapshotAt(3))).toEqual([]);
    // The next WAL has not been uploaded yet.
    expect(await told(snapshotAt(0), segmentAt(0), snapshotAt(1))).toEqual([]);
  });

  it("show that nothing is there, or nothing of Litestream's", async () => {
    expect(await told("wal/")).toEqual([["info", "replica/empty", undefined]]);
    const { catalog, generation } = await catalogOf("wal/", "readme");
    expect(nameFindings(generation, catalog)[0]!.message).toMatch(/found only files of other names$/);
  });

  it("show that there is no snapshot", async () => {
    expect(await told(segmentAt(0), segmentAt(1))).toEqual([["damage", "replica/no-snapshot", segmentAt(0)]]);
  });

  it("show WAL from before the first snapshot, which leads nowhere", async () => {
    expect(await told(segmentAt(0), segmentAt(1), snapshotAt(2), segmentAt(2))).toEqual([
      ["warning", "replica/leftover-wal", segmentAt(0)],
    ]);
  });

  it("show a snapshot that the WAL has not reached", async () => {
    expect(await told(snapshotAt(0), segmentAt(0), snapshotAt(2), snapshotAt(3))).toEqual([
      ["warning", "replica/snapshot-ahead", snapshotAt(3)],
    ]);
  });

  it("of what cannot be read say so, and not that it is missing", async () => {
    const { catalog, generation } = await catalogOf(segmentAt(0));
    generation.unreadable = [denied];
    expect(nameFindings(generation, catalog).map(({ code }) => code)).toEqual(["storage/unreadable"]);
    const hollow = { id: ID, snapshots: [], segments: [], unreadable: [denied] };
    expect(nameFindings(hollow, catalog).map(({ code }) => code)).toEqual(["storage/unreadable"]);
  });
});

describe("times", () => {
  it("that a copy made are told of, with the file that shows it", async () => {
    const { catalog, generation } = await catalogOf(snapshotAt(0), segmentAt(0), segmentAt(0, 1048));
    for (const file of [...generation.snapshots, ...generation.segments]) file.modified = undefined;
    expect(nameFindings(generation, catalog)).toMatchObject([
      { code: "replica/times-untrusted", path: PREFIX + snapshotAt(0), generation: ID, remedy: undefined },
    ]);
  });

  it("of a clock that was set back leave all but what came twice, which positions tell apart", async () => {
    const { generation } = await catalogOf(snapshotAt(0));
    const about = { path: "x", reason: "a reason" };
    expect(timesFinding(generation, { kind: "clock", ...about })).toMatchObject({
      remedy: { do: "restore-by-position" },
      message: expect.stringMatching(/a reason\. A time that came twice is refused/),
    });
    expect(timesFinding(generation, { kind: "copy", ...about }).message).toMatch(
      /a reason\. A time is refused/,
    );
  });
});

describe("gaps", () => {
  it("are indexes that are missing, and indexes that do not begin at their first byte", async () => {
    const names = [snapshotAt(0), segmentAt(0), segmentAt(2), segmentAt(3, 1048), segmentAt(4)];
    const { generation } = await catalogOf(...names);
    expect(gaps(generation)).toEqual([
      ["replica/missing-index", segmentAt(1)],
      ["replica/missing-first-segment", segmentAt(3)],
    ]);
    expect(chains(generation)).toEqual([[0, 0, 0, false]]);
  });

  it("are none between leftover WAL and the first snapshot", async () => {
    expect(gaps((await catalogOf(segmentAt(0), snapshotAt(2), segmentAt(2))).generation)).toEqual([]);
    // The WAL of the snapshot's own index should be there: nothing leads on from it.
    const { generation } = await catalogOf(snapshotAt(2), segmentAt(3));
    expect(gaps(generation)).toEqual([["replica/missing-index", segmentAt(2)]]);
    expect(chains(generation)).toEqual([]);
  });
});

describe("chains", () => {
  it("go from a snapshot over all that follows, and begin anew behind a gap", async () => {
    const names = [snapshotAt(0), segmentAt(0), segmentAt(1), segmentAt(1, 1048)];
    const { generation } = await catalogOf(...names, segmentAt(3), snapshotAt(4), segmentAt(4), segmentAt(5));
    expect(chains(generation)).toEqual([
      [0, 1, 1048, false],
      [4, 5, 0, true],
    ]);
  });

  it("are snapshots alone where no WAL has reached them", async () => {
    const { generation } = await catalogOf(snapshotAt(0), segmentAt(0), snapshotAt(1), snapshotAt(2));
    expect(chains(generation)).toEqual([
      [0, 0, 0, false],
      [1, undefined, undefined, false],
      [2, undefined, undefined, true],
    ]);
  });

  it("end before what cannot be read", async () => {
    const { generation } = await catalogOf(snapshotAt(0), segmentAt(0), segmentAt(1), segmentAt(2));
    generation.segments[1]!.unreadable = denied;
    expect(chains(generation)).toEqual([[0, 0, 0, false]]);
    generation.snapshots[0]!.unreadable = denied;
    expect(chains(generation)).toEqual([]);
  });

  it("begin at the first snapshot behind each gap, and never lead over one", async () => {
    const present = fc.array(fc.record({ snapshot: fc.boolean(), wal: fc.boolean() }), { maxLength: 9 });
    await fc.assert(
      fc.asyncProperty(present, async (indexes) => {
        const names = indexes.flatMap(({ snapshot, wal }, i) => [
          ...(snapshot ? [snapshotAt(i)] : []),
          ...(wal ? [segmentAt(i)] : []),
        ]);
        if (names.length === 0) return;
        const { generation } = await catalogOf(...names);
        const last = indexes.findLastIndex(({ wal }) => wal);
        const expected: [number, number | undefined][] = [];
        for (let i = 0; i < indexes.length; i++) {
          if (!indexes[i]!.snapshot || (i <= last && !indexes[i]!.wal)) continue;
          if (i > last) expected.push([i, undefined]);
          else {
            let end = i;
            while (indexes[end + 1]?.wal) end++;
            expected.push([i, end]);
            i = end;
          }
        }
        expect(findGaps(generation).chains.map(({ claim, last: end }) => [claim.index, end?.index])).toEqual(
          expected,
        );
      }),
    );
  });
});
