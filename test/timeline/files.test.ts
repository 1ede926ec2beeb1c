/** What walkit writes beside generations: whole or not at all, in its place or nowhere. */

import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { DirectoryStorage } from "../../src/storage/directory.ts";
import { temporaryName } from "../../src/storage/leftovers.ts";
import { formatOwner, thisOwner } from "../../src/storage/owner.ts";
import { appendRestorePoint, withLock, writeTextFile } from "../../src/timeline/files.ts";
import { folderOf, gone } from "../restore/folders.ts";

const isWindows = process.platform === "win32";

let storage: DirectoryStorage;
let folder: string;
beforeEach(() => {
  folder = folderOf({ old: "old\n" });
  storage = new DirectoryStorage(folder);
});

const inFolder = (name: string) => join(folder, name);
const textOf = (name: string) => readFileSync(inFolder(name), "utf8");
const names = () => readdirSync(folder).sort();

/** What is no file stays, and is refused by both ways to write. */
describe.each([
  ["whole", (path: string) => writeTextFile(storage, path, "new\n", { replace: true })],
  ["by a line", (path: string) => appendRestorePoint(storage, path, "new\n")],
])("a file that is written %s", (_, write) => {
  it("is made where there is none, readable for all", async () => {
    await write("new");
    expect([textOf("new"), names()]).toEqual(["new\n", ["new", "old"]]);
    if (!isWindows) expect(statSync(inFolder("new")).mode & 0o777).toBe(0o644 & ~process.umask());
  });

  it("keeps its permissions where it is there", async () => {
    if (!isWindows) chmodSync(inFolder("old"), 0o600);
    await write("old");
    expect(textOf("old")).toMatch(/new\n$/);
    if (!isWindows) expect(statSync(inFolder("old")).mode & 0o777).toBe(0o600);
  });

  it("is none where a folder, a link or a pipe stands", async () => {
    mkdirSync(inFolder("folder"));
    const refused: [name: string, found: string, remedy: string][] = [["folder", "a folder", "make-way"]];
    if (!isWindows) {
      symlinkSync("old", inFolder("link"));
      symlinkSync("nowhere", inFolder("loose"));
      spawnSync("mkfifo", [inFolder("pipe")]);
      refused.push(["link", "a symbolic link", "replace-link"], ["loose", "a symbolic link", "replace-link"]);
      refused.push(["pipe", "something that is no file", "make-way"]);
    }
    const before = names();
    for (const [name, found, remedy] of refused) {
      await expect(write(name)).rejects.toMatchObject({
        ...{ code: "output/unwritable", path: name, remedy: { do: remedy } },
        message: `Expected a file or nothing at ${name}, found ${found}`,
      });
    }
    expect([names(), textOf("old"), existsSync(inFolder("nowhere"))]).toEqual([before, "old\n", false]);
  });

  it("needs its folder, and leaves nothing where there is none", async () => {
    await expect(write("none/new")).rejects.toMatchObject({ code: "output/unwritable", path: "none/new" });
    expect(names()).toEqual(["old"]);
  });
});

describe("writeTextFile", () => {
  it("takes bytes as they are", async () => {
    const bytes = Uint8Array.of(0xff, 0, 0xfe);
    await writeTextFile(storage, "new", bytes, { replace: false });
    expect([...readFileSync(inFolder("new"))]).toEqual([...bytes]);
  });

  it("replaces nothing unless that is wanted", async () => {
    await expect(writeTextFile(storage, "old", "new\n", { replace: false })).rejects.toMatchObject({
      ...{ code: "output/exists", path: "old" },
    });
    expect([textOf("old"), names()]).toEqual(["old\n", ["old"]]);
  });

  it("removes what a killed one left of the same file, and nothing of one that runs, or may", async () => {
    writeFileSync(temporaryName(inFolder("old"), gone()), "half");
    const running = temporaryName(inFolder("old"), thisOwner());
    writeFileSync(running, "half");
    const other = temporaryName(inFolder("other"), gone());
    writeFileSync(other, "half");
    const unknown = temporaryName(inFolder("old"), { ...gone(), system: "0" });
    writeFileSync(unknown, "half");
    await writeTextFile(storage, "old", "new\n", { replace: true });
    expect(names().map(inFolder).sort()).toEqual([running, other, unknown, inFolder("old")].sort());
  });
});

