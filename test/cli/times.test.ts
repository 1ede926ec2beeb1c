/** Targets by time on the command line: what is refused for the sake of times, and that what a refusal offers can be had. */

import { readdirSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { GOLDEN, readManifest } from "../support/fixtures.ts";
import { build, hashOf, temporaryFolder, unpack, walkit, walkitJson } from "./support.ts";

build();

const basic = unpack("basic");
const out = () => join(temporaryFolder(), "out.db");
const latest = (name: string, generation?: string) =>
  readManifest(name).restores.find(
    (r) =>
      r.exitCode === 0 && r.index === undefined && r.timestampNs === undefined && r.generation === generation,
  )!.db!.sha256;

/** Gives each file the time, in seconds since 1970, that `time` says. */
function setTimes(replica: string, time: (path: string, seconds: number) => number): void {
  for (const path of readdirSync(replica, { recursive: true, encoding: "utf8" }).sort()) {
    const file = join(replica, path);
    const { mtimeMs } = statSync(file);
    if (path.endsWith(".lz4")) utimesSync(file, time(path, mtimeMs / 1000), time(path, mtimeMs / 1000));
  }
}

describe("now", () => {
  it("is the newest state, for restore, a dry run and mark", async () => {
    for (const option of ["--target-time", "--timestamp"]) {
      const output = out();
      const { code, stdout, stderr } = await walkit(["restore", basic, "-o", output, option, "now"]);
      expect([code, stderr]).toEqual([0, ""]);
      expect(stdout).toContain("the newest state");
      expect(hashOf(output)).toBe(latest("basic"));
    }
    const [plain, planned] = await Promise.all([
      walkitJson(["restore", basic, "--dry-run"]),
      walkitJson(["restore", basic, "--dry-run", "--target-time", "now"]),
    ]);
    expect([planned.code, planned.json.plan]).toEqual([0, plain.json.plan]);
    const marked = unpack("basic");
    expect((await walkit(["mark", marked, "here", "now"])).code).toBe(0);
    const output = out();
    expect((await walkit(["restore", marked, "-o", output, "--target-name", "here"])).code).toBe(0);
    expect(hashOf(output)).toBe(latest("basic"));
  });

  it("is a moment like others: not with a second one, nothing to stop before", async () => {
    const runs = await Promise.all([
      walkit(["restore", basic, "-o", out(), "--target-time", "now", "--index", "0"]),
      walkit(["restore", basic, "-o", out(), "--target-time", "now", "--timestamp", "now"]),
      walkit(["restore", basic, "-o", out(), "--target-time", "now", "--target-exclusive"]),
    ]);
    expect(runs.map(({ code }) => code)).toEqual([2, 2, 2]);
    expect(runs[0]!.stderr).toContain("cannot be used together");
  });
});

describe("a time after the newest file", () => {
  it.each(["basic", "multi-generation", "slow-sync"])(
    "of %s says that nothing was written since, and what it offers can be had",
    async (name) => {
      const replica = unpack(name);
      const { code, json } = await walkitJson([
        ...["restore", replica, "-o", out(), "--target-time", "2027-01-01T00:00:00Z"],
      ]);
      const [finding] = json.findings;
      expect([code, finding.code]).toEqual([1, "target/out-of-range"]);
      const since = /nothing was written since (\S+);/.exec(finding.message)![1]!;
      const offered = /--target-time (\S+) of generation (\S+)\./.exec(finding.action)!;
      expect(offered[1]).toBe(since);
      expect(finding.action).toContain("--target-time now");
      for (const options of [
        ["--target-time", since],
        ["--target-time", since, "--generation", offered[2]!],
        ["--target-time", "now"],
        [],
      ]) {
        const output = out();
        const run = await walkit(["restore", replica, "-o", output, ...options]);
        expect([options, run.code, run.stderr]).toEqual([options, 0, ""]);
        expect(hashOf(output)).toBe(latest(name));
      }
    },
  );
});

describe("which generation is the newest", () => {
  it.concurrent.each([...GOLDEN])("verify and restore say the same of %s", async (name) => {
    const replica = unpack(name);
    const [verified, planned] = await Promise.all([
      walkitJson(["verify", replica, "--level", "names"]),
      walkitJson(["restore", replica, "--dry-run"]),
    ]);
    expect(verified.json.newestGeneration).toBe(planned.json.plan.generation);
    expect(verified.json.findings.map((f: { code: string }) => f.code)).not.toContain(
      "replica/times-untrusted",
    );
  });

  it.each([
    ["all of one time", () => 1_800_000_000],
    ["ranges that overlap", (_: string, seconds: number) => 1_800_000_000 + (seconds % 1.1)],
  ])("is refused with %s, by both, and each choice that is offered can be had", async (_, time) => {
    const replica = unpack("multi-generation");
    setTimes(replica, time);
    const [verified, refused, text] = await Promise.all([
      walkitJson(["verify", replica, "--level", "names"]),
      walkitJson(["restore", replica, "-o", out()]),
      walkit(["verify", replica]),
    ]);
    expect([verified.code, verified.json.status, verified.json.newestGeneration]).toEqual([0, "ok", null]);
    expect(verified.json.findings[0]).toMatchObject({
      code: "target/ambiguous-generation",
      severity: "warning",
    });
    expect(text.stdout).toMatch(
      /^OK: .*all generations can be restored, but which is the newest is not known/,
    );
    const [finding] = refused.json.findings;
    expect([refused.code, finding.code]).toEqual([1, "target/ambiguous-generation"]);
    expect(finding.message).toBe(verified.json.findings[0].message);
    const offered = [...finding.action.matchAll(/--generation ([0-9a-f]{16})/g)].map((match) => match[1]!);
    expect(offered.length).toBeGreaterThan(1);
    const all = readManifest("multi-generation").generations.map(({ id }) => id);
    expect(all).toEqual(expect.arrayContaining(offered));
    for (const generation of offered) {
      const output = out();
      const { code } = await walkit(["restore", replica, "-o", output, "--generation", generation]);
      expect([generation, code]).toEqual([generation, 0]);
    }
  });

  it("does not hang on an older generation that was copied without times, or on a clock set back in it", async () => {
    const newest = readManifest("multi-generation").restores.find((r) => r.id === "latest")!;
    for (const time of [
      // Copied in the wrong order, well before the others were begun.
      (path: string, seconds: number) =>
        path.includes("eebf5555") ? 1_700_000_000 - (seconds % 1) : seconds,
      // One hour back, in the midst of it.
      (path: string, seconds: number) => (/eebf5555.*wal.0000000[1-9]/.test(path) ? seconds - 3600 : seconds),
    ]) {
      const replica = unpack("multi-generation");
      setTimes(replica, time);
      const output = out();
      const { code, stderr } = await walkit(["restore", replica, "-o", output]);
      expect([code, stderr]).toEqual([0, ""]);
      expect(hashOf(output)).toBe(newest.db!.sha256);
      const verified = await walkitJson(["verify", replica, "--level", "names"]);
      expect(verified.json.findings).toMatchObject([
        { code: "replica/times-untrusted", generation: "eebf5555ba3afc10" },
      ]);
      // A time of another generation can be had, one of that generation cannot.
      const [first, second] = ["2026-11-20T12:15:52Z", "2026-11-20T12:15:54.5Z"];
      expect((await walkit(["restore", replica, "-o", out(), "--target-time", second])).code).toBe(0);
      expect((await walkit(["restore", replica, "-o", out(), "--target-time", first])).code).toBe(1);
    }
  });
});
