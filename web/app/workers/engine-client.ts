/** The page's side of the connection to the worker: calls with progress, which can be cancelled. */

import type { Finding } from "../../../src/findings.ts";
import type { Engine, Failure, FromWorker, Method, Progress, ToWorker } from "../protocol/protocol.ts";

export interface CallOptions {
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: Progress) => void) | undefined;
}

/** A call failed in the worker. */
export class EngineFailure extends Error {
  override readonly name = "EngineFailure";
  readonly code: string;
  readonly finding: Finding | undefined;
  readonly thing: Failure["thing"];
  readonly skipped: Failure["skipped"];

  constructor({ code, message, finding, thing, skipped }: Failure) {
    super(message);
    this.code = code;
    this.finding = finding;
    this.thing = thing;
    this.skipped = skipped;
  }
}

interface Call {
  resolve: (value: never) => void;
  reject: (error: unknown) => void;
  onProgress: CallOptions["onProgress"];
}

export class EngineClient {
  readonly #worker: Worker;
  readonly #calls = new Map<number, Call>();
  #last = 0;

  constructor() {
    this.#worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: "walkit" });
    this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.#receive(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#failAll("worker/stopped", event.message || "The worker could not be started");
    };
    this.#worker.onmessageerror = () => this.#failAll("worker/message", "An answer could not be read");
  }

  /** Asks the worker. Rejects with `EngineFailure`, or with the signal's reason as soon as the signal is aborted. */
  call<M extends Method>(
    method: M,
    args: Parameters<Engine[M]>,
    { signal, onProgress }: CallOptions = {},
  ): Promise<ReturnType<Engine[M]>> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const id = ++this.#last;
      const cancel = () => {
        this.#calls.delete(id);
        this.#send({ type: "cancel", id });
        reject(signal!.reason);
      };
      const settled = () => signal?.removeEventListener("abort", cancel);
      this.#calls.set(id, {
        resolve: (value) => {
          settled();
          resolve(value);
        },
        reject: (error) => {
          settled();
          reject(error);
        },
        onProgress,
      });
      signal?.addEventListener("abort", cancel, { once: true });
      this.#send({ type: "call", id, method, args });
    });
  }

  /** Ends the worker. Calls under way reject with `worker/closed`. */
  close(): void {
    this.#worker.terminate();
    this.#failAll("worker/closed", "The replica was closed");
  }

  #send(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  #receive(message: FromWorker): void {
    const call = this.#calls.get(message.id);
    if (!call) return; // It was cancelled.
    if (message.type === "progress") {
      call.onProgress?.(message.progress);
      return;
    }
    this.#calls.delete(message.id);
    if (message.type === "result") call.resolve(message.value as never);
    else call.reject(new EngineFailure(message.failure));
  }

  #failAll(code: string, message: string): void {
    const calls = [...this.#calls.values()];
    this.#calls.clear();
    for (const { reject } of calls) reject(new EngineFailure({ code, message, finding: undefined }));
  }
}

/** Whether something was rejected because it was cancelled. */
export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}
