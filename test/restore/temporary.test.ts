/** Temporary files of a restore: for their owner alone, gone when it ends, and found again where it was killed. */

import { linkSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CALLS, takeBack } from "../../src/restore/publish.ts";
import { clearLeftovers, withTemporaryFile } from "../../src/restore/temporary.ts";
import { temporaryName } from "../../src/storage/leftovers.ts";
import { thisOwner } from "../../src/storage/owner.ts";
import { folderOf, gone } from "./folders.ts";

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

it.skipIf(process.platform === "win32")(
  "a temporary file is its owner's alone, whatever the umask",
  async () => {
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
  },
);

it("links to one file are one file", () => {
  const folder = folderOf({ "a.db": "new" });
  linkSync(join(folder, "a.db"), temporaryName(join(folder, "a.db"), gone()));
  clearLeftovers(join(folder, "a.db"));
  expect(readFileSync(join(folder, "a.db"), "utf8")).toBe("new");
  expect(readdirSync(folder)).toEqual(["a.db"]);
});
