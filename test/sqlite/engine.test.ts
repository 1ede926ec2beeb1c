/** SQLite's check of databases of every kind: the same verdict from every engine, and files that stay as they were. */

import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sqlite from "node-sqlite3-wasm";
import { afterAll, describe, expect, it } from "vitest";
import { WalkitError } from "../../src/errors.ts";
import { checkFileIntegrity } from "../../src/sqlite/file.ts";
import { judge } from "../../src/sqlite/judge.ts";
import { build } from "../cli/support.ts";
import { ENGINES } from "../support/engines.ts";

build();

const folder = mkdtempSync(join(tmpdir(), "walkit-engines-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));
const made = spawnSync(process.execPath, [here("databases.mjs"), folder], { encoding: "utf8" });
if (made.status !== 0) throw new Error(made.stderr.slice(-500));
const databases: { name: string; verdict: string; blind: string }[] = JSON.parse(
  readFileSync(join(folder, "databases.json"), "utf8"),
);

const VERDICTS: Record<string, string> = {
  "database/integrity": "damaged",
  "database/integrity-skipped": "skipped",
};
const verdictOf = (error: unknown) =>
  error instanceof WalkitError ? (VERDICTS[error.code] ?? error.code) : String(error);

describe.each(databases)("$name", ({ name, verdict, blind }) => {
  const path = join(folder, `${name}.db`);

  it("is judged here, and left as it is", async () => {
    const before = readFileSync(path);
    const found = await checkFileIntegrity(path, "full").then(() => "ok", verdictOf);
    expect([verdict, blind]).toContain(found);
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(readdirSync(folder).filter((one) => one.startsWith(`${name}.db-`))).toEqual([]);
  });

  // It opens no database in WAL mode.
  it.runIf(!/wal$/.test(name))("is judged the same by another build of SQLite", () => {
    let database: InstanceType<typeof sqlite.Database> | undefined;
    let found = "ok";
    try {
      judge((sql) => {
        database ??= new sqlite.Database(path, { readOnly: true });
        return database.all(sql).map((row) => Object.values(row)[0]);
      }, "full");
    } catch (error) {
      found = verdictOf(error);
    } finally {
      database?.close();
    }
    // It has FTS5, but no FTS4.
    expect(found).toBe(name === "fts4-tokenizer" ? "ok" : verdict);
  });
});

it.each(ENGINES)("all of them by the engine of %s", (_, program, ...words) => {
  const { stdout, stderr, status } = spawnSync(program!, [...words, here("engine.mjs"), folder], {
    encoding: "utf8",
  });
  expect([stderr, status]).toEqual(["", 0]);
  expect(stdout).toContain("its own SQLite");
});

describe("what SQLite says", () => {
  const saying = (...said: string[]) => {
    try {
      judge((sql) => (/_check\(/.test(sql) ? said : []), "full");
      return "ok";
    } catch (error) {
      return verdictOf(error);
    }
  };
  const throwing = (message: string) => {
    try {
      judge(() => {
        throw new Error(message);
      }, "quick");
      return "ok";
    } catch (error) {
      return verdictOf(error);
    }
  };

  it("counts as damage where it is about the bytes", () => {
    expect(saying("ok")).toBe("ok");
    expect(saying("row 1 missing from index ti")).toBe("damaged");
    expect(saying("unable to validate the inverted index for FTS5 table main.v: SQL logic error")).toBe(
      "skipped",
    );
    expect(
      saying("unable to validate the inverted index for FTS5 table main.v: x", "row 1 missing from index ti"),
    ).toBe("damaged");
    expect(saying()).toBe("skipped");
    expect(throwing("database disk image is malformed")).toBe("damaged");
    expect(throwing("malformed database schema (t) - invalid rootpage")).toBe("damaged");
    for (const message of [
      "database or disk is full",
      "disk I/O error",
      "out of memory",
      "no such collation sequence: de_DE",
      "no such module: spellfix1",
      "unknown function: f()",
      "malformed database schema (w) - no such function: f",
      "SQL logic error",
    ])
      expect([message, throwing(message)]).toEqual([message, "skipped"]);
  });

  it("is cut where a hostile database makes it long", () => {
    const long = () => judge((sql) => (/_check\(/.test(sql) ? ["x".repeat(1e6)] : []), "full");
    expect(long).toThrow(expect.objectContaining({ message: expect.stringMatching(/^.{1,700}$/) }));
  });
});
