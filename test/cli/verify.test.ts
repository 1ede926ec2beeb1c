/** `walkit verify`: verdict, places, exit code. */

import { mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { findingLines } from "../../src/cli/output.ts";
import { paintFor } from "../../src/cli/text.ts";
import { linksText } from "../../src/cli/verify-text.ts";
import { makeFinding } from "../../src/findings.ts";
import { GOLDEN, readManifest } from "../support/fixtures.ts";
import { build, temporaryFolder, unpack, walkit, walkitJson } from "./support.ts";

build();

describe("healthy replicas", () => {
  it.concurrent.each(GOLDEN)("%s", async (name) => {
    const { code, stdout, stderr } = await walkit(["verify", unpack(name)]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^OK: no damage found\. The newest state can be restored/);
    const { generations } = readManifest(name);
    for (const { id } of generations)
      expect(stdout).toMatch(new RegExp(`^Generation ${id}( \\(newest\\))?: ok$`, "m"));
    expect(stdout.split(" (newest): ").length - 1).toBe(generations.length > 1 ? 1 : 0);
    expect(stdout).toContain("(the newest state)");
    expect(stdout, "no colours away from a terminal").not.toContain("\u001b");
  });

  it("in no line with --quiet, at every level", async () => {
    const replica = unpack("multi-snapshot");
    for (const level of ["names", "frames", "replay", "integrity"]) {
      const { code, stdout } = await walkit(["verify", replica, "-q", "--level", level]);
      expect([code, stdout]).toEqual([0, ""]);
    }
  });
});

describe("--max-age", () => {
  /** Its times moved, so that the newest file was written so many seconds ago. */
  const aged = (seconds: number) => {
    const replica = unpack("basic");
    const files = readdirSync(replica, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name));
    const timeOf = (file: string) => statSync(file).mtimeMs / 1000;
    const move = Date.now() / 1000 - seconds - Math.max(...files.map(timeOf));
    for (const file of files) utimesSync(file, timeOf(file) + move, timeOf(file) + move);
    return replica;
  };

  it("ends with 5 where the newest state is older, and says of when it is", async () => {
    const table: [seconds: number, flags: string[], code: number, said: RegExp][] = [
      [600, [], 0, /^OK: .* can be restored: it was written \S+Z, 10 min ago/],
      [600, ["--max-age", "1h"], 0, /^OK: .*10 min ago/],
      [
        7300,
        ["--max-age", "1h"],
        5,
        /^STALE: no damage found, but .* was written \S+Z, 2 h 1 min ago, with \d+ warn/,
      ],
      [7300, ["--max-age", "1h", "--level", "names"], 5, /^STALE: nothing is missing by its name, but /],
      [7300, ["--max-age", "3 hours"], 0, /^OK: /],
      [-7300, ["--max-age", "1h"], 3, /^INCONCLUSIVE: /],
    ];
    for (const [seconds, flags, code, said] of table) {
      const run = await walkit(["verify", aged(seconds), ...flags]);
      expect([seconds, flags, run.code, run.stdout]).toEqual([
        seconds,
        flags,
        code,
        expect.stringMatching(said),
      ]);
    }
  });

  it("has age and limit in JSON; damage and wrong usage come first", async () => {
    const { code, json } = await walkitJson(["verify", aged(7300), "--max-age", "1h"]);
    expect([code, json.status]).toEqual([5, "stale"]);
    expect(json.findings.map((finding: { code: string }) => finding.code)).toContain("replica/stale");
    expect(Math.round(json.newestState.age / 100)).toBe(73);
    expect(json.newestState.position).toBe(json.generations[0].restorable.at(-1).to);
    expect((await walkit(["verify", unpack("damaged/flip-page-data"), "--max-age", "1h"])).code).toBe(1);
    for (const wrong of ["", "soon", "1 month", "-1h"])
      expect((await walkit(["verify", aged(0), `--max-age=${wrong}`])).code).toBe(2);
  });
});

/** What is damaged must be named: the file that was changed, or, where one is missing, its neighbour's place. */
const DAMAGED: [name: string, code: string, file: RegExp, at?: RegExp][] = [
  ["flip-page-data", "wal/frame-checksum", /00000004_00001038\.wal\.lz4/, /WAL position 00000004:00001038/],
  ["flip-content-checksum", "lz4/content-checksum", /00000004_\w+\.wal\.lz4/, /byte \d+/],
  ["flip-lz4-magic", "lz4/bad-magic", /00000004_\w+\.wal\.lz4/, /byte 0/],
  ["missing-index", "replica/missing-index", /00000004_00000000/],
  ["missing-first-segment", "replica/missing-first-segment", /00000004_\w+/],
  ["truncated-segment", "lz4/truncated", /00000004_\w+\.wal\.lz4/, /byte \d+/],
  ["zero-length-segment", "lz4/truncated", /00000004_\w+\.wal\.lz4/, /byte 0/],
  ["snapshot-truncated", "lz4/truncated", /snapshots\/\w+\.snapshot\.lz4/, /byte \d+/],
  ["snapshot-missing", "replica/no-snapshot", /\.wal\.lz4/],
  ["tail-uncommitted", "replica/uncommitted-tail", /00000006_\w+/],
];

