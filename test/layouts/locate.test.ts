import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isNoOnes, openReplica, toPath } from "../../src/layouts/locate.ts";
import { ltxName } from "../../src/ltx/index.ts";
import { catalogOf } from "../../src/replay/replica.ts";
import { fixtureTar } from "../support/archives.ts";
import { readFixture } from "../support/fixtures.ts";
import { LitefsNode } from "../support/litefs.ts";
import { usualReplica } from "../support/ltx-replica.ts";

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "walkit-locate-"));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const ID = "f73d382fd730c09a";
const LTX = ltxName(1, 1);
let count = 0;

/** A new folder with these files. A path with `/` at its end is a folder. */
function lay(
  files: Iterable<readonly [path: string, file: { data: Uint8Array; modified?: bigint | undefined }]>,
): string {
  const folder = join(root, String(count++));
  mkdirSync(folder);
  for (const [path, { data, modified }] of files) {
    const target = join(folder, path);
    mkdirSync(path.endsWith("/") ? target : dirname(target), { recursive: true });
    if (path.endsWith("/")) continue;
    writeFileSync(target, data);
    const time = Number((modified ?? 0n) / 1_000_000n) / 1000;
    utimesSync(target, time, time);
  }
  return folder;
}

const withFiles = (...paths: string[]) => lay(paths.map((path) => [path, { data: Buffer.from("x") }]));
const basic = () => readFixture("basic").files;

async function found(location: string) {
  const replica = await openReplica(location);
  const { generations } = await catalogOf(replica);
  await replica.close();
  return [replica.root, replica.prefix, generations.map(({ id }) => id)];
}

describe("a replica on disk", () => {
  it("is found by its root, its generations/, or a generation's own folder", async () => {
    const folder = lay(basic());
    expect(await found(folder)).toEqual([folder, "generations/", [ID]]);
    expect(await found(pathToFileURL(folder).href)).toEqual([folder, "generations/", [ID]]);
    expect(await found(join(folder, "generations"))).toEqual([join(folder, "generations"), "", [ID]]);
    const own = join(folder, "generations", ID);
    expect(await found(own)).toEqual([join(folder, "generations"), "", [ID]]);
    expect((await openReplica(own)).generation).toBe(ID);
  });

  it("has the LTX files that lie beside generations/, from whichever of its folders it is opened", async () => {
    const folder = lay([...basic(), ...usualReplica().storage().files]);
    const all = [folder, "generations/", [ID, "ltx"]];
    for (const inside of ["", "generations"]) expect(await found(join(folder, inside)), inside).toEqual(all);
    const alone = lay(usualReplica().storage().files);
    for (const inside of ["", "ltx", "ltx/0", "ltx/9"])
      expect(await found(join(alone, inside)), inside).toEqual([alone, "generations/", ["ltx"]]);
    const cloud = lay(usualReplica({ s3: true }).storage().files);
    for (const inside of ["", "0009"])
      expect(await found(join(cloud, inside)), inside).toEqual([cloud, "generations/", ["ltx"]]);
  });

  it("may be a database of LiteFS: the only one, or by its own folder", async () => {
    const node = new LitefsNode();
    node.commit("CREATE TABLE t (a)");
    const one = lay(node.storage().files);
    const database = join(one, "dbs/app.db");
    for (const inside of ["", "dbs", "dbs/app.db", "dbs/app.db/ltx"])
      expect(await found(join(one, inside)), inside).toEqual([database, "", ["ltx"]]);
    const files = [...node.storage().files];
    const two = lay([...files, ...files.map(([path, file]) => [path.replace("app", "shop"), file] as const)]);
    expect(await found(join(two, "dbs/shop.db"))).toEqual([join(two, "dbs/shop.db"), "", ["ltx"]]);
    const paths = ["app.db", "shop.db"].map((name) => join(two, "dbs", name));
    await expect(openReplica(two)).rejects.toMatchObject({
      ...{ code: "replica/not-a-replica", path: two },
      remedy: { do: "name-replica", where: "databases", paths: expect.arrayContaining(paths) },
    });
    node.close();
  });

  it("may be an archive, or a path that goes on inside of one", async () => {
    const archive = join(withFiles("x"), "a.tar");
    writeFileSync(archive, fixtureTar("basic"));
    for (const inside of ["", "generations", `generations/${ID}`])
      expect(await found(join(archive, inside)), inside).toEqual([archive, "generations/", [ID]]);
    const replica = await openReplica(archive);
    expect(replica.folder).toBeUndefined();
    await replica.close();
    await expect(openReplica(join(archive, "other"))).rejects.toMatchObject({
      code: "replica/not-a-replica",
    });
  });

  it("may have nothing in it yet", async () => {
    for (const path of [
      "generations/",
      `generations/${ID}/`,
      "generations/lost+found/",
      "generations/.gitkeep",
    ]) {
      const folder = withFiles(path);
      expect((await found(folder))[1], path).toBe("generations/");
      expect((await openReplica(join(folder, "generations"))).prefix, path).toBe("");
    }
  });
});

