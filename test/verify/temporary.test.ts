/** Verify's copy of the newest state on disk: private, checked, and gone whatever happens. */

import { chmodSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import sqlite from "node-sqlite3-wasm";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { MAX_INTEGRITY_SIZE } from "../../src/sqlite/index.ts";
import type { IntegrityCheck } from "../../src/verify/options.ts";
import { openIntegrityCheck } from "../../src/verify/temporary.ts";
import { folderOf } from "../restore/folders.ts";

const engine = vi.hoisted(() => ({ isThere: true }));

// Uncompiled, walkit has no engine on any runtime: what it says that it has is checked by sql.js then.
vi.mock("../../src/sqlite/engine.ts", async (original) => ({
  ...(await original<typeof import("../../src/sqlite/engine.ts")>()),
  hasEngine: () => engine.isThere,
}));

const LARGE = MAX_INTEGRITY_SIZE + 1;
let folder: string;
beforeEach(() => {
  engine.isThere = true;
  folder = folderOf({});
});

/** A database of some pages. `wal`: it says that it is in WAL mode. */
function database({ wal = false } = {}): Uint8Array<ArrayBuffer> {
  const path = join(folderOf({}), "db");
  const db = new sqlite.Database(path);
  db.exec("PRAGMA page_size=1024; CREATE TABLE t (x); CREATE INDEX i ON t (x)");
  db.exec(
    "WITH n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 99) INSERT INTO t SELECT i FROM n",
  );
  db.close();
  const bytes = Uint8Array.from(readFileSync(path));
  if (wal) bytes.fill(2, 18, 20);
  return bytes;
}

async function written(bytes: Uint8Array<ArrayBuffer>): Promise<IntegrityCheck> {
  const check = await openIntegrityCheck(bytes.length, undefined, { folder });
  for (let at = 0; at < bytes.length; at += 1000)
    await check!.sink.write({ type: "write", position: at, data: bytes.subarray(at, at + 1000) });
  return check!;
}

/** The one file in the one folder that is in there. */
function fileIn(within: string): string {
  const [name, ...others] = readdirSync(within);
  expect(others).toEqual([]);
  expect(readdirSync(join(within, name!))).toEqual(["database"]);
  return join(within, name!, "database");
}

describe("the file", () => {
  it("is what was written, its owner's alone, and goes with all around it", async () => {
    const bytes = database();
    const check = await written(bytes);
    const path = fileIn(folder);
    expect(Buffer.compare(readFileSync(path), bytes)).toBe(0);
    if (process.platform !== "win32")
      expect([statSync(path).mode & 0o777, statSync(join(path, "..")).mode & 0o777]).toEqual([0o600, 0o700]);
    await check.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  it("begins anew where the pass does", async () => {
    const check = await written(database());
    await check.sink.write({ type: "truncate", size: 0 });
    expect(readFileSync(fileIn(folder))).toHaveLength(0);
    await check.close();
  });

  it.each([false, true])("is checked (in WAL mode: %s), and damage is found", async (wal) => {
    const bytes = database({ wal });
    const good = await written(bytes);
    await good.check("full");
    // Nothing has to be laid beside it then.
    expect([...readFileSync(fileIn(folder)).subarray(18, 20)]).toEqual([1, 1]);
    await good.close();
    const bad = await written(bytes.fill(0, 1024, 2048));
    await expect(bad.check("full")).rejects.toMatchObject({ code: "database/integrity" });
    await bad.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  it("goes where the process ends meanwhile, and is not looked for once it is closed", async () => {
    const before = process.listeners("exit");
    const check = await written(database());
    const own = process.listeners("exit").filter((listener) => !before.includes(listener));
    expect(own).toHaveLength(1);
    own[0]!.call(process, 0);
    expect(readdirSync(folder)).toEqual([]);
    await check.close();
    expect(process.listeners("exit")).toEqual(before);
  });

  it("that cannot be written any more leaves the check unmade", async () => {
    const check = await written(database());
    await check.close();
    for (const chunk of [
      { type: "write", position: 5000, data: new Uint8Array(10) },
      { type: "truncate", size: 0 },
    ] as const)
      await expect(check.sink.write(chunk)).rejects.toMatchObject({
        ...{ code: "database/integrity-skipped", remedy: { do: "make-room" } },
        message: expect.stringContaining(folder),
      });
    await expect(check.check("quick")).rejects.toMatchObject({ code: "database/integrity-skipped" });
  });
});

describe("where there can be no file", () => {
  it("a database that memory has room for is left to that; a larger one is not checked", async () => {
    const none = join(folder, "none");
    expect(await openIntegrityCheck(1000, undefined, { folder: none })).toBeUndefined();
    await expect(openIntegrityCheck(LARGE, undefined, { folder: none })).rejects.toMatchObject({
      ...{ code: "database/integrity-skipped", remedy: { do: "make-room" } },
      message: expect.stringContaining(`${LARGE} bytes in ${none}, found that it takes none`),
    });
  });

  it("for want of an engine as well, and no folder is looked at", async () => {
    engine.isThere = false;
    expect(await openIntegrityCheck(1000, undefined, { folder })).toBeUndefined();
    await expect(openIntegrityCheck(LARGE, undefined, { folder })).rejects.toMatchObject({
      ...{ code: "database/integrity-skipped", remedy: { do: "check-elsewhere", because: "no-engine" } },
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  it("for want of room it is said how much there is", async () => {
    await expect(openIntegrityCheck(2 ** 60, undefined, { folder })).rejects.toMatchObject({
      ...{ code: "database/integrity-skipped", remedy: { do: "make-room" } },
      message: expect.stringMatching(/found \d+ bytes free/),
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  it.skipIf(process.platform === "win32" || process.getuid?.() === 0)(
    "as in a folder of others",
    async () => {
      chmodSync(folder, 0o500);
      expect(await openIntegrityCheck(1000, undefined, { folder })).toBeUndefined();
    },
  );
});

it("hears of an abort, before there is a file and while it is checked", async () => {
  const reason = new Error("enough");
  const aborted = AbortSignal.abort(reason);
  await expect(openIntegrityCheck(1000, aborted, { folder })).rejects.toBe(reason);
  expect(readdirSync(folder)).toEqual([]);
  const check = await written(database());
  await expect(check.check("full", aborted)).rejects.toBe(reason);
  await check.close();
  expect(readdirSync(folder)).toEqual([]);
});
