/** What may stand at the output of a restore, and whose the new file is. */

import { chmodSync, mkdirSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { checkHistoryName, checkOutput, inherit } from "../../src/restore/output.ts";
import { folderOf } from "./folders.ts";

describe("the place of the output", () => {
  const codeOf = (work: () => void) => {
    try {
      work();
    } catch (error) {
      return (error as { code: string }).code;
    }
    return undefined;
  };
  const check = (files: Record<string, string>, force: boolean, history: boolean, name = "a.db") =>
    codeOf(() => checkOutput(join(folderOf(files), name), { force, history }));

  it.each([
    ["nothing", {}, undefined, undefined],
    ["a database", { "a.db": "" }, "output/exists", undefined],
    ["a WAL alone", { "a.db-wal": "" }, "output/exists", undefined],
    ["a journal alone", { "a.db-journal": "" }, "output/exists", undefined],
    ["a history", { "a.db.history": "" }, "output/exists", undefined],
    ["a database that was not closed", { "a.db": "", "a.db-shm": "" }, "output/exists", "output/in-use"],
  ] as const)("with %s there", (_, files, plain, forced) => {
    expect([check(files, false, true), check(files, true, true)]).toEqual([plain, forced]);
  });

  it("with a history there, which is not replaced where none is written", () => {
    expect(check({ "a.db.history": "" }, false, false)).toBeUndefined();
  });

  it("is never a folder", () => {
    const folder = folderOf({});
    for (const name of ["a.db", "b.db-wal", "c.db.history"]) mkdirSync(join(folder, name));
    for (const name of ["a.db", "b.db", "c.db"]) {
      const place = { force: true, history: true };
      expect(codeOf(() => checkOutput(join(folder, name), place))).toBe("output/exists");
    }
    expect(check({}, true, false, "a.db/")).toBe("output/unwritable");
  });

  it("has room for the name of the history", () => {
    const path = (length: number) => join(folderOf({}), "x".repeat(length));
    expect(codeOf(() => checkHistoryName(path(247)))).toBeUndefined();
    expect(codeOf(() => checkHistoryName(path(250)))).toBe("output/unwritable");
  });
});

describe.skipIf(process.platform === "win32")("rights", () => {
  it.skipIf(process.getuid?.() !== 0)("are those of the replaced file, never wider on the way", async () => {
    const folder = folderOf({ old: "", new: "" });
    const [old, path] = [join(folder, "old"), join(folder, "new")];
    chmodSync(path, 0o600);
    for (const mode of [0o640, 0o644, 0o660, 0o400]) {
      chmodSync(old, mode);
      const file = await open(path, "r+");
      // What each call leaves, in turn.
      const seen: string[] = [];
      const look = () => {
        const { mode, uid, gid } = statSync(path);
        seen.push(`${(mode & 0o7777).toString(8)} ${uid}:${gid}`);
      };
      const [chown, chmod] = [file.chown.bind(file), file.chmod.bind(file)];
      file.chown = (uid, gid) => chown(uid, gid).then(look);
      file.chmod = (mode) => chmod(mode).then(look);
      expect(await inherit(file, { uid: 1234, gid: 2345, mode })).toBe(true);
      expect(seen).toEqual([`600 1234:2345`, `${mode.toString(8)} 1234:2345`]);
      await chown(0, 0);
      await chmod(0o600);
      await file.close();
    }
  });

  it("lose the group's where the group cannot be kept", async () => {
    const folder = folderOf({ new: "" });
    const file = await open(join(folder, "new"), "r+");
    file.chown = () => Promise.reject(Object.assign(new Error("EPERM"), { code: "EPERM" }));
    const { uid, gid } = await file.stat();
    for (const [mode, left] of [
      [0o640, 0o600],
      [0o664, 0o644],
      [0o4755, 0o755],
    ] as const) {
      expect(await inherit(file, { uid: uid + 1, gid: gid + 1, mode })).toBe(false);
      expect((await file.stat()).mode & 0o7777).toBe(left);
    }
    await file.close();
  });
});
