/** `<replica>` as an archive: what every command makes of it. */

import { spawn, spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import { fixtureTar, zipOf } from "../support/archives.ts";
import { readFixture, readManifest, tarPath } from "../support/fixtures.ts";
import { build, hashOf, MAIN, temporaryFolder, unpack, walkit, walkitJson } from "./support.ts";

beforeAll(build);

const out = () => join(temporaryFolder(), "out.db");
const latestOf = (name: string) => readManifest(name).restores.find(({ id }) => id === "latest")!.db!.sha256;
const NAME = "multi-snapshot";
const ID = "9e4d08f40df91f4f";

/** The three kinds, with times. */
function archives(): string[] {
  const folder = temporaryFolder();
  const [tar, gz, zip] = ["backup.tar", "backup.tar.gz", "backup.zip"].map((name) => join(folder, name));
  copyFileSync(tarPath(NAME), tar!);
  writeFileSync(gz!, gzipSync(fixtureTar(NAME)));
  const entries = [...readFixture(NAME).files].map(([name, { data }]) => ({ name, data: Buffer.from(data) }));
  writeFileSync(zip!, zipOf(entries as never));
  return [tar!, gz!, zip!];
}

describe("an archive in a replica's place", () => {
  it("is verified, listed, restored; nothing is written to it", async () => {
    for (const archive of archives()) {
      const before = hashOf(archive);
      const hasTimes = !archive.endsWith(".zip");
      const { code, json } = await walkitJson(["verify", archive]);
      expect([code, json.status, json.generations[0].generation], archive).toEqual([0, "ok", ID]);
      const output = out();
      expect((await walkit(["restore", archive, "-o", output])).code).toBe(0);
      expect(hashOf(output)).toBe(latestOf(NAME));
      expect((await walkit(["restore", archive, "-o", "-"])).bytes.length).toBe(readFileSync(output).length);
      expect((await walkitJson(["restore", `file://${archive}`, "--dry-run"])).json.status).toBe("planned");
      const folder = await walkitJson(["wal", unpack(NAME)]);
      const wal = await walkitJson(["wal", archive]);
      expect(wal.code).toBe(0);
      if (hasTimes) expect(wal.json.wal).toEqual(folder.json.wal);
      for (const command of ["generations", "snapshots", "timelines", "restore-points"]) {
        expect((await walkit([command, archive])).code, command).toBe(0);
      }
      for (const args of [
        ["mark", archive, "x"],
        ["timelines", archive, "--write"],
      ]) {
        const { code, stderr } = await walkit(args);
        expect([code, stderr]).toEqual([3, expect.stringMatching(/archive[\s\S]*Unpack it/)]);
      }
      expect(hashOf(archive)).toBe(before);
      expect((await walkit(["inspect", archive])).stdout).toContain("walkit verify reads it");
    }
  });

  it("with several replicas, names them; a path behind the archive's says which", async () => {
    const folder = temporaryFolder();
    for (const [name, fixture] of [
      ["one/app", NAME],
      ["two", "basic"],
    ] as const) {
      unpack(fixture, join(folder, name));
    }
    const archive = join(folder, "all.tar.gz");
    expect(spawnSync("tar", ["-C", folder, "--format=pax", "-czf", archive, "one", "two"]).status).toBe(0);
    for (const command of ["verify", "restore-points"]) {
      const { code, json } = await walkitJson([command, archive]);
      expect([code, json.findings[0].code]).toEqual([3, "replica/not-a-replica"]);
      expect(json.findings[0].message).toContain(`${archive}/one/app, ${archive}/two`);
      // The hint, carried out.
      const named = /: (\S+)$/.exec(json.findings[0].action)![1]!;
      expect((await walkit([command, named])).code).toBe(0);
    }
    const table: [inside: string, fixture: string][] = [
      ["one/app", NAME],
      ["one/app/generations", NAME],
      [`one/app/generations/${ID}`, NAME],
      ["two/", "basic"],
    ];
    for (const [inside, fixture] of table) {
      const output = out();
      expect((await walkit(["restore", `${archive}/${inside}`, "-o", output])).code, inside).toBe(0);
      expect(hashOf(output)).toBe(latestOf(fixture));
    }
    for (const inside of ["one", "three", "one/app/generations/0123456789abcdef", "../x"]) {
      const { code, json } = await walkitJson([
        "restore",
        join(archive, "") + `/${inside}`,
        "-o",
        out(),
        "--if-replica-exists",
      ]);
      if (inside !== "../x")
        expect([code, json.findings[0].message]).toEqual([3, expect.stringMatching(/all\.tar\.gz|found/)]);
      else expect(json.status).toBe("skipped");
    }
  });

  it("that is damaged, empty, foreign or without a replica is refused with words", async () => {
    const folder = temporaryFolder();
    const put = (name: string, data: Uint8Array | string) => {
      writeFileSync(join(folder, name), data);
      return join(folder, name);
    };
    const tar = fixtureTar(NAME);
    const cases: [path: string, words: RegExp][] = [
      [put("cut.tar", tar.subarray(0, 5000)), /up to the archive's end/],
      [put("cut.tar.gz", gzipSync(tar).subarray(0, -100)), /cannot be unpacked/],
      [put("empty.tar.gz", ""), /found an empty file/],
      [put("empty.zip", ""), /found an empty file/],
      [put("none.tar", new Uint8Array(10_240)), /Expected a replica's generations\/ or ltx\/, found nothing/],
      [
        put("db.gz", gzipSync("SQLite format 3\0".padEnd(600, "\0"))),
        /Expected a tar archive in the gzip file/,
      ],
      [put("text.txt", "hello"), /found a file.*walkit inspect/s],
      [`${put("text2", "hello")}/inside`, /found a file/],
    ];
    for (const [path, words] of cases) {
      for (const args of [
        ["verify", path],
        ["restore", path, "-o", out(), "--if-replica-exists"],
      ]) {
        const { code, stderr } = await walkit(args);
        expect([code, stderr.replace(/\s+/g, " ")], path).toEqual([3, expect.stringMatching(words)]);
      }
    }
  });

  it("with a link in a file's place: verify cannot tell, restore refuses", async () => {
    const replica = unpack("basic");
    const wal = join(replica, "generations/f73d382fd730c09a/wal");
    const last = readdirSync(wal).sort().at(-1)!;
    const archive = join(temporaryFolder(), "linked.tar");
    spawnSync("sh", ["-c", `rm ${last} && ln -s /mnt/${last} ${last}`], { cwd: wal });
    expect(spawnSync("tar", ["-C", replica, "--format=pax", "-cf", archive, "generations"]).status).toBe(0);
    expect((await walkit(["verify", archive])).code).toBe(3);
    const { code, json } = await walkitJson(["restore", archive, "-o", out()]);
    expect([code, json.findings[0].code]).toEqual([3, "storage/unreadable"]);
    expect(json.findings[0].action).toContain("--dereference");
  });

  it("a large .tar.gz is unpacked beside memory, and nothing of it is left", async () => {
    const replica = unpack(NAME);
    mkdirSync(join(replica, "other"));
    writeFileSync(join(replica, "other/large"), Buffer.alloc(150 << 20, "walkit"));
    const archive = join(temporaryFolder(), "large.tar.gz");
    expect(spawnSync("tar", ["-C", replica, "--format=pax", "-czf", archive, "."]).status).toBe(0);
    const temporary = temporaryFolder();
    const env = { ...process.env, TMPDIR: temporary };
    const output = out();
    expect((await walkit(["restore", archive, "-o", output], { env })).code).toBe(0);
    expect(hashOf(output)).toBe(latestOf(NAME));
    expect(readdirSync(temporary)).toEqual([]);
    // Killed in the midst of it, too.
    const child = spawn(process.execPath, [MAIN, "verify", archive], { env, stdio: "ignore" });
    await new Promise((resolve) => setTimeout(resolve, 700));
    child.kill("SIGKILL");
    await new Promise((resolve) => child.on("close", resolve));
    expect(readdirSync(temporary)).toEqual([]);
    const gone = { ...process.env, TMPDIR: join(temporary, "gone") };
    const { code, stderr } = await walkit(["verify", archive], { env: gone });
    expect([code, stderr]).toEqual([3, expect.stringMatching(/Cannot unpack[\s\S]*TMPDIR/)]);
    expect(existsSync(join(temporary, "gone"))).toBe(false);
  });
});
