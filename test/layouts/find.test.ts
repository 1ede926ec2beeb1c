import { describe, expect, it } from "vitest";
import { MemoryStorage, readCatalog } from "../../src/index.ts";
import { ltxName } from "../../src/ltx/index.ts";
import { catalogOf } from "../../src/replay/replica.ts";
import { FileListStorage, findReplicas, folderOf, HandleStorage } from "../../src/web.ts";
import { handleOf, pickedFiles, type Tree, treeOf } from "../support/browser.ts";
import { readFixture } from "../support/fixtures.ts";

const original = readFixture("basic");
const GENERATION = "f73d382fd730c09a";
const ids = async (storage: Parameters<typeof readCatalog>[0]) => {
  const found = await findReplicas(storage);
  const catalogs = await Promise.all(found.map((replica) => readCatalog(storage, replica)));
  return catalogs.map(({ generations }) =>
    generations.map((g) => [g.id, g.snapshots.length, g.segments.length]),
  );
};
const BASIC = [[GENERATION, 1, 10]];
const empty = (paths: string[]) =>
  new MemoryStorage(paths.map((path) => [path, { data: new Uint8Array(0) }]));

describe("findReplicas", () => {
  it("finds a replica whose root, generations/ or generation's folder was given", async () => {
    const tree = treeOf(original);
    const generations = tree.generations as Tree;
    const own = handleOf(GENERATION, generations[GENERATION] as Tree);
    for (const [storage, expected] of [
      [original, { prefix: "generations/", generation: undefined, path: "" }],
      [new HandleStorage(handleOf("x", tree)), { prefix: "generations/", generation: undefined, path: "" }],
      [
        new HandleStorage(folderOf([handleOf("x", tree)])),
        { prefix: "x/generations/", generation: undefined, path: "x" },
      ],
      [
        new HandleStorage(handleOf("generations", generations)),
        { prefix: "", generation: GENERATION, path: "" },
      ],
      [
        new HandleStorage(folderOf([handleOf("backup", generations)])),
        { prefix: "backup/", generation: undefined, path: "backup" },
      ],
      [new HandleStorage(folderOf([own])), { prefix: "", generation: GENERATION, path: "" }],
      [
        new FileListStorage(pickedFiles("x", original)),
        { prefix: "x/generations/", generation: undefined, path: "x" },
      ],
    ] as const) {
      expect(await findReplicas(storage)).toMatchObject([expected]);
      expect(await ids(storage)).toEqual([BASIC]);
    }
  });

  it("finds all replicas below a folder, whatever else is there", async () => {
    const tree = treeOf(original);
    const more: Tree = {
      z: tree,
      a: { deep: { er: tree } },
      other: { generations: { "x.js": new File([], "x.js") } },
    };
    const storage = new HandleStorage(handleOf("parent", more));
    expect((await findReplicas(storage)).map(({ path }) => path)).toEqual(["a/deep/er", "z"]);
    expect(await ids(storage)).toEqual([BASIC, BASIC]);
  });

  it("finds replicas of Litestream 0.4, at any depth, and names LTX files", async () => {
    const names = [
      `generations/${GENERATION}/wal/0000000000000000/0000000000000000.wal.lz4`,
      `generations/${GENERATION}/snapshots/0000000000000000.snapshot.lz4`,
    ];
    for (const above of ["", "a/b/"]) {
      const storage = empty(names.map((name) => above + name));
      const path = above.replace(/\/$/, "");
      expect(await findReplicas(storage)).toMatchObject([
        { prefix: `${above}generations/`, generation: undefined, path },
      ]);
      expect(await ids(storage)).toEqual([[[GENERATION, 1, 1]]]);
    }
    const inside = empty([`${GENERATION}/wal/00000000/00000000.wal.lz4`]);
    expect(await findReplicas(inside)).toMatchObject([{ prefix: "", generation: GENERATION, path: "" }]);
    const ltx = "0000000000000001-00000000000000ff.ltx";
    // The folder of a level alone is no replica.
    await expect(findReplicas(empty([`x/0/${ltx}`, "other"]))).rejects.toMatchObject({
      ...{ code: "replica/ltx", path: `x/0/${ltx}` },
      message: expect.stringMatching(/outside of their level/),
    });
    const path = `dbs/app.db/ltx/${ltx}`;
    expect(await findReplicas(empty([path, "other"]))).toMatchObject([
      { prefix: "dbs/app.db/", path: "dbs/app.db", onlyLtx: path },
    ]);
    for (const [path, above] of [
      [`ltx/0/${ltx}`, ""],
      [`x/0009/${ltx}`, "x/"],
    ] as const) {
      const about = { prefix: `${above}generations/`, path: above.slice(0, -1) };
      const alone = await findReplicas(empty([path, "other"]));
      expect(alone).toMatchObject([{ ...about, onlyLtx: path }]);
      // Beside generations they are one more branch of the same replica.
      const beside = await findReplicas(empty([path, ...names.map((name) => above + name)]));
      expect(beside).toMatchObject([{ ...about, onlyLtx: undefined }]);
      for (const [one, branches] of [
        [alone[0]!, ["ltx"]],
        [beside[0]!, [GENERATION, "ltx"]],
      ] as const) {
        const { generations } = await catalogOf(one);
        expect(generations.map(({ id }) => id)).toEqual(branches);
      }
    }
  });

  it("does not take macOS's own files for any", async () => {
    const files = [...original.files].flatMap(([path, file]) => [
      [path, file] as const,
      [`__MACOSX/${path.replace(/([^/]*)$/, "._$1")}`, file] as const,
      [`__MACOSX/${path}`, file] as const,
    ]);
    const storage = new MemoryStorage([...files, [".DS_Store", { data: new Uint8Array(1) }]]);
    expect((await findReplicas(storage)).map(({ prefix }) => prefix)).toEqual(["generations/"]);
  });

  it("takes a replica with nothing in it for one", async () => {
    for (const path of [
      "x/generations/",
      `x/generations/${GENERATION}/`,
      `x/generations/${GENERATION}/wal/`,
    ]) {
      expect(await findReplicas(empty([path]))).toMatchObject([{ prefix: "x/generations/", path: "x" }]);
    }
  });

  it.each([
    [[], /found nothing/],
    [["a", "b/c", "d/", "e"], /found a, b, d and 1 more/],
    [["generations"], /found generations/],
    [["x/generations/index.js"], /found x/],
    [["wal/00000000_00000000.wal.lz4"], /no generation's \(16 hex digits\): its root/],
    [["my-copy/snapshots/00000000.snapshot.lz4"], /no generation's \(16 hex digits\): my-copy/],
    [
      [`.db-litestream/generations/${GENERATION}/wal/00000000.wal`],
      /shadow WAL.*: \.db-litestream\/generations/,
    ],
  ])("says what is there instead: %j", async (paths, message) => {
    await expect(findReplicas(empty(paths))).rejects.toMatchObject({
      code: "replica/not-a-replica",
      message: expect.stringMatching(message),
      remedy: { do: expect.any(String) },
    });
  });

  it("says what kept it from finding one", async () => {
    const denied = handleOf("denied", {});
    denied.values = () => {
      throw new DOMException("denied", "NotAllowedError");
    };
    const storage = new HandleStorage(folderOf([denied]));
    await expect(findReplicas(storage)).rejects.toMatchObject({
      code: "storage/unreadable",
      path: "denied/",
    });
    await expect(findReplicas(original, { maxFiles: 3 })).rejects.toThrow("at most 3 files");
  });

  it("finds each database of LiteFS, and names what LiteFS 0.1 left", async () => {
    const name = ltxName(3, 3);
    const found = async (...paths: string[]) =>
      (await findReplicas(empty(paths))).map(({ prefix }) => prefix);
    expect(
      await found("x/dbs/a.db/database", "x/dbs/a.db/shm", `x/dbs/b/ltx/${name}`, "x/clusterid"),
    ).toEqual(["x/dbs/a.db/", "x/dbs/b/"]);
    expect(await found("database", `ltx/${name}`)).toEqual([""]);
    expect(await found(name)).toEqual([""]);
    expect(await found(`a/${name}`, `b/${name}`)).toEqual(["a/", "b/"]);
    const old = ["00000001/name", "00000001/database", `00000001/ltx/${name}`];
    await expect(findReplicas(empty(old))).rejects.toMatchObject({ code: "ltx/extinct" });
    await expect(findReplicas(empty([`0/${name}`]))).rejects.toMatchObject({ code: "replica/ltx" });
  });
});
