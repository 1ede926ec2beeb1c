/** A restore into a file: what is there when it is done, and that nothing is there when it is not. */

import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { WalkitError } from "../../src/errors.ts";
import { replicaIn } from "../../src/layouts/open.ts";
import { type RestoreFileOptions, restoreFile, restoreThrough } from "../../src/restore/file.ts";
import { temporaryName } from "../../src/storage/leftovers.ts";
import type { Target } from "../../src/timeline/target/target.ts";
import { readFixture, readManifest, sha256 } from "../support/fixtures.ts";
import { rows, usualReplica } from "../support/ltx-replica.ts";
import { SqliteReplica } from "../support/sqlite-replica.ts";
import { folderOf, gone } from "./folders.ts";

const NAME = "multi-snapshot";
const storage = readFixture(NAME);
const recorded = (id: string) => readManifest(NAME).restores.find((one) => one.id === id)!.db!.sha256;
const earlier: Target = { index: 3 };
const isWindows = process.platform === "win32";

/** Restores to `a.db` in a folder with these files; what came of it, and all that lies there then. */
async function restoreInto(
  files: Record<string, string>,
  {
    target = {},
    from = storage,
    ...options
  }: RestoreFileOptions & { target?: Target; from?: typeof storage },
) {
  const folder = folderOf(files);
  const output = join(folder, "a.db");
  const done = await restoreFile(replicaIn(from), target, output, options).catch((error: unknown) => {
    if (error instanceof WalkitError || options.signal?.aborted) return { error: error as WalkitError };
    throw error;
  });
  const restored = "error" in done ? undefined : done;
  return { output, restored, error: "error" in done ? done.error : undefined, files: readAll(folder) };
}

function readAll(folder: string): Record<string, string> {
  const names = readdirSync(folder).sort();
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name), "latin1")]));
}

const hashOf = (text: string | undefined) => sha256(Buffer.from(text!, "latin1"));

describe("a new database", () => {
  it("is the file, and there is nothing beside it", async () => {
    const { restored, files, output } = await restoreInto({}, {});
    expect([Object.keys(files), hashOf(files["a.db"])]).toEqual([["a.db"], recorded("latest")]);
    expect([restored!.history, restored!.lost, restored!.bytes]).toEqual([
      undefined,
      undefined,
      files["a.db"]!.length,
    ]);
    if (!isWindows) expect(statSync(output).mode & 0o777).toBe(0o600);
  });

  it("of an earlier moment has a history beside it, unless none is wanted", async () => {
    const { restored, files, output } = await restoreInto({}, { target: earlier });
    expect(Object.keys(files)).toEqual(["a.db", "a.db.history"]);
    expect(restored!.history).toBe(`${output}.history`);
    expect(files["a.db.history"]).toContain(restored!.generation);
    const without = await restoreInto({}, { target: earlier, history: false });
    expect([Object.keys(without.files), without.restored!.history]).toEqual([["a.db"], undefined]);
    expect(without.files["a.db"]).toBe(files["a.db"]);
  });

  it("spills pages past the memory budget beside it, and leaves none of that", async () => {
    const { files } = await restoreInto({}, { memoryBudget: 8192 });
    expect([Object.keys(files), hashOf(files["a.db"])]).toEqual([["a.db"], recorded("latest")]);
  });

  it("comes with word of what a killed restore had left there, and so does a refusal", async () => {
    const left = basename(temporaryName("a.db", gone()));
    const { restored, files } = await restoreInto({ [left]: "half" }, {});
    expect(restored!.findings[0]).toMatchObject({ code: "output/leftover" });
    expect(Object.keys(files)).toEqual(["a.db"]);
    const refused = await restoreInto({ [left]: "half", "a.db": "old" }, {});
    expect(refused.error).toMatchObject({
      code: "output/exists",
      message: expect.stringMatching(/removed$/),
    });
    expect(refused.files).toEqual({ "a.db": "old" });
  });
});

describe("what stands there", () => {
  const old = { "a.db": "old", "a.db-wal": "old WAL", "a.db.history": "old history" };

  it("is not replaced unless that is wanted, and nothing is read then", async () => {
    let reads = 0;
    const counting = Object.assign(Object.create(storage), {
      read: (...args: Parameters<typeof storage.read>) => {
        reads++;
        return storage.read(...args);
      },
    });
    const { error, files } = await restoreInto(old, { from: counting });
    expect([error!.code, files, reads]).toEqual(["output/exists", old, 0]);
  });

  it("is replaced by force, with all that was beside it, and gives its permissions", async () => {
    const folder = folderOf(old);
    const output = join(folder, "a.db");
    if (!isWindows) chmodSync(output, 0o640);
    await restoreFile(replicaIn(storage), earlier, output, { force: true });
    const files = readAll(folder);
    expect(Object.keys(files)).toEqual(["a.db", "a.db.history"]);
    expect(files["a.db.history"]).not.toBe("old history");
    if (!isWindows) expect(statSync(output).mode & 0o777).toBe(0o640);
  });

  const damaged = readFixture("damaged/flip-page-data");
  const giveUp = new AbortController();
  it.each<[string, Parameters<typeof restoreInto>[1], string | RegExp]>([
    ["damage", { from: damaged }, "wal/frame-checksum"],
    ["a result that is turned down", { accept: () => Promise.reject(refusal()) }, "database/integrity"],
    [
      "a signal",
      { signal: giveUp.signal, accept: async () => giveUp.abort(refusal()) },
      "database/integrity",
    ],
  ])("stays after %s, and nothing else is there", async (_, options, code) => {
    const { error, files } = await restoreInto(old, { ...options, target: {}, force: true });
    expect([error!.code, files]).toEqual([code, old]);
    const { files: none } = await restoreInto({}, { ...options, force: true });
    expect(none).toEqual({});
  });

  it.each(["a.db", "a.db-wal"])("stays where it comes there meanwhile: %s", async (name) => {
    const folder = folderOf({});
    const accept = async () => writeFileSync(join(folder, name), "another's");
    const done = restoreFile(replicaIn(storage), {}, join(folder, "a.db"), { accept });
    await expect(done).rejects.toMatchObject({ code: "output/exists" });
    expect(readAll(folder)).toEqual({ [name]: "another's" });
  });
});

