/** SQLite's check of files, uncompiled: by sql.js. By the runtime's own engine: engine.test.ts. */

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { checkFileIntegrity, noEngine } from "../../src/sqlite/file.ts";
import { KINDS, makeRich } from "./made.ts";

const folder = mkdtempSync(join(tmpdir(), "walkit-file-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function fileOf(bytes: Uint8Array): string {
  const path = join(folder, "db");
  writeFileSync(path, bytes);
  return path;
}

it.each(KINDS)(
  "pages of %i bytes, auto-vacuum %i: is left as it is, with nothing beside it",
  async (size, auto) => {
    const { bytes } = makeRich(size, auto);
    for (const mode of [1, 2]) {
      const content = bytes.slice().fill(mode, 18, 20);
      const path = fileOf(content);
      for (const how of ["quick", "full"] as const)
        expect(await checkFileIntegrity(path, how)).toBeUndefined();
      expect(Buffer.compare(readFileSync(path), content)).toBe(0);
      expect(readdirSync(folder)).toEqual(["db"]);
    }
  },
);

it("what is damaged is said to be, whether its header is or not", async () => {
  const { bytes } = makeRich(1024, 1);
  const changed = bytes.slice();
  changed.fill(255, 1024 * 5, 1024 * 9);
  await expect(checkFileIntegrity(fileOf(changed), "full")).rejects.toMatchObject({
    code: "database/integrity",
  });
  const nothing = await checkFileIntegrity(fileOf(new Uint8Array(5000).fill(7)), "full").catch(
    (e: unknown) => e,
  );
  expect(nothing).toMatchObject({ code: "database/integrity" });
  // An empty file is an empty database.
  expect(await checkFileIntegrity(fileOf(new Uint8Array(0)), "full")).toBeUndefined();
});

it("what is not there, and what is aborted, fails of that", async () => {
  await expect(checkFileIntegrity(join(folder, "none"), "full")).rejects.toMatchObject({ code: "ENOENT" });
  const reason = new Error("enough");
  const path = fileOf(makeRich(512).bytes);
  await expect(checkFileIntegrity(path, "full", { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  expect(existsSync(path)).toBe(true);
});

it("what is too large says which runtimes could do it", () => {
  const { code, message, remedy } = noEngine(5e9);
  expect(code).toBe("database/integrity-skipped");
  expect(message).toMatch(
    /^Expected SQLite to check the database, found a database of 5000000000 bytes and /,
  );
  expect(message).toContain("at most 1073741824 bytes are checked, in memory");
  expect(remedy).toEqual({ do: "check-elsewhere", because: "no-engine" });
});
