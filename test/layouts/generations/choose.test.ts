import { describe, expect, it } from "vitest";
import { WalkitError } from "../../../src/errors.ts";
import { readCatalog } from "../../../src/layouts/generations/catalog.ts";
import {
  chooseGeneration,
  newestGeneration,
  refuseUnknown,
} from "../../../src/layouts/generations/choose.ts";
import type { Generations, WalTarget } from "../../../src/layouts/generations/types.ts";
import { formatSegmentName } from "../../../src/snapshot/index.ts";
import { MemoryStorage } from "../../../src/storage/index.ts";
import { readFixture } from "../../support/fixtures.ts";
import { catalogOf } from "../../support/times-table.ts";

const SECOND = 1_000_000_000n;
const START = 1_700_000_000n * SECOND + 123_456_789n;
const at = (second: number) => START + BigInt(second) * SECOND;
const [A, B, C] = ["a".repeat(16), "b".repeat(16), "c".repeat(16)] as const;

/** Generations that were written from one second to another, a segment each second behind the snapshot. */
async function written(
  spans: Record<string, [from: number, to: number]>,
  { step = SECOND, snapshots = true } = {},
): Promise<Generations> {
  const times = new Map<string, bigint>();
  for (const [id, [from, to]] of Object.entries(spans)) {
    if (snapshots) times.set(`generations/${id}/snapshots/00000000.snapshot.lz4`, at(from));
    for (let second = from + 1; second <= to; second++) {
      const name = formatSegmentName({ index: 0, offset: 1048 * (second - from - 1) });
      times.set(`generations/${id}/wal/${name}`, at(from) + BigInt(second - from) * step);
    }
  }
  return (await catalogOf(times)) as Generations;
}

const chosen = (catalog: Generations, target: WalTarget = {}) => chooseGeneration(catalog, target).id;

function refusal(catalog: Generations, target: WalTarget = {}): WalkitError {
  try {
    chooseGeneration(catalog, target);
  } catch (error) {
    if (error instanceof WalkitError) return error;
    throw error;
  }
  throw new Error("Expected a refusal, found a generation");
}

