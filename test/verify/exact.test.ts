/** An exact branch: what its claims are held against, and what is told of them. */

import { describe, expect, it } from "vitest";
import type { MemoryStorage } from "../../src/storage/index.ts";
import { verify } from "../../src/verify/index.ts";
import { type FileOptions, LtxHistory, type Placed, pathOf, replicaOf } from "../support/ltx-history.ts";

function history(): LtxHistory {
  const made = new LtxHistory();
  return made
    .transact(4)
    .transact(4, [2])
    .transact(5, [3])
    .transact(3, [2])
    .transact(4, [3])
    .transact(4, [4]);
}

async function found(storage: MemoryStorage): Promise<(string | undefined)[][]> {
  const { findings } = await verify(replicaOf(storage), { level: "replay" });
  return findings.map(({ code, path, message }) => [code, path, message]);
}

/** A replica of these files, one of which has other pages than it should. */
function withOther(files: Placed[], other: Placed, options: FileOptions): MemoryStorage {
  const made = history();
  const storage = made.storage([...files, other]);
  storage.files.set(pathOf(...other), made.file(...other, options));
  return storage;
}

/** The pages of a database, one of them with another byte in the middle. */
function pagesOf(made: LtxHistory, txid: number, wrong: number): (readonly [number, Uint8Array])[] {
  const state = made.states[txid]!;
  return Array.from({ length: state.length / 512 }, (_, i) => {
    const page = state.slice(i * 512, (i + 1) * 512);
    if (i + 1 === wrong) page[256]! ^= 1;
    return [i + 1, page] as const;
  });
}

const SINGLE: Placed[] = [1, 2, 3, 4, 5, 6].map((txid): Placed => [0, txid, txid]);

describe("a snapshot at a state", () => {
  it("that equals it is nothing to be told of", async () => {
    expect(await found(history().storage([...SINGLE, [9, 1, 3]]))).toEqual([]);
  });

  it.each([1, 2, 5])("with another page %i is damage, and what follows is laid over it", async (page) => {
    const storage = withOther(SINGLE, [9, 1, 3], { pages: pagesOf(history(), 3, page) });
    expect(await found(storage)).toMatchObject([
      ["replica/snapshot-mismatch", pathOf(9, 1, 3), expect.stringContaining(`page ${page}`)],
    ]);
  });

  it("of another size is damage", async () => {
    const pages = pagesOf(history(), 3, 0).slice(0, 4);
    const storage = withOther(SINGLE, [9, 1, 3], { pages, header: { commit: 4 } });
    expect(await found(storage)).toMatchObject([
      ["ltx/database-header", pathOf(9, 1, 3), expect.stringContaining("found 5")],
      ["replica/snapshot-mismatch", pathOf(9, 1, 3), expect.stringContaining("4 pages in place of 5")],
    ]);
  });
});

describe("a snapshot that a merged file leads over", () => {
  // Between 2 and 5 pages 1, 2, 3 and 4 are written: of those that are left only page 4 was not, until the database shrank.
  const files: Placed[] = [
    [1, 1, 2],
    [1, 3, 3],
    [1, 4, 6],
  ];

  it("that has what was not changed is nothing to be told of, and stands apart", async () => {
    const storage = history().storage([...files, [9, 1, 5]]);
    expect(await found(storage)).toEqual([]);
    const { generations } = await verify(replicaOf(storage), { level: "replay" });
    expect(generations[0]!.apart?.map(({ position }) => position)).toEqual(["0000000000000005"]);
  });

  it("with another page, which was not changed meanwhile, is damage", async () => {
    const made = new LtxHistory().transact(5).transact(5, [2]).transact(5, [3]).transact(5, [4]);
    const storage = made.storage([
      [1, 1, 2],
      [1, 3, 4],
      [9, 1, 3],
    ]);
    for (const page of [2, 5]) {
      storage.files.set(pathOf(9, 1, 3), made.file(9, 1, 3, { pages: pagesOf(made, 3, page) }));
      expect(await found(storage)).toMatchObject([
        [
          "replica/snapshot-mismatch",
          pathOf(9, 1, 3),
          expect.stringMatching(new RegExp(`0002.*0004.*page ${page}$`)),
        ],
      ]);
    }
    // Which of these is right the merged file does not tell.
    for (const page of [3, 4]) {
      storage.files.set(pathOf(9, 1, 3), made.file(9, 1, 3, { pages: pagesOf(made, 3, page) }));
      expect(await found(storage)).toEqual([]);
    }
  });

  it("that lacks a page which was there all the time is damage", async () => {
    const made = new LtxHistory().transact(5).transact(5, [2]).transact(5, [3]).transact(5, [4]);
    const storage = made.storage([
      [1, 1, 2],
      [1, 3, 4],
      [9, 1, 3],
    ]);
    const pages = pagesOf(made, 3, 0).slice(0, 4);
    storage.files.set(pathOf(9, 1, 3), made.file(9, 1, 3, { pages, header: { commit: 4 } }));
    expect(await found(storage)).toMatchObject([
      ["ltx/database-header", pathOf(9, 1, 3), expect.stringContaining("found 5")],
      ["replica/snapshot-mismatch", pathOf(9, 1, 3), expect.stringMatching(/1 in place of 2 of them/)],
    ]);
  });
});

