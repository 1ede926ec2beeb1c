import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WalkitError } from "../../../src/errors.ts";
import { listLitefs } from "../../../src/layouts/litefs/catalog.ts";
import { ltxName } from "../../../src/ltx/index.ts";
import { type Entry, MemoryStorage, type Storage } from "../../../src/storage/index.ts";
import { CountingStorage } from "../../support/counting.ts";
import { LitefsNode } from "../../support/litefs.ts";

let node: LitefsNode;
beforeAll(() => {
  node = new LitefsNode({ wal: true });
  node.commit("CREATE TABLE t (a)");
  node.commit("INSERT INTO t VALUES (1)");
});
afterAll(() => node.close());

const empty = (...paths: string[]) =>
  new MemoryStorage(paths.map((path) => [path, { data: new Uint8Array(3), modified: 5n }]));

const unreadable = new WalkitError("storage/unreadable", "Expected to read it, found that it is forbidden");
function telling(...entries: Entry[]): Storage {
  return {
    async *list() {
      yield* entries;
    },
    async *read() {},
  };
}

describe("the listing of a database", () => {
  it("has its files, and opens none", async () => {
    const storage = new CountingStorage(node.storage());
    const listed = (await listLitefs(storage, node.prefix, undefined))!;
    expect(listed.files.map(({ path, level, minTxid, maxTxid }) => [path, level, minTxid, maxTxid])).toEqual([
      [`dbs/app.db/ltx/${ltxName(1, 1)}`, 0, 1, 1],
      [`dbs/app.db/ltx/${ltxName(2, 2)}`, 0, 2, 2],
    ]);
    expect(listed.files.map(({ size, modified }) => [size, modified])).toEqual(
      [1, 2].map((txid) => [node.ltx.get(ltxName(txid, txid))!.length, 1n]),
    );
    expect([listed.database?.path, listed.wal?.path]).toEqual(["dbs/app.db/database", "dbs/app.db/wal"]);
    expect([listed.journal, listed.strays, listed.unreadable]).toEqual([undefined, [], []]);
    expect(storage.reads.size).toBe(0);
  });

  it("has files of a backup, which lie in the folder itself, and none from further below", async () => {
    const storage = empty(`b/${ltxName(1, 4)}`, `b/c/${ltxName(5, 5)}`, `b/ltx/0/${ltxName(6, 6)}`);
    const listed = (await listLitefs(storage, "b/", undefined))!;
    expect(listed.files.map(({ path }) => path)).toEqual([`b/${ltxName(1, 4)}`]);
  });

  it("names what else lies among the LTX files, and what walkit keeps beside them", async () => {
    const storage = empty(
      ...[`ltx/${ltxName(2, 2)}.tmp`, "ltx/readme", "ltx/.DS_Store", "ltx/._x", "ltx/sub/"],
      ...["ltx.history", "ltx.restore-points", "shm", "readme"],
    );
    const { files, strays, timelineFiles } = (await listLitefs(storage, "", undefined))!;
    expect(files).toEqual([]);
    expect(strays).toEqual([
      { path: `ltx/${ltxName(2, 2)}.tmp`, generation: "ltx", reason: "temporary" },
      { path: "ltx/readme", generation: "ltx", reason: "unknown-name" },
    ]);
    expect(timelineFiles).toEqual([
      { generation: "ltx", kind: "history", path: "ltx.history", size: 3 },
      { generation: "ltx", kind: "restore-points", path: "ltx.restore-points", size: 3 },
    ]);
  });

  it.each([
    [true, ["ltx/"]],
    [true, ["journal"]],
    [true, ["database"]],
    [false, ["shm", "readme", "ltx/.DS_Store"]],
    [false, []],
  ])("is there: %j, where there is %j", async (isThere, paths) => {
    expect((await listLitefs(empty(...paths), "", undefined)) !== undefined).toBe(isThere);
  });
});

describe("what cannot be read", () => {
  it.each(["", "ltx", "ltx/", "database/"])("as the folder %j leaves files unknown", async (path) => {
    const listed = (await listLitefs(telling({ path, unreadable }), "", undefined))!;
    expect([listed.unreadable, listed.files, listed.database]).toEqual([[unreadable], [], undefined]);
  });

  it("as a file is listed, and says why", async () => {
    const entries = ["database", `ltx/${ltxName(1, 1)}`].map((path) => ({ path, unreadable }));
    const listed = (await listLitefs(telling(...entries), "", undefined))!;
    expect([listed.database?.unreadable, listed.files[0]?.unreadable]).toEqual([unreadable, unreadable]);
    expect(listed.unreadable).toEqual([]);
  });

  it("elsewhere is nobody's business", async () => {
    expect(await listLitefs(telling({ path: "other/", unreadable }), "", undefined)).toBeUndefined();
  });
});
