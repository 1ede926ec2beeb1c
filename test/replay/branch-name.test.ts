import { expect, it } from "vitest";
import { isGenerationName } from "../../src/replay/branch-name.ts";

it.each(["0123456789abcdef", "0000000000000000"])("%s is a generation's name", (name) => {
  expect(isGenerationName(name)).toBe(true);
});

it.each([
  "0123456789ABCDEF",
  "0123456789abcde",
  "0123456789abcdef0",
  "0123456789abcdeg",
  "0123456789abcdef\n",
  "",
])("%j is none", (name) => {
  expect(isGenerationName(name)).toBe(false);
});
