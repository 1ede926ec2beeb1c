/** What stands at the place that the user points to: unreadable files, other programs' files, nothing, Litestream 0.4's. */

import { spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { readManifest } from "../support/fixtures.ts";
import { build, hashOf, MAIN, temporaryFolder, unpack, walkit, walkitJson } from "./support.ts";

beforeAll(build);

const out = () => join(temporaryFolder(), "out.db");
const ONE = "generations/857d648c3a1d2509";
const SNAPSHOTS = "generations/9e4d08f40df91f4f";
const latestOf = (name: string) => readManifest(name).restores.find(({ id }) => id === "latest")!.db!.sha256;
const codesOf = (findings: { code: string; severity: string; path: string }[]) =>
  findings.map(({ code, severity, path }) => `${severity} ${code} ${path}`);

/** Puts something else in the place of a file. */
const inPlace: Record<string, (path: string) => void | Promise<void>> = {
  "a link that leads nowhere": (path) => symlinkSync("nowhere", path),
  "a link through a file": (path) => symlinkSync(`${MAIN}/x`, path),
  "a link to itself": (path) => symlinkSync(path, path),
  "a link to a folder": (path) => symlinkSync(dirname(path), path),
  "a folder": (path) => void mkdirSync(path),
  "a folder with files": (path) => {
    mkdirSync(path);
    for (const name of ["a", "b"]) writeFileSync(join(path, name), "x");
  },
  "MinIO's folder": (path) => {
    mkdirSync(path);
    writeFileSync(join(path, "xl.meta"), "XL2 ");
  },
  "a pipe": (path) => {
    if (spawnSync("mkfifo", [path]).status !== 0) mkdirSync(path);
  },
  "a socket": (path) =>
    new Promise<void>((resolve, reject) => {
      const server = createServer().on("error", reject);
      // Closing would take the socket away: a copy of its name stays.
      server.listen(`${path}.s`, () => {
        renameSync(`${path}.s`, path);
        server.close(() => resolve());
      });
    }),
};

let five: string | undefined;

/** The hash of what the whole replica restores to at index 5. */
async function indexFive(): Promise<string> {
  const output = out();
  if (!five) await walkit(["restore", unpack("multi-snapshot"), "-o", output, "--index", "5"]);
  five ??= hashOf(output);
  return five;
}

describe.each(Object.entries(inPlace))("%s in a file's place", (what, put) => {
  const lay = async (replica: string, path: string): Promise<string> => {
    rmSync(join(replica, path));
    await put(join(replica, path));
    return replica;
  };

  it("of the last segment: verify cannot tell, restore refuses, what lies before can be had", async () => {
    const path = `${ONE}/wal/00000006_00001038.wal.lz4`;
    const replica = await lay(unpack("multi-index"), path);
    for (const level of ["names", "integrity"]) {
      const { code, json } = await walkitJson(["verify", replica, "--level", level]);
      expect([code, json.status], `${what} ${level}`).toEqual([3, "inconclusive"]);
      expect(codesOf(json.findings.filter((f: { severity: string }) => f.severity !== "warning"))).toEqual([
        `inconclusive storage/unreadable ${path}`,
      ]);
      expect(json.generations[0].restorable.at(-1).newest).toBe(false);
    }
    expect((await walkit(["verify", replica])).stdout).not.toContain("newest state can be restored");
    const output = out();
    for (const more of [[], ["--if-replica-exists"], ["--dry-run"], ["--target-time", "now"]]) {
      const { code, json } = await walkitJson(["restore", replica, "-o", output, ...more]);
      expect([code, json.status]).toEqual([3, "failed"]);
      expect(json.findings[0]).toMatchObject({ code: "storage/unreadable", path });
    }
    expect(existsSync(output)).toBe(false);
    expect((await walkit(["restore", replica, "-o", output, "--index", "5"])).code).toBe(0);
    expect((await walkit(["restore", replica, "-o", out(), "--salvage"])).stdout).toContain("SALVAGED");
  });

  it("of what the newest state does not need: restored all the same", async () => {
    for (const path of [
      `${SNAPSHOTS}/wal/00000001_00003068.wal.lz4`,
      `${SNAPSHOTS}/snapshots/00000002.snapshot.lz4`,
    ]) {
      const replica = await lay(unpack("multi-snapshot"), path);
      const output = out();
      expect((await walkit(["restore", replica, "-o", output])).code).toBe(0);
      expect(hashOf(output)).toBe(latestOf("multi-snapshot"));
      expect((await walkitJson(["verify", replica])).json.status).toBe("inconclusive");
    }
  });

  it("of the best snapshot: restored from an older one, and said so", async () => {
    const path = `${SNAPSHOTS}/snapshots/00000004.snapshot.lz4`;
    const replica = await lay(unpack("multi-snapshot"), path);
    const output = out();
    const { code, json } = await walkitJson(["restore", replica, "-o", output, "--index", "5"]);
    expect([code, json.plan.snapshot.index]).toEqual([0, 2]);
    expect(hashOf(output)).toBe(await indexFive());
    expect(codesOf(json.findings)).toContain(`warning storage/unreadable ${path}`);
    const planned = await walkitJson(["restore", replica, "--dry-run", "--index", "5"]);
    expect(planned.json.plan.snapshot.index).toBe(2);
  });

  it("of another generation: does not hinder", async () => {
    const replica = unpack("multi-generation");
    const [first, second] = readdirSync(join(replica, "generations"));
    const newest = latestGenerationOf(replica);
    const other = newest === first ? second : first;
    const wal = `generations/${other}/wal`;
    const path = `${wal}/${readdirSync(join(replica, wal)).sort().at(-1)}`;
    await lay(replica, path);
    const output = out();
    expect((await walkit(["restore", replica, "-o", output])).code).toBe(0);
    expect(hashOf(output)).toBe(latestOf("multi-generation"));
    const { code, json } = await walkitJson(["verify", replica]);
    expect([code, json.status]).toEqual([3, "inconclusive"]);
    const states = json.generations.map((g: { generation: string; status: string }) => [
      g.generation,
      g.status,
    ]);
    expect(Object.fromEntries(states)).toMatchObject({ [newest!]: "ok", [other!]: "inconclusive" });
  });
});

function latestGenerationOf(replica: string): string | undefined {
  const run = spawnSync(process.execPath, [MAIN, "restore", replica, "--dry-run", "--json"], {
    encoding: "utf8",
  });
  return JSON.parse(run.stdout).plan.generation;
}

describe("a folder that cannot be looked into", () => {
  it.each([
    ["a generation", "", 3],
    ["its wal", "/wal", 3],
    ["its snapshots", "/snapshots", 3],
  ])("%s as a link that leads nowhere", async (_, inside, exit) => {
    const replica = unpack("multi-generation");
    const newest = latestGenerationOf(replica)!;
    const other = readdirSync(join(replica, "generations")).find((id) => id !== newest)!;
    const path = `generations/${newest}${inside}`;
    rmSync(join(replica, path), { recursive: true });
    symlinkSync("nowhere", join(replica, path));
    const verified = await walkitJson(["verify", replica]);
    expect([verified.code, verified.json.status]).toEqual([exit, "inconclusive"]);
    expect(codesOf(verified.json.findings)).toContain(`inconclusive storage/unreadable ${path}`);
    for (const more of [[], ["--if-replica-exists"], ["--generation", newest]]) {
      const { code, json } = await walkitJson(["restore", replica, "-o", out(), ...more]);
      expect([code, json.findings[0].code]).toEqual([3, "storage/unreadable"]);
    }
    expect((await walkit(["restore", replica, "-o", out(), "--generation", other])).code).toBe(0);
    expect((await walkit(["generations", replica])).code).toBe(3);
  });

  it("generations/ itself, or the replica, as a link that leads nowhere, is no fresh start", async () => {
    const folder = temporaryFolder();
    symlinkSync("nowhere", join(folder, "replica"));
    mkdirSync(join(folder, "other"));
    symlinkSync("nowhere", join(folder, "other/generations"));
    for (const name of ["replica", "other", "other/generations"]) {
      const { code, json } = await walkitJson([
        "restore",
        join(folder, name),
        "-o",
        out(),
        "--if-replica-exists",
      ]);
      expect([code, json.findings[0].code], name).toEqual([3, "storage/unreadable"]);
      expect((await walkit(["verify", join(folder, name)])).code).toBe(3);
    }
  });

  const nobody = { uid: 65534, gid: 65534 };
  const isRoot = process.getuid?.() === 0;

  it.skipIf(!isRoot)("because it may not be read (as another user)", async () => {
    const replica = unpack("multi-snapshot");
    chmodSync(dirname(replica), 0o755);
    const run = async (args: string[]) => await walkit(args, nobody);
    expect((await run(["verify", replica])).code).toBe(0);
    // A file that Litestream's owner alone may read.
    const last = `${SNAPSHOTS}/wal/00000006_00001038.wal.lz4`;
    const cases: [path: string, mode: number][] = [
      [last, 0o000],
      [`${SNAPSHOTS}/wal`, 0o000],
      [`${SNAPSHOTS}/wal`, 0o444],
      [`${SNAPSHOTS}/snapshots`, 0o000],
      [SNAPSHOTS, 0o000],
      ["generations", 0o000],
      ["generations", 0o444],
      ["", 0o000],
    ];
    const output = "-";
    for (const [path, mode] of cases) {
      chmodSync(join(replica, path), mode);
      const verified = await run(["verify", replica]);
      expect(verified.code, `${path} ${mode}`).toBe(3);
      expect(verified.stdout + verified.stderr).toContain("storage/unreadable");
      expect(verified.stdout).not.toMatch(/newest state[^.]* can be restored/i);
      const restored = await run(["restore", replica, "-o", output, "--if-replica-exists"]);
      expect([restored.code, restored.bytes.length]).toEqual([3, 0]);
      chmodSync(join(replica, path), path === last ? 0o644 : 0o755);
    }
    // Older than the newest snapshot: no matter.
    chmodSync(join(replica, SNAPSHOTS, "wal/00000001_00003068.wal.lz4"), 0o000);
    expect((await run(["restore", replica, "-o", "-"])).code).toBe(0);
  });
});

describe("where there is nothing", () => {
  const flag = "--if-replica-exists";
  const tryIt = async (location: string) => {
    const { code, json } = await walkitJson(["restore", location, "-o", out(), flag]);
    return `${code} ${json.status} ${json.findings?.[0]?.code ?? ""}`.trim();
  };

  it("or nothing of anyone's, there is no replica yet", async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "mounted/lost+found"), { recursive: true });
    mkdirSync(join(folder, "empty/generations/0123456789abcdef/wal"), { recursive: true });
    mkdirSync(join(folder, "begun/generations/0123456789abcdef/snapshots"), { recursive: true });
    writeFileSync(join(folder, "begun/generations/0123456789abcdef/snapshots/00000000.snapshot.lz4.tmp"), "");
    for (const name of [
      "mounted",
      "empty",
      "begun",
      "empty/generations",
      "empty/generations/0123456789abcdef",
    ]) {
      expect(await tryIt(join(folder, name)), name).toBe("0 skipped");
    }
  });

  it("that walkit knows, something else may be: an error that says what", async () => {
    const folder = temporaryFolder();
    const put = (path: string, text = "x") => {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    };
    unpack("basic", join(folder, "above/app"));
    unpack("basic", join(folder, "above/shop"));
    put("misspelt/genrations/x");
    put("file/generations");
    put("foreign/generations/photo.jpg");
    put("own/generations/0123456789abcdef/wal/00000000.wal");
    put("xl/generations/0123456789abcdef/snapshots/00000000.snapshot.lz4/xl.meta");
    put("xl/generations/0123456789abcdef/wal/00000000_00000000.wal.lz4/xl.meta");
    const table: [name: string, code: string, words: RegExp][] = [
      ["above", "replica/not-a-replica", /There are replicas in it: app, shop/],
      ["misspelt", "replica/not-a-replica", /found a folder with genrations/],
      ["file", "replica/not-a-replica", /found a file of that name/],
      ["foreign", "target/no-generation", /photo\.jpg/],
      ["foreign/generations", "replica/not-a-replica", /photo\.jpg/],
      ["own", "replica/not-a-replica", /shadow WAL.*litestream\.yml/s],
      ["own/generations", "replica/not-a-replica", /shadow WAL/],
      ["own/generations/0123456789abcdef", "replica/not-a-replica", /shadow WAL/],
      ["xl", "storage/unreadable", /xl\.meta.*MinIO.*mc mirror/s],
    ];
    for (const [name, code, words] of table) {
      expect(await tryIt(join(folder, name)), name).toBe(`3 failed ${code}`);
      const { stderr, code: exit } = await walkit(["restore", join(folder, name), "-o", out(), flag]);
      expect([exit, stderr.replace(/\s+/g, " ")]).toEqual([3, expect.stringMatching(words)]);
      expect((await walkit(["verify", join(folder, name)])).code).toBe(3);
    }
    // What the hint says works.
    expect((await walkit(["restore", join(folder, "above/app"), "-o", out()])).code).toBe(0);
  });

  it("in the only generation: verify does not say OK; beside another one it is a note", async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "generations/0123456789abcdef/wal"), { recursive: true });
    const alone = await walkitJson(["verify", folder]);
    expect([alone.code, alone.json.status]).toEqual([3, "inconclusive"]);
    expect(alone.json.findings).toMatchObject([{ code: "replica/empty", severity: "inconclusive" }]);
    expect((await walkit(["verify", folder])).stdout).not.toContain("OK");
    unpack("basic", folder);
    const beside = await walkitJson(["verify", folder]);
    expect([beside.code, beside.json.findings[0].severity]).toEqual([0, "info"]);
  });
});

