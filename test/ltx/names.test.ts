import { expect, it } from "vitest";
import { formatTxid, ltxName, parseLtxName, parseTxid } from "../../src/ltx/index.ts";

it("a name says the transactions of its file", () => {
  expect(parseLtxName("000000000000000d-00000000000000ff.ltx")).toEqual({ minTxid: 13, maxTxid: 255 });
  expect(ltxName(13, 255)).toBe("000000000000000d-00000000000000ff.ltx");
  const largest = "0000000000000001-001fffffffffffff.ltx";
  expect(parseLtxName(largest)).toEqual({ minTxid: 1, maxTxid: Number.MAX_SAFE_INTEGER });
  expect(ltxName(1, Number.MAX_SAFE_INTEGER)).toBe(largest);
});

it.each([
  "000000000000000D-00000000000000ff.ltx",
  "000000000000000d-00000000000000ff.ltx.tmp",
  "00000000000000d-00000000000000ff.ltx",
  "000000000000000d_00000000000000ff.ltx",
  "0/000000000000000d-00000000000000ff.ltx",
  "0000000000000000-00000000000000ff.ltx",
  "0000000000000002-0000000000000001.ltx",
  "0000000000000002-0020000000000000.ltx",
  "",
])("%j is no name of an LTX file", (name) => {
  expect(parseLtxName(name)).toBeUndefined();
});

it("a TXID has 16 digits, of either case", () => {
  expect(parseTxid("00000000000000Ff")).toBe(255);
  expect(formatTxid(255)).toBe("00000000000000ff");
  expect(formatTxid(0x1_0000_0000)).toBe("0000000100000000");
  for (const text of [
    "ff",
    "0000000000000000ff",
    "0020000000000000",
    "000000000000000g",
    " 00000000000000f",
  ]) {
    expect(parseTxid(text), text).toBeUndefined();
  }
});

it("numbers that are no TXID are refused", () => {
  for (const txid of [-1, 0.5, 2 ** 53, Number.NaN]) expect(() => formatTxid(txid)).toThrow(RangeError);
  expect(() => ltxName(0, 1)).toThrow(RangeError);
  expect(() => ltxName(2, 1)).toThrow(RangeError);
  expect(() => ltxName(1, Number.NaN)).toThrow(RangeError);
});
