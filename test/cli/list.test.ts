/** `walkit generations | snapshots | wal`: Litestream's own output, byte for byte, but for the lag. */

import { describe, expect, it } from "vitest";
import { formatLag } from "../../src/cli/list.ts";
import { readManifest } from "../support/fixtures.ts";
import { build, unpack, walkit, walkitJson } from "./support.ts";

build();

describe.each([
  "basic",
  "multi-generation",
  "multi-snapshot",
  "damaged/empty-generation",
  "damaged/stray-files",
])("%s", (name) => {
  const replica = unpack(name);
  const { list = {} } = readManifest(name);
  it.each(["generations", "snapshots", "wal"])("%s", async (command) => {
    const recorded = list[command];
    const expected = typeof recorded === "object" ? recorded.stdout : recorded!;
    const { code, stdout, stderr } = await walkit([command, replica]);
    expect([code, stderr]).toEqual([0, ""]);
    if (command === "generations") expect(columns(stdout)).toEqual(columns(expected));
    else expect(stdout).toBe(expected);
  });
});

/** Without the lag, which moves: and without the padding that it makes. */
function columns(text: string): string[][] {
  return text.split("\n").map((line) => line.split(/ {2,}/).toSpliced(2, 1));
}

it("an empty generation lags as long as can be", async () => {
  const { stdout } = await walkit(["generations", unpack("damaged/empty-generation")]);
  expect(stdout).toMatch(
    /^file {2}ffffffffffffffff {2}2562047h47m16s {2}0001-01-01T00:00:00Z {2}0001-01-01T00:00:00Z$/m,
  );
});

it("snapshots of a generation without any are the head of the table, and a warning aside", async () => {
  const replica = unpack("damaged/snapshot-missing");
  const { code, stdout, stderr } = await walkit(["snapshots", replica]);
  expect([code, stdout]).toEqual([0, "replica  generation  index  size  created\n"]);
  expect(stderr).toMatch(/found 10 WAL segments and no snapshot/);
  expect((await walkit(["wal", replica])).stderr).toBe("");
});

it("of one generation, with exact times", async () => {
  const manifest = readManifest("multi-generation");
  const replica = unpack("multi-generation");
  const { id, wal } = manifest.generations[1]!;
  const { json } = await walkitJson(["wal", replica, "--generation", id]);
  expect(json.wal.map((w: { path: string }) => w.path)).toEqual(wal.map((w) => w.path));
  for (const [i, item] of json.wal.entries()) {
    const nanos = wal[i]!.mtimeNs.slice(-9).replace(/0+$/, "");
    expect(item.created).toContain(`.${nanos}Z`);
    expect(item.size).toBe(wal[i]!.size);
  }
  expect((await walkit(["wal", replica, "--generation", "0123456789abcdef"])).code).toBe(3);
});

it("writes a lag as Litestream does", () => {
  const cases: [bigint, string][] = [
    [500_000_000n, "500ms"],
    [6_345_000_000n, "6.3s"],
    [4_000_000_000n, "4s"],
    [137_900_000_000n, "2m17s"],
    [3_600_000_000_000n, "1h0m0s"],
    [2n ** 63n - 1n, "2562047h47m16s"],
    [-1_500_000_000n, "-1.5s"],
    [1_234_567n, "1ms"],
    [12_345n, "12µs"],
    [345n, "345ns"],
    [0n, "0s"],
  ];
  for (const [lag, expected] of cases) expect(formatLag(lag)).toBe(expected);
});
