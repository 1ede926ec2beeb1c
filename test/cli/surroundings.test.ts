/** A machine and a runtime that do not allow everything: each refusal says which, and what to do. */

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { build, hashOf, MAIN, temporaryFolder, unpack, walkit, walkitJson } from "./support.ts";

build();

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** As scripts/runtimes.sh fetches it. */
const DENO = join(ROOT, "node_modules/.cache/runtimes/node_modules/.bin/deno");

it("a port that is taken is no output", async () => {
  const server = createServer();
  const port = await new Promise<number>((resolve) =>
    server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port)),
  );
  const { code, stderr } = await walkit(["ui", "--port", String(port)]);
  server.close();
  expect(code).toBe(3);
  expect(stderr).toContain(`found that another program listens there`);
  expect(stderr).toMatch(/--port, or none: a free one is taken[\s\S]*code +ui\/port\n/);
});

it.skipIf(process.platform !== "linux")("memory that is not given is no internal error", () => {
  const replica = unpack("basic");
  let seen = 0;
  // In KiB of addresses: a WebAssembly memory takes 10 GiB of them. Where Node itself does not start, there is nothing to see.
  for (const limit of [30e6, 16e6, 6e6]) {
    const command = `ulimit -v ${limit}; exec "$0" "$@"`;
    const run = spawnSync("sh", ["-c", command, process.execPath, MAIN, "verify", replica], {
      encoding: "utf8",
    });
    if (run.signal || (run.status ?? 0) > 128) continue;
    expect([limit, run.stderr]).toEqual([limit, expect.not.stringMatching(/internal error|^\s+at /m)]);
    expect([0, 3]).toContain(run.status);
    if (run.status === 0) continue;
    seen++;
    expect(run.stdout + run.stderr).toMatch(/runtime\/memory|database\/integrity-skipped/);
  }
  if (seen === 0) console.warn("no limit of memory could be provoked here");
});

