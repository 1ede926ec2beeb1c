/** Findings and remedies in the words of the page, which has no command line. */

import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { ErrorCode } from "../../../../src/errors.ts";
import { RULES } from "../../../../src/words/index.ts";
import { actionOf, doubtsIn, meaningOf } from "../../../../web/app/words/advice.ts";
import { finding } from "../../../../web/fake/report.ts";
import { REMEDIES } from "../../../support/remedies.ts";
import { COMMAND_LINE, commandLineIn } from "../../../support/words.ts";

const WEB = fileURLToPath(new URL("../../../../web/", import.meta.url));

describe.each(Object.keys(RULES) as ErrorCode[])("%s", (code) => {
  it("is told without options and commands", () => {
    for (const path of [undefined, "snapshots/00000000.snapshot.lz4"]) {
      const one = finding(code, "Expected x, found y", { path });
      expect(meaningOf(one)).not.toMatch(COMMAND_LINE);
      expect(actionOf(one)).not.toMatch(COMMAND_LINE);
    }
  });
});

describe.each(Object.entries(REMEDIES))("the remedy %s", (kind, remedies) => {
  it("is told without options and commands", () => {
    for (const remedy of remedies) {
      const words = actionOf(finding("replica/ltx", "Expected x, found y", { remedy }));
      expect(words).not.toMatch(COMMAND_LINE);
      expect(words).not.toMatch(/undefined|\[object/);
      if (kind === "say") expect(words).toBe("Do this");
    }
  });
});

describe("what the page says of itself", () => {
  const files = readdirSync(WEB, { recursive: true, encoding: "utf8" })
    .map((path) => path.replaceAll("\\\\", "/"))
    .filter((path) => /^(app|panels|picture|engine)\/.*\.ts$|^index\.html$/.test(path));

  it("names options and commands where it hands over a command line, and nowhere else", () => {
    const found = files.filter((path) => commandLineIn(readFileSync(WEB + path, "utf8")).length > 0);
    expect(found).toEqual(["panels/command.ts"]);
  });
});

it("is told in the findings' words, each once, and in no others", () => {
  const one = finding("replica/unproven-step", "there");
  const findings = [one, finding("lz4/content-checksum", "elsewhere"), { ...one, message: "and there" }];
  expect(doubtsIn(findings)).toEqual([meaningOf(one)]);
});
