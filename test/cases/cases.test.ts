/** Small inputs from the field, each with its right answer: `test/fixtures/cases`. */

import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { decompress } from "../../src/lz4/index.ts";
import { build, hashOf, temporaryFolder, walkit } from "../cli/support.ts";

const CASES = fileURLToPath(new URL("../fixtures/cases/", import.meta.url));

interface Case {
  name: string;
  what: string;
  archive?: string;
  links?: Record<string, string>;
  runs: {
    args: string[];
    exit: number[];
    sha256?: string | null;
    says?: string;
    not?: string;
    output?: string;
    before?: string;
    rule?: string;
  }[];
}

const cases = readdirSync(CASES)
  .filter((name) => existsSync(join(CASES, name, "case.json")))
  .map((name): Case => JSON.parse(readFileSync(join(CASES, name, "case.json"), "utf8")));

beforeAll(build);

/** Lays the replica down as the case says: times to the nanosecond, links that `tar` would have kept. */
function lay({ name, links = {} }: Case): string {
  const replica = join(temporaryFolder(), "replica");
  mkdirSync(replica);
  const { status, stderr } = spawnSync("tar", ["xf", join(CASES, name, "replica.tar"), "-C", replica]);
  if (status !== 0) throw new Error(stderr.toString());
  for (const [path, target] of Object.entries(links)) {
    mkdirSync(dirname(join(replica, path)), { recursive: true });
    symlinkSync(target, join(replica, path));
  }
  return replica;
}

describe.each(cases.filter(({ runs }) => runs.length > 0))("$name: $what", (one) => {
  it.each(one.runs)("$args", async (run) => {
    const replica = lay(one);
    const folder = temporaryFolder();
    const output = join(folder, run.output ?? "out.db");
    if (run.before !== undefined) writeFileSync(output, run.before);
    const [command, ...options] = run.args;
    const args = [command!, replica, ...options, ...(command === "restore" ? ["-o", output] : [])];
    const { code, stdout, stderr } = await walkit(args);
    const said = stdout + stderr;
    expect(run.exit, said).toContain(code);
    if (run.says) expect(said).toMatch(new RegExp(run.says));
    if (run.not) expect(said).not.toMatch(new RegExp(run.not));
    if (command !== "restore") return;
    const isThere = existsSync(output);
    if (code === 0 && run.sha256) expect(hashOf(output)).toBe(run.sha256);
    if (run.before !== undefined && code !== 0) expect(readFileSync(output, "utf8")).toBe(run.before);
    if (run.rule) expect(isThere, said).toBe(code === 0);
    if (code !== 0)
      expect(readdirSync(folder)).toEqual(run.before === undefined ? [] : [run.output ?? "out.db"]);
    else expect(statSync(output).size).toBeGreaterThan(0);
  });
});

describe("archives that other programs open", () => {
  it.each(cases.filter(({ archive }) => archive !== undefined))("$name: $what", async ({ name, archive }) => {
    const { code, stdout, stderr } = await walkit(["verify", join(CASES, name, archive!)]);
    expect(code, stdout + stderr).toBe(0);
  });
});

it.each(readdirSync(join(CASES, "lz4-frames")).filter((name) => name.endsWith(".lz4")))(
  "the frame %s decodes, as lz4 -d does",
  async (name) => {
    const file = join(CASES, "lz4-frames", name);
    const decoded = decompress(readFileSync(file));
    expect(decoded.length).toBeGreaterThan(0);
    expect((await walkit(["inspect", file])).code).toBe(0);
    const peer = spawnSync("lz4", ["-dc", file]);
    if (peer.error) return console.warn("no lz4 tool here: not held against it");
    expect(Buffer.from(decoded)).toEqual(peer.stdout);
  },
);
