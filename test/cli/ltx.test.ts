/** LTX replicas of Litestream 0.5 on the command line: their own words, Litestream's table, and beside generations. */

import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { LtxReplica, rows, usualReplica } from "../support/ltx-replica.ts";
import { build, temporaryFolder, unpack, walkit, walkitJson } from "./support.ts";

build();

const usual = usualReplica();
/** Read by all tests, changed by none. */
const folder = usual.write(join(temporaryFolder(), "app"));
const copied = usual.write(join(temporaryFolder(), "copy"), { copied: new Date("2026-11-29T00:00:00Z") });
const SAMPLE = fileURLToPath(new URL("../fixtures/ltx/litestream-0.5.17-vfs/", import.meta.url));

const txid = (n: number) => n.toString(16).padStart(16, "0");
const timeOf = (n: number) => new Date(usual.timeOf(n)).toISOString().replace(".000Z", "Z");
const out = () => join(temporaryFolder(), "out.db");

/** A generation of Litestream 0.3, and LTX files from `days` later on. */
function mixed(days: number): string {
  const replica = unpack("basic");
  for (const { parentPath, name } of readdirSync(replica, { recursive: true, withFileTypes: true })) {
    const time = new Date(usual.timeOf(1) - days * 86_400_000);
    utimesSync(join(parentPath, name), time, time);
  }
  return usual.write(replica);
}