describe("damaged replicas", () => {
  it.concurrent.each(DAMAGED)("%s", async (name, finding, file, at) => {
    const replica = unpack(`damaged/${name}`);
    const [text, { code, json }] = await Promise.all([
      walkit(["verify", replica]),
      walkitJson(["verify", replica]),
    ]);
    expect([text.code, code, json.status]).toEqual([1, 1, "damaged"]);
    expect(text.stdout).toMatch(/^DAMAGED: /);
    const found = json.findings.find((f: { code: string }) => f.code === finding);
    expect(found?.path).toMatch(file);
    expect(text.stdout).toContain(found.path);
    expect(text.stdout).toContain(found.message);
    if (at) expect(text.stdout).toMatch(at);
    for (const label of ["what it means", "what to do"]) expect(text.stdout).toContain(label);
  });

  it("tell first whether the newest state is lost", async () => {
    const { stdout } = await walkit(["verify", unpack("damaged/flip-page-data")]);
    const [first, second, command] = stdout.split("\n");
    expect(first).toBe("DAMAGED: not everything in this replica can be restored (1 problem)");
    expect(second).toMatch(
      /^The newest state cannot be restored\. The latest moment that can is 00000004:00001038, of .*Z:$/,
    );
    expect(command).toMatch(/^ {2}walkit restore \S+ -o restored\.db --salvage$/);
    expect(stdout).not.toContain("<file>");
    expect(stdout).toMatch(/ 2 without evidence: a lost last segment of an index there would go unnoticed$/m);
  });

  it("say that nothing is lost where only a snapshot is broken that others cover", async () => {
    const replica = unpack("damaged/snapshot-truncated");
    for (const quiet of [[], ["--quiet"]]) {
      const { code, stdout } = await walkit(["verify", replica, ...quiet]);
      expect(code).toBe(1);
      expect(stdout).toMatch(
        /^DAMAGED: 1 file broken, but every commit can still be restored \(1 problem\)\n/,
      );
      expect(stdout.split("\n")[1]).toMatch(/^The newest state \(of .*\) can be restored:$/);
      expect(stdout.split("\n")[2]).toMatch(/^ {2}walkit restore \S+ -o restored\.db$/);
    }
    // What the first snapshot alone leads to is lost with it.
    const { snapshots } = readManifest("damaged/snapshot-truncated").generations[0]!;
    writeFileSync(join(replica, snapshots[0]!.path), "broken");
    const { stdout } = await walkit(["verify", replica]);
    expect(stdout).toMatch(/^DAMAGED: not everything/);
  });

  it("say in --quiet what is damaged, and nothing else", async () => {
    const replica = unpack("damaged/flip-page-data");
    writeFileSync(join(replica, "generations/stray"), "");
    const { code, stdout } = await walkit(["verify", "-q", replica]);
    expect(code).toBe(1);
    expect(stdout).toContain("wal/frame-checksum");
    expect(stdout).not.toContain("stray");
  });
});

describe("odd but sound replicas", () => {
  it.concurrent.each(["stray-files", "empty-generation", "trailing-garbage", "duplicate-segment-at-end"])(
    "%s",
    async (name) => {
      const { code, stdout } = await walkit(["verify", unpack(`damaged/${name}`)]);
      expect(code).toBe(0);
      expect(stdout).toMatch(/^OK/);
    },
  );

  it("with many strays are summed up, but not in JSON", async () => {
    const replica = unpack("basic");
    for (let i = 0; i < 10; i++) writeFileSync(join(replica, `generations/stray-${i}`), "");
    const [text, { json }] = await Promise.all([
      walkit(["verify", "--level", "names", replica]),
      walkitJson(["verify", "--level", "names", replica]),
    ]);
    expect(text.stdout).toContain("and 7 more like these");
    expect(json.findings).toHaveLength(10);
  });

  it("with names that a terminal acts on show them as escapes, in JSON too", async () => {
    const replica = unpack("basic");
    const name = "generations/a\u009b31m\u202eb\u2028";
    writeFileSync(join(replica, name), "");
    const runs = await Promise.all([walkit(["verify", replica]), walkit(["verify", replica, "--json"])]);
    for (const { stdout } of runs) expect(stdout).not.toMatch(/[\u0080-\u009f\u202e\u2028]/);
    expect(runs[0]!.stdout).toContain("a\\u009b31m\\u202eb\\u2028");
    expect(JSON.parse(runs[1]!.stdout).findings[0].path).toBe(name);
  });

  it("with one time for all are ok, with a warning", async () => {
    const replica = unpack("multi-index");
    for (const { wal } of readManifest("multi-index").generations) {
      for (const { path } of wal) utimesSync(join(replica, path), 1e9, 1e9);
    }
    const { code, json } = await walkitJson(["verify", replica]);
    expect([code, json.status, json.generations[0].timesTrusted]).toEqual([0, "ok", false]);
    const warnings = json.findings.filter((f: { severity: string }) => f.severity === "warning");
    expect(warnings.map((f: { code: string }) => f.code)).toEqual(["replica/times-untrusted"]);
    expect(json.generations[0].restorable[0].toTime).toBeNull();
    const text = await walkit(["verify", replica]);
    expect(text.stdout).toMatch(/^OK: .*, with 1 warning\n/);
  });

  it("never let a file name speak to the terminal", async () => {
    const replica = unpack("basic");
    writeFileSync(join(replica, "generations/\u001b[2Jgone\n"), "");
    const { stdout } = await walkit(["verify", "--level", "names", replica]);
    expect(stdout).toContain("\\u001b[2Jgone\\u000a");
    expect(stdout).not.toContain("\u001b");
  });
});

