/** What runs in the thread that `thread.ts` starts. */

import { parentPort, workerData } from "node:worker_threads";
import { WalkitError } from "../errors.ts";
import { checkIntegrity } from "./integrity.ts";
import type { Answer } from "./thread.ts";

const { bytes, how } = workerData as { bytes: Uint8Array<ArrayBuffer>; how: "quick" | "full" };
let answer: Answer = { ok: true };
try {
  await checkIntegrity(bytes, how);
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  answer = { ok: false, message };
  if (error instanceof WalkitError)
    answer = { ok: false, code: error.code, message, details: { hint: error.hint } };
}
parentPort!.postMessage(answer);
