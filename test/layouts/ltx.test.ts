import { describe, expect, it } from "vitest";
import { WalkitError } from "../../src/errors.ts";
import { findLtx, isLtxPath, onlyLtx } from "../../src/layouts/ltx.ts";
import { ltxName } from "../../src/ltx/index.ts";
import { type Entry, MemoryStorage, type Storage } from "../../src/storage/index.ts";

const NAME = ltxName(1, 255);
const empty = (...paths: string[]) =>
  new MemoryStorage(paths.map((path) => [path, { data: new Uint8Array(0) }]));
const find = (storage: Storage, root = "") => findLtx(storage, root, undefined);

/** A storage whose listing comes to `listed`, or fails. */
function listing(listed: Iterable<Entry>, failure?: unknown): Storage {
  return {
    async *list() {
      yield* listed;
      if (failure) throw failure;
    },
    async *read() {},
  };
}

it("an LTX file has two TXIDs of 16 digits for a name, wherever it lies", () => {
  for (const path of [NAME, `ltx/0/${NAME}`, `a/b/${NAME}`]) expect(isLtxPath(path), path).toBe(true);
  for (const path of [`x${NAME}`, `${NAME}.tmp`, NAME.toUpperCase(), NAME.slice(1), `${NAME}/x`, `${NAME}\n`])
    expect(isLtxPath(path), path).toBe(false);
});

describe("an LTX file of Litestream 0.5", () => {
  it.each([
    ["", `ltx/0/${NAME}`],
    ["", `ltx/9/${NAME}`],
    ["", `0009/${NAME}`],
    ["app/", `app/ltx/3/${NAME}`],
    ["app/", `app/0000/${NAME}`],
  ])("below %j is found at %s", async (root, path) => {
    expect(await find(empty("other", `ltx/0/${NAME}x`, path), root)).toBe(path);
  });

  it("is none of LiteFS, of another root, or of another name", async () => {
    expect(await find(empty(`ltx/${NAME}`, `ltx/10/${NAME}`, `000a/${NAME}`, "ltx/0/x.ltx", "ltx/0/"))).toBe(
      undefined,
    );
    expect(await find(empty(`ltx/0/${NAME}`), "app/")).toBeUndefined();
  });

  it("may lie in a level's folder that cannot be looked into, and in no file that cannot be read", async () => {
    const unreadable = new WalkitError(
      "storage/unreadable",
      "Expected to list it, found that it is forbidden",
    );
    expect(await find(listing([{ path: "ltx/0/", unreadable }]))).toBe("ltx/0/");
    expect(await find(listing([{ path: "ltx/0/x", unreadable }]))).toBeUndefined();
    expect(await find(listing([{ path: "ltx/", unreadable }]))).toBeUndefined();
  });

  it("may lie where the system forbids to list, and not where a server does", async () => {
    const failure = (code: string) =>
      new WalkitError("storage/unreadable", "Cannot list it", {
        cause: Object.assign(new Error(), { code }),
      });
    expect(await find(listing([], failure("EACCES")), "a/")).toBe("a/ltx/");
    expect(await find(listing([], failure("EPERM")), "a/")).toBe("a/ltx/");
    expect(await find(listing([], failure("E403")))).toBeUndefined();
    expect(await find(listing([], new WalkitError("storage/unreadable", "Cannot list it")))).toBeUndefined();
    await expect(find(listing([], new TypeError("a mistake")))).rejects.toThrow(TypeError);
  });

  it("is not looked for through a folder without end", async () => {
    let count = 0;
    const endless = (function* () {
      for (;;) yield { path: `ltx/other/${count++}` };
    })();
    expect(await find(listing(endless))).toBeUndefined();
    expect(count).toBeLessThan(100_000);
  });
});

it("where nothing reads them, LTX files are called whose they are", () => {
  for (const path of [`dbs/app/ltx/${NAME}`, `app.db/${NAME}`, NAME]) {
    expect(onlyLtx(path), path).toMatchObject({ code: "replica/ltx", path, remedy: { do: "use-litefs" } });
    expect(onlyLtx(path).message).toMatch(/LTX files of LiteFS$/);
  }
  for (const path of [`0/${NAME}`, `a/0003/${NAME}`, `x/ltx/0/${NAME}`]) {
    expect(onlyLtx(path), path).toMatchObject({ code: "replica/ltx", path, remedy: undefined });
    expect(onlyLtx(path).message).toMatch(/outside of their level's folder$/);
  }
});
