import { existsSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concat } from "../../src/bytes.ts";
import { WalkitError } from "../../src/errors.ts";
import {
  FLAG_NO_CHECKSUM,
  type LtxHeader,
  LtxMerge,
  type MergeOptions,
  type MergeSource,
  pageChecksum,
} from "../../src/ltx/index.ts";
import { cut } from "../wal/frames.ts";
import { LTX, readAll, readLtx, VARIANT_FOLDERS, writeLtx } from "./fixtures.ts";

const sourceOf = (bytes: Uint8Array, path?: string, sizes = [1000]): MergeSource => ({
  path,
  pieces: cut(bytes, sizes),
});

/** What comes out of a merge. */
async function merged(sources: MergeSource[], options: MergeOptions = {}) {
  const merge = await LtxMerge.open(sources, options);
  const pages = new Map<number, Uint8Array>();
  const { header } = merge;
  for await (const { pageNumbers, data, count } of merge.pages()) {
    expect([pageNumbers.length, data.length]).toEqual([count, count * header.pageSize]);
    pageNumbers.forEach((page, i) => {
      expect(page).toBeGreaterThan([...pages.keys()].at(-1) ?? 0);
      pages.set(page, data.slice(i * header.pageSize, (i + 1) * header.pageSize));
    });
  }
  return { header, pages, postApplyChecksum: merge.postApplyChecksum };
}

async function failureOf(work: Promise<unknown>): Promise<WalkitError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof WalkitError) return error;
    throw error;
  }
  throw new Error("Expected a WalkitError");
}

const txid = (n: number) => n.toString(16).padStart(16, "0");
const chainFile = (folder: string, min: number, max = min) =>
  `reference-library/${folder}/${min === max ? "" : "compacted/"}${txid(min)}-${txid(max)}.ltx`;

describe.each(VARIANT_FOLDERS)("the chain of %s", (folder) => {
  it.each([
    [[1, 2], `${txid(1)}-${txid(2)}`],
    [[1, 2, 3], `${txid(1)}-${txid(3)}`],
    [[1, 2, 3, 4], `${txid(1)}-${txid(4)}`],
    [[2, 3], `${txid(2)}-${txid(3)}`],
    [[3, 4], `${txid(3)}-${txid(4)}`],
  ])("%j merges as the reference merges it", async (numbers, name) => {
    const reference = readAll([readLtx(`reference-library/${folder}/compacted/${name}.ltx`)]);
    for (const batchSize of [1, 1500, 262144]) {
      const sources = numbers.map((n) => sourceOf(readLtx(chainFile(folder, n))));
      const { header, pages, postApplyChecksum } = await merged(sources, { batchSize });
      // The flag that says how it is compressed is the writer's.
      expect({ ...header, flags: header.flags | (reference.header.flags & 1) }).toEqual(reference.header);
      expect(pages).toEqual(reference.pages);
      expect(postApplyChecksum).toBe(reference.trailer.postApplyChecksum);
    }
  });

  it("merges where files overlap", async () => {
    const path = `reference-library/${folder}/compacted/overlap-${txid(1)}-${txid(4)}.ltx`;
    const sources = [chainFile(folder, 1, 3), chainFile(folder, 3, 4)].map((name) => sourceOf(readLtx(name)));
    const { header, pages } = await merged(sources);
    const reference = existsSync(LTX + path)
      ? readAll([readLtx(path)])
      : readAll([readLtx(chainFile(folder, 1, 4))]);
    expect({ ...header, flags: header.flags | (reference.header.flags & 1) }).toEqual(reference.header);
    expect(pages).toEqual(reference.pages);
  });
});

