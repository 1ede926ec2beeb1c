/** What an engine's words come to, whichever engine says them. Its verdict on real databases: engine.test.ts. */

import { describe, expect, it } from "vitest";
import { WalkitError } from "../../src/errors.ts";
import { judge, type Query, skipped } from "../../src/sqlite/judge.ts";

/** What comes of a check whose engine answers so. */
function verdict(query: Query, how: "quick" | "full" = "full"): WalkitError | undefined {
  try {
    judge(query, how);
    return undefined;
  } catch (error) {
    if (error instanceof WalkitError) return error;
    throw error;
  }
}

const saying =
  (said: unknown[]): Query =>
  (sql) =>
    /_check\(/.test(sql) ? said : [];

describe("the check", () => {
  it.each([
    ["quick", "quick_check"],
    ["full", "integrity_check"],
  ] as const)("that is asked for is made: %s", (how, pragma) => {
    const asked: string[] = [];
    judge((sql) => {
      asked.push(sql);
      return saying(["ok"])(sql);
    }, how);
    expect(asked).toEqual(["PRAGMA ignore_check_constraints=1", `PRAGMA ${pragma}(20)`]);
  });

  it("has its first problems told, and the others counted", () => {
    const problems = ["one", "two", "three", "four", "five"];
    const messageOf = (count: number) => verdict(saying(problems.slice(0, count)))!.message;
    expect(messageOf(1)).toBe("Expected SQLite's integrity_check to say ok, found: one");
    expect(messageOf(3)).toBe("Expected SQLite's integrity_check to say ok, found: one; two; three");
    expect(messageOf(5)).toBe(
      "Expected SQLite's integrity_check to say ok, found: one; two; three (and 2 more)",
    );
    expect(verdict(saying(problems), "quick")!.code).toBe("database/integrity");
  });

  it("may say anything, that is no text, too", () => {
    expect(verdict(saying([null]))!.code).toBe("database/integrity");
    expect(verdict(saying([7n]))!.message).toMatch(/found: 7$/);
    expect(verdict(saying([]))!.code).toBe("database/integrity-skipped");
  });
});

describe("a check that cannot be made", () => {
  const failing =
    (message: string, version: unknown[] | Error = ["3.50.0"]): Query =>
    (sql) => {
      if (/version/.test(sql)) {
        if (version instanceof Error) throw version;
        return version;
      }
      throw new Error(message);
    };

  it("says what SQLite says, and which SQLite it is", () => {
    const { code, message } = verdict(failing("no such module: vec0"))!;
    expect([code, message]).toEqual([
      "database/integrity-skipped",
      "Expected SQLite to check the database, SQLite 3.50.0 says: no such module: vec0",
    ]);
    expect(verdict(failing("disk I/O error", new Error("it does not open")))!.message).toBe(
      "Expected SQLite to check the database, SQLite says: disk I/O error",
    );
  });

  it("is one where the schema is newer than SQLite, and none where it is broken", () => {
    const codeOf = (message: string) => verdict(failing(message))!.code;
    expect(codeOf('malformed database schema (t) - near "STRICT": syntax error')).toBe(
      "database/integrity-skipped",
    );
    expect(codeOf("malformed database schema (t) - unknown function: f()")).toBe(
      "database/integrity-skipped",
    );
    expect(codeOf("malformed database schema (t) - orphan index")).toBe("database/integrity");
    expect(codeOf("file is not a database")).toBe("database/integrity");
  });

  it("says no more than a hostile database deserves", () => {
    const long = "x".repeat(1e6);
    expect(verdict(failing(long))!.message.length).toBeLessThan(700);
    expect(verdict(failing(`malformed database schema (${long}`))!.message.length).toBeLessThan(700);
    expect(verdict(saying(new Array(20).fill(long)))!.message.length).toBeLessThan(1700);
  });
});

it("what was skipped says why, and what to do", () => {
  const remedy = { do: "say", text: "Do this" } as const;
  const error = skipped("found none", remedy);
  expect([error.code, error.message, error.remedy]).toEqual([
    "database/integrity-skipped",
    "Expected SQLite to check the database, found none",
    remedy,
  ]);
});