describe("appendRestorePoint", () => {
  it("keeps what is there, and ends its last line first", async () => {
    await appendRestorePoint(storage, "old", "one\n");
    writeFileSync(inFolder("cut"), "cut");
    await appendRestorePoint(storage, "cut", "one\n");
    writeFileSync(inFolder("empty"), "");
    await appendRestorePoint(storage, "empty", "one\n");
    expect(["old", "cut", "empty"].map(textOf)).toEqual(["old\none\n", "cut\none\n", "one\n"]);
  });

  it("leaves the whole lines of all that append at the same time", async () => {
    const lines = Array.from({ length: 20 }, (_, i) => `line ${i}\n`);
    await Promise.all(lines.map((line) => appendRestorePoint(storage, "old", line)));
    expect(
      textOf("old")
        .split(/(?<=\n)/)
        .sort(),
    ).toEqual(["old\n", ...lines].sort());
  });
});

describe("withLock", () => {
  const LOCK = ".lock.tmp";

  it("lets one after the other work, and gives what comes of it", async () => {
    let under = 0;
    const work = async (number: number) => {
      expect(++under).toBe(1);
      expect(existsSync(inFolder(LOCK))).toBe(true);
      await new Promise((resolve) => setTimeout(resolve, 3));
      under--;
      return number;
    };
    const done = await Promise.all([1, 2, 3, 4].map((n) => withLock(storage, LOCK, () => work(n))));
    expect([done, names()]).toEqual([[1, 2, 3, 4], ["old"]]);
  });

  it("is free again after work that failed", async () => {
    const failure = new Error("no");
    await expect(withLock(storage, LOCK, () => Promise.reject(failure))).rejects.toBe(failure);
    expect(names()).toEqual(["old"]);
  });

  it("takes the lock of a killed process over, also one whose breaker was killed", async () => {
    const owner = gone();
    writeFileSync(inFolder(LOCK), `${formatOwner(owner)}\n`);
    writeFileSync(inFolder(`.lock-${owner.random}.tmp`), `${formatOwner(gone())}\n`);
    expect(await withLock(storage, LOCK, async () => 5)).toBe(5);
    expect(names()).toEqual(["old"]);
  });

  it("takes one over of which nothing is known, once it is old", async () => {
    writeFileSync(inFolder(LOCK), "");
    const waiting = new AbortController();
    const work = vi.fn(async () => 5);
    const early = withLock(storage, LOCK, work, waiting.signal);
    setTimeout(() => waiting.abort(new Error("enough")), 60);
    await expect(early).rejects.toThrow("enough");
    expect([work.mock.calls.length, names()]).toEqual([0, [LOCK, "old"]]);
    const old = new Date(Date.now() - 11 * 60_000);
    utimesSync(inFolder(LOCK), old, old);
    expect(await withLock(storage, LOCK, work)).toBe(5);
  });

  it("waits for one that runs, and not for ever", async () => {
    writeFileSync(inFolder(LOCK), `${formatOwner(thisOwner())}\n`);
    const began = performance.now();
    const now = vi.spyOn(performance, "now").mockImplementation(() => now.mock.calls.length * 4000);
    await expect(withLock(storage, LOCK, async () => 5)).rejects.toMatchObject({
      ...{ code: "output/unwritable", path: LOCK, remedy: { do: "wait-for-lock" } },
    });
    now.mockRestore();
    expect(performance.now() - began).toBeLessThan(5000);
    expect(names()).toEqual([LOCK, "old"]);
  });

  it("leaves a lock that is another's by now", async () => {
    const other = `${formatOwner(thisOwner())}\n`;
    await withLock(storage, LOCK, async () => writeFileSync(inFolder(LOCK), other));
    expect(textOf(LOCK)).toBe(other);
    expect(lstatSync(inFolder(LOCK)).isFile()).toBe(true);
  });

  it("goes where the process ends meanwhile", async () => {
    const before = process.listeners("exit");
    await withLock(storage, LOCK, async () => {
      const own = process.listeners("exit").filter((listener) => !before.includes(listener));
      expect(own).toHaveLength(1);
      own[0]!.call(process, 0);
      expect(existsSync(inFolder(LOCK))).toBe(false);
    });
    expect(process.listeners("exit")).toEqual(before);
  });
});