describe("LTX files", () => {
  const NAME = "0000000000000001-0000000000000001.ltx";
  const lay = (...paths: string[]) => {
    const folder = temporaryFolder();
    for (const path of paths) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), "LTX1");
    }
    return folder;
  };
  const SAMPLE = fileURLToPath(new URL("../fixtures/ltx/litestream-0.5.17-vfs/", import.meta.url));

  it.each([
    [`dbs/app.db/ltx/${NAME}`, ["", "dbs", "dbs/app.db", "dbs/app.db/ltx"], `ltx/${NAME}`],
    [`app.db/${NAME}`, ["", "app.db"], NAME],
  ])("of LiteFS, cut short at %s, are damage", async (path, places, inside) => {
    const folder = lay(path);
    for (const place of places) {
      const { code, json } = await walkitJson(["verify", join(folder, place)]);
      expect([code, codesOf(json.findings)], place).toEqual([1, [`damage ltx/truncated ${inside}`]]);
      const refused = await walkitJson(["restore", join(folder, place), "-o", out(), "--if-replica-exists"]);
      expect([refused.code, refused.json.findings[0].code]).toEqual([1, "ltx/truncated"]);
    }
  });

  const LITEFS = fileURLToPath(
    new URL("../fixtures/ltx/litefs/store/open-and-write-snapshot/dbs/sqlite.db/", import.meta.url),
  );

  it("of LiteFS are a replica for each database, from any folder that has one alone", async () => {
    const folder = temporaryFolder();
    cpSync(LITEFS, join(folder, "dbs/a.db"), { recursive: true });
    const database = readFileSync(join(LITEFS, "database"));
    for (const place of ["", "dbs", "dbs/a.db", "dbs/a.db/ltx"]) {
      expect((await walkit(["verify", join(folder, place)])).code, place).toBe(0);
      for (const target of [[], ["--txid", "000000000000000d"]]) {
        const output = out();
        expect((await walkit(["restore", join(folder, place), "-o", output, ...target])).code).toBe(0);
        expect(readFileSync(output).equals(database)).toBe(true);
      }
    }
    expect((await walkit(["restore-points", folder])).stdout).toContain("cannot be restored: what was");
    const early = await walkitJson(["restore", folder, "-o", out(), "--txid", "000000000000000c"]);
    expect([early.json.findings[0].code, early.json.findings[0].message]).toEqual([
      "target/out-of-range",
      expect.stringMatching(/lead forward only/),
    ]);
    for (const place of ["dbs/x.db", "dbs/a.db/x.db"])
      expect((await walkit(["restore", folder, "-o", join(folder, place)])).code).toBe(2);
    cpSync(LITEFS, join(folder, "dbs/b.db"), { recursive: true });
    for (const place of ["", "dbs"]) {
      const { code, json } = await walkitJson(["verify", join(folder, place)]);
      expect([code, json.findings[0].code]).toEqual([3, "replica/not-a-replica"]);
      expect(json.findings[0].action).toMatch(/^There are databases in it: .*dbs\/a\.db, .*dbs\/b\.db/);
    }
    expect((await walkit(["verify", join(folder, "dbs/b.db")])).code).toBe(0);
  });

  it("of two nodes of LiteFS are compared", async () => {
    const [one, other] = ["a.db", "b.db"].map((name) => join(temporaryFolder(), name)) as [string, string];
    cpSync(LITEFS, one, { recursive: true });
    cpSync(LITEFS, other, { recursive: true });
    const { code, json } = await walkitJson(["compare", one, other]);
    expect([code, json]).toMatchObject([
      0,
      { verdict: "same", agreed: "000000000000000d", parted: null, newest: { one: "000000000000000d" } },
    ]);
    expect((await walkit(["compare", one, other])).stdout).toMatch(/^SAME: .*up to {2}000000000000000d$/ms);
    const file = join(other, "ltx/000000000000000d-000000000000000d.ltx");
    const bytes = readFileSync(file);
    bytes[5000]! ^= 1;
    writeFileSync(file, bytes);
    const damaged = await walkitJson(["compare", one, other]);
    expect([damaged.code, damaged.json.findings[0].code]).toEqual([3, "ltx/file-checksum"]);
    expect((await walkitJson(["compare", one, temporaryFolder()])).code).toBe(3);
  });

  it("of LiteFS 0.1 are named", async () => {
    const folder = lay("00000001/name", "00000001/database", `00000001/ltx/${NAME}`);
    for (const place of ["", "00000001"]) {
      const { code, json } = await walkitJson(["verify", join(folder, place)]);
      expect([code, json.findings[0].code]).toEqual([3, "ltx/extinct"]);
    }
  });

  it.each([
    [`ltx/0/${NAME}`, ["", "ltx", "ltx/0"]],
    [`0000/${NAME}`, ["", "0000"]],
    [`0009/${NAME}`, ["", "0009"]],
  ])("of Litestream 0.5, cut short at %s, are damage", async (path, places) => {
    const folder = lay(path);
    for (const place of places) {
      const { code, json } = await walkitJson(["verify", join(folder, place)]);
      expect([code, codesOf(json.findings)], place).toEqual([1, [`damage ltx/truncated ${path}`]]);
      const refused = await walkitJson(["restore", join(folder, place), "-o", out(), "--if-replica-exists"]);
      expect([refused.code, refused.json.findings[0].code]).toEqual([1, "ltx/truncated"]);
    }
  });

  it("of Litestream 0.5 are a replica, from its root, its folder, or a level's", async () => {
    for (const place of ["", "ltx", "ltx/0"]) {
      expect((await walkit(["verify", join(SAMPLE, place)])).code).toBe(0);
      const output = out();
      expect((await walkit(["restore", join(SAMPLE, place), "-o", output])).code).toBe(0);
      expect(readFileSync(output).length).toBe(8192);
    }
  });

  it.each([`ltx/0/${NAME}`, `0001/${NAME}`])(
    "beside generations/, %s, unreadable, may be newer",
    async (path) => {
      const folder = unpack("basic", lay(path));
      const id = readdirSync(join(folder, "generations"))[0]!;
      for (const place of [folder, join(folder, "generations")]) {
        const { code, json } = await walkitJson(["verify", place]);
        expect([code, json.status, json.newestGeneration]).toEqual([1, "damaged", null]);
        for (const more of [
          [],
          ["--if-replica-exists"],
          ["--dry-run"],
          ["--salvage"],
          ["--target-immediate"],
        ]) {
          const refused = await walkitJson(["restore", place, "-o", out(), ...more]);
          expect([refused.code, refused.json.findings[0].code], `${more}`).toEqual([
            1,
            "target/ambiguous-generation",
          ]);
          expect(refused.json.findings[0].action).toMatch(/--generation/);
        }
      }
      // The hint's ways.
      for (const more of [
        ["--generation", id],
        ["--index", "0"],
      ]) {
        const output = out();
        const { code, stderr } = await walkit(["restore", folder, "-o", output, ...more]);
        expect([code, hashOf(output)], stderr).toEqual([0, latestOf("basic")]);
      }
      expect((await walkit(["restore", folder, "-o", out(), "--target-position", "0:22350"])).code).toBe(0);
      expect((await walkit(["verify", folder, "--generation", id])).code).toBe(0);
    },
  );

  it("beside older generations are the newest state", async () => {
    const folder = unpack("basic");
    for (const { parentPath, name } of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      const path = join(parentPath, name);
      const { mtimeMs } = statSync(path);
      utimesSync(path, (mtimeMs - 90 * 86_400_000) / 1000, (mtimeMs - 90 * 86_400_000) / 1000);
    }
    cpSync(join(SAMPLE, "ltx"), join(folder, "ltx"), { recursive: true });
    const { code, json } = await walkitJson(["verify", folder]);
    expect([code, json.newestGeneration]).toEqual([0, "ltx"]);
    const output = out();
    expect((await walkit(["restore", folder, "-o", output])).code).toBe(0);
    expect(readFileSync(output).length).toBe(8192);
    const id = readdirSync(join(folder, "generations"))[0]!;
    expect((await walkit(["restore", folder, "-o", out(), "--generation", id])).code).toBe(0);
    expect((await walkit(["restore", folder, "-o", out(), "--generation", "ltx"])).code).toBe(0);
  });

  it("that only look like some are none", async () => {
    const other = unpack("basic", lay("ltx/readme", "0000/x.ltx", `ltx/0/${NAME}.tmp`, "0001.jpg"));
    expect((await walkit(["verify", other])).code).toBe(0);
  });
});

