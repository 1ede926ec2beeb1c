/** The user's files around a restore: before, meanwhile, after a failure, after `kill -9`. */

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import sqlite from "node-sqlite3-wasm";
import { afterAll, describe, expect, it } from "vitest";
import { readManifest } from "../support/fixtures.ts";
import { build, hashOf, MAIN, slowReplica, temporaryFolder, unpack, walkit, walkitJson } from "./support.ts";

build();

const basic = unpack("basic");
const GENERATION = "f73d382fd730c09a";
const newest = readManifest("basic").restores.find((r) => r.id === "latest")!.db!.sha256;
const busy = unpack("multi-index");
/** A moment that is not the newest: a history is due. */
const EARLIER = ["--index", "3"];
const isRoot = process.getuid?.() === 0;
const isWindows = process.platform === "win32";

const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children) child.kill("SIGKILL");
});

/** Names, permissions and bytes of all that is in a folder. */
function contentsOf(folder: string): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).sort();
  return Object.fromEntries(
    names.map((name) => {
      const path = join(folder, name);
      const { mode, uid, gid } = lstatSync(path);
      const what = lstatSync(path).isFile() ? hashOf(path) : "";
      return [name, `${(mode & 0o7777).toString(8)} ${uid}:${gid} ${what}`];
    }),
  );
}

/** Begins a restore that takes long, and waits for its temporary file. */
async function beginSlowly(replica: string, output: string, ...flags: string[]): Promise<ChildProcess> {
  const folder = dirname(output);
  const before = new Set(readdirSync(folder));
  const child = spawn(process.execPath, [MAIN, "restore", replica, "-o", output, ...flags]);
  children.push(child);
  while (readdirSync(folder).every((name) => before.has(name)) && child.exitCode === null)
    await new Promise((resolve) => setTimeout(resolve, 5));
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(child.exitCode).toBeNull();
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await ended;
}

