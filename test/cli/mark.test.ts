/** `walkit mark`: names for moments, written so that none is lost and nothing else is touched. */

import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import sqlite from "node-sqlite3-wasm";
import { describe, expect, it } from "vitest";
import { parseRestorePoints } from "../../src/timeline/restore-points.ts";
import { readManifest } from "../support/fixtures.ts";
import { LITESTREAM, Litestream } from "../support/litestream.ts";
import { build, hashOf, temporaryFolder, unpack, walkit, walkitJson } from "./support.ts";

build();

const [GENERATION] = readManifest("basic").generations.map(({ id }) => id) as [string];
const pointsOf = (replica: string, generation = GENERATION) =>
  join(replica, "generations", `${generation}.restore-points`);
const textOf = (replica: string, generation = GENERATION) =>
  readFileSync(pointsOf(replica, generation), "utf8");
const namesOf = (replica: string) => parseRestorePoints(textOf(replica), "").map(({ name }) => name);
const left = (replica: string) =>
  readdirSync(join(replica, "generations")).filter((name) => name.startsWith("."));

it("names the newest moment, and a restore finds it", async () => {
  const replica = unpack("basic");
  const marked = await walkit(["mark", replica, "before migration"]);
  expect([marked.code, marked.stderr]).toEqual([0, ""]);
  const [, position] = /position +(\S+) of generation/.exec(marked.stdout)!;
  expect(marked.stdout).toContain(pointsOf(replica));
  expect(textOf(replica)).toMatch(new RegExp(`^${position}\tbefore migration\t20\\d\\d-[^\t]*Z\n$`));
  const [a, b] = [join(temporaryFolder(), "a"), join(temporaryFolder(), "b")];
  const command = /walkit (restore .*)$/m.exec(marked.stdout)![1]!;
  expect(command).toBe(`restore ${replica} -o restored.db --target-name 'before migration'`);
  const named = await walkit(["restore", replica, "-o", a, "--target-name", "before migration"]);
  const newest = await walkit(["restore", replica, "-o", b]);
  expect([named.code, newest.code, hashOf(a)]).toEqual([0, 0, hashOf(b)]);
  expect(lstatSync(pointsOf(replica)).mode & 0o777).toBe(0o644 & ~process.umask());
  expect(left(replica)).toEqual([]);
});

it("takes every target that a restore takes, in a word or as an option", async () => {
  const replica = unpack("basic");
  const { json } = await walkitJson(["restore-points", replica]);
  const segment = json.generations[0].segments[3];
  const { position, transaction } = segment.transactions.at(-1);
  const ways = [
    [position],
    [segment.time],
    [`transaction:${transaction}`],
    ["--target-position", position],
    ["--target-time", segment.time],
    ["--timestamp", segment.time],
    ["--target-transaction", String(transaction)],
    ["--target-exclusive", `transaction:${transaction + 1}`],
    ["--generation", GENERATION, position],
    ["name:0"],
  ];
  for (const [i, way] of ways.entries()) {
    const { code, json: marked } = await walkitJson(["mark", replica, String(i), ...way]);
    expect([way, code, marked]).toEqual([
      way,
      0,
      {
        ...{ command: "mark", status: "ok", replica, name: String(i), generation: GENERATION, position },
        ...{ time: segment.time, path: `generations/${GENERATION}.restore-points`, findings: [] },
      },
    ]);
  }
  const newest = json.generations[0].segments.at(-1).transactions.at(-1).position;
  for (const [i, way] of [["newest"], ["index:0"], ["--index", "0"]].entries()) {
    expect((await walkitJson(["mark", replica, `n${i}`, ...way])).json.position).toBe(newest);
  }
  expect(namesOf(replica)).toHaveLength(ways.length + 3);
});

it("refuses what makes no sense as wrong usage, before it looks at the replica", async () => {
  const no = join(temporaryFolder(), "no");
  const table: [args: string[], expected: RegExp][] = [
    [["mark", no], /missing required argument 'name'/],
    [["mark", no, ""], /it is empty/],
    [["mark", no, "a\nb"], /found "a\\nb": it holds a control character/],
    [["mark", no, "\u001b[31mred"], /"\\u001b\[31mred"/],
    [["mark", no, " a"], /begins or ends with a blank/],
    [["mark", no, "x".repeat(64)], /longer than 63 characters/],
    [["mark", no, "😀".repeat(64)], /longer than 63 characters/],
    [["mark", no, "a\u202eb"], /turns the direction/],
    [["mark", no, "a", "yesterday"], /Expected a position such as/],
    [["mark", no, "a", "12:30"], /Expected a position such as/],
    [["mark", no, "a", "newest", "--index", "1"], /"newest" and an option both name a moment/],
    [["mark", no, "a", "--target-exclusive"], /needs a target/],
    [["mark", no, "a", "--index", "1", "--target-immediate"], /cannot be used together/],
    [["mark", no, "a", "newest", "b"], /too many arguments/],
  ];
  const runs = await Promise.all(table.map(([args]) => walkit(args)));
  for (const [i, { code, stdout, stderr }] of runs.entries()) {
    expect([table[i]![0], code, stdout]).toEqual([table[i]![0], 2, ""]);
    expect(stderr).toMatch(table[i]![1]);
    expect(stderr).toMatch(/walkit help mark\n$/);
  }
});

