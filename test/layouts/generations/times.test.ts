/**
 * What times of files prove: healthy replicas with times as coarse as file systems and copies leave them, clocks that were
 * set back, and copies without times. The suite runs fixtures and simulated copies. With `WALKIT_CAMPAIGN=times` the real
 * Litestream makes more replicas, real programs copy them, and the tables of `docs/times.md` are printed:
 * `WALKIT_CAMPAIGN=times npx vitest run test/layouts/generations/times.test.ts`
 */

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, sep } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WalkitError } from "../../../src/errors.ts";
import { planRestore } from "../../../src/layouts/generations/index.ts";
import { readingsAt } from "../../../src/layouts/generations/nearest.ts";
import type { Generations } from "../../../src/layouts/generations/types.ts";
import type { WalPosition } from "../../../src/replay/position.ts";
import { parsePosition, timeRange, timesUntrusted } from "../../../src/snapshot/index.ts";
import type { MemoryFile } from "../../../src/storage/index.ts";
import { FIXTURES, GOLDEN, readFixture, readTar } from "../../support/fixtures.ts";
import { numbers } from "../../support/generate.ts";
import { canMakeCorpus, makeCorpus } from "../../support/times-corpus.ts";
import {
  type Counts,
  catalogOf,
  judgeCopy,
  judgeHealthy,
  noCounts,
  quantize,
  type Times,
} from "../../support/times-table.ts";
import { adviceOf } from "../../support/words.ts";

const LONG = process.env.WALKIT_CAMPAIGN?.split(",").includes("times") ?? false;
const SECOND = 1_000_000_000n;
const MS = 1_000_000n;
/** Of the copies: long after all replicas. */
const COPIED = 1_900_000_000n * SECOND + 123_456_789n;

interface Replica {
  name: string;
  times: Times;
  /** Where it lies. */
  folder: string | undefined;
}

const replicas: Replica[] = [];
/** The folder of the campaign. */
let root: string | undefined;

function timesOf(files: ReadonlyMap<string, MemoryFile>): Times {
  return new Map([...files].filter(([path]) => /\.lz4$/.test(path)).map(([path, f]) => [path, f.modified!]));
}

function readFolder(folder: string): Times {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) =>
    path.endsWith(".lz4"),
  );
  return new Map(
    files.map((path) => [path.split(sep).join("/"), statSync(join(folder, path), { bigint: true }).mtimeNs]),
  );
}

beforeAll(async () => {
  for (const name of GOLDEN) {
    replicas.push({ name, times: timesOf(readFixture(name).files), folder: undefined });
  }
  for (const name of ["coarse-times", "chunk-size"]) {
    const tar = readFileSync(join(FIXTURES, `../cases/${name}/replica.tar`));
    replicas.push({ name, times: timesOf(readTar(tar)), folder: undefined });
  }
  if (!LONG) return;
  if (!canMakeCorpus())
    throw new Error("Expected the real Litestream and python3 with sqlite3, found no such thing");
  root = mkdtempSync(join(tmpdir(), "walkit-times-"));
  for (const [name, folder] of await makeCorpus(root)) {
    replicas.push({ name, times: readFolder(folder), folder });
  }
}, 120_000);

const table: [name: string, counts: Counts][] = [];

function record(name: string, counts: Counts): Counts {
  table.push([name, counts]);
  return counts;
}

const changed = (times: Times, change: (time: bigint, path: string) => bigint): Times =>
  new Map([...times].map(([path, time]) => [path, change(time, path)]));

const UNITS: [name: string, change: (time: bigint) => bigint][] = [
  ["1 ns", (time) => time],
  ["1 ms", quantize(MS)],
  ["4 ms", quantize(4n * MS)],
  ["4 ms, of a clock that ticks in between", (time) => quantize(4n * MS)(time - 681_727n) + 681_727n],
  ["10 ms", quantize(10n * MS)],
  ["1 s", quantize(SECOND)],
  ["1 s, rounded", quantize(SECOND, SECOND / 2n)],
  ["2 s", quantize(2n * SECOND)],
];

