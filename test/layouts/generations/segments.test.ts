import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readCatalog } from "../../../src/layouts/generations/catalog.ts";
import { readSegments } from "../../../src/layouts/generations/segments.ts";
import type { WalLeg } from "../../../src/layouts/generations/types.ts";
import { compress, decompress } from "../../../src/lz4/index.ts";
import type { ChangesOptions } from "../../../src/replay/layout.ts";
import { comparePositions, formatPosition } from "../../../src/replay/position.ts";
import { formatSegmentName } from "../../../src/snapshot/index.ts";
import type { MemoryStorage } from "../../../src/storage/index.ts";
import { GENERATION, type Made, makeReplica } from "../../support/generate.ts";
import { recipe } from "../../support/harm.ts";
import { naiveGenerations, naiveStates } from "../../support/naive.ts";

const pathOf = (index: number, offset = 0) =>
  `generations/${GENERATION}/wal/${formatSegmentName({ index, offset })}`;

/** Three indexes of three segments of two commits each. */
function made(pageSize = 512): Made {
  const segments = Array.from({ length: 3 }, () => ({ commits: 2 }));
  const indexes = [0, 1, 2].map((index) => ({ snapshot: index === 0, mark: 0, segments }));
  return makeReplica({ pageSize, pages: 6, seed: 5, indexes });
}

async function legOf(storage: MemoryStorage): Promise<WalLeg> {
  const { id, segments, snapshots } = (await readCatalog(storage)).generations[0]!;
  return { generation: id, segments, snapshot: snapshots[0] };
}

/** What is told: commits that are applied and sound, `~` where they are not; faults; sections that are not whole. */
async function told(storage: MemoryStorage, leg?: WalLeg, options: ChangesOptions = { faults: "report" }) {
  const commits: string[] = [];
  const faults: [code: string, path: string | undefined, position: string | undefined, breaks: boolean][] =
    [];
  const broken: number[] = [];
  for await (const event of readSegments({ storage }, leg ?? (await legOf(storage)), options)) {
    if (event.type === "commit")
      commits.push((event.sound && event.applied ? "" : "~") + formatPosition(event.end));
    else if (event.type === "fault")
      faults.push([event.error.code, event.error.path, event.error.position, event.breaks]);
    else if (event.type === "closes" && !event.whole) broken.push(event.section.index!);
  }
  return { commits, faults, broken };
}

/** The content of a segment, changed. */
function change(storage: MemoryStorage, path: string, edit: (content: Uint8Array) => Uint8Array): void {
  const file = storage.files.get(path)!;
  storage.files.set(path, { ...file, data: compress(edit(decompress(file.data).slice())) });
}

describe("segments that are whole", () => {
  it("tell of each commit, in order, and of its pages", async () => {
    await fc.assert(
      fc.asyncProperty(recipe, async (one) => {
        const { storage } = makeReplica(one);
        const [naive] = naiveGenerations(storage);
        const leg = await legOf(storage);
        const found: unknown[] = [];
        let pages: [number, string][] = [];
        for await (const event of readSegments({ storage }, leg)) {
          expect(event.type).not.toBe("fault");
          if (event.type === "pages")
            event.run.forEach((page, data) => {
              pages.push([page, Buffer.from(data).toString("base64")]);
            });
          if (event.type !== "commit") continue;
          found.push([event.end, event.pageCount, event.change.path, pages]);
          pages = [];
        }
        expect(found).toEqual(
          naiveStates(naive!).map(({ index, end, size, path, pages: own }) => [
            ...[{ index, offset: end }, size, path],
            own.map(([page, data]) => [page, Buffer.from(data).toString("base64")]),
          ]),
        );
      }),
      { numRuns: 40 },
    );
  });

  it("are applied up to the target, and read on to prove what the snapshot holds", async () => {
    const { storage, states } = made();
    const leg = await legOf(storage);
    const end = states.find(({ offset, index }) => index === 1 && offset > 0)!;
    const own = leg.segments.filter(({ index }) => index === 1);
    const [first, ...proof] = own;
    const { commits } = await told(storage, { ...leg, segments: [first!], proof, end });
    const all = states.filter(({ index, offset }) => index === 1 && offset > 0);
    expect(commits).toEqual(
      all.map((at) => (comparePositions(at, end) <= 0 ? "" : "~") + formatPosition(at)),
    );
  });
});

it("what is wrong behind the target keeps nobody from what lies before it", async () => {
  const { storage, states } = made();
  const leg = await legOf(storage);
  const [first] = leg.segments.filter(({ index }) => index === 1);
  const [end, next] = states.filter(({ offset, index }) => index === 1 && offset > 0);
  change(storage, first!.path, (bytes) => {
    bytes[next!.offset - 1]! ^= 1;
    return bytes;
  });
  const upTo = { ...leg, segments: [first!] };
  await expect(told(storage, { ...upTo, end: next! }, {})).rejects.toMatchObject({
    code: "wal/frame-checksum",
  });
  const { commits } = await told(storage, { ...upTo, end: end! }, {});
  expect(commits).toEqual([formatPosition(end!), `~${formatPosition(next!)}`]);
});

