import { describe, expect, it } from "vitest";
import { LTX_PREFIXES, parseLtxPath, placeIn, rootIn } from "../../../src/layouts/ltx/names.ts";

const NAME = "000000000000000a-00000000000000ff.ltx";
const TXIDS = { minTxid: 10, maxTxid: 255 };

describe("the path of an LTX file", () => {
  it.each([
    [`ltx/0/${NAME}`, 0],
    [`ltx/9/${NAME}`, 9],
    [`0000/${NAME}`, 0],
    [`0009/${NAME}`, 9],
  ])("%s is of level %i", (path, level) => {
    expect(parseLtxPath(path)).toEqual({ level, ...TXIDS });
    expect(LTX_PREFIXES.some((prefix) => path.startsWith(prefix))).toBe(true);
    for (const root of ["", "app.db/", "a/ltx/0/b/"]) {
      expect(placeIn(root + path)).toEqual({ level, ...TXIDS });
      expect(rootIn(root + path)).toBe(root);
    }
  });

  it.each([
    `ltx/10/${NAME}`,
    `ltx/a/${NAME}`,
    `ltx/${NAME}`,
    `000a/${NAME}`,
    `00000/${NAME}`,
    `0000/0/${NAME}`,
    `ltx/0/${NAME}.tmp`,
    `ltx/0/${NAME.toUpperCase()}`,
    "ltx/0/000000000000000b-000000000000000a.ltx",
    "ltx/0/0000000000000000-000000000000000a.ltx",
    "ltx/0/a-b.ltx",
    "lock.json",
  ])("is not %s", (path) => {
    expect(parseLtxPath(path)).toBeUndefined();
  });

  it("is to be asked for where it is one", () => {
    expect(() => placeIn("generations/x")).toThrow(RangeError);
  });
});
