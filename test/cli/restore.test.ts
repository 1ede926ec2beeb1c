/** `walkit restore`: the bytes, and everything that must not happen. */

import { spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { GOLDEN, readManifest, sha256 } from "../support/fixtures.ts";
import { build, hashOf, MAIN, slowReplica, temporaryFolder, unpack, walkit, walkitJson } from "./support.ts";

build();

const basic = unpack("basic");
const newest = readManifest("basic").restores.find((r) => r.id === "latest")!.db!.sha256;
const out = () => join(temporaryFolder(), "out.db");

describe("the same bytes as Litestream", () => {
  it.concurrent.each(GOLDEN)("%s", async (name) => {
    const replica = unpack(name);
    const { restores } = readManifest(name);
    const good = restores.filter((r) => r.exitCode === 0 && r.db);
    // The newest, and one by index or by time in turn: the library's own tests go through all of them.
    const picked = [
      good.find((r) => r.id === "latest"),
      GOLDEN.indexOf(name) % 2 === 0
        ? good.findLast((r) => r.index !== undefined)
        : good.find((r) => r.timestampNs !== undefined),
    ].filter((r) => r !== undefined);
    expect(picked.length).toBeGreaterThan(1);
    for (const recorded of picked) {
      const output = out();
      const flags: string[] = recorded.args.slice(1, -1).map((arg) => {
        return arg === "out.db" ? output : arg.replace(/^-([a-z]{2,})/, "--$1");
      });
      const { code, stderr } = await walkit(["restore", replica, ...flags]);
      expect([recorded.id, code, stderr]).toEqual([recorded.id, 0, ""]);
      expect(hashOf(output), recorded.id).toBe(recorded.db!.sha256);
      const beside = readdirSync(join(output, "..")).filter((file) => file !== "out.db.history");
      expect(beside, "nothing but the output, and where it branches off").toEqual(["out.db"]);
    }
  });
});

describe("output", () => {
  it("goes to standard output, whole or not at all", async () => {
    const { code, bytes, stderr } = await walkit(["restore", basic, "-o", "-"]);
    expect(code).toBe(0);
    expect(sha256(bytes)).toBe(newest);
    expect(stderr).toMatch(/^Restored to standard output\n/);
    const damaged = await walkit(["restore", unpack("damaged/flip-page-data"), "-o", "-"]);
    expect([damaged.code, damaged.bytes.length]).toEqual([1, 0]);
  });

  it("is refused where something stands, and nothing is touched", async () => {
    const output = out();
    writeFileSync(output, "mine");
    const { code, stderr } = await walkit(["restore", basic, "-o", output]);
    expect(code).toBe(3);
    expect(stderr).toContain(output);
    expect(stderr).toMatch(/what to do .*--force/);
    expect(readFileSync(output, "utf8")).toBe("mine");
    expect((await walkit(["restore", basic, "-o", output, "--force", "--quiet"])).stdout).toBe("");
    expect(hashOf(output)).toBe(newest);
  });

  it("is refused beside another database's -wal, which --force removes", async () => {
    const output = out();
    writeFileSync(`${output}-wal`, "left");
    const { code, stderr } = await walkit(["restore", basic, "-o", output]);
    expect([code, existsSync(output)]).toEqual([3, false]);
    expect(stderr).toContain(`${output}-wal`);
    expect((await walkit(["restore", basic, "-o", output, "--force"])).code).toBe(0);
    expect(existsSync(`${output}-wal`)).toBe(false);
  });

  it("is refused in a folder that is not there, in a file, and inside the replica", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "file"), "");
    const runs = await Promise.all([
      walkit(["restore", basic, "-o", join(folder, "no", "out.db")]),
      walkit(["restore", basic, "-o", join(folder, "file", "out.db")]),
      walkit(["restore", basic, "-o", join(basic, "generations/f73d382fd730c09a/wal/out.db")]),
    ]);
    expect(runs.map((r) => r.code)).toEqual([3, 3, 2]);
    expect(runs[0]!.stderr).toContain(join(folder, "no"));
    expect(readdirSync(folder)).toEqual(["file"]);
  });

  it("is refused where it is a folder, with --force as well, before anything is read", async () => {
    const folder = temporaryFolder();
    for (const [location, ...flags] of [
      [basic],
      [basic, "--force"],
      [join(folder, "none"), "--if-db-not-exists"],
    ]) {
      const { code, stdout, stderr } = await walkit(["restore", location!, "-o", `${folder}/`, ...flags]);
      expect([code, stdout]).toEqual([3, ""]);
      expect(stderr).toContain(`-o names a file, found a folder: did you mean ${folder}/restored.db?`);
      expect(stderr).not.toContain("--force");
    }
    expect(readdirSync(folder)).toEqual([]);
  });

  it("is refused in a folder that cannot be written to", async () => {
    // For root permissions do not count, but nobody writes to /proc.
    const root = process.getuid?.() === 0 && existsSync("/proc/self");
    const folder = root ? "/proc" : temporaryFolder();
    if (!root) chmodSync(folder, 0o555);
    const { code, stderr } = await walkit(["restore", basic, "-o", join(folder, "out.db")]);
    expect(code).toBe(3);
    expect(stderr).toMatch(/output\/unwritable/);
    expect(existsSync(join(folder, "out.db"))).toBe(false);
  });

  it("that a signal interrupts leaves nothing behind", async () => {
    const replica = slowReplica();
    for (const [signal, code] of [
      ["SIGINT", 130],
      ["SIGTERM", 143],
    ] as const) {
      const folder = temporaryFolder();
      const child = spawn(process.execPath, [MAIN, "restore", replica, "-o", join(folder, "out.db")]);
      const ended = new Promise((resolve) => child.on("close", resolve));
      while (readdirSync(folder).length === 0 && child.exitCode === null) {
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(readdirSync(folder), "only the temporary file").toEqual([
        expect.stringMatching(/^\.out\.db\.walkit-/),
      ]);
      child.kill(signal);
      expect(await ended).toBe(code);
      expect(readdirSync(folder)).toEqual([]);
    }
  });
});

