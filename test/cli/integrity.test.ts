/** SQLite's own check as a user meets it: on this Node, and on each runtime here that has an SQLite of its own. */

import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { ENGINES } from "../support/engines.ts";
import { SqliteReplica } from "../support/sqlite-replica.ts";
import { build, MAIN, type Run, temporaryFolder, unpack } from "./support.ts";

build();

const ROWS = `CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b INT); CREATE INDEX ti ON t(a);
  WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 500)
  INSERT INTO t (a, b) SELECT 'some text of row number ' || x, x FROM n;`;
const INDEXED = (by: string) =>
  `${ROWS} PRAGMA writable_schema=1; UPDATE sqlite_schema SET sql = 'CREATE INDEX ti ON t(${by})' WHERE name = 'ti'`;

/** A replica on disk of one snapshot of a database that real SQLite wrote. `proven`: with WAL that shows how far it reaches. */
function replicaOf(setup: string, proven: boolean): string {
  const replica = new SqliteReplica({ setup });
  if (proven) {
    replica.exec("INSERT INTO _litestream_seq VALUES (1, 1)");
    replica.segment();
    replica.checkpoint();
    replica.exec("INSERT INTO _litestream_seq VALUES (2, 1)");
    replica.segment();
  }
  const root = join(temporaryFolder(), "replica");
  for (const [path, { data }] of replica.storage.files) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), data);
  }
  replica.close();
  return root;
}

type Runtime = [name: string, ...words: string[]];
const RUNTIMES: Runtime[] = [["this Node", process.execPath], ...ENGINES.filter(([name]) => name !== "node")];

/** Runs the built command on a runtime, with a temporary folder of its own, in which nothing may be left. */
// biome-ignore lint/suspicious/noExplicitAny: tests look at what is there; the keys are held against docs/json.md
function run([, program, ...words]: Runtime, args: string[], before = ""): Run & { json: any } {
  const TMPDIR = temporaryFolder();
  const line = ["-c", `${before} exec "$0" "$@"`, program!, ...words, MAIN, ...args];
  const { status, stdout, stderr } = spawnSync("bash", line, {
    encoding: "utf8",
    env: { ...process.env, TMPDIR },
    maxBuffer: 1 << 26,
  });
  expect(readdirSync(TMPDIR)).toEqual([]);
  const json = args.includes("--json") ? JSON.parse(stdout) : undefined;
  return { code: status, stdout, stderr, bytes: Buffer.alloc(0), json };
}

const needy = replicaOf(INDEXED("a COLLATE appcollation"), true);
const corrupt = replicaOf(INDEXED("b"), true);
const unproven = replicaOf(INDEXED("a COLLATE appcollation"), false);
const plain = replicaOf(ROWS, false);

