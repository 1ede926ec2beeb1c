import { describe, expect, it } from "vitest";
import { WalkitError } from "../../../src/errors.ts";
import { listLtx } from "../../../src/layouts/ltx/catalog.ts";
import { MemoryStorage, type Storage } from "../../../src/storage/index.ts";
import { CountingStorage } from "../../support/counting.ts";
import { dozen, pathOf } from "../../support/ltx-history.ts";

const { history, files } = dozen();

describe("the listing", () => {
  it.each(["", "app.db/", "a/b/"])("below %j has every file, and opens none", async (root) => {
    const inside = [...history.storage(files).files];
    const storage = new CountingStorage(new MemoryStorage(inside.map(([path, file]) => [root + path, file])));
    const { branch, strays } = await listLtx(storage, root, undefined);
    expect(branch!.files.map(({ path }) => path).sort()).toEqual(inside.map(([path]) => root + path).sort());
    expect([strays, storage.reads.size]).toEqual([[], 0]);
  });

  it("of S3 names levels in four digits", async () => {
    const inside = [...history.storage(files).files].map(
      ([path, file]) => [path.replace(/^ltx\/(.)/, "000$1"), file] as const,
    );
    const { branch } = await listLtx(new MemoryStorage(inside), "", undefined);
    expect(new Set(branch!.files.map(({ level }) => level))).toEqual(new Set([0, 1, 2, 9]));
    expect(branch!.files.length).toBe(files.length);
  });

  it("tells of what else lies in the folders, and is no file", async () => {
    const storage = history.storage([[9, 1, 1]]);
    const tenth = pathOf(9, 1, 1).replace("/9/", "/10/");
    const names = [`${pathOf(0, 2, 2)}.tmp`, "ltx/0/readme", "ltx/0/.DS_Store", "ltx/x.ltx", tenth];
    for (const path of [...names, "ltx.history", "other"])
      storage.files.set(path, { data: new Uint8Array(1) });
    const { branch, strays, timelineFiles } = await listLtx(storage, "", undefined);
    expect(branch!.files.length).toBe(1);
    expect(strays.map(({ path, reason }) => [path, reason])).toEqual([
      [`${pathOf(0, 2, 2)}.tmp`, "temporary"],
      ["ltx/0/readme", "unknown-name"],
      ["ltx/x.ltx", "unknown-name"],
      [tenth, "unknown-name"],
    ]);
    expect(timelineFiles.map(({ kind }) => kind)).toEqual(["history"]);
  });

  it("has no branch where there is no file", async () => {
    expect((await listLtx(new MemoryStorage(), "", undefined)).branch).toBeUndefined();
  });

  it("knows of a file that cannot be read", async () => {
    const unreadable = new WalkitError(
      "storage/unreadable",
      "Expected to read it, found that it is forbidden",
    );
    const storage: Storage = {
      async *list(prefix) {
        if (prefix === "ltx")
          yield { path: pathOf(9, 1, 1), size: undefined, modified: undefined, unreadable };
      },
      async *read() {},
    };
    const { branch } = await listLtx(storage, "", undefined);
    expect(branch!.files[0]!.unreadable).toBe(unreadable);
  });
});
