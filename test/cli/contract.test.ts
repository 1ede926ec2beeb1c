/** Usage, exit codes, and that `docs/json.md` lists exactly the keys that there are. */

import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { usualReplica } from "../support/ltx-replica.ts";
import { build, MAIN, temporaryFolder, unpack, walkit, walkitJson } from "./support.ts";

build();

const basic = unpack("basic");
const LTX_FILE = fileURLToPath(
  new URL(
    "../fixtures/ltx/litestream-0.5.17-vfs/ltx/0/0000000000000002-0000000000000002.ltx",
    import.meta.url,
  ),
);
const LITEFS = fileURLToPath(
  new URL("../fixtures/ltx/litefs/store/open-and-write-snapshot/dbs/sqlite.db/", import.meta.url),
);
const doc = (name: string) => readFileSync(new URL(`../../docs/${name}`, import.meta.url), "utf8");

describe("usage", () => {
  it("errors exit with 2, on standard error, and say what was expected", async () => {
    const output = join(temporaryFolder(), "x.db");
    const table: [args: string[], expected: RegExp][] = [
      [[], /Usage: walkit/],
      [["restor", basic], /Did you mean restore\?[\s\S]* {4}what to do {5}walkit help\n$/],
      [["foo"], /what to do {5}walkit help\n$/],
      [["help", "foo"], /unknown command 'foo'/],
      [["verify"], /missing required argument 'replica'\n {4}what to do {5}walkit help verify\n$/],
      [["verify", ""], /Expected a path, found an empty one/],
      [["verify", basic, "--level", "deep"], /Allowed choices are names, frames, replay, integrity/],
      [["verify", basic, "--generation", "F73D382FD730C09A"], /16 lowercase hexadecimal digits/],
      [["verify", basic, "--parallelism", "0"], /from 1 to 1024/],
      [["restore", basic], /-o is missing: .* -o restored\.db/],
      [["restore", basic, "-o", ""], /Expected a path/],
      [["restore", basic, "-o", output, "--index", "g"], /hexadecimal/],
      [["restore", basic, "-o", output, "--timestamp", "2026-11-20 12:15"], /RFC 3339/],
      [["restore", basic, "-o", output, "--index", "1", "--timestamp", "2026-11-20T12:15:32Z"], /together/],
      [["restore", basic, "-o", "-", "--json"], /standard output/],
      [["restore", basic, "-o", output, "-if-replica-exists"], /Did you mean --if-replica-exists/],
      [["restore", basic, "-o", output, "-if-db-not-exists"], /Did you mean --if-db-not-exists/],
      [["restore", basic, "-output=zz.db"], /Did you mean -o or --output\?/],
      [["restore", basic, "-output", output], /Did you mean -o or --output\?/],
      [["restore", basic, "-o=zz.db"], /Did you mean -o zz\.db\?/],
      [["restore", basic, "-o", output, "-generation", "f73d382fd730c09a"], /Did you mean --generation/],
      [["restore", basic, "-o", output, "-index=1"], /Did you mean --index/],
      [["restore", basic, "-o", output, "-timestamp", "2026-11-20T12:15:32Z"], /Did you mean --timestamp/],
      [["restore", basic, "-o", output, "-parallelism", "4"], /Did you mean --parallelism/],
      [["restore", basic, "-o", output, "-integrity-check", "full"], /Did you mean --integrity-check/],
      [["restore", "-config", "x.yml", "-o", output], /no configuration; give the replica's folder/],
      [["restore", "--replica=x", "-o", output], /no configuration; give the replica's folder/],
      [["restore", basic, "-o", output, "-v"], /'-v': .*--version/],
      [["verify", basic, "-level", "names"], /Did you mean --level[\s\S]*walkit help verify\n$/],
      [["restore", basic, "-o", output, "--integrity-check", "maybe"], /none, quick, full/],
      [["generations", basic, "extra"], /too many arguments/],
      [["inspect", "x", "--frames", "-1"], /--frames/],
      [["ltx", basic, "--level", "10"], /from 0 to 9, or all/],
      [["restore", basic, "-o", output, "-txid", "000000000000001f"], /Did you mean --txid/],
    ];
    const runs = await Promise.all(table.map(([args]) => walkit(args)));
    for (const [i, { code, stdout, stderr }] of runs.entries()) {
      expect([table[i]![0], code, stdout]).toEqual([table[i]![0], 2, ""]);
      expect(stderr).toMatch(table[i]![1]);
    }
    expect([existsSync(output), existsSync("utput=zz.db"), existsSync("=zz.db")]).toEqual([
      false,
      false,
      false,
    ]);
  });

  it("--version and help exit with 0, and need no library", async () => {
    const runs = await Promise.all([
      walkit(["--version"]),
      walkit(["--help"]),
      walkit(["help", "restore"]),
      walkit(["verify", "--help"]),
      walkit(["help"]),
    ]);
    expect(runs.map((r) => [r.code, r.stderr])).toEqual(runs.map(() => [0, ""]));
    const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
    expect(runs[0]!.stdout).toBe(`${version}\n`);
    for (const { stdout } of runs.slice(1)) expect(stdout).toContain("Exit codes:");
    expect(runs[2]!.stdout).toMatch(/hexadecimal/);
    const lists = await walkit(["help", "wal"]);
    expect(lists.stdout).not.toMatch(/^ {2}1 {2}/m);
    expect(runs[2]!.stdout).toMatch(/^ {2}1 {2}the replica cannot give that target$/m);
    expect(runs[3]!.stdout).toMatch(/^ {2}1 {2}damaged$/m);
  });

  it("every option is in docs/cli.md, and none besides", async () => {
    const text = doc("cli.md");
    const lists = ["restore-points", "generations", "snapshots", "wal", "ltx"];
    const commands = ["verify", "restore", "timelines", "mark", "compare", "inspect", "ui", ...lists];
    const helps = await Promise.all(commands.map((command) => walkit([command, "--help"])));
    const real = new Set(helps.flatMap(({ stdout }) => stdout.match(/^ {2}(?:-\w, )?--[a-z-]+/gm) ?? []));
    const names = new Set([...real].map((option) => option.match(/--[a-z-]+/)![0]));
    names.delete("--help");
    const rows = text.split("\n").filter((line) => line.startsWith("| `-"));
    const documented = new Set(rows.map((line) => line.match(/--[a-z-]+/)![0]));
    expect([...documented].sort()).toEqual([...names].sort());
  });

  it("a reader that goes away is no error", async () => {
    const code = await new Promise((resolve) => {
      const child = spawn(process.execPath, [MAIN, "wal", basic, "--json"], { stdio: "pipe" });
      child.stdout.destroy();
      let stderr = "";
      child.stderr.on("data", (data) => (stderr += data));
      child.on("close", (code) => resolve([code, stderr]));
    });
    expect(code).toEqual([0, ""]);
  });
});

/** The documented keys by section: the first column of the table below each heading. */
const sections = new Map(
  doc("json.md")
    .split(/^##+ /m)
    .slice(1)
    .map((section) => [
      section.split("\n")[0]!,
      [...section.matchAll(/^\| `(\w+)` +\|/gm)].map((match) => match[1]!).sort(),
    ]),
);

describe("docs/json.md", () => {
  const seen = new Set<string>();
  const check = (section: string, object: object) => {
    seen.add(section);
    expect([section, ...Object.keys(object).sort()]).toEqual([section, ...(sections.get(section) ?? [])]);
  };
  const findings = (json: { findings: object[] }) => {
    for (const finding of json.findings) check("Finding", finding);
    return json.findings.length;
  };

  it("has every key of every command, and none besides", async () => {
    const damaged = unpack("damaged/flip-page-data");
    const multi = unpack("multi-snapshot");
    const output = join(temporaryFolder(), "out.db");
    const [{ generation: first }] = (await walkitJson(["generations", multi])).json.generations;
    const verified = (await walkitJson(["verify", multi])).json;
    check("verify", verified);
    check("verify generations", verified.generations[0]);
    check("verify ranges", verified.generations[0].restorable[0]);
    check("verify newestState", verified.newestState);
    check("verify links", verified.generations[0].links);
    const unproven = (await walkitJson(["verify", unpack("multi-index")])).json;
    check("verify steps", unproven.generations[0].links.steps[0]);
    const names = (await walkitJson(["verify", multi, "--level", "names", "--generation", first])).json;
    check("verify generations", names.generations[0]);
    expect([names.generations[0].links, names.generations[0].integrity]).toEqual([null, null]);
    expect(findings((await walkitJson(["verify", damaged])).json)).toBe(1);

    const salvaged = (await walkitJson(["restore", damaged, "--salvage", "-o", output])).json;
    const planned = (await walkitJson(["restore", damaged, "--dry-run"])).json;
    const skipped = (await walkitJson(["restore", damaged, "-o", output, "--if-db-not-exists"])).json;
    for (const json of [salvaged, planned, skipped]) check("restore", json);
    check("restore target", salvaged.target);
    check("restore plan", salvaged.plan);
    check("restore plan", planned.plan);
    check("restore restored", salvaged.restored);
    check("restore lost", salvaged.lost);
    check("restore lost branches", salvaged.lost.branches[0]);
    const refused = (await walkitJson(["restore", multi, "-o", `${output}2`, "--target-position", "ff:0"]))
      .json;
    check("restore nearest", refused.nearest[0]);
    const branches = unpack("multi-generation");
    const timelines = (await walkitJson(["timelines", branches])).json;
    check("timelines", timelines);
    check("timelines items", timelines.timelines[2]);
    check("verify ranges", timelines.timelines[2].restorable[0]);
    expect(timelines.timelines.map((one: { parent: number | null }) => one.parent)).toEqual([null, 1, 2]);
    check("Finding", salvaged.lost.reason);

    check("mark", (await walkitJson(["mark", damaged, "one", "00000001:00001038"])).json);
    const moments = (await walkitJson(["restore-points", damaged])).json;
    check("restore-points", moments);
    const [generation] = moments.generations;
    check("restore-points generations", generation);
    for (const list of ["snapshots", "segments", "gaps", "restorePoints"]) {
      check(`restore-points ${list}`, generation[list][0]);
    }
    check("restore-points transactions", generation.segments[0].transactions[0]);
    check("Finding", generation.gaps[0].reason);

    for (const command of ["generations", "snapshots", "wal"]) {
      const { json } = await walkitJson([command, multi]);
      check(command, json);
      check(`${command} items`, json[command][0]);
    }

    check("compare", (await walkitJson(["compare", LITEFS, LITEFS])).json);

    const { path } = (await walkitJson(["wal", multi])).json.wal[0];
    const segment = (await walkitJson(["inspect", join(multi, path)])).json;
    const database = (await walkitJson(["inspect", output])).json;
    const nothing = (await walkitJson(["inspect", MAIN])).json;
    for (const json of [segment, database, nothing]) check("inspect", json);
    check("inspect lz4", segment.lz4);
    check("inspect lz4 frames", segment.lz4.frameList[0]);
    check("inspect wal", segment.wal);
    check("inspect database", database.database);
    const { ltx } = (await walkitJson(["inspect", LTX_FILE])).json;
    check("inspect ltx", ltx);
    check("inspect ltx header", ltx.header);
    expect(findings(nothing)).toBe(1);

    await checkLtx(output);

    const failures = [
      await walkitJson(["verify", join(multi, "no")]),
      await walkitJson(["generations", join(multi, "no")]),
      await walkitJson(["inspect", join(multi, "no")]),
      await walkitJson(["restore-points", join(multi, "no")]),
      await walkitJson(["mark", join(multi, "no"), "one"]),
      await walkitJson(["restore", damaged, "-o", `${output}2`]),
    ];
    expect(failures.map(({ code, json }) => [code, json.status, findings(json)])).toEqual([
      [3, "inconclusive", 1],
      [3, "inconclusive", 1],
      [3, "inconclusive", 1],
      [3, "inconclusive", 1],
      [3, "failed", 1],
      [1, "failed", 1],
    ]);
    for (const { json } of failures)
      check(json.command === "restore" ? "restore failed" : "Every object", json);
    check("restore available", failures.at(-1)!.json.available);
    const nowhere = (await walkitJson(["restore", join(multi, "no"), "-o", `${output}2`])).json;
    check("restore failed", nowhere);
    expect(nowhere.available).toBeNull();
    expect([...seen].sort()).toEqual([...sections.keys()].sort());
  });

  /** Of LTX files objects have the keys of generations, and `more`. */
  const checkLtx = async (output: string) => {
    const replica = usualReplica().write(join(temporaryFolder(), "ltx"));
    const checkMore = (section: string, object: object, ...more: string[]) => {
      const documented = [...sections.get(section)!, ...more].sort();
      expect([section, ...Object.keys(object).sort()]).toEqual([section, ...documented]);
    };
    const [report] = (await walkitJson(["verify", replica])).json.generations;
    checkMore("verify generations", report, "levels", "apart");
    check("verify ltx", { levels: report.levels, apart: report.apart });
    check("verify levels", report.levels[0]);
    checkMore("verify ranges", report.restorable[0], "runs");
    check("verify runs", report.restorable[0].runs[0]);
    const at = ["--txid", "000000000000000f"];
    const { plan, restored } = (await walkitJson(["restore", replica, "-o", `${output}.ltx`, ...at])).json;
    checkMore("restore plan", plan, "files");
    check("restore plan files", plan.files[0]);
    checkMore("restore restored", restored, "next");
    expect(Object.keys(restored.next)).toEqual(["position", "time"]);
    const { json } = await walkitJson(["ltx", replica]);
    check("ltx", json);
    check("ltx items", json.ltx[0]);
    const list = (await walkitJson(["generations", replica])).json.generations;
    checkMore("generations items", list[0], "levels");
  };

  it("shows a real example", async () => {
    const { json } = await walkitJson(["verify", basic, "--level", "frames"]);
    expect(doc("json.md")).toContain(JSON.stringify(json.generations[0].restorable[0]));
  });
});
