/** The other end of the thread: one question, one answer, as data. */

import { Worker } from "node:worker_threads";
import { expect, it } from "vitest";
import type { Answer, Question } from "../../src/sqlite/thread.ts";
import { build } from "../cli/support.ts";
import { makeRich } from "./made.ts";

build();

async function ask(bytes: Uint8Array<ArrayBuffer>): Promise<Answer> {
  const worker = new Worker(new URL("../../dist/sqlite/thread-worker.js", import.meta.url));
  try {
    return await new Promise((resolve, reject) => {
      worker.once("message", resolve);
      worker.once("error", reject);
      worker.postMessage({ bytes, how: "full" } satisfies Question);
    });
  } finally {
    await worker.terminate();
  }
}

it("answers what the check says", async () => {
  const { bytes } = makeRich(1024, 1);
  expect(await ask(bytes.slice())).toEqual({ ok: true });
  expect(await ask(bytes.slice().fill(255, 1024 * 5, 1024 * 9))).toMatchObject({
    ok: false,
    code: "database/integrity",
    message: expect.stringMatching(/^Expected SQLite's integrity_check to say ok, found: /),
  });
  expect(await ask(new Uint8Array(3000).fill(7))).toMatchObject({ ok: false, code: "database/integrity" });
});
