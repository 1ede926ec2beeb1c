import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openArchiveFile } from "../../src/layouts/archive-file.ts";
import { catalogOf } from "../../src/replay/replica.ts";
import { contentOf, filesOf, fixtureTar, readAll, tarOf, zipOf } from "../support/archives.ts";
import { readFixture } from "../support/fixtures.ts";
import { usualReplica } from "../support/ltx-replica.ts";

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "walkit-archive-file-"));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const original = readFixture("basic");
const GENERATION = "f73d382fd730c09a";

let count = 0;
function put(name: string, bytes: Uint8Array): string {
  const folder = join(root, String(count++));
  mkdirSync(folder);
  writeFileSync(join(folder, name), bytes);
  return join(folder, name);
}

/** The same files below each of these folders. */
const below = (...folders: string[]) =>
  tarOf(
    folders.flatMap((folder) => filesOf(original).map(([path, data]) => ({ name: folder + path, data }))),
  );

/** Files of this process that are open at `path`; undefined where the system does not tell. */
function openAt(path: string): number | undefined {
  if (!existsSync("/proc/self/fd")) return undefined;
  return readdirSync("/proc/self/fd").filter((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`) === path;
    } catch {
      return false;
    }
  }).length;
}

describe("an archive", () => {
  it.each([
    ["a.tar", fixtureTar("basic")],
    ["a.tar.gz", gzipSync(fixtureTar("basic"))],
    // Its content tells, whatever its name is.
    ["backup", fixtureTar("basic")],
  ])("%s has the replica, until it is closed", async (name, bytes) => {
    const path = put(name, bytes);
    const { found, close } = (await openArchiveFile(path, "", path))!;
    expect([found.path, found.prefix, found.generation]).toEqual(["", "generations/", undefined]);
    expect(await contentOf(found.storage)).toEqual(await contentOf(original));
    await close();
    expect(openAt(path) ?? 0).toBe(0);
    const [file] = [...original.files.keys()].filter((one) => one.includes("/wal/"));
    if (name !== "a.tar.gz")
      await expect(readAll(found.storage, file!)).rejects.toMatchObject({ code: "storage/unreadable" });
  });

  it("as a zip has the same bytes", async () => {
    const path = put("a.zip", zipOf(filesOf(original).map(([name, data]) => ({ name, data }))));
    const { found, close } = (await openArchiveFile(path, "", path))!;
    for (const [name, data] of filesOf(original))
      expect(Buffer.compare(await readAll(found.storage, name), data)).toBe(0);
    await close();
  });

  it("that unpacks to more than memory should hold is the same", async () => {
    const large = { name: "other", data: new Uint8Array(66 << 20) };
    const files = filesOf(original).map(([name, data]) => ({ name, data }));
    const path = put("a.tgz", gzipSync(tarOf([files[0]!, large, ...files.slice(1)]), { level: 1 }));
    const { found, close } = (await openArchiveFile(path, "", path))!;
    for (const [name, data] of filesOf(original))
      expect(Buffer.compare(await readAll(found.storage, name), data)).toBe(0);
    await close();
    await expect(readAll(found.storage, files[1]!.name)).rejects.toMatchObject({
      code: "storage/unreadable",
    });
  });

  it("that becomes shorter while it is open is unreadable there, and gives no other bytes", async () => {
    const path = put("a.tar", fixtureTar("basic"));
    const { found, close } = (await openArchiveFile(path, "", path))!;
    truncateSync(path, 1024);
    const [last] = [...original.files.keys()].slice(-1);
    await expect(readAll(found.storage, last!)).rejects.toMatchObject({ code: "storage/unreadable" });
    await close();
  });

  it("is none where neither content nor name says so", async () => {
    const path = put("notes", Buffer.from("no archive"));
    expect(await openArchiveFile(path, "", path)).toBeUndefined();
    expect(openAt(path) ?? 0).toBe(0);
  });
});

describe("what is meant inside", () => {
  it("is the replica by its folder, by generations/ in it, or one generation", async () => {
    const path = put("two.tar", below("app/", "shop/"));
    for (const [inside, prefix, generation] of [
      ["app", "app/generations/", undefined],
      ["shop", "shop/generations/", undefined],
      ["shop/generations", "shop/generations/", undefined],
      [`app/generations/${GENERATION}`, "app/generations/", GENERATION],
    ] as const) {
      const { found, close } = (await openArchiveFile(path, inside, path))!;
      expect([found.prefix, found.generation], inside).toEqual([prefix, generation]);
      expect((await catalogOf(found)).generations.map(({ id }) => id)).toEqual([GENERATION]);
      await close();
    }
  });

  it("is the database of LiteFS by its folder of LTX files", async () => {
    const [file] = usualReplica().storage().files.values();
    const name = "dbs/app.db/ltx/0000000000000001-0000000000000001.ltx";
    const path = put("litefs.tar", tarOf([{ name, data: file!.data }]));
    for (const inside of ["", "dbs/app.db", "dbs/app.db/ltx"]) {
      const { found, close } = (await openArchiveFile(path, inside, path))!;
      expect(found.prefix, inside).toBe("dbs/app.db/");
      await close();
    }
  });

  it("is refused where it is none of them, or there are several, with the names to choose from", async () => {
    const path = put("two.tar", below("app/", "shop/"));
    const paths = [join(path, "app"), join(path, "shop")];
    for (const [inside, message] of [
      ["", `Expected one replica in here, found 2: ${paths.join(", ")}`],
      ["other", `Expected a replica at other in ${path}, found none there; there is ${paths.join(", ")}`],
      ["app/generations/0123", /^Expected a replica at app\/generations\/0123 in/],
    ] as const)
      await expect(openArchiveFile(path, inside, "here")).rejects.toMatchObject({
        ...{ code: "replica/not-a-replica", path: "here" },
        message: typeof message === "string" ? message : expect.stringMatching(message),
        remedy: { do: "name-replica", where: "archive", paths },
      });
    expect(openAt(path) ?? 0).toBe(0);
  });
});

describe("what is wrong with the file", () => {
  it.each([
    ["cut short", "a.tar", fixtureTar("basic").subarray(0, 3000), "storage/unreadable"],
    ["cut short", "a.tgz", gzipSync(fixtureTar("basic")).subarray(0, 3000), "storage/unreadable"],
    ["no archive but by its name", "a.zip", Buffer.from("no archive"), "storage/unreadable"],
    ["without a replica", "a.tar", tarOf([{ name: "x", data: "1" }]), "replica/not-a-replica"],
  ])("%s: %s is told of the place that was given, and closed", async (_, name, bytes, code) => {
    const path = put(name, bytes);
    await expect(openArchiveFile(path, "", "here")).rejects.toMatchObject({ code, path: "here" });
    expect(openAt(path) ?? 0).toBe(0);
  });

  it("that it is gone", async () => {
    const path = join(root, "nothing.tar");
    await expect(openArchiveFile(path, "", "here")).rejects.toMatchObject({
      ...{ code: "storage/unreadable", path: "here", remedy: { do: "check", what: "permission" } },
    });
  });
});
