import { describe, expect, it } from "vitest";
import { compareNodes, firstLitefsFolder, litefsFolder, litefsIn, tooOld } from "../../src/layouts/litefs.ts";
import { ltxName } from "../../src/ltx/index.ts";
import { MemoryStorage } from "../../src/storage/index.ts";
import { CountingStorage } from "../support/counting.ts";
import { LitefsNode } from "../support/litefs.ts";

const NAME = ltxName(3, 3);

describe("a database of LiteFS", () => {
  it("is asked for its catalog before anything else, and looks at nothing until then", async () => {
    const node = new LitefsNode();
    node.commit("CREATE TABLE t (a)");
    const storage = new CountingStorage(node.storage());
    const { layout, prefix } = litefsIn(storage, node.prefix);
    const empty = { generations: [], timelineFiles: [], strays: [] };
    expect(() => layout.newest(empty)).toThrow(TypeError);
    expect([storage.lists, prefix]).toEqual([[], node.prefix]);
    const catalog = await layout.catalog({ storage, prefix }, {});
    expect(storage.lists.every((path) => path === node.prefix)).toBe(true);
    expect(layout.newest(catalog)).toBe(catalog.generations[0]);
    expect(layout.states(catalog.generations[0]!)).toEqual([{ txid: 1 }]);
    expect(layout.plan(catalog, {}).snapshot.path).toBe(`${node.prefix}database`);
    node.close();
  });

  it("has one branch, of the name that LTX files have", async () => {
    const replica = litefsIn(new MemoryStorage([[NAME, { data: new Uint8Array(100) }]]), "");
    const { generations } = await replica.layout.catalog(replica, { generation: "ltx" });
    expect(generations.map(({ id }) => id)).toEqual(["ltx"]);
    const other = replica.layout.catalog(replica, { generation: "0123456789abcdef" });
    await expect(other).rejects.toMatchObject({ code: "target/no-generation" });
  });

  it("is compared where there are files of it alone", async () => {
    const none = { storage: new MemoryStorage(), prefix: "dbs/a/" };
    await expect(compareNodes(none, none)).rejects.toMatchObject({
      ...{ code: "replica/not-a-replica", path: "dbs/a/" },
    });
  });
});

describe("the folder of a database", () => {
  it.each([
    [`ltx/${NAME}`, ""],
    [`x/app.db/ltx/${NAME}`, "x/app.db/"],
    ["dbs/app.db/database", "dbs/app.db/"],
    ["x/dbs/app.db/wal", "x/dbs/app.db/"],
    ["dbs/app.db/journal", "dbs/app.db/"],
    ["dbs/app.db/ltx/", "dbs/app.db/"],
    [NAME, ""],
    [`backup/app.db/${NAME}`, "backup/app.db/"],
    [`a\nb/ltx/${NAME}`, "a\nb/"],
    [`10/${NAME}`, "10/"],
  ])("of %j is %j", (path, folder) => {
    expect(litefsFolder(path)).toBe(folder);
  });

  it.each([
    // Outside of dbs/ these may be anybody's.
    ...["database", "app/database", "app/wal", "app/ltx/"],
    ...["dbs/database", "dbs/app.db/shm", "dbs/app.db/x/database"],
    // Levels of Litestream 0.5.
    ...[`0/${NAME}`, `x/9/${NAME}`, `0003/${NAME}`, `ltx/0/${NAME}`],
    ...[`ltx/${NAME}.tmp`, "ltx/readme"],
  ])("is none of %j", (path) => {
    expect(litefsFolder(path)).toBeUndefined();
  });
});

describe("a database of LiteFS 0.1", () => {
  it("is a number with a name, and too old", () => {
    expect(firstLitefsFolder("00000001/name")).toBe("00000001/");
    expect(firstLitefsFolder("x/0000abcd/name")).toBe("x/0000abcd/");
    for (const path of ["00000001/names", "0000001/name", "000000001/name", "name", "0000000G/name"])
      expect(firstLitefsFolder(path), path).toBeUndefined();
    expect(tooOld("x/00000001/")).toMatchObject({ code: "ltx/extinct", path: "x/00000001/" });
  });
});
