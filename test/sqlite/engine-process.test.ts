/** The process that asks the runtime's own SQLite: one question as its argument, one answer on standard output. */

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import type { EngineAnswer, EngineQuestion } from "../../src/sqlite/engine-process.ts";
import { build } from "../cli/support.ts";
import { ENGINES } from "../support/engines.ts";
import { makeRich } from "./made.ts";

build();

const folder = mkdtempSync(join(tmpdir(), "walkit-process-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const file = fileURLToPath(new URL("../../dist/sqlite/engine-process.js", import.meta.url));

function ask(words: string[], question: Partial<EngineQuestion>, bytes: Uint8Array): EngineAnswer {
  const path = join(folder, "db");
  writeFileSync(path, bytes);
  const whole: EngineQuestion = { path, how: "full", wal: false, remove: false, ...question };
  const [program, ...rest] = words;
  const { stdout } = spawnSync(program!, [...rest, file, JSON.stringify(whole)], { encoding: "utf8" });
  return JSON.parse(stdout) as EngineAnswer;
}

describe.skipIf(ENGINES.length === 0).each(ENGINES)("%s", (_, ...words) => {
  const { bytes } = makeRich(1024, 1);

  it("answers what the check says", () => {
    expect(ask(words, {}, bytes)).toEqual({ kind: "ok" });
    expect(ask(words, { how: "quick" }, bytes)).toEqual({ kind: "ok" });
    const damaged = bytes.slice().fill(255, 1024 * 5, 1024 * 9);
    expect(ask(words, {}, damaged)).toMatchObject({ kind: "error", code: "database/integrity" });
    expect(ask(words, { wal: true }, bytes.slice().fill(2, 18, 20))).toEqual({ kind: "ok" });
  });

  it("removes what it is told to as soon as it is open", () => {
    expect(ask(words, { remove: true }, bytes)).toEqual({ kind: "ok" });
    expect(existsSync(join(folder, "db"))).toBe(process.platform === "win32");
  });
});

it("says so where the runtime has no SQLite, or the file is not there", () => {
  const path = join(folder, "none");
  const found = ask([process.execPath], { path }, new Uint8Array(0));
  expect(found).toMatchObject({ kind: "unavailable", message: expect.stringMatching(/./) });
});
