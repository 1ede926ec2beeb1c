/** The names of a restored database: whatever fails on the way, and wherever the process is killed. */

import { spawnSync } from "node:child_process";
import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { WalkitError } from "../../src/errors.ts";
import { inherit } from "../../src/restore/output.ts";
import { CALLS, type FolderCalls, publish, takeBack } from "../../src/restore/publish.ts";
import { clearLeftovers, withTemporaryFile } from "../../src/restore/temporary.ts";
import { temporaryName } from "../../src/storage/leftovers.ts";
import { thisOwner } from "../../src/storage/owner.ts";

const made: string[] = [];
afterAll(() => {
  for (const folder of made) rmSync(folder, { recursive: true, force: true });
});

function folderOf(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), "walkit-publish-"));
  made.push(folder);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

/** Names, bytes and permissions. */
function contentsOf(folder: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder)
      .sort()
      .map((name) => {
        const path = join(folder, name);
        return [name, `${(lstatSync(path).mode & 0o7777).toString(8)} ${readFileSync(path, "utf8")}`];
      }),
  );
}

/** Calls of which the `n`-th fails; `forGood`: every later one as well, as if the process were killed. */
class Failing implements FolderCalls {
  count = 0;
  readonly #at: number;
  readonly #forGood: boolean;
  readonly #links: boolean;

  constructor(at: number, { forGood = false, links = true } = {}) {
    this.#at = at;
    this.#forGood = forGood;
    this.#links = links;
  }

  #next(): void {
    const now = this.count++;
    if (now === this.#at || (this.#forGood && now > this.#at))
      throw Object.assign(new Error("EIO: i/o error"), { code: "EIO", syscall: "rename" });
  }

  rename(from: string, to: string): void {
    this.#next();
    CALLS.rename(from, to);
  }