describe("a healthy replica is restored, at any time, with times to", () => {
  it.each(UNITS)("%s", async (name, change) => {
    const counts = noCounts();
    for (const replica of replicas) {
      await judgeHealthy(replica.times, changed(replica.times, change), counts, replica.name);
    }
    record(`healthy, ${name}`, counts);
    expect(counts.wrong, counts.examples.join("\n")).toBe(0);
    expect(counts.refused, counts.examples.join("\n")).toBe(0);
    expect(counts.right).toBeGreaterThan(200);
  });
});

/** The clock is set back by `step` before the file that is `at` of the way through a generation. */
function setBack(
  times: Times,
  generation: string,
  at: number,
  step: bigint,
): { times: Times; moved: Set<string> } {
  const own = [...times]
    .filter(([path]) => path.includes(`/${generation}/`))
    .sort(([, a], [, b]) => (a < b ? -1 : 1))
    .map(([path]) => path);
  const early = new Set(own.slice(0, Math.floor(own.length * at)));
  // Before that it was ahead.
  return {
    times: changed(times, (time, path) => (early.has(path) ? time + step : time)),
    moved: new Set(own),
  };
}

describe("a clock that was set back", () => {
  it("in an old generation keeps neither the newest state nor the times of others from being restored", async () => {
    const counts = noCounts();
    const { name, times } = replicas.find((one) => one.name === "multi-generation")!;
    const [first, second] = ["eebf5555ba3afc10", "89c0220745ddaaba"];
    for (const generation of [first, second]) {
      for (const at of [0.2, 0.5, 0.8]) {
        for (const step of [500n * MS, 1000n * MS]) {
          const one = setBack(times, generation, at, step);
          await judgeHealthy(times, one.times, counts, name, (path) => !one.moved.has(path));
        }
      }
    }
    record("clock set back in an old generation: newest, and times of others", counts);
    expect([counts.refused, counts.wrong], counts.examples.join("\n")).toEqual([0, 0]);
  });

  it("refuses the times that came twice, names the moments, and each of them can be had", async () => {
    const { times } = replicas.find((one) => one.name === "multi-snapshot")!;
    const id = "9e4d08f40df91f4f";
    const segments = [...times]
      .filter(([path]) => path.includes("/wal/"))
      .sort(([a], [b]) => (a < b ? -1 : 1));
    const from = segments.findIndex(([path]) => path.includes("00000003_"));
    const step = segments[from + 3]![1] - segments[from - 3]![1];
    const late = new Set(segments.slice(from).map(([path]) => path));
    const catalog = (await catalogOf(
      changed(times, (time, path) => (late.has(path) ? time - step : time)),
    )) as Generations;
    const generation = catalog.generations[0]!;
    expect(timesUntrusted(generation)).toMatchObject({ kind: "clock", path: segments[from]![0] });
    const twice = generation.segments[from]!.modified!;
    const refused = attempt(() => planRestore(catalog, { timestamp: twice })) as WalkitError;
    expect(refused).toMatchObject({ code: "replica/times-untrusted" });
    const choices = [...adviceOf(refused).matchAll(/--generation (\S+), with --target-position (\S+)/g)];
    expect(choices.length).toBeGreaterThan(1);
    const ends = choices.map(([, named, position]) => {
      expect(named).toBe(id);
      return planRestore(catalog, { generation: named, commit: parsePosition(position!) as WalPosition })
        .segments.length;
    });
    expect(new Set(ends).size).toBe(choices.length);
    // What came once can be had: all that has a time before the clock's second round, and after its first.
    const range = timeRange(generation)!;
    for (const { modified } of generation.segments) {
      const isTwice = readingsAt(generation, modified!).length > 1;
      const plan = attempt(() => planRestore(catalog, { timestamp: modified! }));
      expect(plan instanceof WalkitError).toBe(isTwice);
    }
    expect(attempt(() => planRestore(catalog, { timestamp: range.newest }))).not.toBeInstanceOf(WalkitError);
  });
});

