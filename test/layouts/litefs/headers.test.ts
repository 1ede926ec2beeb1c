import { afterEach, describe, expect, it } from "vitest";
import { WalkitError } from "../../../src/errors.ts";
import { listLitefs } from "../../../src/layouts/litefs/catalog.ts";
import { aboutFiles } from "../../../src/layouts/litefs/headers.ts";
import { ltxName } from "../../../src/ltx/index.ts";
import type { MemoryStorage } from "../../../src/storage/index.ts";
import { CountingStorage } from "../../support/counting.ts";
import { LitefsNode, type NodeOptions } from "../../support/litefs.ts";

const open: LitefsNode[] = [];
afterEach(() => {
  for (const node of open.splice(0)) node.close();
});

/** Four transactions: a creation, an insert, an import and a deletion. */
function lived(options: NodeOptions = {}): LitefsNode {
  const node = new LitefsNode({ prefix: "", ...options });
  open.push(node);
  node.commit("CREATE TABLE t (a); CREATE TABLE u (a); INSERT INTO u VALUES (randomblob(3000))");
  node.commit("INSERT INTO t VALUES (1)");
  node.import(node.database);
  node.delete();
  return node;
}

async function about(storage: MemoryStorage | CountingStorage, whole = true) {
  const { files } = (await listLitefs(storage, "", undefined))!;
  const found = await aboutFiles(files, { storage }, whole);
  const byTxid = [...found].map(([path, one]) => [Number(path.slice(-8, -4)), one] as const);
  return new Map(byTxid.sort(([a], [b]) => a - b));
}

describe.each(["v1-raw", "v1-lz4"] as const)("what files of %s say of themselves", (variant) => {
  it("is when they were made, which hold every page, and behind which there is no database", async () => {
    const found = await about(lived({ variant }).storage());
    expect([...found].map(([txid, { isWhole, isDeletion }]) => [txid, isWhole, isDeletion])).toEqual([
      [1, true, false],
      [2, false, false],
      [3, true, false],
      [4, false, true],
    ]);
    const times = [...found.values()].map(({ time }) => time);
    expect(times).toEqual([1n, 2n, 3n, 4n].map((second) => (1_700_000_000n + second) * 1_000_000_000n));
  });

  it("is read from headers alone where nobody asks which hold every page", async () => {
    const storage = lived({ variant }).storage();
    // Behind its header there is nothing left of any file.
    for (const [path, { data }] of storage.files)
      if (path.endsWith(".ltx")) storage.files.set(path, { data: data.slice(0, 100), modified: 1n });
    const found = await about(storage, false);
    expect([...found.values()].map(({ isWhole }) => isWhole)).toEqual([false, false, false, false]);
    expect(found.get(4)!.isDeletion).toBe(true);
  });
});

it("a file without a time in its header, as LiteFS wrote them before 0.3, has none", async () => {
  const node = lived();
  const path = ltxName(1, 1);
  const state = node.states.get(1)!;
  const timeless = node.file(1, 1, new Uint8Array(0), new Uint8Array(0), state, { timestamp: 0 });
  const found = await about(node.storage({ [`ltx/${path}`]: timeless }));
  expect([found.get(1)!.time, found.get(1)!.isWhole]).toEqual([undefined, true]);
});

it("of files that are damaged, gone or not to be read nothing is said, and of the others all", async () => {
  const storage = lived().storage();
  const { files } = (await listLitefs(storage, "", undefined))!;
  const [one, two, three, four] = files;
  storage.files.delete(one!.path);
  storage.files.get(two!.path)!.data = new Uint8Array(100);
  three!.unreadable = new WalkitError(
    "storage/unreadable",
    "Expected to read it, found that it is forbidden",
  );
  expect([...(await aboutFiles(files, { storage }, true)).keys()]).toEqual([four!.path]);
});

it("a file whose pages are damaged is not taken for a whole one", async () => {
  const node = lived();
  const name = `ltx/${ltxName(3, 3)}`;
  const bytes = node.ltx.get(ltxName(3, 3))!.slice();
  bytes[bytes.length - 1]! ^= 1;
  const found = await about(node.storage({ [name]: bytes }));
  expect([found.get(3)!.isWhole, found.get(1)!.isWhole]).toEqual([false, true]);
});

it("what is known of a storage's files is not read again, unless they are others", async () => {
  const inside = lived().storage();
  const storage = new CountingStorage(inside);
  const first = await about(storage);
  const reads = new Map(storage.reads);
  expect(await about(storage)).toEqual(first);
  expect(storage.reads).toEqual(reads);
  const path = `ltx/${ltxName(2, 2)}`;
  inside.files.get(path)!.modified = 2n;
  await about(storage);
  const again = [...storage.reads].filter(([one, count]) => count > reads.get(one)!);
  expect(again.map(([one]) => one)).toEqual([path]);
});