describe("a merged file", () => {
  it("that holds what its parts do is nothing to be told of", async () => {
    expect(await found(history().storage([...SINGLE, [1, 2, 4], [2, 1, 6]]))).toEqual([]);
  });

  it("with an older version of a page is damage", async () => {
    const made = history();
    const stale = made.states[1]!.slice(512, 1024);
    const pages = [
      [1, made.states[4]!.slice(0, 512)] as const,
      [2, stale] as const,
      [3, made.states[4]!.slice(1024)] as const,
    ];
    const storage = withOther(SINGLE, [1, 2, 4], { pages });
    expect(await found(storage)).toMatchObject([
      ["replica/merge-mismatch", pathOf(1, 2, 4), expect.stringContaining("page 2")],
    ]);
  });

  it("that lacks a page is damage", async () => {
    const made = history();
    const pages = [
      [1, made.states[4]!.slice(0, 512)] as const,
      [2, made.states[4]!.slice(512, 1024)] as const,
    ];
    const storage = withOther(SINGLE, [1, 2, 4], { pages });
    expect(await found(storage)).toMatchObject([
      ["replica/merge-mismatch", pathOf(1, 2, 4), expect.stringContaining("2 pages in place of 3")],
    ]);
  });
});

it("a merged file is held against changes that begin where it does, and against no others", async () => {
  // 4 to 6 are laid over the snapshot at 5, and hold what 4 wrote, too.
  const files: Placed[] = [
    [9, 1, 5],
    [1, 4, 6],
    [2, 6, 6],
  ];
  const made = new LtxHistory().transact(5).transact(5).transact(5).transact(5, [3]).transact(5, [4]);
  made.transact(5, [5]).transact(5, [2]);
  expect(await found(made.storage([...files, [0, 7, 7], [3, 6, 7]]))).toEqual([]);
});

it("a page by which the database grew, and which no file brought, is damage that breaks the chain", async () => {
  const made = history();
  const storage = made.storage(SINGLE);
  const pages = [...made.transactions[3]!.pages].filter(([page]) => page !== 5);
  storage.files.set(pathOf(0, 3, 3), made.file(0, 3, 3, { pages }));
  const { findings, generations } = await verify(replicaOf(storage), { level: "replay" });
  expect(findings).toMatchObject([
    { code: "replica/missing-page", path: pathOf(0, 3, 3), severity: "damage" },
  ]);
  expect(generations[0]!.restorable.map(({ to }) => to)).toEqual(["0000000000000002"]);
});

it("between two snapshots there may be nothing: what follows is laid over the second", async () => {
  // Retention leaves the last file of each level, whatever came of the others.
  const storage = history().storage([
    [2, 1, 2],
    [9, 1, 4],
    [0, 5, 5],
  ]);
  expect(await found(storage)).toEqual([]);
  const { generations } = await verify(replicaOf(storage), { level: "replay" });
  expect(generations[0]!.restorable.map(({ from, to }) => [from.at(-1), to.at(-1)])).toEqual([
    ["2", "2"],
    ["4", "5"],
  ]);
});

describe("two snapshots of one TXID that no change leads to", () => {
  const files: Placed[] = [
    [9, 1, 3],
    [9, 1, 6],
  ];

  it("are one state, told of once", async () => {
    const storage = history().storage([...files, [1, 1, 3]]);
    const { generations } = await verify(replicaOf(storage), { level: "replay" });
    expect(generations[0]!.restorable.map(({ from, to }) => [from.at(-1), to.at(-1)])).toEqual([
      ["3", "3"],
      ["6", "6"],
    ]);
  });

  it("have to be the same", async () => {
    const storage = withOther(files, [1, 1, 3], { pages: pagesOf(history(), 3, 2) });
    expect((await found(storage)).map(([code, path]) => [code, path])).toEqual([
      ["replica/snapshot-mismatch", pathOf(9, 1, 3)],
    ]);
  });
});