describe("the newest generation", () => {
  it("is the one that all others came before, whatever they are called", async () => {
    for (const [first, second, third] of [
      [A, B, C],
      [C, A, B],
      [B, C, A],
    ] as const) {
      const catalog = await written({ [first]: [0, 9], [second]: [20, 29], [third]: [30, 39] });
      expect([chosen(catalog), newestGeneration(catalog)?.id]).toEqual([third, third]);
    }
  });

  it("is the only one with files, whatever its times are worth", async () => {
    const catalog = await written({ [A]: [0, 9] }, { step: 0n });
    catalog.generations.push({ id: B, snapshots: [], segments: [] });
    expect([chosen(catalog), newestGeneration(catalog)?.id]).toEqual([A, A]);
  });

  it("is not guessed where times overlap, or are those of a copy", async () => {
    const overlapping = await written({ [A]: [0, 30], [B]: [20, 50] });
    const storage = readFixture("multi-generation");
    for (const file of storage.files.values()) file.modified = START;
    const copied = await readCatalog(storage);
    for (const [catalog, reason] of [
      [overlapping, /their times overlap/],
      [copied, /not those of the files' creation/],
    ] as const) {
      const error = refusal(catalog);
      expect([error.code, error.message]).toEqual([
        "target/ambiguous-generation",
        expect.stringMatching(reason),
      ]);
      const among = catalog.generations.map(({ id }) => id);
      expect(error.remedy).toEqual({ do: "choose-generation", among, more: false });
      expect(newestGeneration(catalog)).toBeUndefined();
      for (const generation of among) expect(chosen(catalog, { generation })).toBe(generation);
    }
  });

  it("is one of many, of which a refusal names some", async () => {
    const spans = Array.from({ length: 12 }, (_, i) => [
      String(i % 10).repeat(15) + (i > 9 ? 1 : 0),
      [i, i + 30],
    ]);
    const { remedy } = refusal(await written(Object.fromEntries(spans)));
    expect(remedy).toMatchObject({ do: "choose-generation", more: true, among: { length: 8 } });
  });

  it("needs a snapshot, or a history that says where one is", async () => {
    const catalog = await written({ [A]: [0, 3] }, { snapshots: false });
    const [segment] = catalog.generations[0]!.segments;
    expect(refusal(catalog)).toMatchObject({ code: "replica/no-snapshot", path: segment!.path });
    expect(newestGeneration(catalog)?.id).toBe(A);
    const beside = { generation: A, path: `generations/${A}.history`, size: 9 };
    expect(chosen({ ...catalog, timelineFiles: [{ ...beside, kind: "history" }] })).toBe(A);
    const points = { ...catalog, timelineFiles: [{ ...beside, kind: "restore-points" as const }] };
    expect(refusal(points).code).toBe("replica/no-snapshot");
  });

  it("is none where there is no file, and what lies there instead is named", async () => {
    const nothing = await readCatalog(new MemoryStorage());
    expect(refusal(nothing)).toMatchObject({
      code: "target/no-generation",
      remedy: { do: "check", what: "folder" },
    });
    expect(newestGeneration(nothing)).toBeUndefined();
    const photo = new MemoryStorage([["generations/photo.jpg", { data: new Uint8Array(1) }]]);
    expect(refusal(await readCatalog(photo)).message).toContain("but generations/photo.jpg");
  });
});

describe("a generation by its name", () => {
  it("that is not there is refused with those that are", async () => {
    const catalog = await written({ [A]: [0, 3], [B]: [10, 13] });
    expect(refusal(catalog, { generation: C })).toMatchObject({
      ...{ code: "target/no-generation", remedy: { do: "list", what: "generations" } },
      message: `Expected generation ${C}, found ${A}, ${B}`,
    });
  });

  it("is held to its own times alone", async () => {
    const catalog = await written({ [A]: [0, 30], [B]: [20, 50] });
    expect(chosen(catalog, { generation: B, timestamp: at(25) })).toBe(B);
    expect(refusal(catalog, { generation: B, timestamp: at(10) }).code).toBe("target/out-of-range");
  });
});

describe("the generation of a time", () => {
  it("is the one that was written then, whatever others are worth", async () => {
    const catalog = await written({ [B]: [0, 9], [A]: [20, 29] });
    for (const [second, id] of [
      [0, B],
      [5, B],
      [9, B],
      [20, A],
      [29, A],
    ] as const)
      expect(chosen(catalog, { timestamp: at(second) }), `${second}`).toBe(id);
  });

  it("is refused between two and behind all, with the moments next to it", async () => {
    const catalog = await written({ [B]: [0, 9], [A]: [20, 29] });
    const between = refusal(catalog, { timestamp: at(12) });
    expect(between.code).toBe("target/out-of-range");
    expect(between.nearest?.map(({ generation }) => generation)).toEqual([B, A]);
    expect(between.remedy).toMatchObject({ do: "choose-moment", instead: { newest: "without-target" } });
    const behind = refusal(catalog, { timestamp: at(40) });
    expect(behind.message).toContain("nothing was written since");
    expect(behind.remedy).toMatchObject({ do: "choose-moment", instead: { newest: "now" } });
    expect(behind.nearest?.map(({ generation }) => generation)).toEqual([A]);
  });

  it("is refused where times are not those of the files' creation", async () => {
    const storage = readFixture("basic");
    const times = [...storage.files.values()].map(({ modified }) => modified!);
    for (const file of storage.files.values()) file.modified = times.pop();
    const { modified } = [...storage.files.values()][3]!;
    expect(refusal(await readCatalog(storage), { timestamp: modified }).code).toBe("replica/times-untrusted");
    const copied = await written({ [A]: [0, 9] }, { step: 1000n });
    expect(refusal(copied, { timestamp: at(5) }).code).toBe("replica/times-untrusted");
  });

  it("is not told where two were written then", async () => {
    const catalog = await written({ [A]: [0, 30], [B]: [20, 50] });
    expect(refusal(catalog, { timestamp: at(25) }).code).toBe("target/ambiguous-generation");
    expect(chosen(catalog, { timestamp: at(10) })).toBe(A);
  });
});

describe("a generation that cannot be looked into", () => {
  const denied = new WalkitError("storage/unreadable", "Cannot list it", { path: `generations/${B}/wal` });

  it("may be the one that is meant, unless another one is named", async () => {
    const catalog = await written({ [A]: [0, 9] });
    catalog.generations.push({ id: B, snapshots: [], segments: [], unreadable: [denied] });
    for (const target of [{}, { timestamp: at(5) }]) {
      const error = refusal(catalog, target);
      expect(error).toMatchObject({
        ...{ code: "storage/unreadable", path: denied.path, remedy: { do: "restore-other-generation" } },
        message: `Cannot list it. Generation ${B} may be the newest one`,
      });
    }
    expect(chosen(catalog, { generation: A })).toBe(A);
    expect(() => refuseUnknown(catalog.generations[1]!)).toThrow(denied);
    expect(() => refuseUnknown(catalog.generations[0]!)).not.toThrow();
  });

  it("may be one whose every file cannot be read", async () => {
    const catalog = await written({ [A]: [0, 9], [B]: [20, 21] });
    const lost = catalog.generations[1]!;
    for (const files of [lost.snapshots, lost.segments])
      for (const file of files) Object.assign(file, { modified: undefined, unreadable: denied });
    expect(refusal(catalog)).toMatchObject({
      code: "storage/unreadable",
      remedy: { do: "restore-other-generation" },
    });
    expect(newestGeneration(catalog)).toBeUndefined();
  });
});