/** In which order a copy comes by the files. */
const ORDERS: Record<string, (paths: string[], next: (below: number) => number) => string[]> = {
  "by name": (paths) => paths.sort(),
  "by folder, as the file system has them": (paths, next) => {
    const ranks = new Map<string, number>();
    const rank = (path: string) => {
      if (!ranks.has(path)) ranks.set(path, next(1_000_000));
      return ranks.get(path)!;
    };
    const folder = (path: string) => path.slice(0, path.lastIndexOf("/"));
    return paths.sort((a, b) => rank(folder(a)) - rank(folder(b)) || rank(a) - rank(b));
  },
  "four at a time, by name": (paths, next) => {
    const rest = paths.sort();
    return [...rest].map(() => rest.splice(next(Math.min(4, rest.length)), 1)[0]!);
  },
};

const PACES: [name: string, step: number, unit: bigint][] = [
  ["0.03 ms a file", 30_000, 1n],
  ["0.03 ms a file, times to 4 ms", 30_000, 4n * MS],
  ["0.2 ms a file", 200_000, 1n],
  ["0.2 ms a file, times to 10 ms", 200_000, 10n * MS],
  ["2 ms a file", 2_000_000, 1n],
];
/** No rule tells these from a Litestream that is as busy; some are found by their order. */
const SLOW: [name: string, step: number, unit: bigint][] = [
  ["5 ms a file", 5_000_000, 1n],
  ["50 ms a file", 50_000_000, 1n],
  ["2 s a file", 2_000_000_000, 1n],
  ["0.2 ms a file, times in whole seconds", 200_000, SECOND],
];

function copied(times: Times, order: string, step: number, unit: bigint, seed: number): Times {
  const next = numbers(seed);
  let time = COPIED;
  const copy = new Map<string, bigint>();
  for (const path of ORDERS[order]!([...times.keys()], next)) {
    time += BigInt(Math.floor(step * (0.5 + next(1000) / 1000)));
    copy.set(path, quantize(unit)(time));
  }
  return copy;
}

describe("a copy without times is never restored by them", () => {
  for (const order of Object.keys(ORDERS)) {
    it.each(PACES)(`${order}, %s`, async (name, step, unit) => {
      const counts = noCounts();
      for (const { name, times } of replicas) {
        for (const seed of [1, 2, 3]) {
          await judgeCopy(times, copied(times, order, step, unit, seed), counts, name);
        }
      }
      record(`copy ${order}, ${name}`, counts);
      expect(counts.wrong, counts.examples.filter((one) => !one.includes(": replica/")).join("\n")).toBe(0);
    });
  }
});

describe.runIf(LONG)("what a copy without times cannot be told by", () => {
  for (const order of Object.keys(ORDERS)) {
    it.each(SLOW)(`${order}, %s`, async (name, step, unit) => {
      const counts = noCounts();
      for (const { name, times } of replicas) {
        await judgeCopy(times, copied(times, order, step, unit, 1), counts, name);
      }
      record(`slow copy ${order}, ${name}`, counts);
    });
  }
});