describe("a mixture of variants", () => {
  const states = [1, 2, 3, 4].map((n) => readFileSync(`${LTX}reference-library/states/s${n}.db`));
  const withChecksums = VARIANT_FOLDERS.filter((name) => !name.endsWith("nochksum"));
  const without = VARIANT_FOLDERS.filter((name) => name.endsWith("nochksum"));

  it("leads to the same databases", async () => {
    const mixture = fc.record({
      folders: fc.oneof(
        fc.array(fc.constantFrom(...withChecksums), { minLength: 4, maxLength: 4 }),
        fc.array(fc.constantFrom(...without), { minLength: 4, maxLength: 4 }),
      ),
      upTo: fc.integer({ min: 1, max: 4 }),
      batchSize: fc.integer({ min: 1, max: 8000 }),
      sizes: fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1, maxLength: 4 }),
    });
    await fc.assert(
      fc.asyncProperty(mixture, async ({ folders, upTo, batchSize, sizes }) => {
        const sources = folders
          .slice(0, upTo)
          .map((folder, i) => sourceOf(readLtx(chainFile(folder, i + 1)), folder, sizes));
        const { pages } = await merged(sources, { batchSize });
        expect(Buffer.compare(concat([...pages.values()]), states[upTo - 1]!)).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  it("with checksums and without drops them, and can be written", async () => {
    const sources = () =>
      ["v3-block", "v2-frame", "v3-block-nochksum", "v1-raw"].map((name, i) =>
        sourceOf(readLtx(chainFile(name, i + 1))),
      );
    const merge = await LtxMerge.open(sources());
    expect(merge.header).toMatchObject({
      flags: FLAG_NO_CHECKSUM,
      preApplyChecksum: 0n,
      minTxid: 1,
      maxTxid: 4,
    });
    const parts: Uint8Array[] = [];
    for await (const part of merge.file("v3-frame")) parts.push(part);
    expect(merge.postApplyChecksum).toBe(0n);
    const reading = readAll(parts);
    expect(reading.variant).toBe("v3-frame");
    expect(Buffer.compare(concat([...reading.pages.values()]), states[3]!)).toBe(0);
    const kept = await LtxMerge.open(sources(), { checksums: true });
    const file: Uint8Array[] = [];
    for await (const part of kept.file("v1-lz4")) file.push(part);
    expect(readAll(file).trailer.postApplyChecksum).toBe(0xc894d743aee6e434n);
  });
});

describe("made-up chains", () => {
  const base: LtxHeader = {
    ...{ flags: FLAG_NO_CHECKSUM, pageSize: 512, commit: 3, minTxid: 1, maxTxid: 1, timestamp: 1 },
    ...{ preApplyChecksum: 0n, walOffset: 32, walSize: 536, walSalt1: 1, walSalt2: 2, nodeId: 3n },
  };
  const page = (value: number) => new Uint8Array(512).fill(value);
  /** A file of the transactions `min` to `max`, of these pages. */
  const file = (min: number, max: number, commit: number, ...numbers: number[]) =>
    writeLtx(
      "v3-block",
      { ...base, minTxid: min, maxTxid: max, commit },
      numbers.map((n) => [n, page(max)] as const),
    );
  const merge = (...files: Uint8Array[]) => merged(files.map((bytes, i) => sourceOf(bytes, `file ${i}`)));

  it("take all fields from where they belong", async () => {
    const { header, pages } = await merge(file(1, 1, 3, 1, 2, 3), file(2, 5, 4, 2, 4), file(6, 6, 2, 1));
    expect(header).toEqual({
      ...{ ...base, commit: 2, maxTxid: 6, walOffset: 0, walSize: 0, walSalt1: 0, walSalt2: 0 },
      nodeId: 0n,
    });
    expect([...pages].map(([n, data]) => [n, data[0]])).toEqual([
      [1, 6],
      [2, 5],
    ]);
  });

  it("do not bring back pages from before the database was smaller", async () => {
    const shrunk = [file(1, 1, 4, 1, 2, 3, 4), file(2, 2, 2, 1)];
    const { pages } = await merge(...shrunk, file(3, 3, 4, 3, 4));
    expect([...pages].map(([, data]) => data[0])).toEqual([2, 1, 3, 3]);
    const error = await failureOf(merge(...shrunk, file(3, 3, 4, 4)));
    expect(error).toMatchObject({ code: "ltx/missing-page", path: "file 2" });
    // Where files overlap, nothing tells what a file grows from: it shows by what is missing.
    const overlap = await failureOf(merge(...shrunk, file(2, 3, 4, 4)));
    expect(overlap).toMatchObject({ code: "ltx/missing-page" });
    expect((await failureOf(merge(file(1, 1, 1, 1), file(2, 2, 2)))).code).toBe("ltx/missing-page");
  });

  it("end in nothing where the database is deleted", async () => {
    const { header, pages } = await merged([
      sourceOf(readLtx(chainFile("v3-block", 4))),
      sourceOf(readLtx("reference-library/v2-frame/special/deletion-0000000000000005-0000000000000005.ltx")),
    ]);
    expect([header.commit, pages.size]).toEqual([0, 0]);
  });

  it.each<[string, Uint8Array[], string, string]>([
    ["a gap", [file(1, 1, 1, 1), file(3, 3, 1, 1)], "ltx/chain", "file 1"],
    ["the same again", [file(1, 2, 1, 1), file(2, 2, 1, 1)], "ltx/chain", "file 1"],
    ["the wrong order", [file(2, 2, 1, 1), file(1, 1, 1, 1)], "ltx/chain", "file 1"],
    [
      "a damaged input",
      [file(1, 1, 1, 1), file(2, 2, 1, 1).fill(0, 120, 121)],
      "ltx/file-checksum",
      "file 1",
    ],
    ["a cut input", [file(1, 1, 1, 1).subarray(0, -1), file(2, 2, 1, 1)], "ltx/truncated", "file 0"],
    ["no LTX file", [file(1, 1, 1, 1), new Uint8Array(300)], "ltx/bad-magic", "file 1"],
  ])("with %s are refused", async (_, files, code, path) => {
    const error = await failureOf(merge(...files));
    expect(error.path).toBe(path);
    if (code !== "ltx/file-checksum") expect(error.code).toBe(code);
  });

  it("of other page sizes, and other checksums, are refused", async () => {
    const other = writeLtx("v1-raw", { ...base, pageSize: 1024, commit: 1, minTxid: 2, maxTxid: 2 }, [
      [1, new Uint8Array(1024)],
    ]);
    expect(await failureOf(merge(file(1, 1, 1, 1), other))).toMatchObject({ code: "ltx/chain", offset: 8 });
    const checked = (min: number, before: bigint, after: bigint | undefined) =>
      writeLtx(
        "v3-block",
        { ...base, flags: 0, commit: 1, minTxid: min, maxTxid: min, preApplyChecksum: before },
        [[1, page(min)]],
        after,
      );
    const sum = pageChecksum(1, page(1));
    const second = pageChecksum(1, page(2));
    expect((await merge(checked(1, 0n, undefined), checked(2, sum, second))).postApplyChecksum).toBe(second);
    const wrong = merge(checked(1, 0n, undefined), checked(2, sum ^ 1n, second));
    expect(await failureOf(wrong)).toMatchObject({ code: "ltx/chain", offset: 40, path: "file 1" });
    const lie = await LtxMerge.open([
      sourceOf(checked(1, 0n, undefined)),
      sourceOf(checked(2, sum, second ^ 1n), "lie"),
    ]);
    const writing = (async () => {
      for await (const _ of lie.file("v3-block"));
    })();
    expect(await failureOf(writing)).toMatchObject({ code: "ltx/database-checksum", path: "lie" });
  });

  it("take files, and checksums that are there", async () => {
    await expect(LtxMerge.open([])).rejects.toThrow(RangeError);
    await expect(LtxMerge.open([sourceOf(file(1, 1, 1, 1))], { checksums: true })).rejects.toThrow(
      RangeError,
    );
    const once = await LtxMerge.open([sourceOf(file(1, 1, 1, 1))]);
    for await (const _ of once.pages());
    await expect(once.pages().next()).rejects.toThrow(TypeError);
  });

  it("close what they read, however they end", async () => {
    let open = 0;
    const watched = (bytes: Uint8Array): MergeSource => ({
      pieces: (async function* () {
        open++;
        try {
          yield* cut(bytes, [50]);
        } finally {
          open--;
        }
      })(),
    });
    const [first, second, third] = [file(1, 1, 3, 1, 2, 3), file(2, 2, 3, 1), file(3, 3, 3, 1)];
    await failureOf(LtxMerge.open([watched(first), watched(third)]));
    expect(open).toBe(0);
    const merge = await LtxMerge.open([watched(first), watched(second)], { batchSize: 1 });
    for await (const _ of merge.pages()) break;
    expect(open).toBe(0);
  });

  it("of hundreds of files win as if they were applied one by one", async () => {
    const edits = fc.array(
      fc.record({
        commit: fc.integer({ min: 1, max: 12 }),
        pages: fc.uniqueArray(fc.integer({ min: 1, max: 12 })),
      }),
      { minLength: 1, maxLength: 200 },
    );
    await fc.assert(
      fc.asyncProperty(edits, async (list) => {
        const database = new Map<number, number>([[1, 1]]);
        const files = [file(1, 1, 1, 1)];
        let size = 1;
        list.forEach(({ commit, pages }, i) => {
          const grown = Array.from({ length: Math.max(0, commit - size) }, (_, n) => size + 1 + n);
          const numbers = [...new Set([...pages.filter((n) => n <= commit), ...grown])].sort((a, b) => a - b);
          for (const n of numbers) database.set(n, (i + 2) % 256);
          for (const n of database.keys()) if (n > commit) database.delete(n);
          files.push(
            writeLtx(
              (["v1-raw", "v3-block", "v3-frame"] as const)[i % 3]!,
              { ...base, minTxid: i + 2, maxTxid: i + 2, commit },
              numbers.map((n) => [n, page(i + 2)] as const),
            ),
          );
          size = commit;
        });
        const { pages } = await merged(files.map((bytes) => sourceOf(bytes)));
        const expected = [...database].sort(([a], [b]) => a - b);
        expect([...pages].map(([n, data]) => [n, data[0]])).toEqual(expected);
      }),
      { numRuns: 15 },
    );
  });
});
