import { afterEach, describe, expect, it } from "vitest";
import { compareNodes } from "../../../src/layouts/litefs/compare.ts";
import { FLAG_NO_CHECKSUM, ltxName } from "../../../src/ltx/index.ts";
import { MemoryStorage, type Storage } from "../../../src/storage/index.ts";
import { checksumOf, LitefsNode } from "../../support/litefs.ts";

const open: LitefsNode[] = [];
afterEach(() => {
  for (const node of open.splice(0)) node.close();
});

/** A node of as many transactions. */
function nodeOf(transactions: number): LitefsNode {
  const node = new LitefsNode();
  open.push(node);
  node.commit("CREATE TABLE t (a)");
  while (node.txid < transactions) node.commit("INSERT INTO t VALUES (randomblob(300))");
  return node;
}

describe("two nodes", () => {
  const at = (node: LitefsNode, storage = node.storage()) => ({ storage, prefix: node.prefix });

  it("are the same as far as both tell, or part at a transaction", async () => {
    const node = nodeOf(5);
    const replica = new MemoryStorage(new Map(node.storage().files));
    replica.files.delete(`dbs/app.db/ltx/${ltxName(1, 1)}`);
    const [one, other] = [at(node), { storage: replica, prefix: "dbs/app.db/" }];
    expect(await compareNodes(one, other)).toEqual({
      ...{ verdict: "same", agreed: { txid: 5 }, parted: undefined },
      newest: { one: { txid: 5 }, other: { txid: 5 } },
    });
    // The old primary goes on by itself, and so does the new one.
    const before = node.state.slice();
    node.commit("INSERT INTO t VALUES ('old')");
    const old = node.storage();
    node.txid = 5;
    node.states.set(5, before);
    node.commit("INSERT INTO t VALUES ('new')");
    node.commit("INSERT INTO t VALUES ('newer')");
    const found = await compareNodes(at(node, old), at(node));
    expect(found).toMatchObject({
      verdict: "apart",
      agreed: { txid: 5 },
      parted: { position: { txid: 6 } },
      newest: { one: { txid: 6 }, other: { txid: 7 } },
    });
    expect(found.parted!.one).not.toBe(found.parted!.other);
    const sum = checksumOf(node.states.get(6)!, node.pageSize).toString(16);
    expect(found.parted!.other).toBe(sum);
  });

  it("tell nothing of each other where no transaction is in both", async () => {
    const node = nodeOf(7);
    const whole = node.storage();
    node.retain(6);
    const early = new Map([...whole.files].filter(([path]) => /000[12]\.ltx$/.test(path)));
    expect(await compareNodes(at(node), at(node, new MemoryStorage(early)))).toMatchObject({
      ...{ verdict: "unknown", agreed: undefined },
      newest: { one: { txid: 7 }, other: { txid: 2 } },
    });
    const none = compareNodes(at(node), at(node, new MemoryStorage(new Map())));
    await expect(none).rejects.toMatchObject({ code: "replica/not-a-replica" });
  });

  it("that part are apart, though they are the same again behind a snapshot", async () => {
    const node = nodeOf(4);
    const [before, after] = [node.states.get(2)!, node.states.get(3)!.slice()];
    after[after.length - 1]! ^= 1;
    const other = node.storage({ [`ltx/${ltxName(3, 3)}`]: node.file(3, 3, before, before, after) });
    expect(await compareNodes(at(node), at(node, other))).toMatchObject({
      ...{ verdict: "apart", agreed: { txid: 2 } },
      parted: { position: { txid: 3 }, other: checksumOf(after, node.pageSize).toString(16) },
    });
  });

  it("agree by the state that a first file is laid over", async () => {
    const node = nodeOf(4);
    const early = node.storage({ [`ltx/${ltxName(4, 4)}`]: undefined });
    node.retain(4);
    expect(await compareNodes(at(node), at(node, early))).toMatchObject({
      ...{ verdict: "same", agreed: { txid: 3 } },
    });
  });
});

describe("a file", () => {
  const place = (storage: Storage) => ({ storage, prefix: "dbs/app.db/" });
  const path = `dbs/app.db/ltx/${ltxName(2, 2)}`;

  it("that is damaged, or of Litestream, is refused by its name", async () => {
    const node = nodeOf(3);
    const whole = node.storage();
    const cut = node.storage({ [`ltx/${ltxName(2, 2)}`]: node.ltx.get(ltxName(2, 2))!.slice(0, -1) });
    await expect(compareNodes(place(whole), place(cut))).rejects.toMatchObject({
      code: "ltx/truncated",
      path,
    });
    const bytes = node.ltx.get(ltxName(2, 2))!.slice();
    new DataView(bytes.buffer).setUint32(4, new DataView(bytes.buffer).getUint32(4) | FLAG_NO_CHECKSUM);
    bytes.fill(0, 40, 48);
    const foreign = place(node.storage({ [`ltx/${ltxName(2, 2)}`]: bytes }));
    await expect(compareNodes(foreign, place(whole))).rejects.toMatchObject({ code: "ltx/header", path });
  });

  it("that goes while it is read is passed over, as retention deletes", async () => {
    const whole = nodeOf(3).storage();
    const left = new MemoryStorage([...whole.files].filter(([one]) => one !== path));
    const going = { list: (prefix: string) => whole.list(prefix), read: left.read.bind(left) };
    expect(await compareNodes(place(going), place(whole))).toMatchObject({
      ...{ verdict: "same", agreed: { txid: 3 } },
    });
  });
});