it.skipIf(process.platform !== "linux")("too many open files are no damage, and no output", () => {
  const replica = unpack("multi-index");
  const output = join(temporaryFolder(), "a.db");
  for (const args of [
    ["verify", replica],
    ["restore", replica, "-o", output],
  ]) {
    for (const limit of [18, 22, 26]) {
      const command = `ulimit -n ${limit}; exec "$0" "$@"`;
      const run = spawnSync("sh", ["-c", command, process.execPath, MAIN, ...args], { encoding: "utf8" });
      // Node itself gives up, with words of its own.
      if (run.signal || run.status === null || run.status > 3) continue;
      if (!/walkit|OK|Restored|Cannot restore/.test(run.stdout + run.stderr)) continue;
      expect([limit, run.stderr]).toEqual([limit, expect.not.stringMatching(/internal error|output\//)]);
      expect([0, 3]).toContain(run.status);
      if (run.status === 3) expect(run.stdout + run.stderr).toMatch(/runtime\/limit/);
    }
  }
});

describe.skipIf(!existsSync(DENO))("Deno, without a permission", () => {
  const replica = existsSync(DENO) ? unpack("basic") : "";
  const folder = () => {
    const path = join(temporaryFolder(), "out");
    mkdirSync(path);
    return path;
  };
  const deno = (permissions: string[], args: string[]) => {
    const run = spawnSync(DENO, ["run", "--quiet", "--no-prompt", ...permissions, MAIN, ...args], {
      encoding: "utf8",
    });
    expect(run.stderr).not.toMatch(/internal error|^\s+at |Uncaught/m);
    return run;
  };
  const readable = (...paths: string[]) => ["--allow-env", `--allow-read=${[ROOT, ...paths].join(",")}`];

  it("to read, to write, to listen: says which, as Deno takes it, and with it works", () => {
    const out = folder();
    const output = join(out, "a.db");
    const cases: [permissions: string[], args: string[], hint: string][] = [
      [readable(), ["verify", replica], `--allow-read=${replica}`],
      [readable(replica), ["restore", replica, "-o", output], `--allow-read=${out}`],
      [readable(out), ["restore", replica, "-o", output], `--allow-read=${replica}`],
      [readable(replica, out), ["restore", replica, "-o", output], `--allow-write=${out}`],
      [readable(replica), ["restore", replica, "-o", output, "--if-db-not-exists"], `--allow-read=${output}`],
      [["--allow-env", `--allow-read=${replica}`], ["verify", replica], "--allow-read="],
      [readable(replica), ["mark", replica, "one"], `--allow-write=${replica}/generations`],
      [readable(replica), ["ui", replica], "--allow-net=127.0.0.1"],
    ];
    for (const [permissions, args, hint] of cases) {
      const { status, stderr } = deno(permissions, args);
      expect([args, status]).toEqual([args, 3]);
      expect(stderr).toContain(hint);
      expect(stderr).toMatch(/code +runtime\/permission\n$/);
    }
    expect(readdirSync(out)).toEqual([]);
    const all = [...readable(replica, out), `--allow-write=${out}`];
    expect(deno(all, ["restore", replica, "-o", output]).status).toBe(0);
    expect(deno(all, ["restore", replica, "-o", output, "--force", "--index", "0"]).status).toBe(0);
    expect(hashOf(output)).toMatch(/^[0-9a-f]{64}$/);
    expect(readdirSync(out)).toEqual(["a.db"]);
  });
});

describe("an option without its value", () => {
  it("does not take the option behind it for the value, nor writes a file of that name", async () => {
    const replica = unpack("basic");
    const cwd = temporaryFolder();
    const table: [args: string[], expected: RegExp][] = [
      [
        ["-o", "--quiet"],
        /'-o, --output <file>' needs a value, found the option '--quiet'.*--output \.\/--quiet/,
      ],
      [["-o", "-q"], /needs a value, found the option '-q'/],
      [["--output", "--json"], /needs a value/],
      [["-o", "--target-time=now"], /needs a value/],
      [["-o", "--parallelism=2"], /needs a value/],
      [["--output=--quiet"], /looks like an option.*\.\/--quiet/],
      [["-o", "-x.db"], /looks like an option.*\.\/-x\.db/],
      [["-o", "--generation", "0123456789abcdef"], /needs a value/],
      [["-o", "a.db", "--generation", "--json"], /'--generation <id>' needs a value/],
      [
        ["-o", "a.db", "--target-name", "--force"],
        /'--target-name <name>' needs a value.*--target-name=--force/,
      ],
      [["-o", "a.db", "--target-timeline", "-q"], /needs a value/],
      [["-o", "a.db", "--index", "--salvage"], /needs a value/],
    ];
    const runs = await Promise.all(table.map(([args]) => walkit(["restore", replica, ...args], { cwd })));
    for (const [i, { code, stdout, stderr }] of runs.entries()) {
      expect([table[i]![0], code, stdout]).toEqual([table[i]![0], 2, ""]);
      expect(stderr).toMatch(table[i]![1]);
      expect(stderr).toMatch(/walkit help restore\n$/);
    }
    const history = await walkit(["timelines", replica, "--write", "--history", "--json"], { cwd });
    expect([history.code, history.stdout]).toEqual([2, ""]);
    expect(readdirSync(cwd)).toEqual([]);
  });

  it("takes what only looks like one: -, a path, a name behind =, words behind --", async () => {
    const replica = unpack("basic");
    const cwd = temporaryFolder();
    expect((await walkit(["restore", replica, "-o", "./--quiet", "-q"], { cwd })).code).toBe(0);
    expect((await walkit(["restore", replica, "-o", "-"], { cwd })).bytes.length).toBe(40960);
    expect((await walkit(["mark", replica, "--", "--json"], { cwd })).code).toBe(0);
    const named = await walkit(["restore", replica, "--target-name=--json", "--dry-run"], { cwd });
    expect(named.code).toBe(0);
    expect((await walkit(["mark", replica, "--", "-dash"], { cwd })).code).toBe(0);
    const dashed = ["restore", replica, "--target-name", "-dash", "--dry-run"];
    expect((await walkit(dashed, { cwd })).code).toBe(0);
    expect(readdirSync(cwd)).toEqual(["--quiet"]);
    const { json } = await walkitJson(["verify", dirname(join(replica, "generations"))]);
    expect(json.status).toBe("ok");
  });
});