describe("walkit verify", () => {
  it("counts LTX files by level, and states, not segments", async () => {
    const { code, stdout } = await walkit(["verify", folder]);
    expect(stdout).toMatch(
      /^OK: no damage found\. The newest state can be restored: it was written \S+, \d+ days? \d+ h ago\n/,
    );
    const [, about = ""] = stdout.split("\n\nLTX files: ok\n");
    expect(about.split("\n")).toEqual([
      expect.stringMatching(
        /^ {2}files {9}15 LTX files: 8 of level 0, 5 of level 1, 2 snapshots \(level 9\), [\d.]+ KiB$/,
      ),
      `  written       ${timeOf(1)} to ${timeOf(20)}, by the headers`,
      expect.stringMatching(/^ {2}checked {7}11 steps from state to state, with \d+ pages$/),
      expect.stringMatching(/^ {2}database .* pages of 1024 bytes, SQLite's integrity_check says ok$/),
      `  restorable    12 states, from TXID ${txid(1)} to ${txid(20)}, ${timeOf(1)} to ${timeOf(20)} (the newest state)`,
      `                the last 8, from TXID ${txid(13)} on, about 1.00 s apart; the 4 before about 3.67 s apart`,
      `  in between    the snapshot of TXID ${txid(9)}, ${timeOf(9)}`,
      "",
    ]);
    expect(stdout).not.toMatch(/WAL|segment|frame|index/);
    expect(code).toBe(0);
  });

  it("has levels and runs in JSON, at every level of looking", async () => {
    const { json } = await walkitJson(["verify", folder]);
    const [report] = json.generations;
    expect(report.levels.map(({ bytes: _, ...level }: { bytes: number }) => level)).toEqual([
      { level: 0, files: 8, minTxid: txid(13), maxTxid: txid(20) },
      { level: 1, files: 5, minTxid: txid(1), maxTxid: txid(16) },
      { level: 9, files: 2, minTxid: txid(1), maxTxid: txid(9) },
    ]);
    const [range] = report.restorable;
    expect(range.runs.map((run: { level: number; states: number }) => [run.level, run.states])).toEqual([
      [1, 4],
      [0, 8],
    ]);
    expect(range.runs.at(-1)).toMatchObject({
      ...{ from: txid(13), to: txid(20) },
      ...{ fromTime: timeOf(13), toTime: timeOf(20) },
    });
    const names = (await walkitJson(["verify", folder, "--level", "names"])).json.generations[0];
    expect([names.restorable[0].from, names.restorable[0].to, names.levels.length]).toEqual([
      txid(1),
      txid(20),
      3,
    ]);
    const generation = (await walkitJson(["verify", unpack("basic"), "--level", "names"])).json;
    expect(Object.keys(generation.generations[0])).not.toContain("levels");
    expect(Object.keys(generation.generations[0].restorable[0])).not.toContain("runs");
  });

  it("goes by the headers' times in a copy without times", async () => {
    const { json } = await walkitJson(["verify", copied, "--level", "frames"]);
    expect([json.generations[0].oldest, json.generations[0].newest]).toEqual([timeOf(1), timeOf(20)]);
  });

  it("says what is lost in TXIDs, and that a broken file that others cover takes nothing of the newest", async () => {
    const replica = usualReplica();
    replica.drop(`ltx/0/${txid(18)}-${txid(18)}.ltx`);
    const gap = await walkit(["verify", replica.write(join(temporaryFolder(), "gap"))]);
    expect(gap.stdout).toMatch(/^DAMAGED: not everything/);
    // Each file has both pages of this database, so that of TXID 19 is one to begin with.
    expect(gap.stdout).toContain(
      `cannot be restored: what was committed after ${txid(17)} and before ${txid(19)}\n`,
    );
    expect(gap.stdout).toContain(`    at             TXID ${txid(17)}\n`);
    const broken = usualReplica();
    broken.files.get(`ltx/0/${txid(14)}-${txid(14)}.ltx`)!.bytes[120]! ^= 1;
    const { code, stdout } = await walkit(["verify", broken.write(join(temporaryFolder(), "broken"))]);
    expect(stdout).toMatch(
      /^DAMAGED: 1 file broken, but the newest state can still be restored \(1 problem, with 1 warning\)\n/,
    );
    expect(code).toBe(1);
  });
});

it("what to do speaks of TXIDs, not of indexes", async () => {
  const replica = usualReplica();
  replica.put(9, 1, 12, { change: (page, data) => page === 2 && data.fill(7, 100, 108) });
  const { json } = await walkitJson([
    "verify",
    replica.write(join(temporaryFolder(), "other")),
    "--level",
    "replay",
  ]);
  const mismatch = json.findings.find(({ code }: { code: string }) => code === "replica/snapshot-mismatch");
  expect(mismatch.action).toMatch(/--txid before and after the snapshot/);
  const late = new LtxReplica(rows(4));
  late.putAll(0, 2, 4);
  const none = await walkitJson(["verify", late.write(join(temporaryFolder(), "late"))]);
  expect([none.code, none.json.findings[0].meaning]).toEqual([
    1,
    expect.stringMatching(/begins with TXID 1/),
  ]);
});

describe("walkit restore", () => {
  it("says which TXID and time it comes to, and how far that is from the time asked for", async () => {
    const output = out();
    const { code, stdout } = await walkit([
      ...["restore", copied, "-o", output],
      ...["--target-time", "2026-11-20T12:00:14.25Z"],
    ]);
    expect(stdout.split("\n").slice(1, 6)).toEqual([
      "  asked for   the state at 2026-11-20T12:00:14.25Z",
      `  from        LTX snapshot of TXID ${txid(9)} (ltx/9/${txid(1)}-${txid(9)}.ltx)`,
      `  up to       TXID ${txid(15)}`,
      `              written ${timeOf(15)}, 250 ms before 2026-11-20T12:00:14.25Z`,
      `  next        TXID ${txid(16)}, written ${timeOf(16)}, 750 ms after 2026-11-20T12:00:14.25Z`,
    ]);
    expect(stdout).toMatch(/^ {2}applied {5}the snapshot, and \d+ pages from \d LTX files$/m);
    expect(stdout).not.toMatch(/WAL|segment|frame/);
    expect(readFileSync(output).equals(usual.states[15]!)).toBe(true);
    expect(code).toBe(0);
  });

  it("takes a time in with --target-time, and leaves it out with --timestamp, as Litestream does", async () => {
    const at = async (...flags: string[]) =>
      (await walkitJson(["restore", folder, "--dry-run", ...flags])).json.plan.files.at(-1).max_txid;
    expect(await at("--target-time", timeOf(15))).toBe(txid(15));
    expect(await at("--timestamp", timeOf(15))).toBe(txid(14));
    expect(await at("--timestamp", "2026-11-20T12:00:14.000000001Z")).toBe(txid(15));
    expect(await at("--timestamp", timeOf(15), "--target-exclusive")).toBe(txid(14));
    const { stdout } = await walkit(["restore", folder, "--dry-run", "--timestamp", timeOf(15)]);
    expect(stdout).toContain(`  asked for   the state just before ${timeOf(15)}\n`);
    // Of generations both mean the same.
    const basic = unpack("basic");
    const [{ end }] = (await walkitJson(["generations", basic])).json.generations;
    const plans = ["--timestamp", "--target-time"].map((option) =>
      walkitJson(["restore", basic, "--dry-run", option, end]),
    );
    const [one, other] = await Promise.all(plans);
    expect(one!.json.plan).toEqual(other!.json.plan);
  });

  it("lists the files of a dry run as Litestream's plan does", async () => {
    const { stdout } = await walkit(["restore", copied, "--dry-run", "--txid", txid(18)]);
    expect(stdout.split("\n").slice(0, 4)).toEqual([
      "Plan (nothing was written, and of files the headers alone were read)",
      `  asked for   the state of TXID ${txid(18)}`,
      `  from        LTX snapshot of TXID ${txid(9)} (ltx/9/${txid(1)}-${txid(9)}.ltx)`,
      "  files       level  min_txid          max_txid          size  written",
    ]);
    expect(stdout).toMatch(new RegExp(`^ {14}0 {6}${txid(18)}  ${txid(18)}  \\d+ {3}${timeOf(18)}$`, "m"));
    const { json } = await walkitJson(["restore", folder, "--dry-run", "--txid", txid(18)]);
    expect(json.plan.files.at(-1)).toEqual({
      ...{ level: 0, min_txid: txid(18), max_txid: txid(18), timestamp: timeOf(18) },
      size: usual.files.get(`ltx/0/${txid(18)}-${txid(18)}.ltx`)!.bytes.length,
      path: `ltx/0/${txid(18)}-${txid(18)}.ltx`,
    });
  });

  it("refuses what is not there with what is: a TXID within a merged file, a WAL index, a time to come", async () => {
    const table: [flags: string[], said: RegExp][] = [
      [["--txid", txid(6)], /the state of TXID 0{15}6: .*--txid 0{15}4, .*--txid 0{15}8,/s],
      [["--txid", txid(6)], /^ {4}at {13}TXID 0{15}6$/m],
      [["--index", "3"], /Expected a TXID of 16 hexadecimal digits.*found index 3/],
      [["--target-position", "1:1038"], /Expected a TXID .*found 00000001:00001038, a place in a WAL/],
      [["--timestamp", "2027-01-01T00:00:00Z"], /nothing was written since 2026-11-20T12:00:19Z/],
      [["--timestamp", timeOf(1)], /Expected a snapshot from before 2026-11-20T12:00:00Z/],
    ];
    for (const [flags, said] of table) {
      const { code, stderr } = await walkit(["restore", folder, "-o", out(), ...flags]);
      expect([code, stderr]).toEqual([1, expect.stringMatching(said)]);
    }
  });
});

it("a TXID that is offered leads there, also where there are generations beside the LTX files", async () => {
  const replica = mixed(30);
  const { stderr } = await walkit(["restore", replica, "-o", out(), "--txid", txid(6)]);
  const offered = [...stderr.matchAll(/--txid ([0-9a-f]{16}), written/g)].map(([, offer]) => offer!);
  expect(offered).toEqual([txid(4), txid(8)]);
  for (const offer of offered) {
    const output = out();
    expect((await walkit(["restore", replica, "-o", output, "--txid", offer])).code).toBe(0);
    expect(readFileSync(output).equals(usual.states[Number.parseInt(offer, 16)]!)).toBe(true);
  }
  expect((await walkit(["mark", replica, "there", "--txid", offered[0]!])).code).toBe(0);
  const output = out();
  expect((await walkit(["restore", replica, "-o", output, "--target-name", "there"])).code).toBe(0);
  expect(readFileSync(output).equals(usual.states[4]!)).toBe(true);
});

describe("walkit ltx", () => {
  it("lists a level, or all, with the headers' times; where the storage has others it says so", async () => {
    const { code, stdout, stderr } = await walkit(["ltx", copied, "--level", "9"]);
    const size = (n: number) => usual.files.get(`ltx/9/${txid(1)}-${txid(n)}.ltx`)!.bytes.length;
    expect(stdout).toBe(
      [
        "level  min_txid          max_txid          size  created",
        `9      ${txid(1)}  ${txid(1)}  ${String(size(1)).padEnd(4)}  ${timeOf(1)}`,
        `9      ${txid(1)}  ${txid(9)}  ${String(size(9)).padEnd(4)}  ${timeOf(9)}\n`,
      ].join("\n"),
    );
    expect(stderr).toMatch(/^For information \(1\)\n.*found those of 15 of 15 to be others/);
    expect(code).toBe(0);
    const quiet = await walkit(["ltx", folder]);
    expect([quiet.stdout.split("\n").length, quiet.stderr]).toEqual([10, ""]);
    const { json } = await walkitJson(["ltx", folder, "--level", "all"]);
    expect(json.ltx.length).toBe(15);
    expect(json.ltx[0]).toEqual({
      ...{ level: 0, min_txid: txid(13), max_txid: txid(13), timestamp: timeOf(13) },
      size: usual.files.get(`ltx/0/${txid(13)}-${txid(13)}.ltx`)!.bytes.length,
      path: `ltx/0/${txid(13)}-${txid(13)}.ltx`,
    });
  });

  it("lists what S3 names 0000 to 0009, and what lies in an unreadable header's file", async () => {
    const s3 = new LtxReplica(rows(3), { s3: true });
    s3.putAll(0, 1, 3);
    s3.files.get(`0000/${txid(2)}-${txid(2)}.ltx`)!.bytes[0] = 0;
    const { code, stdout, stderr } = await walkit(["ltx", s3.write(join(temporaryFolder(), "s3"))]);
    expect(stdout.split("\n").length).toBe(5);
    expect(stdout).toContain(timeOf(2));
    expect(stderr).toMatch(/found 1 of 3 that do not/);
    expect(code).toBe(0);
  });

  it("of generations alone, and of LiteFS, says what is there", async () => {
    const basic = await walkit(["ltx", unpack("basic")]);
    expect([basic.code, basic.stderr]).toEqual([3, expect.stringMatching(/none: .*walkit generations/s)]);
    const lite = join(temporaryFolder(), "litefs");
    mkdirSync(join(lite, "dbs/app.db"), { recursive: true });
    cpSync(join(SAMPLE, "ltx/0"), join(lite, "dbs/app.db/ltx"), { recursive: true });
    const { code, stderr } = await walkit(["ltx", lite]);
    expect([code, stderr]).toEqual([3, expect.stringMatching(/LiteFS/)]);
  });

  it.skipIf(!litestream())("is byte for byte what the real Litestream prints", async () => {
    for (const level of ["0", "1", "9", "5", "all"]) {
      const { stdout } = await walkit(["ltx", folder, "--level", level]);
      const real = spawnSync(litestream()!, ["ltx", "-level", level, `file://${folder}`], {
        encoding: "utf8",
      });
      expect(stdout).toBe(real.stdout);
    }
  });

  /** The newest Litestream 0.5 that is here: where CI puts it, or where `WALKIT_LITESTREAM` says. */
  function litestream(): string | undefined {
    const cache = fileURLToPath(new URL("../../node_modules/.cache/litestream/", import.meta.url));
    const place = process.env.WALKIT_LITESTREAM ?? cache;
    return ["0.5.18", "0.5.17", "0.5.15"]
      .flatMap((version) => [join(place, version, "bin/litestream"), join(place, version, "litestream")])
      .find((path) => existsSync(path));
  }
});

describe("the other lists", () => {
  it("have LTX files as one more generation, and name the command for the rest", async () => {
    const replica = mixed(30);
    const { code, stdout } = await walkit(["generations", replica]);
    expect(stdout).toMatch(/^file {2}ltx {15}\S+ {2,}2026-11-20T12:00:00Z {2}2026-11-20T12:00:19Z$/m);
    expect([code, stdout.split("\n").length]).toEqual([0, 4]);
    const { json } = await walkitJson(["generations", replica]);
    expect(json.generations.at(-1)).toMatchObject({ generation: "ltx", path: "ltx", timesTrusted: true });
    for (const command of ["snapshots", "wal"]) {
      const beside = await walkit([command, replica]);
      expect([beside.code, beside.stderr.split("\n")[0]]).toEqual([
        0,
        `LTX files of Litestream 0.5 are there as well: walkit ltx ${replica}`,
      ]);
      const alone = await walkitJson([command, folder]);
      expect([alone.code, alone.json[command]]).toEqual([3, []]);
      expect(alone.json.findings[0].action).toMatch(/walkit ltx/);
    }
    expect((await walkit(["generations", folder])).code).toBe(0);
  });
});

describe("moments", () => {
  it("are marked by TXID beside ltx/, listed, and restored", async () => {
    const replica = usual.write(join(temporaryFolder(), "marked"), {
      copied: new Date("2026-11-29T00:00:00Z"),
    });
    const { code, stdout } = await walkit(["mark", replica, "before", txid(15)]);
    expect(stdout.split("\n").slice(0, 4)).toEqual([
      'Marked "before"',
      `  TXID        ${txid(15)}`,
      `  written     ${timeOf(15)} (its LTX file)`,
      `  recorded in ${join(replica, "ltx.restore-points")}`,
    ]);
    expect(code).toBe(0);
    const points = await walkit(["restore-points", replica]);
    const lines = points.stdout.split("\n");
    expect(lines.slice(0, 3)).toEqual([
      "LTX files: 13 states",
      "  written               TXID              after",
      `  ${timeOf(1)}  ${txid(1)}  -                 a snapshot`,
    ]);
    expect(lines).toContain(`  ${timeOf(9)}  ${txid(9)}  -                 a snapshot`);
    expect(lines).toContain(`  restore point "before" at ${txid(15)}`);
    expect(lines).toContain(`  walkit restore ${replica} -o restored.db --txid <TXID>`);
    expect(points.stdout).not.toMatch(/segment|position/);
    const output = out();
    const restored = await walkit(["restore", replica, "-o", output, "--target-name", "before"]);
    expect([restored.code, readFileSync(output).equals(usual.states[15]!)]).toEqual([0, true]);
    const { json } = await walkitJson(["restore-points", replica]);
    const [generation] = json.generations;
    expect(generation.segments.at(-1)).toMatchObject({
      time: timeOf(20),
      transactions: [{ position: txid(20), transaction: 20, restorable: true }],
    });
  });

  it("that only a damaged file led to are not restorable; what stands in for it is", async () => {
    const replica = usualReplica();
    replica.files.get(`ltx/0/${txid(14)}-${txid(14)}.ltx`)!.bytes[120]! ^= 1;
    const { code, stdout } = await walkit(["restore-points", replica.write(join(temporaryFolder(), "x"))]);
    expect(stdout).toMatch(/^LTX files: \d+ states, 2 of them not restorable$/m);
    expect(stdout).toMatch(new RegExp(`^  ${timeOf(16)}  ${txid(16)}  ${txid(15)}$`, "m"));
    expect(code).toBe(1);
  });

  it("of both worlds stand in one tree of timelines", async () => {
    const { stdout } = await walkit(["timelines", mixed(30)]);
    expect(stdout).toMatch(/^\d {2}ltx {2}whole, current$/m);
    expect(stdout).toContain(`${txid(1)} to ${txid(20)}, ${timeOf(1)} to ${timeOf(20)}`);
  });
});

it("an empty folder is told that it could hold either", async () => {
  const empty = temporaryFolder();
  const { code, stderr } = await walkit(["verify", empty]);
  expect([code, stderr]).toEqual([3, expect.stringMatching(/Expected generations\/ or LTX files in/)]);
  rmSync(empty, { recursive: true });
});

it("a refused TXID names the moments beside it by the times of headers, whatever a copy made of those of files", async () => {
  const replica = usualReplica();
  const path = [...replica.files.keys()].find((one) => one.endsWith(`${txid(18)}-${txid(18)}.ltx`))!;
  replica.drop(path);
  const lost = replica.write(join(temporaryFolder(), "lost"), { copied: new Date("2026-11-29T00:00:00Z") });
  const { code, stderr } = await walkit(["restore", lost, "-o", out(), "--txid", txid(18)]);
  expect(code).toBe(1);
  expect(stderr).toContain(`written ${timeOf(17)}`);
  expect(stderr).not.toContain("2026-11-29");
});
