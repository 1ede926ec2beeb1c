import { expect, it } from "vitest";
import { makeFinding } from "../../src/findings.ts";
import { statusOf } from "../../src/verify/report.ts";

const finding = (severity: "damage" | "inconclusive" | "warning" | "info") =>
  makeFinding("replica/stray-file", "a message", { severity });

it("the gravest finding decides, wherever it stands", () => {
  const [damage, open, odd, note] = (["damage", "inconclusive", "warning", "info"] as const).map(finding);
  expect(statusOf([])).toBe("ok");
  expect(statusOf([odd!, note!])).toBe("ok");
  expect(statusOf([odd!, open!])).toBe("inconclusive");
  expect(statusOf([open!, damage!, note!])).toBe("damaged");
});