describe("conditions", () => {
  it("--if-db-not-exists does nothing where the output is, and restores where it is not", async () => {
    const output = out();
    const args = ["restore", basic, "-o", output, "--if-db-not-exists"];
    const first = await walkitJson(args);
    expect([first.code, first.json.status, hashOf(output)]).toEqual([0, "restored", newest]);
    const before = lstatSync(output).mtimeMs;
    const second = await walkitJson([...args, "--force"]);
    expect([second.code, second.json.status, second.json.restored]).toEqual([0, "skipped", null]);
    expect(lstatSync(output).mtimeMs).toBe(before);
  });

  it("--if-replica-exists does nothing where there is none, but does not take damage for that", async () => {
    const folder = temporaryFolder();
    for (const name of ["empty", "no-files/generations"]) mkdirSync(join(folder, name), { recursive: true });
    writeFileSync(join(folder, "file"), "");
    const output = out();
    const statusOf = async (location: string, ...more: string[]) => {
      const { code, json } = await walkitJson(["restore", location, "-o", output, ...more]);
      return `${code} ${json.status}`;
    };
    const at = (name: string) => join(folder, name);
    const flag = "--if-replica-exists";
    expect(await statusOf(at("missing"), flag)).toBe("0 skipped");
    expect(await statusOf(at("empty"), flag)).toBe("0 skipped");
    expect(await statusOf(at("no-files"), flag)).toBe("0 skipped");
    expect(await statusOf(at("missing"))).toBe("3 failed");
    expect(await statusOf(at("empty"))).toBe("3 failed");
    expect(await statusOf(at("no-files"))).toBe("3 failed");
    expect(await statusOf(at("file"), flag)).toBe("3 failed");
    expect(await statusOf("s3://bucket/path", flag)).toBe("3 failed");
    expect(await statusOf(unpack("damaged/snapshot-missing"), flag)).toBe("1 failed");
    expect(await statusOf(basic, flag, "--generation", "0000000000000000")).toBe("3 failed");
    expect(existsSync(output)).toBe(false);
  });

  it("--dry-run writes nothing and tells what would be read", async () => {
    const replica = unpack("multi-snapshot");
    const folder = temporaryFolder();
    const { code, json } = await walkitJson(["restore", replica, "--dry-run", "--index", "0x3"]);
    expect([code, json.status, json.restored]).toEqual([0, "planned", null]);
    expect(json.plan.snapshot.index).toBe(2);
    expect(json.plan.segments.map((s: { index: number }) => s.index)).toEqual([2, 2, 2, 2, 2, 3, 3, 3, 3, 3]);
    const bytes = [json.plan.snapshot, ...json.plan.segments].reduce(
      (sum, { path }) => sum + lstatSync(join(replica, path)).size,
      0,
    );
    expect(json.plan.bytes).toBe(bytes);
    const { stdout } = await walkit(["restore", replica, "--dry-run", "-o", join(folder, "x")]);
    expect(stdout).toContain("nothing was written");
    expect(stdout).toMatch(/whether these files are whole was not looked at \(walkit verify/);
    expect(readdirSync(folder)).toEqual([]);
    expect((await walkit(["restore", unpack("damaged/missing-index"), "--dry-run"])).code).toBe(1);
  });
});

describe("targets", () => {
  it("that cannot be had exit with 1 or 3, and write nothing", async () => {
    const output = out();
    const table: [fixture: string, flags: string[], code: number, found: string][] = [
      ["damaged/flip-page-data", [], 1, "wal/frame-checksum"],
      ["damaged/missing-middle-segment", [], 1, "replica/missing-segment"],
      ["damaged/flip-lz4-magic", [], 1, "lz4/bad-magic"],
      ["damaged/snapshot-missing", [], 1, "replica/no-snapshot"],
      ["basic", ["--timestamp", "2030-01-01T00:00:00Z"], 1, "target/out-of-range"],
      ["multi-index", ["--index", "0"], 1, "target/no-snapshot"],
      ["basic", ["--generation", "0123456789abcdef"], 3, "target/no-generation"],
    ];
    for (const [fixture, flags, code, found] of table) {
      const run = await walkitJson(["restore", unpack(fixture), "-o", output, ...flags]);
      expect([fixture, run.code, run.json.status, run.json.findings[0].code]).toEqual([
        fixture,
        code,
        "failed",
        found,
      ]);
      const isDamage = code === 1 && !found.startsWith("target/");
      expect(run.json.findings[0].severity).toBe(isDamage ? "damage" : "inconclusive");
      expect(existsSync(output)).toBe(false);
    }
  });

  it("that cannot be had are refused in order: that it is, what can be had, why", async () => {
    const replica = unpack("damaged/flip-page-data", join(temporaryFolder(), "it's here"));
    const output = join(temporaryFolder(), "a b.db");
    const args = ["restore", replica, "-o", output, "--index", "0x10"];
    const { code, stdout, stderr } = await walkit(args);
    expect([code, stdout]).toEqual([1, ""]);
    const [refused, , available, command, , message, ...rest] = stderr.split("\n");
    expect(refused).toBe(
      "Cannot restore the state at the end of WAL index 16 (hexadecimal 10): the file 00000004_00001038.wal.lz4 is damaged. Nothing was written.",
    );
    expect(available).toMatch(
      /^What can be had: every commit up to 00000004:00001038 \(file of 2026-11-20T12:15:38\.741523382Z\):$/,
    );
    expect(message).toMatch(/^ {2}Expected checksum /);
    expect(rest.map((line) => line.slice(0, 19).trim()).filter(Boolean)).toEqual([
      ...["file", "at", "what it means", "what to do", "code"],
    ]);
    const { json } = await walkitJson(args);
    expect(json.available).toEqual({
      ...{ generation: "857d648c3a1d2509", snapshot: 1, position: "00000004:00001038" },
      time: "2026-11-20T12:15:38.741523382Z",
    });
    // The command does what it says, as a shell reads it.
    expect(command).toMatch(/^ {2}walkit restore '.*' -o '.*' --index 10 --salvage$/);
    const shell = spawnSync("sh", ["-c", command!.replace("walkit", `"${process.execPath}" "${MAIN}"`)], {
      encoding: "utf8",
    });
    expect([shell.status, shell.stderr, existsSync(output)]).toEqual([4, "", true]);
    const nothing = await walkit(["restore", unpack("damaged/snapshot-missing"), "-o", out()]);
    expect(nothing.stderr).toMatch(/^Cannot restore the newest state: there is no snapshot to start from\. /);
    expect(nothing.stderr).not.toContain("What can be had");
  });

  it("that only LZ4's own checks refuse are salvaged without loss, and that is said", async () => {
    const replica = unpack("damaged/flip-content-checksum");
    const { code, stdout } = await walkit(["restore", replica, "-o", out(), "--salvage"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^SALVAGED, and nothing is known to be lost: /);
    expect(stdout).toMatch(/vouched for by the WAL's own checksums/);
    // With the end of the last segment lost besides, something is.
    const last = readManifest("damaged/flip-content-checksum").generations[0]!.wal.at(-1)!.path;
    writeFileSync(join(replica, last), readFileSync(join(replica, last)).subarray(0, -9));
    const twice = await walkit(["restore", replica, "-o", out(), "--salvage"]);
    expect([twice.code, twice.stdout.split(":")[0]]).toEqual([4, "SALVAGED, not what was asked for"]);
    // A cut last segment may have held more: there nothing may be promised.
    const cut = unpack("multi-index");
    const { path } = readManifest("multi-index").generations[0]!.wal.at(-1)!;
    writeFileSync(join(cut, path), readFileSync(join(cut, path)).subarray(0, -8));
    const salvaged = await walkit(["restore", cut, "-o", out(), "--salvage"]);
    expect([salvaged.code, salvaged.stdout.split(":")[0]]).toEqual([4, "SALVAGED, not what was asked for"]);
    expect(salvaged.stdout).not.toContain("vouched");
  });

  it("by index are hexadecimal", async () => {
    const replica = unpack("busy");
    const recorded = readManifest("busy").restores.find((r) => (r.index ?? 0) > 9 && r.db)!;
    const output = out();
    await walkit(["restore", replica, "-o", output, "--index", recorded.index!.toString(16)]);
    expect(hashOf(output)).toBe(recorded.db!.sha256);
  });

  it("outside the damage are restored, and --salvage says exactly what is lost", async () => {
    const replica = unpack("damaged/flip-page-data");
    const output = out();
    const recorded = readManifest("damaged/flip-page-data").restores.find((r) => r.index === 3)!;
    expect((await walkit(["restore", replica, "-o", output, "--index", "3"])).code).toBe(0);
    expect(hashOf(output)).toBe(recorded.undamaged!.sha256);
    const salvaged = out();
    const { code, json } = await walkitJson(["restore", replica, "-o", salvaged, "--salvage"]);
    expect([code, json.status]).toEqual([4, "restored"]);
    expect(json.lost.reason.code).toBe("wal/frame-checksum");
    expect(json.lost.reached).toBe("00000004:00001038");
    expect(json.lost.segments[0]).toMatch(/00000004_00001038\.wal\.lz4$/);
    expect(json.lost.segments).toHaveLength(8);
    const { stdout } = await walkit(["restore", replica, "-o", salvaged, "--salvage", "--force", "-q"]);
    expect(stdout).toMatch(/^SALVAGED, not what was asked for/);
    for (const text of ["00000004:00001038", json.lost.until, ...json.lost.segments]) {
      expect(stdout).toContain(text);
    }
    // A dry run says the same, and writes nothing.
    const dry = await walkitJson(["restore", replica, "--dry-run", "--salvage"]);
    expect([dry.code, dry.json.status, dry.json.lost]).toEqual([4, "planned", json.lost]);
  });
});

describe("places", () => {
  it("with odd names work as path, as URL, as generations folder and as generation's folder", async () => {
    const odd = unpack("basic", join(temporaryFolder(), "a b#c%20d é 数"));
    const generation = join(odd, "generations/f73d382fd730c09a");
    const url = pathToFileURL(odd).href;
    expect(url).toContain("%20");
    for (const location of [odd, `${odd}/`, url, join(odd, "generations"), generation]) {
      const output = join(temporaryFolder(), "ü #%.db");
      const { code, stderr } = await walkit(["restore", location, "-o", output]);
      expect([location, code, stderr]).toEqual([location, 0, ""]);
      expect(hashOf(output)).toBe(newest);
    }
    const contradiction = await walkit(["restore", generation, "-o", out(), "--generation", "0".repeat(16)]);
    expect(contradiction.code).toBe(2);
  });

  it("with a link as output are not followed", async () => {
    const output = out();
    symlinkSync("nowhere", output);
    expect((await walkit(["restore", basic, "-o", output])).code).toBe(3);
    expect(lstatSync(output).isSymbolicLink()).toBe(true);
  });

  it("copied without times restore the newest state, and refuse a time", async () => {
    const copy = join(temporaryFolder(), "copy");
    cpSync(unpack("multi-index"), copy, { recursive: true });
    const verified = await walkitJson(["verify", copy]);
    expect([verified.code, verified.json.status]).toEqual([0, "ok"]);
    const codes = verified.json.findings.map((f: { code: string }) => f.code);
    // A copy may by luck be made in the order of the names: then nothing tells, and the times of the copy count.
    if (!codes.includes("replica/times-untrusted")) return;
    const output = out();
    const time = "2026-11-20T12:15:38Z";
    const refused = await walkitJson(["restore", copy, "-o", output, "--timestamp", time]);
    expect([refused.code, refused.json.findings[0].code]).toEqual([1, "replica/times-untrusted"]);
    expect((await walkit(["restore", copy, "-o", output])).code).toBe(0);
    const { db } = readManifest("multi-index").restores.find((r) => r.id === "latest")!;
    expect(hashOf(output)).toBe(db!.sha256);
  });
});
