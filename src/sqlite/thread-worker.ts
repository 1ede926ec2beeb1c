/** What runs in the thread that `thread.ts` starts. */

import { parentPort } from "node:worker_threads";
import { WalkitError } from "../errors.ts";
import { checkIntegrity } from "./integrity.ts";
import type { Answer, Question } from "./thread.ts";

parentPort!.once("message", async ({ bytes, how }: Question) => {
  let answer: Answer = { ok: true };
  try {
    await checkIntegrity(bytes, how);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    answer = { ok: false, message };
    if (error instanceof WalkitError)
      answer = { ok: false, code: error.code, message, details: { remedy: error.remedy } };
  }
  parentPort!.postMessage(answer);
});

// Ready when the question comes; what fails of it is told in the answer.
import("sql.js").catch(() => {});