describe("what is no replica is called what it is", () => {
  it.each([
    [["x", "y", "z", "more"], "", /found a folder with \w+, \w+, \w+ and 1 more/],
    [["sub/"], "sub", /found an empty folder/],
    [["generations"], "", /found a file of that name/],
    [["generations/photo.jpg"], "generations", /found a folder with photo\.jpg/],
    [["copy/wal/00000000_00000000.wal.lz4"], "copy", /no generation's \(16 hex digits\): copy/],
    [[`generations/${ID}/wal/00000000.wal`], "", /shadow WAL/],
    [[`generations/${ID}/wal/00000000.wal`], `generations/${ID}`, /shadow WAL/],
    [["app.db"], "app.db", /found a database itself/],
    [["notes.txt"], "notes.txt", /found a file/],
    [[`generations/${ID}/wal/x.lz4`], `generations/${ID}/wal`, new RegExp(`folder inside generation ${ID}`)],
  ] as const)("%j, opened at %j", async (paths, inside, message) => {
    await expect(openReplica(join(withFiles(...paths), inside))).rejects.toMatchObject({
      ...{ code: "replica/not-a-replica", path: expect.stringContaining(root) },
      message: expect.stringMatching(message),
    });
  });

  it("a database by its content, whatever its name", async () => {
    const path = join(withFiles("x"), "data");
    const node = new LitefsNode();
    node.commit("CREATE TABLE t (a)");
    writeFileSync(path, node.database);
    node.close();
    await expect(openReplica(path)).rejects.toThrow(/found a database itself/);
  });

  it("a folder of replicas, with those that are in it", async () => {
    const folder = withFiles("app/generations/", "shop/generations/", "other");
    await expect(openReplica(folder)).rejects.toMatchObject({
      remedy: { do: "name-replica", where: "inside", paths: expect.arrayContaining(["app", "shop"]) },
    });
  });

  it("nothing at all, a link that leads nowhere, and a database of LiteFS 0.1", async () => {
    const folder = withFiles("x", `00000001/ltx/${LTX}`, "00000001/name");
    const nowhere = join(folder, "nowhere");
    await expect(openReplica(nowhere)).rejects.toMatchObject({ code: "storage/not-found", path: nowhere });
    symlinkSync("away", join(folder, "link"));
    const link = openReplica(join(folder, "link"));
    await expect(link).rejects.toMatchObject({ code: "storage/unreadable" });
    await expect(openReplica(join(folder, "00000001"))).rejects.toMatchObject({ code: "ltx/extinct" });
  });
});

describe("a location", () => {
  it("is a path, or a file:// URL as Litestream takes it and as others do", () => {
    expect(toPath("a/b")).toBe(resolve("a/b"));
    const path = resolve("/a/b c");
    expect(toPath(pathToFileURL(path).href)).toBe(path);
    expect(toPath(pathToFileURL(path).href.replace("file", "FILE"))).toBe(path);
    // The host is the first folder, for Litestream, and no escape is one.
    expect(toPath("file://a/b%20c")).toBe(resolve("/a/b%20c"));
    expect(toPath("file:///a/%zz")).toBe(resolve("/a/%zz"));
    // No scheme has one letter.
    expect(basename(toPath("c://x"))).toBe("x");
  });

  it.each([
    ["s3://bucket/x", { do: "copy", from: "cloud" }],
    ["GCS://bucket", { do: "copy", from: "cloud" }],
    ["https://example.com", { do: "point-at-replica" }],
  ])("is not %s", (location, remedy) => {
    expect(() => toPath(location)).toThrow(
      expect.objectContaining({ code: "replica/not-a-replica", path: location, remedy }),
    );
  });
});

it("files that are there by themselves are no one's", () => {
  for (const name of ["lost+found", ".gitkeep", "Thumbs.db", ".DS_Store", "._x"])
    expect(isNoOnes(name)).toBe(true);
  for (const name of ["photo.jpg", "gitkeep", "lost+found.old", ID]) expect(isNoOnes(name)).toBe(false);
});