describe("a replica of Litestream 0.4", () => {
  const SAMPLE = fileURLToPath(new URL("../fixtures/litestream-0.4-beta/", import.meta.url));
  const GENERATION = "generations/0000000000000000";
  const files = ["snapshots/0000000000000000.snapshot.lz4"].concat(
    [
      "0000000000000000/0000000000000000",
      "0000000000000000/0000000000002050",
      "0000000000000000/0000000000003068",
    ]
      .concat(
        "0000000000000001/0000000000000000",
        "0000000000000002/0000000000000000",
        "0000000000000002/0000000000001038",
      )
      .map((name) => `wal/${name}.wal.lz4`),
  );
  /** A copy with a second between the times of files; `digits`: of the alphas. */
  const lay = (digits = 16) => {
    const folder = join(temporaryFolder(), "replica");
    for (const [second, name] of files.entries()) {
      const as = name.replaceAll(/[0-9a-f]{16}/g, (number) => number.slice(-digits));
      const path = join(folder, GENERATION, as);
      mkdirSync(dirname(path), { recursive: true });
      cpSync(join(SAMPLE, "replica", GENERATION, name), path);
      utimesSync(path, 1_700_000_000 + second, 1_700_000_000 + second);
    }
    return folder;
  };
  const right = hashOf(join(SAMPLE, "expected.db"));

  it.each([16, 8])("with names of %d digits is verified, listed, restored", async (digits) => {
    const replica = lay(digits);
    for (const location of [replica, join(replica, "generations"), join(replica, GENERATION)]) {
      const { code, json } = await walkitJson(["verify", location]);
      expect([code, json.status, json.generations[0].segments]).toEqual([0, "ok", 6]);
      expect(json.findings.filter((f: { severity: string }) => f.severity !== "warning")).toEqual([]);
      const output = out();
      expect((await walkit(["restore", location, "-o", output])).code).toBe(0);
      expect(hashOf(output)).toBe(right);
    }
    const output = out();
    const time = ["--target-time", "2023-11-14T22:13:24.5Z"];
    const { json } = await walkitJson(["restore", replica, "-o", output, ...time]);
    expect([json.restored.position, json.plan.next]).toEqual(["00000001:00001038", "00000002:00000000"]);
    const plan = (await walkitJson(["restore", replica, "--dry-run", "--index", "0"])).json.plan;
    expect(plan.segments.map(({ path }: { path: string }) => path)).toHaveLength(3);
    expect((await walkitJson(["wal", replica])).json.wal).toHaveLength(6);
    expect((await walkitJson(["snapshots", replica])).json.snapshots).toHaveLength(1);
    expect((await walkitJson(["restore-points", replica])).json.generations[0].segments).toHaveLength(6);
    expect((await walkit(["timelines", replica])).code).toBe(0);
    expect((await walkit(["mark", replica, "before"])).code).toBe(0);
    expect((await walkit(["restore", replica, "-o", out(), "--target-name", "before"])).code).toBe(0);
    for (const name of files) {
      const path = join(
        replica,
        GENERATION,
        name.replaceAll(/[0-9a-f]{16}/g, (n) => n.slice(-digits)),
      );
      expect((await walkitJson(["inspect", path])).json).toMatchObject({ status: "ok", findings: [] });
    }
  });

  it("that lacks files is refused, and they are called by their own names", async () => {
    const missing: [file: number, code: string][] = [
      [1, "replica/missing-first-segment"],
      [2, "replica/missing-segment"],
      [4, "replica/missing-index"],
      [5, "replica/missing-first-segment"],
    ];
    for (const [file, code] of missing) {
      const replica = lay();
      const path = `${GENERATION}/${files[file]}`;
      rmSync(join(replica, path));
      const verified = await walkitJson(["verify", replica]);
      expect(verified.code).toBe(1);
      expect(codesOf(verified.json.findings)).toContain(`damage ${code} ${path}`);
      const { code: exit, json } = await walkitJson(["restore", replica, "-o", out()]);
      expect([exit, json.findings[0].code, json.findings[0].path]).toEqual([1, code, path]);
    }
  });

  it("with a byte changed anywhere, or a file cut, never restores another database", async () => {
    for (const [i, name] of files.entries()) {
      const replica = lay();
      const path = join(replica, GENERATION, name);
      const bytes = readFileSync(path);
      const at = (i * 37) % bytes.length;
      for (const damaged of [
        bytes.subarray(0, at),
        Buffer.from(bytes.map((b, j) => (j === at ? b ^ 0x55 : b))),
      ]) {
        writeFileSync(path, damaged);
        expect((await walkit(["verify", replica])).code, `${name} ${at}`).toBe(1);
        const output = out();
        const { code } = await walkit(["restore", replica, "-o", output]);
        if (code === 0) expect(hashOf(output)).toBe(right);
        else expect([code, existsSync(output)]).toEqual([1, false]);
      }
    }
  });

  it("whose numbers are too large, or whose index cannot be looked into, is refused with words", async () => {
    const far = lay();
    const name = "wal/0000000100000000/0000000000000000.wal.lz4";
    mkdirSync(dirname(join(far, GENERATION, name)));
    cpSync(join(far, GENERATION, files[4]!), join(far, GENERATION, name));
    const lost = lay();
    rmSync(join(lost, GENERATION, "wal/0000000000000002"), { recursive: true });
    symlinkSync("nowhere", join(lost, GENERATION, "wal/0000000000000002"));
    for (const replica of [far, lost]) {
      expect((await walkit(["verify", replica])).code).toBe(3);
      const { code, json } = await walkitJson(["restore", replica, "-o", out()]);
      expect([code, json.findings[0].code]).toEqual([3, "storage/unreadable"]);
    }
    expect((await walkit(["restore", lost, "-o", out(), "--index", "1"])).code).toBe(0);
  });
});
