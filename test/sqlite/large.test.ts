/**
 * A database above 1 GiB, verified and restored with SQLite's check by each engine here, in the memory of a small one.
 * `WALKIT_CAMPAIGN=large npx vitest run test/sqlite` makes it (1.2 GB of temporary files; a minute or two).
 */

import { spawnSync } from "node:child_process";
import { createReadStream, createWriteStream, mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import sqlite from "node-sqlite3-wasm";
import { describe, expect, it } from "vitest";
import { FrameEncoder } from "../../src/lz4/index.ts";
import { MAX_INTEGRITY_SIZE } from "../../src/sqlite/index.ts";
import { build, hashOf, MAIN, temporaryFolder } from "../cli/support.ts";
import { ENGINES } from "../support/engines.ts";

const ON = process.env.WALKIT_CAMPAIGN?.split(",").includes("large") ?? false;

async function largeReplica(): Promise<string> {
  const root = temporaryFolder();
  const path = join(root, "db");
  const database = new sqlite.Database(path);
  database.exec(`PRAGMA page_size=65536; PRAGMA journal_mode=off; PRAGMA synchronous=off;
    CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b BLOB); CREATE INDEX ti ON t(a); BEGIN;
    WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 1200)
    INSERT INTO t SELECT x, 'row ' || x, randomblob(30) || zeroblob(1000000) FROM n; COMMIT`);
  database.close();
  expect(statSync(path).size).toBeGreaterThan(MAX_INTEGRITY_SIZE);
  const folder = join(root, "replica/generations/0123456789abcdef/snapshots");
  mkdirSync(folder, { recursive: true });
  const to = createWriteStream(join(folder, "00000001.snapshot.lz4"));
  const encoder = new FrameEncoder();
  for await (const piece of createReadStream(path, { highWaterMark: 1 << 20 }))
    for (const out of encoder.push(piece)) to.write(out);
  for (const out of encoder.end()) to.write(out);
  await new Promise<void>((resolve) => to.end(resolve));
  rmSync(path);
  return join(root, "replica");
}

describe.runIf(ON)("a database above 1 GiB", async () => {
  build();
  const replica = ON ? await largeReplica() : "";
  const run = ([program, ...words]: string[], ...args: string[]) => {
    const TMPDIR = temporaryFolder();
    const { status, stdout, stderr } = spawnSync(
      "/usr/bin/time",
      ["-f", "peak %M", program!, ...words, MAIN, ...args, "--json"],
      { encoding: "utf8", env: { ...process.env, TMPDIR } },
    );
    expect(readdirSync(TMPDIR)).toEqual([]);
    const megabytes = Number(/peak (\d+)/.exec(stderr)![1]) / 1000;
    return { code: status, json: JSON.parse(stdout), megabytes };
  };

  it.each(ENGINES)("with the engine of %s", { timeout: 300_000 }, (name, ...words) => {
    const { code, json, megabytes } = run(words, "verify", replica, "--level", "integrity");
    expect([code, json.generations[0].integrity]).toEqual([0, "ok"]);
    const output = join(temporaryFolder(), "db");
    const restored = run(words, "restore", replica, "-o", output);
    expect([restored.code, restored.json.restored.integrity]).toEqual([0, "ok"]);
    expect(readdirSync(dirname(output))).toEqual(["db"]);
    console.log(`${name}: verify ${megabytes} MB, restore ${restored.megabytes} MB, ${hashOf(output)}`);
    expect(Math.max(megabytes, restored.megabytes)).toBeLessThan(300);
  });

  it.runIf(process.versions.node.startsWith("20."))("without one", { timeout: 300_000 }, () => {
    const { code, json } = run([process.execPath], "verify", replica);
    expect([code, json.status, json.generations[0].integrity]).toEqual([0, "ok", "skipped"]);
    expect(
      json.findings.find((f: { code: string }) => f.code === "database/integrity-skipped"),
    ).toMatchObject({
      severity: "warning",
      message: expect.stringMatching(
        /no SQLite in Node 20\.\S+: without one at most 1073741824 bytes are checked/,
      ),
      action: expect.stringContaining("Node 22.13 or newer"),
    });
    expect(run([process.execPath], "verify", replica, "--level", "integrity").code).toBe(3);
    const output = join(temporaryFolder(), "db");
    const restored = run([process.execPath], "restore", replica, "-o", output);
    expect([restored.code, restored.json.restored.integrity]).toEqual([0, "skipped"]);
    expect(restored.json.findings.map((f: { code: string }) => f.code)).toContain(
      "database/integrity-skipped",
    );
    rmSync(output);
    expect(run([process.execPath], "restore", replica, "-o", output, "--integrity-check", "quick").code).toBe(
      3,
    );
  });
});
