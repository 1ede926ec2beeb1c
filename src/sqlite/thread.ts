/** SQLite's check in a thread of its own: it may take long, on a hostile database for ever, and must be stoppable. */

import { Worker } from "node:worker_threads";
import { type ErrorCode, type ErrorDetails, WalkitError } from "../errors.ts";
import { checkIntegrity } from "./integrity.ts";

/** What the thread answers: nothing, or an error as data. */
export type Answer = { ok: true } | { ok: false; code?: ErrorCode; message: string; details?: ErrorDetails };

/**
 * As `checkIntegrity`, but in a thread. `bytes` are handed over to it: they are empty afterwards.
 *
 * @throws WalkitError as `checkIntegrity`; the signal's reason once it is aborted
 */
export async function checkIntegrityInThread(
  bytes: Uint8Array<ArrayBuffer>,
  how: "quick" | "full",
  signal?: AbortSignal,
): Promise<void> {
  signal?.throwIfAborted();
  // Uncompiled, in the tests: there is no file that a thread could start with.
  if (import.meta.url.endsWith(".ts")) return await checkIntegrity(bytes, how);
  const worker = new Worker(new URL("./thread-worker.js", import.meta.url), {
    workerData: { bytes, how },
    transferList: [bytes.buffer],
  });
  let stop: (() => void) | undefined;
  try {
    const answer = await new Promise<Answer>((resolve, reject) => {
      worker.once("message", resolve);
      worker.once("error", reject);
      worker.once("exit", () => reject(new Error("SQLite's thread ended without an answer")));
      stop = () => reject(signal!.reason);
      signal?.addEventListener("abort", stop, { once: true });
    });
    if (answer.ok) return;
    if (!answer.code) throw new Error(answer.message);
    throw new WalkitError(answer.code, answer.message, answer.details);
  } finally {
    if (stop) signal?.removeEventListener("abort", stop);
    await worker.terminate();
  }
}
