/** What the library leaves to front ends: words for what to do. */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { type ErrorCode, WalkitError } from "../../src/errors.ts";
import { findingOf } from "../../src/findings.ts";
import { describeFinding, RULES, wordRemedy } from "../../src/words/index.ts";
import { importsBelow } from "../support/imports.ts";
import { REMEDIES } from "../support/remedies.ts";
import { commandLineIn } from "../support/words.ts";

const SRC = fileURLToPath(new URL("../../src/", import.meta.url));

describe("options and commands are named in the words alone", () => {
  /** What is written for a command line, whoever asks for it. */
  const MAY = [
    // A comment in the file that a restore leaves, for whoever opens that.
    "restore/history.ts",
  ];
  const found = [...importsBelow("src").keys()].filter(
    (path) => !/^(cli|words)\//.test(path) && commandLineIn(readFileSync(SRC + path, "utf8")).length > 0,
  );

  it("in no other file of the library", () => {
    expect(found.filter((path) => !MAY.includes(path))).toEqual([]);
  });

  it.each(MAY)("%s has to", (path) => {
    expect(found).toContain(path);
  });

  it("what a front end says in its own words the library does not", () => {
    const saying = [...importsBelow("src").keys()].filter(
      (path) => !/^(cli|words)\//.test(path) && /\bdo: "say"/.test(readFileSync(SRC + path, "utf8")),
    );
    expect(saying).toEqual(["remedy.ts"]);
  });
});

describe.each(Object.entries(REMEDIES))("the remedy %s", (_, remedies) => {
  it("is a sentence, or leaves it to what is usual", () => {
    for (const remedy of remedies) {
      const words = wordRemedy(remedy, "What is usual");
      if (words === undefined) continue;
      expect(words).toMatch(/^\S.{5,}\S$/s);
      expect(words).not.toMatch(/undefined|\[object/);
    }
  });

  it("is data", () => {
    for (const remedy of remedies) expect(structuredClone(remedy)).toEqual(remedy);
  });
});

describe("a finding in words", () => {
  const told = (code: ErrorCode, details: ConstructorParameters<typeof WalkitError>[2] = {}) =>
    describeFinding(findingOf(new WalkitError(code, "Expected x, found y", details)));

  it.each(Object.keys(RULES) as ErrorCode[])("%s means what its code means", (code) => {
    const { meaning, action } = RULES[code];
    expect(told(code)).toEqual({ meaning, action });
  });

  it("a damaged snapshot is no damaged segment", () => {
    const { meaning, action } = told("lz4/truncated", { path: "snapshots/00000000.snapshot.lz4" });
    expect(meaning).toContain("snapshot");
    expect(action).not.toBe(RULES["lz4/truncated"].action);
    expect(told("lz4/truncated", { path: "wal/00000000_00000000.wal.lz4" }).meaning).not.toBe(meaning);
  });

  it("says its own remedy, or what is usual where that says nothing", () => {
    const { meaning, action } = RULES["storage/unreadable"];
    const full = { do: "make-readable", failure: "EIO" } as const;
    expect(told("storage/unreadable", { remedy: full })).toEqual({
      meaning,
      action: expect.stringMatching(/^The disk fails/),
    });
    const unknown = { do: "make-readable", failure: "E" } as const;
    expect(told("storage/unreadable", { remedy: unknown })).toEqual({ meaning, action });
  });

  it("of an error are those of its finding", () => {
    const error = new WalkitError("target/out-of-range", "Expected x, found y", {
      remedy: { do: "recompress" },
    });
    expect(describeFinding(error)).toEqual(describeFinding(findingOf(error)));
  });

  it("with a remedy within a remedy says both", () => {
    const steps = [{ from: "00000000:00001038", to: "00000001:00000000" }];
    const { action } = told("database/integrity", {
      remedy: { do: "look-at-steps", steps, besides: undefined },
    });
    expect(action).toMatch(/^Look first where .*\(00000000:00001038 to 00000001:00000000\)/);
    expect(action.endsWith(RULES["database/integrity"].action)).toBe(true);
  });
});