it("takes any name that can be seen and written in a line", async () => {
  const replica = unpack("basic");
  const names = [
    "x".repeat(63),
    "😀".repeat(63),
    "# no comment",
    "a 'quoted' \"name\"",
    "日本",
    "%s \\n $(x)",
  ];
  for (const name of names) {
    const { code, stdout } = await walkit(["mark", replica, name]);
    expect([name, code]).toEqual([name, 0]);
    const command = /walkit (restore .*)$/m.exec(stdout)![1]!.replace("restored.db", "-");
    const { status } = spawnSync("bash", [
      "-c",
      `test "$(printf %s ${command.split("--target-name ")[1]})" = "$0"`,
      name,
    ]);
    expect([name, status]).toEqual([name, 0]);
    expect((await walkit(["restore", replica, "--dry-run", "--target-name", name])).code).toBe(0);
  }
  expect((await walkit(["mark", replica, "--", "-dash"])).code).toBe(0);
  expect(namesOf(replica)).toEqual([...names, "-dash"]);
});

describe("a name that is taken", () => {
  const generations = readManifest("multi-generation").generations.map(({ id }) => id);
  const [newer, older] = generations as [string, string];

  it("is refused, in whatever generation it is, and moved with --force", async () => {
    const replica = unpack("multi-generation");
    const mark = (...args: string[]) => walkitJson(["mark", replica, "here", ...args]);
    const first = await mark("--generation", older, "index:0");
    expect(first.code).toBe(0);
    const second = await mark("--generation", newer);
    expect([second.code, second.json.status]).toEqual([3, "failed"]);
    expect(Object.keys(second.json).sort()).toEqual(["command", "findings", "status"]);
    const [finding] = second.json.findings;
    expect([finding.code, finding.severity]).toEqual(["output/exists", "inconclusive"]);
    expect(finding.message).toContain(`"here" at ${first.json.position} of generation ${older}`);
    expect(finding.action).toMatch(/--force/);
    expect(existsSync(pointsOf(replica, newer))).toBe(false);
    expect((await mark("--generation", newer, "--force")).code).toBe(0);
    expect(textOf(replica, older)).toBe("");
    expect(textOf(replica, newer)).toMatch(/^\w+:\w+\there\t/);
    expect(left(replica)).toEqual([]);
  });

  it("moves within its file, and nothing else in that changes", async () => {
    const replica = unpack("basic");
    const { json } = await walkitJson(["restore-points", replica]);
    const [a, b] = json.generations[0].segments
      .slice(-2)
      .map((s: { transactions: { position: string }[] }) => s.transactions.at(-1)!.position);
    const before = Buffer.concat([
      Buffer.from(`# a comment, \tname\n\n${a}\tfirst\r\n  # `),
      Buffer.from([0xff, 0xfe, 0x80]),
      Buffer.from(`\n${a}\tname\t2026-11-20T12:15:47Z\r\n${a}\tlast`),
    ]);
    writeFileSync(pointsOf(replica), before);
    chmodSync(pointsOf(replica), 0o600);
    expect((await walkit(["mark", replica, "name", b, "--force"])).code).toBe(0);
    const after = readFileSync(pointsOf(replica));
    const [head, tail] = before.toString("latin1").split(/\n[^\n]*name\t2026[^\n]*\n/) as [string, string];
    const lines = after.toString("latin1").slice(head.length, -tail.length);
    expect(after.toString("latin1")).toBe(head + lines + tail);
    expect(lines).toMatch(new RegExp(`^\n${b}\tname\t20[^\n]*Z\n$`));
    expect(lstatSync(pointsOf(replica)).mode & 0o777).toBe(0o600);
    // And the next one begins a line of its own.
    expect((await walkit(["mark", replica, "more"])).code).toBe(0);
    expect(namesOf(replica)).toEqual(["first", "name", "last", "more"]);
  });
});

