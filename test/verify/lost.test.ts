import { expect, it } from "vitest";
import { makeFinding, type Severity } from "../../src/findings.ts";
import { isLostBetween } from "../../src/verify/lost.ts";

const at = (position: string | undefined, severity: Severity = "damage") =>
  makeFinding("ltx/file-checksum", "Expected another checksum", { position, severity });
const txid = (number: number) => number.toString(16).padStart(16, "0");
const between = (...findings: ReturnType<typeof at>[]) => isLostBetween(findings, { txid: 4 }, { txid: 8 });

it("between two states of a WAL something is lost always: it keeps every commit", () => {
  expect(isLostBetween([], { index: 1, offset: 32 }, { index: 1, offset: 64 })).toBe(true);
});

it("between two states of LTX files something is lost where damage begins, from the one up to the other", () => {
  expect([3, 4, 7, 8].map((number) => between(at(txid(number))))).toEqual([false, true, true, false]);
  expect(between(at(txid(3)), at(txid(9)), at(txid(5)))).toBe(true);
});

it("between two states of LTX files nothing is lost by what is no damage, lies nowhere, or in a WAL", () => {
  for (const severity of ["warning", "info", "inconclusive"] as const)
    expect([severity, between(at(txid(5), severity))]).toEqual([severity, false]);
  expect([between(), between(at(undefined)), between(at("00000005:00000000"))]).toEqual([
    false,
    false,
    false,
  ]);
});
