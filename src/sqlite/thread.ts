/** SQLite's check in a thread of its own: it may take long, on a hostile database for ever, and must be stoppable. */

import { Worker } from "node:worker_threads";
import { type ErrorCode, type ErrorDetails, WalkitError } from "../errors.ts";
import { checkIntegrity } from "./integrity.ts";

/** What the thread is asked. */
export interface Question {
  bytes: Uint8Array<ArrayBuffer>;
  how: "quick" | "full";
}

/** What the thread answers: nothing, or an error as data. */
export type Answer = { ok: true } | { ok: false; code?: ErrorCode; message: string; details?: ErrorDetails };

/** A thread that loads SQLite's code, and waits for the one database that it is to check. */
export class IntegrityThread {
  readonly #worker: Worker | undefined;
  readonly #answer: Promise<Answer> | undefined;

  constructor() {
    // Uncompiled, in the tests: there is no file that a thread could start with.
    if (import.meta.url.endsWith(".ts")) return;
    const worker = new Worker(new URL("./thread-worker.js", import.meta.url));
    this.#worker = worker;
    this.#answer = new Promise((resolve, reject) => {
      worker.once("message", resolve);
      worker.once("error", reject);
      worker.once("exit", () => reject(new Error("SQLite's thread ended without an answer")));
    });
    // It may never be asked.
    this.#answer.catch(() => {});
  }

  /**
   * As `checkIntegrity`, once. `bytes` are handed over to the thread: they are empty afterwards.
   *
   * @throws WalkitError as `checkIntegrity`; the signal's reason once it is aborted
   */
  async check(bytes: Uint8Array<ArrayBuffer>, how: "quick" | "full", signal?: AbortSignal): Promise<void> {
    let stop: (() => void) | undefined;
    try {
      signal?.throwIfAborted();
      if (!this.#worker || !this.#answer) return await checkIntegrity(bytes, how);
      this.#worker.postMessage({ bytes, how } satisfies Question, [bytes.buffer]);
      const aborted = new Promise<never>((_, reject) => {
        stop = () => reject(signal!.reason);
        signal?.addEventListener("abort", stop, { once: true });
      });
      const answer = await Promise.race([this.#answer, aborted]);
      if (answer.ok) return;
      if (!answer.code) throw new Error(answer.message);
      throw new WalkitError(answer.code, answer.message, answer.details);
    } finally {
      if (stop) signal?.removeEventListener("abort", stop);
      await this.end();
    }
  }

  async end(): Promise<void> {
    await this.#worker?.terminate();
  }
}

/** As `checkIntegrity`, but in a thread: see {@link IntegrityThread.check}. */
export async function checkIntegrityInThread(
  bytes: Uint8Array<ArrayBuffer>,
  how: "quick" | "full",
  signal?: AbortSignal,
): Promise<void> {
  signal?.throwIfAborted();
  await new IntegrityThread().check(bytes, how, signal);
}