describe("text", () => {
  it("lists generations newest first, unlike JSON", async () => {
    const replica = unpack("multi-generation");
    const [{ stdout }, { json }] = await Promise.all([
      walkit(["verify", "--level", "names", replica]),
      walkitJson(["verify", "--level", "names", replica]),
    ]);
    const byTime = json.generations.toSorted((a: { newest: string }, b: { newest: string }) =>
      a.newest < b.newest ? 1 : -1,
    );
    const ids = (list: { generation: string }[]) => list.map((g) => g.generation);
    expect([...stdout.matchAll(/^Generation (\w+)/gm)].map((m) => m[1])).toEqual(ids(byTime));
    expect(ids(json.generations)).toEqual(ids(json.generations).sort());
    expect(stdout).toContain(`Generation ${byTime[0].generation} (newest): ok`);
    expect(stdout).toContain("  restorable, if the files are whole\n");
  });

  it("says how WAL indexes are tied together, and leaves zeros out", () => {
    const text = (total: number, snapshot: number, sequence: number) =>
      linksText({ total, snapshot, sequence, unproven: total - snapshot - sequence, steps: [] });
    expect(text(5, 5, 0)).toBe("all 5 steps from one WAL index to the next are proven by a snapshot");
    expect(text(1, 1, 0)).toBe("the one step from one WAL index to the next is proven by a snapshot");
    expect(text(5, 2, 3)).toBe(
      "of 5 steps from one WAL index to the next, 2 proven by a snapshot, 3 where Litestream's counter shows that no whole index is missing, no more",
    );
    expect(text(5, 0, 4)).toMatch(/next, 4 where .*, 1 without evidence: .* unnoticed$/);
  });

  it("is wrapped at the width of a terminal, at the column of the values", () => {
    const paint = { ...paintFor({}), width: 60 };
    const finding = makeFinding("replica/snapshot-ahead", "a ".repeat(100).trim(), {
      path: "p/q".repeat(30),
    });
    const lines = findingLines([finding], paint);
    expect(lines.filter((line) => line.length > 60)).toEqual([`    file           ${"p/q".repeat(30)}`]);
    expect(lines.some((line) => /^ {19}\S/.test(line))).toBe(true);
    const words = (text: string[]) => text.join(" ").split(/ +/);
    expect(words(lines)).toEqual(words(findingLines([finding], paintFor({}))));
    const widths = [20, 100, 500, undefined].map((columns) => paintFor({ isTTY: true, columns }).width);
    expect([...widths, paintFor({ columns: 100 }).width]).toEqual([60, 100, 120, 80, undefined]);
  });
});

describe("what is no replica", () => {
  it("is inconclusive, and says where to point", async () => {
    const folder = temporaryFolder();
    const file = join(folder, "file.db");
    writeFileSync(file, "");
    const shadow = unpack("basic", join(folder, ".app.db-litestream"));
    writeFileSync(join(shadow, "generation"), "f73d382fd730c09a");
    const generation = join(shadow, "generations/f73d382fd730c09a");
    const local = join(folder, "local");
    writeShadow(local);
    const runs: [location: string, expected: RegExp][] = [
      [join(folder, "missing"), /found nothing there/],
      [file, /^walkit: Expected a replica's folder, found a database itself.*[\s\S]*walkit inspect/],
      [
        join(generation, "wal"),
        /found wal\/, a folder inside generation f73d382fd730c09a[\s\S]*Name the .*\/f73d382fd730c09a$/m,
      ],
      [join(generation, "snapshots/"), /found snapshots\/, a folder inside/],
      [local, /shadow WAL/],
      ["s3://bucket/db", /path or a file:\/\/ URL/],
      [folder, /There are replicas in it: .*\.app\.db-litestream/],
    ];
    for (const [location, expected] of runs) {
      const { code, stdout, stderr } = await walkit(["verify", location]);
      expect([location, code, stdout]).toEqual([location, 3, ""]);
      expect(stderr).toMatch(/^walkit: /);
      expect(stderr).toMatch(expected);
      expect(stderr).toMatch(/^ {4}what to do {5}/m);
    }
    expect((await walkit(["verify", generation, "-q"])).code).toBe(0);
  });
});

function writeShadow(folder: string): void {
  mkdirSync(join(folder, "generations/0123456789abcdef/wal"), { recursive: true });
  writeFileSync(join(folder, "generation"), "0123456789abcdef");
  writeFileSync(join(folder, "generations/0123456789abcdef/wal/00000000.wal"), "");
}