describe("several at once", () => {
  it("lose none", async () => {
    const replica = unpack("basic");
    const names = Array.from({ length: 8 }, (_, i) => `name ${i}`);
    expect((await walkit(["mark", replica, "name 0"])).code).toBe(0);
    const runs = await Promise.all(names.map((name) => walkit(["mark", replica, name, "--force"])));
    expect(runs.map(({ code }) => code)).toEqual(names.map(() => 0));
    expect(namesOf(replica).sort()).toEqual(names);
    expect(left(replica)).toEqual([]);
  });

  it("give one name once", async () => {
    const replica = unpack("basic");
    const runs = await Promise.all([1, 2, 3, 4].map(() => walkit(["mark", replica, "one"])));
    expect(runs.map(({ code }) => code).sort()).toEqual([0, 3, 3, 3]);
    expect(namesOf(replica)).toEqual(["one"]);
  });

  it("wait for one that died, and say so", async () => {
    const replica = unpack("basic");
    const lock = join(replica, "generations", ".walkit-mark.tmp");
    writeFileSync(lock, "");
    const { code, stderr } = await walkit(["mark", replica, "one"]);
    expect([code, existsSync(pointsOf(replica))]).toEqual([3, false]);
    expect(stderr).toMatch(/has held generations\/\.walkit-mark\.tmp for 10 seconds[\s\S]*delete that file/);
    const waiting = walkit(["mark", replica, "two"]);
    setTimeout(() => rmSync(lock), 500);
    expect((await waiting).code).toBe(0);
  });
});

describe("files that it cannot add to", () => {
  const refused = async (replica: string, code: number, expected: RegExp): Promise<void> => {
    const run = await walkit(["mark", replica, "one"]);
    expect([run.code, run.stdout]).toEqual([code, ""]);
    expect(run.stderr).toMatch(expected);
    expect(left(replica)).toEqual([]);
  };

  it("are left as they are: too large, binary, of something else", async () => {
    const replica = unpack("basic");
    const contents: [Buffer, RegExp][] = [
      [Buffer.alloc(17 << 20, "# more\n"), /timeline\/restore-points/],
      [Buffer.from([0, 1, 2, 0xff, 0xfe, 10, 27, 91, 10]), /in line 1[\s\S]*timeline\/restore-points/],
      [Buffer.from("00000000:00001038\tone\n00000000:00001039\tone\n"), /in line 2/],
    ];
    for (const [content, expected] of contents) {
      writeFileSync(pointsOf(replica), content);
      await refused(replica, 1, expected);
      expect(readFileSync(pointsOf(replica)).equals(content)).toBe(true);
    }
    // As large as it gets, to the byte.
    const full = Buffer.alloc(16 << 20, "# more\n");
    writeFileSync(pointsOf(replica), full);
    await refused(replica, 3, /as large as such a file gets/);
    expect(lstatSync(pointsOf(replica)).size).toBe(full.length);
  });

  it("are no files: a folder, a link, a pipe", async () => {
    const replica = unpack("basic");
    mkdirSync(pointsOf(replica));
    await refused(replica, 3, /found a folder[\s\S]*output\/unwritable/);
    rmSync(pointsOf(replica), { recursive: true });
    const elsewhere = join(temporaryFolder(), "elsewhere");
    for (const content of [undefined, ""]) {
      if (content !== undefined) writeFileSync(elsewhere, content);
      symlinkSync(elsewhere, pointsOf(replica));
      await refused(replica, 3, /found a symbolic link[\s\S]*not followed/);
      expect(existsSync(elsewhere) ? readFileSync(elsewhere, "utf8") : undefined).toBe(content);
      rmSync(pointsOf(replica));
    }
    if (spawnSync("mkfifo", [pointsOf(replica)]).status !== 0) return;
    await refused(replica, 3, /regular file|no file/);
  });

  it.skipIf(process.platform === "win32")("lie where nothing may be written", async () => {
    const replica = unpack("basic");
    const folder = join(replica, "generations");
    // Root may write anywhere.
    const isRoot = process.getuid!() === 0;
    if (isRoot) spawnSync("chmod", ["-R", "a+rX", join(replica, "..")]);
    chmodSync(folder, 0o555);
    const { code, stderr } = await walkit(["mark", replica, "one"], isRoot ? { uid: 65534, gid: 65534 } : {});
    chmodSync(folder, 0o755);
    expect([code, readdirSync(folder)]).toEqual([3, [GENERATION]]);
    expect(stderr).toMatch(/permission denied[\s\S]*You may not write there[\s\S]*output\/unwritable/);
  });
});

