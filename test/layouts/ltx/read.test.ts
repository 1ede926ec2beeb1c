/** LTX files as events, and as claims. */

import { describe, expect, it } from "vitest";
import { listLtx } from "../../../src/layouts/ltx/catalog.ts";
import { readChanges, readClaim, readMerged } from "../../../src/layouts/ltx/read.ts";
import { plannedSegment } from "../../../src/replay/plan.ts";
import { MemoryStorage } from "../../../src/storage/index.ts";
import { LtxHistory, momentOf, type Placed, pathOf } from "../../support/ltx-history.ts";

const history = new LtxHistory().transact(3).transact(4, [2]).transact(4, [3]).transact(2).transact(3, [2]);
const FILES: Placed[] = [
  [9, 1, 1],
  [0, 2, 2],
  [0, 3, 3],
  [0, 4, 4],
  [0, 5, 5],
  [1, 3, 4],
];

async function events(storage: MemoryStorage, faults: "throw" | "report" = "report") {
  const { snapshots, segments, merged } = (await listLtx(storage, "", undefined)).branch!;
  const leg = { generation: "ltx", segments: segments.map(plannedSegment), snapshot: snapshots[0], merged };
  const said: unknown[] = [];
  for await (const event of readChanges({ storage }, leg, { faults })) {
    if (event.type === "pages") {
      const pages: number[] = [];
      event.run.forEach((page) => void pages.push(page));
      said.push(pages);
    } else if (event.type === "commit") said.push(`commit ${event.end.txid} of ${event.pageCount}`);
    else if (event.type === "change") expect(event.time).toBe(momentOf(event.end.txid!));
    else if (event.type === "fault") said.push(`${event.error.code}${event.breaks ? " breaks" : ""}`);
    else if (event.type === "closes") said.push(event.whole ? "whole" : "not whole");
  }
  return said;
}

function flipped(storage: MemoryStorage, path: string): MemoryStorage {
  const { data, modified } = storage.files.get(path)!;
  const bytes = data.slice();
  bytes[bytes.length - 1]! ^= 1;
  return new MemoryStorage([...storage.files, [path, { data: bytes, modified }]]);
}

const storage = history.storage(FILES);

describe("changes", () => {
  it("are pages, then the commit that they belong to, file by file", async () => {
    expect(await events(storage)).toEqual([
      ...[[1, 2, 4], "commit 2 of 4", "whole"],
      ...[[1, 3], "commit 3 of 4", "whole"],
      ...[[1], "commit 4 of 2", "whole"],
      ...[[1, 2, 3], "commit 5 of 3", "whole"],
    ]);
  });

  it("of a damaged file come from the merged one that leads over it", async () => {
    expect(await events(flipped(storage, pathOf(0, 3, 3)))).toEqual([
      ...[[1, 2, 4], "commit 2 of 4", "whole"],
      ...[[1, 3], "ltx/file-checksum", [1], "commit 4 of 2", "not whole"],
      ...[[1, 2, 3], "commit 5 of 3", "whole"],
    ]);
  });

  it("break where nothing stands in, and are read on", async () => {
    expect(await events(flipped(storage, pathOf(0, 2, 2)))).toEqual([
      ...[[1, 2, 4], "ltx/file-checksum breaks", "whole"],
      ...[[1, 3], "commit 3 of 4", "whole"],
      ...[[1], "commit 4 of 2", "whole"],
      ...[[1, 2, 3], "commit 5 of 3", "whole"],
    ]);
    await expect(events(flipped(storage, pathOf(0, 2, 2)), "throw")).rejects.toMatchObject({
      code: "ltx/file-checksum",
      path: pathOf(0, 2, 2),
      position: "0000000000000001",
    });
  });

  it("of another page size are damaged", async () => {
    const other = new LtxHistory({ pageSize: 1024 });
    other.transact(3).transact(3).transact(3);
    const mixed = history.storage(FILES.slice(0, 2));
    mixed.files.set(pathOf(0, 3, 3), other.file(0, 3, 3));
    expect(await events(mixed)).toContain("replica/format-changed breaks");
  });
});

describe("a claim", () => {
  it("is the database, from its first byte to its last", async () => {
    const pieces: Uint8Array[] = [];
    for await (const { header, position, data, time } of readClaim(
      { storage },
      { path: pathOf(9, 1, 1), size: 1 },
    )) {
      expect([header.pageSize, position, time]).toEqual([
        512,
        pieces.reduce((sum, { length }) => sum + length, 0),
        momentOf(1),
      ]);
      pieces.push(data.slice());
    }
    expect(new Uint8Array(Buffer.concat(pieces))).toEqual(history.states[1]);
  });

  it("of a database that page 1 says has other pages is refused", async () => {
    const wrong = history.storage([]);
    const pages = [1, 2, 3].map(
      (page) => [page, history.states[1]!.slice((page - 1) * 512, page * 512)] as const,
    );
    pages[0]![1][16] = 4;
    wrong.files.set(pathOf(9, 1, 1), history.file(9, 1, 1, { pages }));
    const read = async () => {
      for await (const _ of readClaim({ storage: wrong }, { path: pathOf(9, 1, 1), size: 1 }));
    };
    await expect(read()).rejects.toMatchObject({ code: "replica/format-changed" });
  });
});

it("a merged file is the pages that it has", async () => {
  const found: number[] = [];
  for await (const run of readMerged({ storage }, { path: pathOf(1, 3, 4), size: 1 }))
    run.forEach((page) => void found.push(page));
  expect(found).toEqual([1]);
});
