/** `walkit verify` of several replicas: a line, an object, or samples each; the worst decides. */

import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { usualReplica } from "../support/ltx-replica.ts";
import { build, temporaryFolder, unpack, walkit, walkitJson } from "./support.ts";

build();

const good = unpack("basic");
const damaged = unpack("damaged/flip-page-data");
const ltx = usualReplica().write(join(temporaryFolder(), "a b"));
const gone = join(temporaryFolder(), "gone");

const statuses = (stdout: string) =>
  stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line))
    .map(({ replica, status }) => [replica, status]);

describe("several replicas", () => {
  it("get a line each, in their order, and a last one that counts", async () => {
    const { code, stdout } = await walkit(["verify", good, damaged, gone, ltx]);
    const lines = stdout.trimEnd().split("\n");
    expect(lines.map((line) => line.replace(/(: [A-Z]+: ?[a-z]* ?[a-z]*).*/, "$1"))).toEqual([
      `${good}: OK: no damage`,
      `${damaged}: DAMAGED: not everything`,
      `${gone}: INCONCLUSIVE: `,
      `${ltx}: OK: no damage`,
      "",
      "4 replicas: 1 damaged, 1 inconclusive, 2 ok. What is wrong with one: walkit verify <replica>",
    ]);
    expect(code).toBe(1);
    expect((await walkit(["verify", good, ltx])).stdout).toMatch(/\n\n2 replicas: 2 ok\n$/);
  });

  it("end with the code of the worst", async () => {
    const old = ["--max-age", "1h"];
    const table: [words: string[], code: number][] = [
      [[good, ltx], 0],
      [[good, ltx, ...old], 5],
      [[good, gone, ...old], 3],
      [[gone, damaged, ...old], 1],
    ];
    for (const [words, code] of table)
      expect([words, (await walkit(["verify", ...words])).code]).toEqual([words, code]);
  });

  it("have an object each with --json, with the same keys where one cannot be checked", async () => {
    const { code, stdout } = await walkit(["verify", "--json", good, gone, ltx]);
    expect(code).toBe(3);
    expect(statuses(stdout)).toEqual([
      [good, "ok"],
      [gone, "inconclusive"],
      [ltx, "ok"],
    ]);
    const [first, second] = stdout.split("\n").map((line) => (line ? JSON.parse(line) : undefined));
    expect(Object.keys(second)).toEqual(Object.keys(first));
    expect(second.findings.map(({ code }: { code: string }) => code)).toEqual(["storage/not-found"]);
    // Of one alone it is the same object.
    const { json } = await walkitJson(["verify", good]);
    const { checkedAt, newestState, ...rest } = json;
    expect(first).toMatchObject(rest);
    expect(newestState.position).toBe(first.newestState.position);
    expect(checkedAt > first.checkedAt).toBe(true);
  });

  it("with --quiet are named where they are not good", async () => {
    const { stdout } = await walkit(["verify", "-q", good, damaged, ltx]);
    expect([stdout.split("\n").length, stdout]).toEqual([
      2,
      expect.stringContaining(`${damaged}: DAMAGED: `),
    ]);
    expect(await walkit(["verify", "-q", good, ltx])).toMatchObject({ code: 0, stdout: "", stderr: "" });
  });

  it("are one text for Prometheus, each once; for Nagios it is one replica", async () => {
    const { code, stdout } = await walkit(["verify", "--format", "prometheus", good, ltx, good]);
    expect([code, stdout.match(/status="ok"\} 1$/gm)?.length, stdout.match(/^# HELP/gm)?.length]).toEqual([
      0, 2, 8,
    ]);
    for (const flags of [
      ["--format", "nagios"],
      ["--generation", "ltx"],
    ]) {
      const { code, stderr } = await walkit(["verify", good, ltx, ...flags]);
      expect([code, stderr]).toEqual([2, expect.stringContaining("found 2 replicas")]);
    }
  });
});
