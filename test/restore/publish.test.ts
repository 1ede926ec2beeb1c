/** The names of a restored database: whatever fails on the way, and wherever the process is killed. */

import { lstatSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { WalkitError } from "../../src/errors.ts";
import { CALLS, type FolderCalls, publish } from "../../src/restore/publish.ts";
import { clearLeftovers } from "../../src/restore/temporary.ts";
import { temporaryName } from "../../src/storage/leftovers.ts";
import { folderOf, gone } from "./folders.ts";

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
