/** Databases of LiteFS on the command line: every command has words for them, and what it offers works as it is pasted. */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readAll } from "../support/archives.ts";
import { LitefsNode } from "../support/litefs.ts";
import { build, temporaryFolder, walkit } from "./support.ts";

build();

const node = new LitefsNode();
node.commit("CREATE TABLE t (x)");
for (let i = 1; i <= 9; i++) node.commit(`INSERT INTO t VALUES (${i})`);
afterAll(() => node.close());

const txid = (n: number) => n.toString(16).padStart(16, "0");
const out = () => join(temporaryFolder(), "out.db");

/** The data directory; `broken`: a byte of this TXID's file is another. */
async function written(broken?: number): Promise<string> {
  const folder = temporaryFolder();
  const storage = node.storage();
  for await (const { path } of storage.list("")) {
    const bytes = await readAll(storage, path);
    if (broken !== undefined && path.endsWith(`-${txid(broken)}.ltx`)) bytes[bytes.length - 40]! ^= 1;
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  }
  return folder;
}

const WAL = /WAL|segment|frame|index|[Gg]eneration ltx|internal error/;

describe("a database of LiteFS", () => {
  it("is verified in words of LTX files", async () => {
    const { code, stdout } = await walkit(["verify", await written()]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ {2}files {9}10 LTX files, [\d.]+ KiB$/m);
    expect(stdout).toMatch(
      new RegExp(`^ {2}restorable {4}10 states, from TXID ${txid(1)} to ${txid(10)},.*newest state`, "m"),
    );
    expect(stdout).not.toMatch(WAL);
  });

  it("is planned, and restored: the newest state, which is the database itself, and any TXID", async () => {
    const folder = await written();
    for (const target of [[], ["--txid", txid(10)], ["--txid", txid(4)]]) {
      const output = out();
      const plan = await walkit(["restore", folder, "-o", output, ...target, "--dry-run"]);
      expect([plan.code, plan.stderr]).toEqual([0, ""]);
      expect(plan.stdout).not.toMatch(WAL);
      const { code, stdout } = await walkit(["restore", folder, "-o", output, ...target]);
      expect(code).toBe(0);
      expect(stdout).not.toMatch(WAL);
      const state = target[1] === txid(4) ? node.states.get(4)! : node.state;
      expect(readFileSync(output)).toEqual(Buffer.from(state));
      expect(stdout).toMatch(target[1] === txid(4) ? /LTX snapshot of TXID/ : /the database itself, at TXID/);
    }
  });

  it("is listed, and its moments can be given names", async () => {
    const folder = await written();
    for (const command of ["restore-points", "timelines", "generations"]) {
      const { code, stdout } = await walkit([command, folder]);
      expect([command, code]).toEqual([command, 0]);
      expect(stdout).not.toMatch(/WAL|segment|internal error/);
    }
    expect((await walkit(["mark", folder, "before it", txid(7)])).code).toBe(0);
    const output = out();
    expect((await walkit(["restore", folder, "-o", output, "--target-name", "before it"])).code).toBe(0);
    expect(readFileSync(output)).toEqual(Buffer.from(node.states.get(7)!));
  });

  it("with a damaged file gives what verify counts, refuses the rest, and what it offers instead works", async () => {
    const folder = await written(5);
    const verified = await walkit(["verify", folder, "--json"]);
    const { restorable } = JSON.parse(verified.stdout).generations[0];
    const isIn = (n: number) =>
      restorable.some(({ from, to }: { from: string; to: string }) => from <= txid(n) && txid(n) <= to);
    expect([4, 5, 10].map(isIn)).toEqual([true, false, true]);
    for (let n = 1; n <= 10; n++) {
      const output = out();
      const { code, stderr } = await walkit(["restore", folder, "-o", output, "--txid", txid(n)]);
      expect([n, code === 0, stderr.includes("internal error")]).toEqual([n, isIn(n), false]);
      if (code === 0) expect(readFileSync(output)).toEqual(Buffer.from(node.states.get(n)!));
    }
    const salvaged = out();
    const { code } = await walkit(["restore", folder, "-o", salvaged, "--txid", txid(5), "--salvage"]);
    expect(code).toBe(4);
    expect(readFileSync(salvaged)).toEqual(Buffer.from(node.states.get(4)!));
  });
});