describe("what is missing or in the way", () => {
  const { segments } = made();
  const [first, second, third] = segments.filter(({ index }) => index === 2);
  const place = (offset: number) => formatPosition({ index: 2, offset });

  it("a segment in the middle: what comes behind it is read on, without proof", async () => {
    const { storage } = made();
    storage.files.delete(second!.path);
    const { commits, faults, broken } = await told(storage);
    expect(faults).toEqual([["replica/missing-segment", second!.path, place(second!.offset), true]]);
    expect(commits.filter((one) => one.startsWith("~00000002")).length).toBe(2);
    // The next WAL begins anew.
    expect([broken, commits.filter((one) => one.startsWith("00000003")).length]).toEqual([[2], 6]);
  });

  it("the first segment of an index: without its header nothing of it can be read", async () => {
    const { storage } = made();
    storage.files.delete(first!.path);
    const { commits, faults } = await told(storage);
    expect(faults).toEqual([["replica/missing-first-segment", pathOf(2), place(0), true]]);
    expect(commits.some((one) => one.includes("00000002:"))).toBe(false);
  });

  it("an index", async () => {
    const { storage } = made();
    for (const { path } of [first!, second!, third!]) storage.files.delete(path);
    expect((await told(storage)).faults).toEqual([["replica/missing-index", pathOf(2), place(0), true]]);
  });

  it("a segment that begins before the one before it ends, or beside a frame", async () => {
    const overlapping = made().storage;
    const inside = second!.offset - 536;
    overlapping.files.set(pathOf(2, inside), overlapping.files.get(second!.path)!);
    overlapping.files.delete(second!.path);
    expect((await told(overlapping)).faults).toContainEqual([
      ...["replica/overlapping-segment", pathOf(2, inside), place(inside), true],
    ]);
    const unaligned = made().storage;
    const beside = second!.offset + 1;
    unaligned.files.set(pathOf(2, beside), unaligned.files.get(second!.path)!);
    unaligned.files.delete(second!.path);
    expect((await told(unaligned)).faults.slice(0, 2)).toEqual([
      ["replica/missing-segment", second!.path, place(second!.offset), true],
      ["replica/segment-position", pathOf(2, beside), place(beside), true],
    ]);
  });

  it("a copy of the last segment behind it loses nothing", async () => {
    const { storage, states } = made();
    const end = states.findLast(({ index }) => index === 2)!.offset;
    storage.files.set(pathOf(2, end), storage.files.get(third!.path)!);
    const { faults, broken, commits } = await told(storage);
    expect(faults).toEqual([["replica/duplicate-segment", pathOf(2, end), place(end), false]]);
    expect([broken, commits]).toEqual([[], (await told(made().storage)).commits]);
  });

  it("frames behind the last commit", async () => {
    const { storage, states } = made();
    const ends = states.filter(({ index }, i) => index !== states[i + 1]?.index);
    const [last] = naiveStates(naiveGenerations(storage)[0]!).filter(
      ({ index, end, pages }) =>
        pages.length > 1 && ends.some((one) => one.index === index && one.offset === end),
    );
    // Of its last transaction the frame that commits is gone.
    change(storage, last!.path, (bytes) => bytes.subarray(0, bytes.length - 536));
    const before = states.findLast(({ index, offset }) => index === last!.index && offset < last!.end)!;
    const { faults, broken } = await told(storage);
    expect(faults).toEqual([["replica/uncommitted-tail", last!.path, formatPosition(before), true]]);
    expect(broken).toEqual([last!.index]);
  });

  it("a WAL of another page size", async () => {
    const { storage } = made();
    for (const { path, index } of segments) if (index === 3) storage.files.delete(path);
    const other = made(1024);
    for (const { path, index } of other.segments)
      if (index === 3) storage.files.set(path, other.storage.files.get(path)!);
    expect((await told(storage)).faults).toContainEqual([
      ...["replica/format-changed", pathOf(3), formatPosition({ index: 3, offset: 0 }), true],
    ]);
  });
});

describe("bytes that are wrong", () => {
  const { segments } = made();
  const second = segments.filter(({ index }) => index === 2)[1]!;

  it("in a frame are told with their place, and leave what comes before proven", async () => {
    const { storage, states } = made();
    change(storage, second.path, (bytes) => {
      bytes[100]! ^= 1;
      return bytes;
    });
    const { commits, faults, broken } = await told(storage);
    const position = formatPosition({ index: 2, offset: second.offset });
    expect(faults[0]).toEqual(["wal/frame-checksum", second.path, position, true]);
    const sound = states.filter(({ index, offset }) => index === 2 && offset > 0 && offset <= second.offset);
    expect(commits.filter((one) => one.startsWith("00000002"))).toEqual(sound.map(formatPosition));
    expect(broken).toEqual([2]);
  });

  it("are thrown at once for whoever wants the bytes", async () => {
    const { storage } = made();
    const file = storage.files.get(second.path)!;
    storage.files.set(second.path, { ...file, data: file.data.subarray(0, -3) });
    await expect(told(storage, undefined, {})).rejects.toMatchObject({
      path: second.path,
      code: "lz4/truncated",
    });
  });

  it("in the checksum of a file alone are made up for by those of its frames, where that is wanted", async () => {
    const { storage } = made();
    const file = storage.files.get(second.path)!;
    const data = file.data.slice();
    data[data.length - 1]! ^= 1;
    storage.files.set(second.path, { ...file, data });
    const reported = await told(storage);
    expect(reported.faults[0]).toMatchObject(["lz4/content-checksum", second.path, expect.anything(), true]);
    const salvaged = await told(storage, undefined, { faults: "report", tolerant: true });
    expect(salvaged.faults).toMatchObject([["lz4/content-checksum", second.path, expect.anything(), false]]);
    expect([salvaged.broken, salvaged.commits]).toEqual([[], (await told(made().storage)).commits]);
  });

  it("of a file that is gone are no fault of its own", async () => {
    const { storage } = made();
    const leg = await legOf(storage);
    storage.files.delete(second.path);
    for (const faults of ["report", "throw"] as const)
      await expect(told(storage, leg, { faults })).rejects.toMatchObject({ code: "storage/not-found" });
  });
});