  link(from: string, to: string): void {
    this.#next();
    if (!this.#links) throw Object.assign(new Error("EPERM: no links here"), { code: "EPERM" });
    CALLS.link(from, to);
  }

  unlink(path: string): void {
    this.#next();
    CALLS.unlink(path);
  }

  sync(folder: string): void {
    CALLS.sync(folder);
  }
}

/** A process that has ended. */
const { pid } = spawnSync(process.execPath, ["-e", ""]);
const gone = () => ({ ...thisOwner(), pid, start: "1" });

const OLD = { "a.db": "old", "a.db-wal": "old wal", "a.db-shm": "old shm", "a.db.history": "old history" };
const CASES: [what: string, before: Record<string, string>, history: boolean, force: boolean][] = [
  ["a new database", {}, false, false],
  ["a new database with a history", {}, true, false],
  ["over another one", OLD, false, true],
  ["over another one, with a history", OLD, true, true],
  ["over one without a history", { "a.db": "old", "a.db-journal": "old journal" }, true, true],
  ["over what an earlier one left", { "a.db-wal": "old wal", "a.db.history": "old history" }, true, true],
];

describe.each(CASES)("%s", (_, before, history, force) => {
  /** The folder, as it was, with a finished restore in it. */
  const prepared = () => {
    const folder = folderOf(before);
    const was = contentsOf(folder);
    const output = join(folder, "a.db");
    const temporary = temporaryName(output, gone());
    writeFileSync(temporary, "new", { mode: 0o600 });
    if (history) writeFileSync(`${temporary}-history`, "new history", { mode: 0o600 });
    return { folder, was, paths: { temporary, output, history, force } };
  };
  const after = {
    "a.db": "600 new",
    ...(history ? { "a.db.history": "600 new history" } : {}),
  };

  it.each([true, false])("is all there, and nothing besides (links: %s)", (links) => {
    const { folder, paths } = prepared();
    publish(paths, new Failing(-1, { links }));
    expect(contentsOf(folder)).toEqual(after);
  });

  it("is as before where any step fails", () => {
    let steps = 0;
    for (const links of [true, false]) {
      for (let at = 0; ; at++) {
        const { folder, was, paths } = prepared();
        const calls = new Failing(at, { links });
        let failed = false;
        try {
          publish(paths, calls);
        } catch {
          failed = true;
        }
        if (failed) {
          // The temporary files are whose who made them.
          rmSync(paths.temporary);
          rmSync(`${paths.temporary}-history`, { force: true });
          expect([at, links, contentsOf(folder)]).toEqual([at, links, was]);
          steps++;
        } else {
          // A link that fails is done by a rename; what only clears up may fail, and is done by the next restore.
          clearLeftovers(paths.output);
          expect([at, links, contentsOf(folder)]).toEqual([at, links, after]);
        }
        if (calls.count <= at) break;
      }
    }
    expect(steps).toBeGreaterThan(force ? 1 : 0);
  });

  it("is as before, or as after, wherever it is killed, once another restore has looked", () => {
    const seen = new Set<string>();
    for (let at = 0; ; at++) {
      const { folder, was, paths } = prepared();
      const calls = new Failing(at, { forGood: true });
      try {
        publish(paths, calls);
      } catch {
        // Killed.
      }
      const findings = clearLeftovers(paths.output);
      const now = contentsOf(folder);
      const done = now["a.db"] === after["a.db"];
      expect([at, now]).toEqual([at, done ? after : was]);
      seen.add(done ? "after" : "before");
      if (calls.count <= at) break;
      expect(findings.map(({ code }) => code)).toEqual(["output/leftover"]);
    }
    expect([...seen].sort()).toEqual(["after", "before"]);
  });
});

describe("what a killed restore left", () => {
  const killed = (files: Record<string, string> = {}) => {
    const folder = folderOf(files);
    const output = join(folder, "a.db");
    return { folder, output, path: temporaryName(output, gone()) };
  };

  it("of another output, of a running process, or that others made, stays", () => {
    const { folder, output } = killed();
    const names = [
      temporaryName(join(folder, "b.db"), gone()),
      temporaryName(join(folder, "a.db2"), gone()),
      temporaryName(join(folder, "xa.db"), gone()),
      temporaryName(output, thisOwner()),
      join(folder, ".a.db.walkit-1.tmp"),
      `${temporaryName(output, gone())}.bak`,
      `${temporaryName(output, gone())}-other`,
    ];
    for (const name of names) writeFileSync(name, "");
    expect(clearLeftovers(output)).toEqual([]);
    expect(readdirSync(folder)).toHaveLength(names.length);
  });

  it("of which nothing can be known stays for a day, and is mentioned", () => {
    const { folder, output } = killed();
    for (const owner of [
      { ...gone(), space: "00000000" },
      { ...gone(), system: "0" },
      { ...gone(), system: "h12345678" },
    ]) {
      const path = temporaryName(output, owner);
      writeFileSync(path, "");
      const [finding] = clearLeftovers(output);
      expect([finding?.severity, finding?.path]).toEqual(["warning", path]);
      expect(finding?.message).toContain("may still be writing it");
      const day = 24 * 60 * 60 * 1000;
      expect(clearLeftovers(output, Date.now() + day - 60_000)).toHaveLength(1);
      expect(readdirSync(folder)).toHaveLength(1);
      expect(clearLeftovers(output, Date.now() + day + 60_000)[0]!.severity).toBe("info");
    }
    expect(readdirSync(folder)).toEqual([]);
  });

  it("of this machine before it was started anew is removed", () => {
    const { output } = killed();
    writeFileSync(temporaryName(output, { ...gone(), system: "b00000000" }), "");
    const [finding] = clearLeftovers(output);
    // Only of a disk that is this machine's own can that be said.
    expect(finding?.message).toMatch(process.platform === "linux" ? /removed$/ : /may still be/);
  });

  it("has its names cut where the output's is long, and is found all the same", () => {
    for (const name of ["x".repeat(255), "é".repeat(127), "😀".repeat(60)]) {
      const { folder } = killed();
      const output = join(folder, name);
      writeFileSync(temporaryName(output, gone()), "");
      writeFileSync(temporaryName(output.slice(0, -2), gone()), "");
      expect(clearLeftovers(output)).toHaveLength(1);
      expect(readdirSync(folder)).toHaveLength(1);
    }
  });

  it("is not put back beside a database that has gone on since", () => {
    const { folder, output, path } = killed({ "a.db": "old" });
    writeFileSync(path, "new");
    writeFileSync(`${path}-wal`, "old wal");
    const later = new Date(Date.now() + 60_000);
    utimesSync(output, later, later);
    const findings = clearLeftovers(output);
    expect(findings[0]!.message).toMatch(/the database has changed since/);
    expect(readFileSync(`${path}-wal`, "utf8")).toBe("old wal");
    expect(readdirSync(folder)).not.toContain("a.db-wal");
  });

  it("is taken back once: what stands there by now stays", () => {
    const { output, path } = killed({ "a.db": "old", "a.db-wal": "newer wal" });
    writeFileSync(path, "new");
    writeFileSync(`${path}-wal`, "old wal");
    expect(takeBack(path, output)).toEqual([`${path}-wal`]);
    expect(readFileSync(`${output}-wal`, "utf8")).toBe("newer wal");
  });
});

it("a name that was taken meanwhile is refused, and nothing is touched", () => {
  const folder = folderOf({ "a.db": "theirs" });
  const output = join(folder, "a.db");
  const temporary = join(folder, ".t.tmp");
  writeFileSync(temporary, "new");
  let thrown: unknown;
  try {
    publish({ temporary, output, history: false, force: false });
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(WalkitError);
  expect((thrown as WalkitError).code).toBe("output/exists");
  expect(readFileSync(output, "utf8")).toBe("theirs");
});

it("a temporary file stays where what it moved aside could not be put back", async () => {
  const folder = folderOf({});
  const output = join(folder, "a.db");
  await withTemporaryFile(output, async ({ path }) => writeFileSync(`${path}-wal`, "old wal"));
  expect(readdirSync(folder)).toHaveLength(2);
});

it("what is aside goes once the database has its name", async () => {
  const folder = folderOf({});
  const output = join(folder, "a.db");
  await withTemporaryFile(output, async ({ path }) => {
    CALLS.rename(path, output);
    writeFileSync(`${path}-wal`, "old wal");
  });
  expect(readdirSync(folder)).toEqual(["a.db"]);
});

describe.skipIf(process.platform === "win32")("rights", () => {
  it("are the owner's alone, whatever the umask", async () => {
    const folder = folderOf({});
    const before = process.umask(0);
    try {
      await withTemporaryFile(join(folder, "a.db"), async ({ path }) => {
        expect(statSync(path).mode & 0o777).toBe(0o600);
      });
    } finally {
      process.umask(before);
    }
    expect(readdirSync(folder)).toEqual([]);
  });

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

it("links to one file are one file", () => {
  const folder = folderOf({ "a.db": "new" });
  linkSync(join(folder, "a.db"), temporaryName(join(folder, "a.db"), gone()));
  clearLeftovers(join(folder, "a.db"));
  expect(contentsOf(folder)["a.db"]).toMatch(/ new$/);
  expect(readdirSync(folder)).toEqual(["a.db"]);
});
