import { describe, expect, it } from "vitest";
import { WalkitError } from "../../../src/errors.ts";
import { readCatalog } from "../../../src/layouts/generations/catalog.ts";
import { type Entry, MemoryStorage, type Storage } from "../../../src/storage/index.ts";
import { GOLDEN, readFixture, readManifest } from "../../support/fixtures.ts";

const ID = "0123456789abcdef";
const empty = (...paths: string[]) =>
  new MemoryStorage(paths.map((path) => [path, { data: new Uint8Array(1) }]));

describe("the catalog", () => {
  it.each(GOLDEN)("of %s holds every file of its manifest", async (name) => {
    const { generations, strays } = await readCatalog(readFixture(name));
    expect(strays).toEqual([]);
    const recorded = readManifest(name).generations;
    expect(generations.map((g) => g.id)).toEqual(recorded.map((g) => g.id).sort());
    for (const { id, snapshots, wal } of recorded) {
      const found = generations.find((g) => g.id === id)!;
      expect(found.snapshots.map((s) => [s.index, s.path, s.size, String(s.modified)])).toEqual(
        snapshots.map((s) => [s.index, s.path, s.size, s.mtimeNs]),
      );
      expect(found.segments.map((s) => [s.index, s.offset, s.path, s.size, String(s.modified)])).toEqual(
        wal.map((s) => [s.index, s.offset, s.path, s.size, s.mtimeNs]),
      );
    }
  });

  it("tells strays from files, whatever their names", async () => {
    const files = ["generations/README", "generations/0123456789ABCDEF/wal/x", "generations/../etc/passwd"];
    const inside = [
      "snapshots/.DS_Store",
      "wal/00000000_00000000.wal.lz4.tmp",
      "wal/deep/00000000_00000000.wal.lz4",
      "x",
    ];
    const paths = [...files, ...inside.map((path) => `generations/${ID}/${path}`)];
    const { generations, strays } = await readCatalog(empty(...paths));
    expect(generations).toEqual([{ id: ID, snapshots: [], segments: [] }]);
    expect(strays.map((s) => s.path).sort()).toEqual(paths.sort());
    expect(strays.filter((s) => s.reason === "temporary")).toHaveLength(1);
  });

  it("of one generation is no larger than it", async () => {
    const storage = readFixture("multi-generation");
    const { generations } = await readCatalog(storage, { generation: "89c0220745ddaaba" });
    expect(generations.map((g) => g.id)).toEqual(["89c0220745ddaaba"]);
    await expect(readCatalog(storage, { generation: "ffffffffffffffff" })).rejects.toMatchObject({
      code: "target/no-generation",
    });
  });

  it("of Litestream 0.4 has a folder for each index", async () => {
    const wide = (name: string) => `generations/${ID}/wal/${"0".repeat(15)}1/${name}`;
    const storage = empty(wide(`${"0".repeat(16)}.wal.lz4`), wide(`${"0".repeat(13)}418.wal.lz4`));
    const [generation] = (await readCatalog(storage)).generations;
    expect(generation!.segments.map(({ index, offset }) => [index, offset])).toEqual([
      [1, 0],
      [1, 0x418],
    ]);
  });

  it("has what walkit keeps beside generations, whether they are there or not", async () => {
    const storage = empty(
      `generations/${ID}.history`,
      `generations/${ID}.restore-points`,
      "generations/x.history",
    );
    const { generations, timelineFiles, strays } = await readCatalog(storage);
    expect([generations, strays.map(({ path }) => path)]).toEqual([[], ["generations/x.history"]]);
    expect(timelineFiles.map(({ generation, kind }) => [generation, kind])).toEqual([
      [ID, "history"],
      [ID, "restore-points"],
    ]);
  });
});

describe("what cannot be read", () => {
  const denied = new WalkitError("storage/unreadable", "Expected to list it, found that it is forbidden");
  const telling = (...entries: Entry[]): Storage => ({
    async *list() {
      yield* entries;
    },
    async *read() {},
  });

  it.each(["", "/", "/wal", "/wal/", "/snapshots/"])(
    "as the folder %j of a generation leaves files unknown",
    async (inside) => {
      const path = `generations/${ID}${inside}`;
      const { generations, strays } = await readCatalog(telling({ path, unreadable: denied }));
      expect([generations, strays]).toEqual([
        [{ id: ID, snapshots: [], segments: [], unreadable: [denied] }],
        [],
      ]);
    },
  );

  it("as a file is listed in its place, and as the folder of an index stands for its first segment", async () => {
    const paths = [`generations/${ID}/snapshots/00000001.snapshot.lz4`, `generations/${ID}/wal/00000002/`];
    const storage = telling(...paths.map((path) => ({ path, size: 7, modified: 5n, unreadable: denied })));
    const [generation] = (await readCatalog(storage)).generations;
    expect(generation!.snapshots).toEqual([
      { index: 1, offset: 0, path: paths[0], size: undefined, modified: undefined, unreadable: denied },
    ]);
    expect(generation!.segments).toMatchObject([{ index: 2, offset: 0, path: paths[1], unreadable: denied }]);
  });

  it("as a folder in a file's place is one thing in the way, however much is in it", async () => {
    const own = `generations/${ID}/wal/00000000_00000000.wal.lz4`;
    const [generation] = (await readCatalog(empty(`${own}/a`, `${own}/b`, `${own}/c/d`))).generations;
    expect(generation!.segments.map(({ path, size, unreadable }) => [path, size, unreadable?.code])).toEqual([
      [own, undefined, "storage/unreadable"],
    ]);
  });

  it("as a name whose numbers are too large is no stray", async () => {
    const storage = empty(`generations/${ID}/wal/00000000_ffffffffffffffff.wal.lz4`);
    const { generations, strays } = await readCatalog(storage);
    expect([generations[0]!.unreadable?.length, strays]).toEqual([1, []]);
  });
});
