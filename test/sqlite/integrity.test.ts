/** SQLite's check in memory, by sql.js, held against the word of another build of SQLite. */

import { describe, expect, it } from "vitest";
import { WalkitError } from "../../src/errors.ts";
import { checkIntegrity, MAX_INTEGRITY_SIZE, tooLarge } from "../../src/sqlite/index.ts";
import { KINDS, makeRich } from "./made.ts";

async function codeOf(bytes: Uint8Array<ArrayBuffer>, how: "quick" | "full" = "full"): Promise<string> {
  try {
    await checkIntegrity(bytes, how);
    return "ok";
  } catch (error) {
    if (error instanceof WalkitError) return error.code;
    throw error;
  }
}

describe.each(KINDS)("pages of %i bytes, auto-vacuum %i", (pageSize, autoVacuum) => {
  it("are in order where SQLite says so, also in WAL mode", async () => {
    const { bytes, all } = makeRich(pageSize, autoVacuum);
    expect(all("PRAGMA integrity_check")).toEqual([{ integrity_check: "ok" }]);
    const copy = bytes.slice();
    expect([await codeOf(copy), await codeOf(copy, "quick")]).toEqual(["ok", "ok"]);
    expect(copy).toEqual(bytes);
    copy.fill(2, 18, 20);
    expect(await codeOf(copy)).toBe("ok");
    // It was set to what sql.js can open.
    expect([...copy.subarray(18, 20)]).toEqual([1, 1]);
  });
});

it("an index that lacks a row is found by the full check", async () => {
  const { bytes, stat } = makeRich(4096);
  const { page, cells } = stat.find(({ name, kind }) => name === "keyed_value" && kind === "leaf")!;
  const changed = bytes.slice();
  const at = (page - 1) * 4096;
  // Its last cell is none any more.
  changed.set([(cells - 1) >>> 8, (cells - 1) & 255], at + 3);
  expect(await codeOf(changed.slice())).toBe("database/integrity");
});

it("is made of nothing that is too large, or after it was aborted", async () => {
  const reason = new Error("enough");
  const { bytes } = makeRich(512);
  await expect(checkIntegrity(bytes.slice(), "full", AbortSignal.abort(reason))).rejects.toBe(reason);
  expect(MAX_INTEGRITY_SIZE).toBe(2 ** 30);
  const error = tooLarge(2 ** 31);
  expect([error.code, error.message]).toEqual([
    "database/integrity-skipped",
    "Expected SQLite to check the database, found 2147483648 bytes: without an SQLite of the runtime's own at most 1073741824 are checked, in memory",
  ]);
});

it("has a verdict on a database cut or changed anywhere", async () => {
  const { bytes } = makeRich(512);
  const seen = new Map<string, number>();
  const look = async (data: Uint8Array<ArrayBuffer>) => {
    const code = await codeOf(data, "quick");
    seen.set(code, (seen.get(code) ?? 0) + 1);
  };
  for (let i = 0; i < 60; i++) {
    await look(bytes.slice(0, Math.floor((bytes.length * i) / 60)));
    const changed = bytes.slice();
    changed[(i * 7919) % bytes.length]! ^= 255;
    await look(changed);
    const header = bytes.slice();
    header[i + 40]! ^= 255;
    await look(header);
  }
  expect([...seen.keys()].sort()).toEqual(expect.arrayContaining(["database/integrity", "ok"]));
  for (const code of seen.keys()) expect(code).toMatch(/^(ok|database\/integrity(-skipped)?)$/);
});
