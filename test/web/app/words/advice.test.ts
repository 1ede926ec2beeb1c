/** Findings in the words of the page. */

import { expect, it } from "vitest";
import { doubtsIn, meaningOf } from "../../../../web/app/words/advice.ts";
import { finding } from "../../../../web/fake/report.ts";

it("is told in the findings' words, each once, and in no others", () => {
  const one = finding("replica/unproven-step", "there");
  const findings = [one, finding("lz4/content-checksum", "elsewhere"), { ...one, message: "and there" }];
  expect(doubtsIn(findings)).toEqual([meaningOf(one)]);
});