it("refuses what a restore would refuse, and writes nothing", async () => {
  const damaged = unpack("damaged/flip-page-data-last-index");
  const sound = unpack("multi-generation");
  const cases: [args: string[], code: number, finding: string][] = [
    [[damaged, "x"], 1, "wal/frame-checksum"],
    [[sound, "x", "00000063:00000000"], 1, "target/out-of-range"],
    [[sound, "x", "transaction:1000"], 1, "target/out-of-range"],
    [[sound, "x", "2001-01-01T00:00:00Z"], 1, "target/out-of-range"],
    [[sound, "x", "name:y"], 1, "target/no-restore-point"],
    [[sound, "x", "--generation", "0123456789abcdef"], 3, "target/no-generation"],
    [[join(sound, "no"), "x"], 3, "storage/not-found"],
  ];
  for (const [args, expected, finding] of cases) {
    const { code, json } = await walkitJson(["mark", ...args]);
    expect([args, code, json.status, json.findings[0].code]).toEqual([args, expected, "failed", finding]);
  }
  for (const replica of [damaged, sound]) {
    const names = readdirSync(join(replica, "generations"));
    expect(names.every((name) => /^[0-9a-f]{16}$/.test(name))).toBe(true);
  }
});

it("of a generation's own folder goes beside it", async () => {
  const replica = unpack("basic");
  const own = join(replica, "generations", GENERATION);
  const { code, json } = await walkitJson(["mark", own, "one"]);
  expect([code, json.path]).toEqual([0, `${GENERATION}.restore-points`]);
  expect(namesOf(replica)).toEqual(["one"]);
  const other = await walkit(["mark", own, "two", "--generation", "0123456789abcdef"]);
  expect([other.code, other.stderr]).toEqual([2, expect.stringContaining("own folder")]);
  const along = await walkit(["mark", own, "two", "--target-timeline", "latest"]);
  expect([along.code, along.stderr]).toEqual([2, expect.stringContaining("whole replica")]);
});

describe.skipIf(LITESTREAM === undefined)("Litestream", () => {
  it("lists and restores a replica as ever", async () => {
    const replica = unpack("multi-generation");
    const run = (...args: string[]) =>
      spawnSync(LITESTREAM!, [...args, `file://${replica}`], { encoding: "utf8" });
    // The lag moves, and the columns' widths with it.
    const lists = () =>
      ["generations", "snapshots", "wal"].map((command) =>
        run(command)
          .stdout.replace(/\d+h\S+/g, "")
          .replace(/ +/g, " "),
      );
    const before = lists();
    const [a, b] = [join(temporaryFolder(), "a"), join(temporaryFolder(), "b")];
    expect(run("restore", "-o", a).status).toBe(0);
    for (const { id } of readManifest("multi-generation").generations) {
      expect((await walkit(["mark", replica, `of ${id}`, "--generation", id])).code).toBe(0);
    }
    expect(lists()).toEqual(before);
    const { status, stderr } = run("restore", "-o", b);
    expect([status, hashOf(b)]).toEqual([0, hashOf(a)]);
    expect(stderr).not.toMatch(/restore-points/);
    expect((await walkit(["verify", replica])).code).toBe(0);
  });

  it("keeps its retention off the file", async () => {
    const folder = temporaryFolder();
    const path = join(folder, "db");
    const database = new sqlite.Database(path);
    database.exec("PRAGMA journal_mode=wal; CREATE TABLE t (x); INSERT INTO t VALUES (1)");
    database.close();
    const litestream = new Litestream(folder, path, {
      retention: "200ms",
      "retention-check-interval": "200ms",
    });
    litestream.start();
    try {
      await litestream.settle();
      const { code, json } = await walkitJson(["mark", litestream.replica, "kept"]);
      expect(code).toBe(0);
      await litestream.stop();
      // Without its own folder it begins a generation anew, and retention clears the old one away.
      rmSync(join(folder, ".db-litestream"), { recursive: true });
      litestream.start();
      const snapshots = join(litestream.replica, "generations", json.generation, "snapshots");
      const isCleared = () => !existsSync(snapshots) || readdirSync(snapshots).length === 0;
      for (let tries = 0; !isCleared() && tries < 200; tries++)
        await new Promise((resolve) => setTimeout(resolve, 50));
      expect(isCleared()).toBe(true);
      expect(readFileSync(join(litestream.replica, json.path), "utf8")).toMatch(/\tkept\t/);
    } finally {
      await litestream.stop();
    }
    expect(litestream.log).not.toMatch(/level=ERROR|restore-points/);
  });
});
