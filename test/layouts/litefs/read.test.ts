import { afterEach, describe, expect, it } from "vitest";
import { listLitefs } from "../../../src/layouts/litefs/catalog.ts";
import { readChanges, readClaim, readMerged } from "../../../src/layouts/litefs/read.ts";
import { branchOf } from "../../../src/layouts/litefs/walk.ts";
import { ltxName } from "../../../src/ltx/index.ts";
import { plannedSegment } from "../../../src/replay/plan.ts";
import type { MemoryStorage } from "../../../src/storage/index.ts";
import { sha256 } from "../../support/fixtures.ts";
import { checksumOf, LitefsNode } from "../../support/litefs.ts";
import { LtxHistory } from "../../support/ltx-history.ts";

const open: LitefsNode[] = [];
afterEach(() => {
  for (const node of open.splice(0)) node.close();
});

function nodeOf(...rows: string[]): LitefsNode {
  const node = new LitefsNode({ prefix: "" });
  open.push(node);
  // What is in the second table no later transaction touches.
  node.commit("CREATE TABLE t (a); CREATE TABLE u (a)");
  for (const row of rows) node.commit(`INSERT INTO t VALUES ('${row}')`);
  return node;
}

const pathOf = (min: number, max = min) => `ltx/${ltxName(min, max)}`;

async function events(storage: MemoryStorage, faults: "throw" | "report") {
  const { snapshots, segments } = branchOf((await listLitefs(storage, "", undefined))!);
  const leg = { generation: "ltx", segments: segments.map(plannedSegment), snapshot: snapshots[0] };
  const sums: (bigint | undefined)[][] = [];
  const codes: string[] = [];
  for await (const event of readChanges({ storage }, leg, { faults })) {
    if (event.type === "commit") sums.push([event.sums?.before, event.sums?.after]);
    if (event.type === "fault") codes.push(`${event.error.code} at ${event.position.txid}`);
  }
  return { sums, codes };
}

async function bytesOf(storage: MemoryStorage, path: string): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const { data } of readClaim({ storage }, { path, size: undefined })) pieces.push(data.slice());
  return new Uint8Array(Buffer.concat(pieces));
}

const withoutFlag = (node: LitefsNode, txid: number) =>
  checksumOf(node.states.get(txid)!, node.pageSize) & (2n ** 63n - 1n);

describe("changes", () => {
  it("tell what the database sums up to, before each and behind it", async () => {
    const node = nodeOf("one", "two");
    const [one, two, three] = [1, 2, 3].map((txid) => withoutFlag(node, txid));
    for (const faults of ["throw", "report"] as const)
      expect(await events(node.storage(), faults)).toEqual({
        sums: [
          [one, two],
          [two, three],
        ],
        codes: [],
      });
  });

  it("have to follow on the file of all pages that they are laid over", async () => {
    const [node, other] = [nodeOf("one"), nodeOf("one", "two")];
    other.exec("DELETE FROM t");
    const strange = other.file(1, 1, new Uint8Array(0), new Uint8Array(0), other.database);
    const storage = node.storage({ [pathOf(1)]: strange });
    await expect(events(storage, "throw")).rejects.toMatchObject({
      ...{ code: "ltx/chain", path: pathOf(2), offset: 40 },
    });
    // Whoever wants to know of faults is told both sums.
    const { sums, codes } = await events(storage, "report");
    expect([sums[0]![0], codes]).toEqual([withoutFlag(node, 1), []]);
  });

  it("have to follow on one another", async () => {
    const [node, other] = [nodeOf("one", "two", "three"), nodeOf("1", "2", "3")];
    const storage = node.storage({ [pathOf(3)]: other.ltx.get(ltxName(3, 3)) });
    await expect(events(storage, "throw")).rejects.toMatchObject({ code: "ltx/chain", path: pathOf(3) });
  });

  it("say that the database was deleted, and go on behind that", async () => {
    const node = nodeOf("one");
    node.delete();
    node.commit("CREATE TABLE v (a)");
    const { sums, codes } = await events(node.storage(), "report");
    expect([sums.length, codes]).toEqual([3, ["replica/deleted at 3"]]);
    // On the way to what comes behind it is no reason to stop; as the target it is.
    expect((await events(node.storage(), "throw")).sums.length).toBe(3);
    const upTo = node.storage({ [pathOf(4)]: undefined, database: undefined });
    await expect(events(upTo, "throw")).rejects.toMatchObject({ code: "replica/deleted", path: pathOf(3) });
  });
});

describe("a claim", () => {
  it("is the database itself, or the file that holds every page", async () => {
    const node = nodeOf("one", "two");
    const storage = node.storage();
    expect(sha256(await bytesOf(storage, "database"))).toBe(sha256(node.state));
    expect(sha256(await bytesOf(storage, pathOf(1)))).toBe(sha256(node.states.get(1)!));
    await expect(bytesOf(storage, pathOf(2))).rejects.toMatchObject({ code: "ltx/missing-page" });
  });
});

it("a merged file is the pages that it has", async () => {
  const node = nodeOf("one", "two", "three");
  const [before, after] = [node.states.get(1)!, node.states.get(3)!];
  const merged = node.file(2, 3, before, before, after);
  const found: number[] = [];
  const storage = node.storage({ [pathOf(2, 3)]: merged });
  for await (const run of readMerged({ storage }, { path: pathOf(2, 3), size: undefined }))
    run.forEach((page, data) => {
      expect(data).toEqual(after.subarray((page - 1) * 512, page * 512));
      found.push(page);
    });
  expect(found).toEqual([1, 2]);
});

it("a file of Litestream, which tells of no database's checksum, is refused whichever it is", async () => {
  const history = new LtxHistory().transact(2).transact(2, [2]);
  const storage = nodeOf("one").storage({ [pathOf(1)]: undefined });
  const file = { path: pathOf(2), size: undefined };
  storage.files.set(pathOf(2), history.file(0, 2, 2, { variant: "v1-raw" }));
  const refused = { code: "ltx/header", path: pathOf(2), offset: 4 };
  await expect(readMerged({ storage }, file).next()).rejects.toMatchObject(refused);
  await expect(readClaim({ storage }, file).next()).rejects.toMatchObject(refused);
  await expect(events(storage, "throw")).rejects.toMatchObject(refused);
});