describe("a restore that fails leaves everything as it was", () => {
  const prepared = (name = "a.db") => {
    const folder = temporaryFolder();
    for (const ending of ["", "-wal", ".history"])
      writeFileSync(join(folder, name + ending), `old ${ending}`);
    return { folder, output: join(folder, name), was: contentsOf(folder) };
  };

  it("where the name leaves no room for the history's, which --no-history does without", async () => {
    const folder = temporaryFolder();
    const output = join(folder, "n".repeat(250));
    writeFileSync(output, "old");
    const was = contentsOf(folder);
    const { code, json } = await walkitJson(["restore", busy, "-o", output, "--force", ...EARLIER]);
    expect([code, json.findings[0].code]).toEqual([3, "output/unwritable"]);
    expect(json.findings[0].action).toMatch(/shorter name.*--no-history/);
    expect(contentsOf(folder)).toEqual(was);
    const args = ["restore", busy, "-o", output, "--force", "--no-history", "-q", ...EARLIER];
    expect((await walkit(args)).code).toBe(0);
    expect(readdirSync(folder)).toEqual(["n".repeat(250)]);
    const tooLong = await walkit(["restore", busy, "-o", join(folder, "n".repeat(256))]);
    expect(tooLong.code).toBe(3);
    expect(tooLong.stderr).toMatch(/the output cannot be written[\s\S]*shorter/);
  });

  it("where the history's place is taken by a folder", async () => {
    const { folder, output } = prepared();
    rmSync(`${output}.history`);
    mkdirSync(`${output}.history`);
    const was = contentsOf(folder);
    const { code, json } = await walkitJson(["restore", busy, "-o", output, "--force", ...EARLIER]);
    expect([code, json.findings[0].code]).toEqual([3, "output/exists"]);
    expect(contentsOf(folder)).toEqual(was);
  });

  it.skipIf(isWindows)("where a file may not get that large", async () => {
    const { folder, output, was } = prepared();
    // In blocks of 512 or 1,024 bytes: the database has 40 KiB.
    const command = `ulimit -f 16; exec "$0" "$@"`;
    const args = [MAIN, "restore", basic, "-o", output, "--force", "--json"];
    const { status, stdout } = spawnSync("sh", ["-c", command, process.execPath, ...args], {
      encoding: "utf8",
    });
    const { findings } = JSON.parse(stdout);
    expect([status, findings[0].code]).toEqual([3, "output/unwritable"]);
    expect(contentsOf(folder)).toEqual(was);
  });

  it.skipIf(!isRoot || process.platform !== "linux")("where the disk is full, at every size", async () => {
    const folder = temporaryFolder();
    const mount = (size: number) =>
      spawnSync("mount", ["-t", "tmpfs", "-o", `size=${size}k`, "tmpfs", folder]).status;
    if (mount(4) !== 0) return console.warn("no tmpfs here: not held against a full disk");
    spawnSync("umount", [folder]);
    const codes = new Set<number>();
    const whole = join(temporaryFolder(), "a.db");
    expect((await walkit(["restore", busy, "-o", whole, "-q", ...EARLIER])).code).toBe(0);
    const needed = statSync(whole).size / 1024;
    // In between there is room for the database, and none for its history.
    for (const size of [12, needed - 8, needed + 4, needed + 8, needed + 12, needed + 16, needed + 40]) {
      expect(mount(size)).toBe(0);
      try {
        const output = join(folder, "a.db");
        writeFileSync(output, "old");
        writeFileSync(`${output}.history`, "old history");
        const was = contentsOf(folder);
        const { code, stderr } = await walkit([...["restore", busy, "-o", output, "--force", ...EARLIER]]);
        codes.add(code!);
        if (code === 0) {
          expect(readdirSync(folder).sort()).toEqual(["a.db", "a.db.history"]);
          expect(readFileSync(`${output}.history`, "utf8")).toMatch(/^# Where the database/);
        } else {
          expect([size, code, contentsOf(folder)]).toEqual([size, 3, was]);
          expect(stderr).toMatch(/ENOSPC[\s\S]*The disk is full: free some space[\s\S]*output\/unwritable/);
        }
      } finally {
        spawnSync("umount", [folder]);
      }
    }
    expect([...codes].sort()).toEqual([0, 3]);
  });

  it.skipIf(isWindows)("where the folder is read-only", async () => {
    const { folder, output, was } = prepared();
    for (const one of [folder, dirname(basic)]) spawnSync("chmod", ["-R", "a+rX", one]);
    const now = contentsOf(folder);
    chmodSync(folder, 0o555);
    const who = isRoot ? { uid: 65534, gid: 65534 } : {};
    const { code, stderr } = await walkit(["restore", basic, "-o", output, "--force"], who);
    chmodSync(folder, 0o755);
    expect([code, contentsOf(folder)]).toEqual([3, now]);
    expect(Object.keys(now)).toEqual(Object.keys(was));
    expect(stderr).toMatch(/You may not write there[\s\S]*output\/unwritable/);
  });
});

/** Whether system calls can be made to fail, or to be the last one. */
const hasStrace =
  spawnSync("strace", ["-qq", "-o", "/dev/null", "-e", "inject=rename:error=EIO", "true"]).status === 0;

describe.skipIf(!hasStrace)("system calls that fail, or are the last one", () => {
  const OLD = { "a.db": "old", "a.db-wal": "old wal", "a.db.history": "old history" };
  const restoreWith = (call: string, what: string) => {
    const folder = temporaryFolder();
    for (const [name, text] of Object.entries(OLD)) writeFileSync(join(folder, name), text);
    const was = contentsOf(folder);
    const output = join(folder, "a.db");
    const inject = ["-f", "-qq", "-o", "/dev/null", "-e", `trace=${call}`, "-e", `inject=${call}:${what}`];
    const args = [process.execPath, MAIN, "restore", busy, "-o", output, "--force", ...EARLIER];
    // strace counts the calls of each thread by itself.
    const env = { ...process.env, UV_THREADPOOL_SIZE: "1" };
    const { status, stderr } = spawnSync("strace", [...inject, ...args], { encoding: "utf8", env });
    expect(stderr).not.toMatch(/internal error|^\s+at /m);
    return { folder, output, was, status };
  };
  const isNew = (folder: string) => {
    expect(readdirSync(folder).sort()).toEqual(["a.db", "a.db.history"]);
    expect(readFileSync(join(folder, "a.db.history"), "utf8")).toMatch(/^# Where the database/);
  };

  it.each([
    ["fsync", 1, 3],
    ["fsync", 2, 3],
    // Of the folder: not every system can.
    ["fsync", 4, 0],
    ["rename", 1, 3],
    ["rename", 2, 3],
    ["rename", 3, 3],
    // Where there are no links a new name does.
    ["link", 1, 0],
    ["unlink", 1, 0],
    ["unlink", 2, 0],
    ["unlink", 3, 0],
  ])("%s, the %i. time: exit code %i", (call, time, code) => {
    const { folder, was, status } = restoreWith(call, `error=EIO:when=${time}`);
    expect(status).toBe(code);
    if (code === 0) isNew(folder);
    else expect(contentsOf(folder)).toEqual(was);
  });

  it.each([
    ["rename", 1, "old"],
    ["rename", 2, "old"],
    ["rename", 3, "old"],
    ["link", 1, "old"],
    ["unlink", 1, "new"],
    ["unlink", 2, "new"],
    ["unlink", 3, "new"],
  ])(
    "kill -9 in %s, the %i. time: the next restore finds the %s database, and clears up",
    async (call, time, which) => {
      const { folder, output, was } = restoreWith(call, `signal=KILL:when=${time}`);
      expect(readdirSync(folder).some((name) => name.startsWith(".a.db.walkit-"))).toBe(true);
      const { code, json } = await walkitJson(["restore", basic, "-o", output]);
      expect([code, json.findings[0].code]).toEqual([3, "output/exists"]);
      expect(json.findings[0].message).toMatch(/some of a killed one: removed/);
      if (which === "new") isNew(folder);
      else expect(contentsOf(folder)).toEqual(was);
    },
  );
});

describe.skipIf(isWindows)("rights", () => {
  it("of a new database and its history are their owner's alone, whatever the umask", async () => {
    const output = join(temporaryFolder(), "a.db");
    const command = `umask 0; exec "$0" "$@"`;
    const args = [MAIN, "restore", busy, "-o", output, "-q", ...EARLIER];
    expect(spawnSync("sh", ["-c", command, process.execPath, ...args]).status).toBe(0);
    for (const path of [output, `${output}.history`]) expect(statSync(path).mode & 0o7777).toBe(0o600);
  });

  it("of the temporary files are so too, also on the way to standard output", async () => {
    const replica = slowReplica();
    const folder = temporaryFolder();
    writeFileSync(join(folder, "a.db"), "old", { mode: 0o644 });
    const spool = temporaryFolder();
    const child = await beginSlowly(replica, join(folder, "a.db"), "--force");
    const other = spawn(process.execPath, [MAIN, "restore", replica, "-o", "-"], {
      env: { ...process.env, TMPDIR: spool },
    });
    children.push(other);
    while (readdirSync(spool).length === 0 && other.exitCode === null)
      await new Promise((resolve) => setTimeout(resolve, 5));
    for (const one of [folder, spool]) {
      const names = readdirSync(one).filter((name) => name !== "a.db");
      expect(names).toHaveLength(1);
      expect(statSync(join(one, names[0]!)).mode & 0o7777).toBe(0o600);
    }
    await Promise.all([kill(child), kill(other)]);
    // What was killed on its way to standard output goes with the next restore that goes there.
    const run = await walkit(["restore", basic, "-o", "-"], { env: { ...process.env, TMPDIR: spool } });
    expect([run.code, readdirSync(spool)]).toEqual([0, []]);
    expect(run.stderr).toContain("output/leftover");
  });

  it("of what --force replaces are kept", async () => {
    const folder = temporaryFolder();
    const output = join(folder, "a.db");
    const args = ["restore", busy, "-o", output, "--force", "-q", ...EARLIER];
    for (const [mode, historyMode] of [
      [0o640, undefined],
      [0o664, 0o600],
    ] as const) {
      rmSync(`${output}.history`, { force: true });
      writeFileSync(output, "old");
      if (historyMode !== undefined) writeFileSync(`${output}.history`, "", { mode: historyMode });
      chmodSync(output, mode);
      if (isRoot) chownSync(output, 1234, 2345);
      const { code, stdout } = await walkit(args);
      expect([code, stdout]).toEqual([0, ""]);
      const { mode: now, uid, gid } = statSync(output);
      expect(now & 0o7777).toBe(mode);
      if (isRoot) expect([uid, gid]).toEqual([1234, 2345]);
      const history = statSync(`${output}.history`);
      expect(history.mode & 0o7777).toBe(historyMode ?? mode);
      if (isRoot) expect(history.uid).toBe(historyMode === undefined ? 1234 : 0);
    }
  });

  it.skipIf(!isRoot)("that cannot be kept are said, and are no wider", async () => {
    const folder = temporaryFolder();
    const output = join(folder, "a.db");
    for (const one of [folder, dirname(basic)]) spawnSync("chmod", ["-R", "a+rX", one]);
    chmodSync(folder, 0o777);
    writeFileSync(output, "old");
    chmodSync(output, 0o660);
    chownSync(output, 1234, 2345);
    const who = { uid: 65534, gid: 65534 };
    const { code, stdout } = await walkit(["restore", basic, "-o", output, "--force", "-q"], who);
    expect(code).toBe(0);
    expect(stdout).toMatch(/1234:2345[\s\S]*chown 1234:2345[\s\S]*output\/owner/);
    expect(statSync(output).mode & 0o7777).toBe(0o600);
  });
});

describe("what kill -9 leaves behind", () => {
  it("is named like its output, and removed and mentioned by the next restore to it", async () => {
    const replica = slowReplica();
    const folder = temporaryFolder();
    const output = join(folder, "a.db");
    await kill(await beginSlowly(replica, output));
    expect(readdirSync(folder)).toEqual([expect.stringMatching(/^\.a\.db\.walkit-.*\.tmp$/)]);
    // To another output it is nothing to speak of.
    expect((await walkit(["restore", basic, "-o", join(folder, "b.db")])).stdout).not.toContain("leftover");
    const { code, json } = await walkitJson(["restore", basic, "-o", output]);
    expect([code, readdirSync(folder).sort()]).toEqual([0, ["a.db", "b.db"]]);
    expect(json.findings).toEqual([expect.objectContaining({ code: "output/leftover", severity: "info" })]);
    expect(hashOf(output)).toBe(newest);
  });

  it("is not what a running restore to the same output has there", async () => {
    const folder = temporaryFolder();
    const output = join(folder, "a.db");
    const child = await beginSlowly(slowReplica(), output);
    const [temporary] = readdirSync(folder);
    const { code, stdout } = await walkit(["restore", basic, "-o", output]);
    expect([code, child.exitCode]).toEqual([0, null]);
    expect(stdout).not.toContain("leftover");
    expect(readdirSync(folder).sort()).toEqual([temporary, "a.db"].sort());
    await kill(child);
  });

  it("of another container or machine stays for a day, and is mentioned", async () => {
    const folder = temporaryFolder();
    const output = join(folder, "a.db");
    await kill(await beginSlowly(slowReplica(), output));
    const [name] = readdirSync(folder) as [string];
    const other = join(folder, name.replace(/-[0-9a-f]{8}-([0-9a-f]{12})\.tmp$/, "-00000000-$1.tmp"));
    renameSync(join(folder, name), other);
    const { code, stdout } = await walkit(["restore", basic, "-o", output]);
    expect([code, existsSync(other)]).toEqual([0, true]);
    expect(stdout).toMatch(/Warnings \(1\)[\s\S]*another container[\s\S]*output\/leftover/);
  });

  it("of walkit mark is taken over: the lock says whose it is", async () => {
    const replica = unpack("basic");
    const lock = join(replica, "generations", ".walkit-mark.tmp");
    // A process that holds the lock until it is killed.
    const url = (path: string) => pathToFileURL(join(dirname(MAIN), "..", path)).href;
    const script = `
      import { withLock } from "${url("timeline/files.js")}";
      import { DirectoryStorage } from "${url("storage/directory.js")}";
      await withLock(new DirectoryStorage(process.argv[1]), "generations/.walkit-mark.tmp", () => {
        console.log("held");
        return new Promise(() => setInterval(() => {}, 1000));
      });`;
    const holder = spawn(process.execPath, ["--input-type=module", "-e", script, replica]);
    children.push(holder);
    await new Promise((resolve) => holder.stdout.once("data", resolve));
    expect(readFileSync(lock, "utf8")).toMatch(/^\d+-/);
    // While it runs it keeps it.
    const waiting = walkit(["mark", replica, "one"]);
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(existsSync(join(replica, "generations", `${GENERATION}.restore-points`))).toBe(false);
    await kill(holder);
    expect((await waiting).code).toBe(0);
    // Several that find the lock of a killed process lose nothing.
    writeFileSync(lock, `${holder.pid}-1-${readOwner()}-000000000001\n`);
    const names = ["a", "b", "c", "d"];
    const runs = await Promise.all(names.map((name) => walkit(["mark", replica, name])));
    expect(runs.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    const text = readFileSync(join(replica, "generations", `${GENERATION}.restore-points`), "utf8");
    expect(text.split("\n").filter(Boolean)).toHaveLength(5);
    expect(readdirSync(join(replica, "generations")).filter((name) => name.startsWith("."))).toEqual([]);

    /** System and container, as a lock has them. */
    function readOwner(): string {
      const code = `import { thisOwner } from "${url("storage/owner.js")}"; const { system, space } = thisOwner(); process.stdout.write(system + "-" + space)`;
      return spawnSync(process.execPath, ["--input-type=module", "-e", code], { encoding: "utf8" }).stdout;
    }
  });
});

describe("--force over a database that is in use", () => {
  const databaseAt = (path: string) => {
    const database = new sqlite.Database(path);
    database.exec("PRAGMA journal_mode=wal; CREATE TABLE t (x); INSERT INTO t VALUES (1)");
    return database;
  };

  it.skipIf(process.platform !== "linux")(
    "is refused where a process has it open, and says which",
    async () => {
      const folder = temporaryFolder();
      const output = join(folder, "a.db");
      const database = databaseAt(output);
      try {
        const was = contentsOf(folder);
        symlinkSync(output, join(folder, "link.db"));
        for (const name of ["a.db", "link.db"]) {
          const { code, stderr } = await walkit(["restore", basic, "-o", join(folder, name), "--force"]);
          expect(code).toBe(3);
          expect(stderr).toMatch(
            /^Cannot restore the newest state: the database that it would replace is in use/,
          );
          expect(stderr).toContain(`process ${process.pid} (`);
          expect(stderr).toMatch(/what to do +Stop that process[\s\S]*output\/in-use/);
        }
        rmSync(join(folder, "link.db"));
        expect(contentsOf(folder)).toEqual(was);
      } finally {
        database.close();
      }
      expect((await walkit(["restore", basic, "-o", output, "--force", "-q"])).code).toBe(0);
      expect([hashOf(output), readdirSync(folder)]).toEqual([newest, ["a.db"]]);
    },
  );

  it("is refused beside a -shm, which only its owner can tell to be a killed application's", async () => {
    const folder = temporaryFolder();
    const output = join(folder, "a.db");
    databaseAt(output).close();
    for (const ending of ["-wal", "-shm"]) writeFileSync(output + ending, "left");
    const was = contentsOf(folder);
    const { code, json } = await walkitJson(["restore", basic, "-o", output, "--force"]);
    expect([code, json.findings[0].code]).toEqual([3, "output/in-use"]);
    expect(json.findings[0].action).toContain(`delete ${output}-shm and run this again`);
    expect(contentsOf(folder)).toEqual(was);
    const planned = await walkitJson(["restore", basic, "-o", output, "--force", "--dry-run"]);
    expect(planned.json.findings[0]).toMatchObject({ code: "output/in-use", severity: "warning" });
    // As the advice says.
    rmSync(`${output}-shm`);
    expect((await walkit(["restore", basic, "-o", output, "--force", "-q"])).code).toBe(0);
    expect([hashOf(output), readdirSync(folder)]).toEqual([newest, ["a.db"]]);
  });

  it("goes ahead over an empty -wal, and over what lies there without a database", async () => {
    const folder = temporaryFolder();
    const output = join(folder, "a.db");
    databaseAt(output).close();
    writeFileSync(`${output}-wal`, "");
    expect((await walkit(["restore", basic, "-o", output, "--force", "-q"])).code).toBe(0);
    rmSync(output);
    for (const ending of ["-wal", "-shm"]) writeFileSync(output + ending, "left");
    expect((await walkit(["restore", basic, "-o", output, "--force", "-q"])).code).toBe(0);
    expect(readdirSync(folder)).toEqual(["a.db"]);
  });

  it("real SQLite leaves a -shm while a connection is open, and none after", async () => {
    const path = join(temporaryFolder(), "a.db");
    const child = spawn("sqlite3", [path], { stdio: "pipe" });
    children.push(child);
    const isThere = await new Promise((resolve) => {
      child.once("error", () => resolve(false));
      child.stdout.once("data", () => resolve(true));
      child.stdin.on("error", () => {});
      child.stdin.write("PRAGMA journal_mode=wal;\nCREATE TABLE t (x);\nSELECT 'ready';\n");
    });
    if (!isThere) return console.warn("no sqlite3 tool here: not held against it");
    while (!existsSync(`${path}-shm`)) await new Promise((resolve) => setTimeout(resolve, 5));
    expect((await walkit(["restore", basic, "-o", path, "--force"])).code).toBe(3);
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.stdin.end();
    await ended;
    expect(readdirSync(dirname(path))).toEqual(["a.db"]);
    expect((await walkit(["restore", basic, "-o", path, "--force", "-q"])).code).toBe(0);
  });
});

describe("an output inside the replica", () => {
  it("is refused, whatever the spelling of both", async () => {
    const elsewhere = temporaryFolder();
    const replica = unpack("basic", join(elsewhere, "replica"));
    const linked = join(elsewhere, "linked");
    symlinkSync(replica, linked);
    const generation = join(replica, "generations", GENERATION);
    const locations = [replica, `${replica}/`, linked, join(replica, "generations"), generation];
    locations.push(pathToFileURL(replica).href, join(linked, "generations", GENERATION));
    const places = [replica, join(replica, "generations"), generation, join(generation, "wal"), linked];
    places.push(join(replica, "generations/../generations"));
    const segment = join(generation, "wal", readdirSync(join(generation, "wal"))[0]!);
    const was = contentsOf(replica);
    const table = [
      ...locations.map((location) => [location, join(replica, "x.db")] as const),
      ...places.map((place) => [replica, join(place, "x.db")] as const),
      [replica, segment] as const,
      [generation, join(replica, `generations/${GENERATION}.history`)] as const,
    ];
    for (const [location, output] of table) {
      const { code, stderr } = await walkit(["restore", location, "-o", output, "--force"]);
      expect([location, output, code]).toEqual([location, output, 2]);
      expect(stderr).toContain("lies inside the replica");
    }
    const dry = await walkit(["restore", replica, "-o", join(replica, "x.db"), "--dry-run"]);
    expect(dry.code).toBe(2);
    expect(contentsOf(replica)).toEqual(was);
    // Beside it is fine.
    expect((await walkit(["restore", replica, "-o", join(elsewhere, "replica.db"), "-q"])).code).toBe(0);
  });

  it("is refused where a link of the replica leads to, and no further", async () => {
    const folder = temporaryFolder();
    const replica = unpack("basic", join(folder, "replica"));
    const far = join(folder, "far");
    mkdirSync(far);
    renameSync(join(replica, "generations", GENERATION, "wal"), join(far, "wal"));
    symlinkSync(join(far, "wal"), join(replica, "generations", GENERATION, "wal"));
    renameSync(join(replica, "generations"), join(far, "generations"));
    symlinkSync(join(far, "generations"), join(replica, "generations"));
    for (const place of [join(far, "generations"), join(far, "wal")]) {
      const { code } = await walkit(["restore", replica, "-o", join(place, "x.db")]);
      expect([place, code]).toEqual([place, 2]);
    }
    expect((await walkit(["restore", replica, "-o", join(far, "x.db"), "-q"])).code).toBe(0);
  });

  it("a link of the replica that leads nowhere, or in a circle, is none of the output's", async () => {
    for (const target of ["nowhere", "generations"]) {
      const folder = temporaryFolder();
      const replica = join(folder, "replica");
      mkdirSync(replica);
      symlinkSync(target, join(replica, "generations"));
      const { code, json } = await walkitJson(["restore", replica, "-o", join(folder, "x.db")]);
      expect([target, code]).toEqual([target, 3]);
      expect(json.findings[0].code).toMatch(/^(storage|replica)\//);
    }
  });
});
