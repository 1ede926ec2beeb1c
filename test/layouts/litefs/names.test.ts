import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DATABASE, folderOf, isDatabasePath, parseLitefsPath } from "../../../src/layouts/litefs/names.ts";
import { ltxName } from "../../../src/ltx/index.ts";

const NAME = ltxName(10, 255);

describe("the path of an LTX file below its database's folder", () => {
  it.each([`ltx/${NAME}`, NAME])("is %s", (path) => {
    expect(parseLitefsPath(path)).toEqual({ minTxid: 10, maxTxid: 255 });
  });

  it.each([
    `ltx/0/${NAME}`,
    `ltx/ltx/${NAME}`,
    `other/${NAME}`,
    `/${NAME}`,
    `ltx/${NAME}.tmp`,
    `LTX/${NAME}`,
    NAME.toUpperCase(),
    "ltx/",
    "database",
    "",
  ])("is not %j", (path) => {
    expect(parseLitefsPath(path)).toBeUndefined();
  });
});

describe("the database", () => {
  it("is known by the whole of its name, and lies in the folder before it", () => {
    const folder = fc.array(fc.stringMatching(/^[a-z.]{1,8}$/), { maxLength: 3 });
    fc.assert(
      fc.property(folder, (parts) => {
        const prefix = parts.map((part) => `${part}/`).join("");
        expect(isDatabasePath(prefix + DATABASE)).toBe(true);
        expect(folderOf(prefix + DATABASE)).toBe(prefix);
        expect(isDatabasePath(`${prefix}ltx/${NAME}`)).toBe(false);
      }),
    );
  });

  it.each(["mydatabase", "a/mydatabase", "database/x", "database/", "Database", ""])("is not %j", (path) => {
    expect(isDatabasePath(path)).toBe(false);
  });
});