/** Real programs, each from a folder `$1` to a folder `$2` that is not there yet. */
const PROGRAMS: [name: string, keeps: "all" | "1 s" | "2 s" | "nothing", script: string][] = [
  ["cp -r", "nothing", 'cp -r "$1" "$2"'],
  [
    "cp, four at a time",
    "nothing",
    'mkdir "$2" && cd "$1" && find . -type d -exec mkdir -p "$2/{}" \\; && find . -type f | sort | xargs -P 4 -I{} cp {} "$2/{}"',
  ],
  ["tar x -m", "nothing", 'mkdir "$2" && tar c -C "$1" . | tar x -m -C "$2"'],
  [
    "git clone",
    "nothing",
    'cp -r "$1" "$2.git" && cd "$2.git" && git init -q && git add -A && git -c user.name=a -c user.email=a@b commit -qm x && git clone -q "$2.git" "$2" && rm -rf "$2.git" "$2/.git"',
  ],
  ["rsync -r", "nothing", 'rsync -r "$1/" "$2/"'],
  [
    "python3: zipfile",
    "nothing",
    `python3 -c 'import sys,shutil; shutil.unpack_archive(shutil.make_archive(sys.argv[2] + ".a", "zip", sys.argv[1]), sys.argv[2])' "$1" "$2"`,
  ],
  [
    "python3: shutil.copy",
    "nothing",
    `python3 -c 'import sys,shutil; shutil.copytree(sys.argv[1], sys.argv[2], copy_function=shutil.copy)' "$1" "$2"`,
  ],
  ["cp -p", "all", 'cp -rp "$1" "$2"'],
  ["rclone copy", "all", 'rclone --config /dev/null copy "$1" "$2"'],
  ["tar, ustar", "1 s", 'mkdir "$2" && tar c --format=ustar -C "$1" . | tar x -C "$2"'],
  ["zip, unzip", "1 s", 'cd "$1" && zip -qr "$2.zip" . && unzip -q "$2.zip" -d "$2"'],
  ["zip -X, unzip: DOS times", "2 s", 'cd "$1" && zip -qrX "$2.zip" . && unzip -q "$2.zip" -d "$2"'],
];

describe.runIf(LONG)("copies by", () => {
  it.each(PROGRAMS)("%s", async (name, keeps, script) => {
    const program = script.match(/\b(rsync|rclone|unzip|git|python3)\b/)?.[1] ?? "tar";
    if (spawnSync("sh", ["-c", `command -v ${program}`]).status !== 0)
      return console.warn(`no ${program} here`);
    const counts = noCounts();
    let slow = 0;
    for (const replica of replicas) {
      const from = replica.folder ?? unpacked(replica);
      const to = join(mkdtempSync(join(root!, "copy-")), "copy");
      const { status, stderr } = spawnSync("sh", ["-c", script, "sh", from, to], { encoding: "utf8" });
      expect(status, stderr).toBe(0);
      const copy = readFolder(to);
      const took = [...copy.values()].sort((a, b) => (a < b ? -1 : 1));
      // On a busy machine even a local copy is a slow one, of which nothing is promised.
      if (keeps === "nothing" && took.at(-1)! - took[0]! > 3n * MS * BigInt(copy.size)) {
        slow++;
        continue;
      }
      if (keeps === "nothing") await judgeCopy(replica.times, copy, counts, replica.name);
      else await judgeHealthy(replica.times, copy, counts, replica.name);
    }
    record(
      `${name} (${keeps === "nothing" ? "loses times" : `keeps times${keeps === "all" ? "" : ` to ${keeps}`}`})`,
      counts,
    );
    if (slow > 0)
      console.warn(`${name}: ${slow} of ${replicas.length} copies took over 3 ms a file, left out`);
    expect(counts.wrong, counts.examples.join("\n")).toBe(0);
    if (keeps !== "nothing") expect(counts.refused, counts.examples.join("\n")).toBe(0);
  });
});

function unpacked({ name }: Replica): string {
  const folder = mkdtempSync(join(root!, "original-"));
  const tar = [`${FIXTURES}${name}.tar`, join(FIXTURES, `../cases/${name}/replica.tar`)].find((path) =>
    existsSync(path),
  )!;
  expect(spawnSync("tar", ["xf", tar, "-C", folder]).status).toBe(0);
  return folder;
}

afterAll(() => {
  if (root) rmSync(root, { recursive: true, force: true });
  if (!LONG) return;
  console.log("replicas:", replicas.map(({ name, times }) => `${name} (${times.size})`).join(", "));
  for (const [name, { targets, right, refused, wrong, examples }] of table) {
    console.log(`| ${name} | ${targets} | ${right} | ${refused} | ${wrong} |`);
    if (process.env.WALKIT_EXAMPLES)
      for (const example of examples) console.log(`    ${example.slice(0, 500)}`);
  }
});

function attempt<T>(plan: () => T): T | WalkitError {
  try {
    return plan();
  } catch (error) {
    if (error instanceof WalkitError) return error;
    throw error;
  }
}