function refusal(): WalkitError {
  return new WalkitError("database/integrity", "Expected another database");
}

describe("SQLite's check", () => {
  /** `proven`: the WAL shows how far the snapshot reaches. */
  function made(setup: string, proven: boolean) {
    const replica = new SqliteReplica({ setup });
    if (proven) {
      replica.exec("INSERT INTO _litestream_seq VALUES (1, 1)");
      replica.checkpoint();
      replica.exec("INSERT INTO _litestream_seq VALUES (2, 1)");
      replica.segment();
    }
    replica.close();
    return replica.storage;
  }
  const indexed = (by: string) =>
    `CREATE TABLE t (a, b); CREATE INDEX ti ON t (a); INSERT INTO t VALUES (1, 'x'), (2, 'y');
     PRAGMA writable_schema=1; UPDATE sqlite_schema SET sql = 'CREATE INDEX ti ON t (${by})' WHERE name = 'ti'`;

  it("is made of what is not proven, and of LTX files; of the rest where it is asked for", async () => {
    const integrityOf = async (options: Parameters<typeof restoreInto>[1]) =>
      (await restoreInto({}, options)).restored!.integrity;
    const healthy = made(rows(3).join("; "), true);
    expect(await integrityOf({ from: healthy, target: { index: 0 } })).toBeUndefined();
    expect(await integrityOf({ from: healthy })).toBe("ok");
    expect(await integrityOf({ from: healthy, integrityCheck: "none" })).toBeUndefined();
    expect(await integrityOf({ from: healthy, target: { index: 0 }, integrityCheck: "quick" })).toBe("ok");
    expect(await integrityOf({ from: usualReplica().storage() })).toBe("ok");
  });

  it("that cannot be made is said; asked for by name, it is a refusal", async () => {
    const from = made(indexed("a COLLATE appcollation"), false);
    const { restored } = await restoreInto({}, { from });
    expect([restored!.integrity, restored!.findings.at(-1)]).toMatchObject([
      "skipped",
      { code: "database/integrity-skipped", severity: "warning" },
    ]);
    const { error, files } = await restoreInto({}, { from, integrityCheck: "full" });
    expect(error).toMatchObject({
      code: "database/integrity-skipped",
      remedy: { do: "check-elsewhere", because: "cannot-be-made" },
    });
    expect(files).toEqual({});
  });

  it("that finds damage is a refusal, which names the steps that nothing proves", async () => {
    const from = made(indexed("b"), true);
    const { error, files } = await restoreInto({}, { from });
    expect(error).toMatchObject({
      code: "database/integrity",
      remedy: { do: "doubt-steps", steps: [{ to: "00000001:00000000" }] },
    });
    expect(files).toEqual({});
    const unchecked = await restoreInto({}, { from, integrityCheck: "none" });
    expect(unchecked.restored!.integrity).toBeUndefined();
  });
});

describe("through a temporary file", () => {
  it("whoever uses it gets the whole database, which is gone after", async () => {
    const folder = folderOf({});
    const seen: string[] = [];
    const { bytes } = await restoreThrough(replicaIn(storage), {}, folder, async (path) => {
      expect(dirname(path)).toBe(folder);
      if (!isWindows) expect(statSync(path).mode & 0o777).toBe(0o600);
      seen.push(path, sha256(readFileSync(path)));
    });
    expect([seen[1], bytes > 0, existsSync(seen[0]!)]).toEqual([recorded("latest"), true, false]);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("is gone as well where that fails, and is not used where the restore does", async () => {
    const folder = folderOf({});
    const broken = new Error("a broken pipe");
    const use = () => Promise.reject(broken);
    await expect(restoreThrough(replicaIn(storage), {}, folder, use)).rejects.toBe(broken);
    const damaged = replicaIn(readFixture("damaged/flip-page-data"));
    await expect(restoreThrough(damaged, {}, folder, use)).rejects.toMatchObject({
      code: "wal/frame-checksum",
    });
    expect(readdirSync(folder)).toEqual([]);
  });
});