describe.each(RUNTIMES)("on %s", (...runtime) => {
  it("a healthy database is checked", () => {
    const { code, json, stderr } = run(runtime, ["verify", unpack("multi-snapshot"), "--json"]);
    expect([code, stderr, json.status]).toEqual([0, "", "ok"]);
    expect(json.generations[0].integrity).toBe("ok");
  });

  it("a corrupt one is damage, in SQLite's words", () => {
    const { code, json } = run(runtime, ["verify", corrupt, "--json"]);
    expect([code, json.status, json.generations[0].integrity]).toEqual([1, "damaged", "failed"]);
    expect(json.findings.map((f: { code: string }) => f.code)).toEqual(["database/integrity"]);
    expect(json.findings[0].message).toMatch(
      /^Expected SQLite's integrity_check to say ok, found: row 1 missing from index ti; row 2 missing from index ti; .* \(and 17 more\)$/,
    );
  });

  it("what cannot be checked is said, and decides nothing", () => {
    const { code, json } = run(runtime, ["verify", needy, "--json"]);
    expect([code, json.status, json.level]).toEqual([0, "ok", "integrity"]);
    expect(json.generations[0]).toMatchObject({ status: "ok", integrity: "skipped" });
    const [finding, ...others] = json.findings;
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ code: "database/integrity-skipped", severity: "warning" });
    expect(finding.message).toMatch(/SQLite 3\.\S+ says: no such collation sequence: appcollation$/);
    const { stdout } = run(runtime, ["verify", needy]);
    expect(stdout).toMatch(
      /^OK: no damage found\. The newest state can be restored: it was written \S+, .* ago\. SQLite's own check was not made, with 1 warning\n/,
    );
    expect(stdout).toContain("SQLite's integrity_check was not made");
  });

  it("asked for by name, it is inconclusive", () => {
    const { code, stdout } = run(runtime, ["verify", needy, "--level", "integrity"]);
    expect(code).toBe(3);
    expect(stdout).toMatch(
      /^INCONCLUSIVE: no damage found, but SQLite's own check, which was asked for, was not made\n/,
    );
    const { json } = run(runtime, ["verify", needy, "--level", "integrity", "--json"]);
    expect([json.status, json.findings[0].severity]).toEqual(["inconclusive", "inconclusive"]);
    expect(run(runtime, ["verify", needy, "--level", "replay"]).code).toBe(0);
  });

  it("without a folder for temporary files a small database is checked in memory", () => {
    const { code, json } = run(runtime, ["verify", plain, "--json"], "TMPDIR=/nowhere/at-all");
    expect([code, json.generations[0].integrity]).toEqual([0, "ok"]);
  });

  it("a restore that is not proven says whether SQLite has checked it", () => {
    const output = join(temporaryFolder(), "a b?#%é.db");
    const checked = run(runtime, ["restore", plain, "-o", output, "--json"]);
    expect([checked.code, checked.json.restored.proven, checked.json.restored.integrity]).toEqual([
      0,
      false,
      "ok",
    ]);
    expect(readdirSync(dirname(output))).toEqual(["a b?#%é.db"]);
    expect(readFileSync(output).subarray(18, 20)).toEqual(Buffer.from([2, 2]));
    const other = join(temporaryFolder(), "restored.db");
    expect(run(runtime, ["restore", plain, "-o", other, "--integrity-check", "none"]).code).toBe(0);
    expect(readFileSync(output).equals(readFileSync(other))).toBe(true);

    const third = join(temporaryFolder(), "restored.db");
    const { code, json } = run(runtime, ["restore", unproven, "-o", third, "--json"]);
    expect([code, json.restored.integrity]).toEqual([0, "skipped"]);
    const skipped = json.findings.filter((f: { code: string }) => f.code === "database/integrity-skipped");
    expect(skipped).toMatchObject([{ severity: "warning" }]);
    expect(readdirSync(dirname(third))).toEqual(["restored.db"]);
  });

  it("a restore with a check that cannot be made is refused, one of a corrupt database as well", () => {
    const folder = temporaryFolder();
    const args = ["-o", join(folder, "restored.db"), "--integrity-check", "full", "--json"];
    const skipped = run(runtime, ["restore", needy, ...args]);
    expect([skipped.code, skipped.json.findings[0].code]).toEqual([3, "database/integrity-skipped"]);
    const failed = run(runtime, ["restore", corrupt, ...args]);
    expect([failed.code, failed.json.findings[0].code]).toEqual([1, "database/integrity"]);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe.each(ENGINES)("the engine of %s", (...runtime) => {
  it("on a full disk has not made the check, and finds no damage", () => {
    const { code, json } = run(runtime, ["verify", plain, "--json"], "trap '' XFSZ; ulimit -f 8;");
    expect([code, json.status, json.generations[0].integrity]).toEqual([0, "ok", "skipped"]);
    const skipped = json.findings.find((f: { code: string }) => f.code === "database/integrity-skipped");
    expect(skipped.message).toMatch(/which needs a temporary file of \d+ bytes in .*, found .*too large/i);
    expect(skipped.action).toContain("TMPDIR");
  });

  it("is ended by a signal at once, and leaves nothing", async () => {
    // Each row takes half a second.
    const work = [1, 2, 3, 4, 5, 6].map((n) => `length(hex(zeroblob(4000000${n} + b)))`).join(" + ");
    const slow = replicaOf(INDEXED(work), false);
    for (const args of [
      ["verify", slow],
      ["restore", slow, "-o", join(temporaryFolder(), "restored.db")],
    ]) {
      const TMPDIR = temporaryFolder();
      const [, program, ...words] = runtime;
      const child = spawn(program!, [...words, MAIN, ...args], {
        env: { ...process.env, TMPDIR },
        stdio: "pipe",
      });
      const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
      let said = "";
      child.stderr.on("data", (data) => (said += data));
      await new Promise((resolve) => setTimeout(resolve, 3000));
      expect(child.exitCode).toBe(null);
      const began = performance.now();
      child.kill("SIGINT");
      expect(await ended).toBe(130);
      expect(performance.now() - began).toBeLessThan(5000);
      expect(said).toContain("nothing was left behind");
      expect(readdirSync(TMPDIR)).toEqual([]);
      if (args[3]) expect(readdirSync(dirname(args[3]))).toEqual([]);
    }
  });
});
