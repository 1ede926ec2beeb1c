/**
 * Calls over a wire, both ends: of the page's worker (its other end is the page's own), and of the thread that SQLite
 * runs in. Each call has a number, may tell how far it is, can be cancelled, and ends with a result or a failure.
 */

import type { Failure, Progress } from "../app/protocol/protocol.ts";
import { errorOf, failureOf } from "./failure.ts";

/** What is needed of a worker, of a worker's own global, or of a `MessagePort`. */
export interface Wire {
  postMessage(message: unknown, options?: { transfer?: Transferable[] }): void;
  addEventListener(type: "message" | "error", listener: (event: WireEvent) => void): void;
}

/** What is needed of a `MessageEvent`, or of an `ErrorEvent`. */
export interface WireEvent {
  data?: unknown;
  message?: string;
}

type Request =
  | { type: "call"; id: number; method: string; args: readonly unknown[] }
  | { type: "cancel"; id: number };

type Answer =
  | { type: "result"; id: number; value: unknown }
  | { type: "failure"; id: number; failure: Failure }
  | { type: "progress"; id: number; progress: Progress };

export interface CallContext {
  signal: AbortSignal;
  onProgress: (progress: Progress) => void;
}

/** Tells of all that is done as one phase, whatever its parts are called. */
export function inPhase(phase: string, { signal, onProgress }: CallContext): CallContext {
  return { signal, onProgress: (progress) => onProgress({ ...progress, phase }) };
}

/** Carries out a call. */
export type Handler = (method: string, args: readonly unknown[], context: CallContext) => Promise<unknown>;

/** Milliseconds between two tellings of how far a call is. */
const PROGRESS = 50;

/**
 * Serves calls; they may overlap. What `transfer` names of a result is handed over instead of copied.
 */
export function serveCalls(
  wire: Wire,
  handler: Handler,
  transfer: (value: unknown) => Transferable[] = () => [],
): void {
  const running = new Map<number, AbortController>();
  const send = (answer: Answer, list: Transferable[] = []) => wire.postMessage(answer, { transfer: list });
  const run = async ({ id, method, args }: Extract<Request, { type: "call" }>): Promise<void> => {
    const controller = new AbortController();
    const { signal } = controller;
    running.set(id, controller);
    let told = Number.NEGATIVE_INFINITY;
    let phase = "";
    const onProgress = (progress: Progress) => {
      const now = performance.now();
      if (signal.aborted || (now - told < PROGRESS && progress.phase === phase)) return;
      told = now;
      phase = progress.phase;
      send({ type: "progress", id, progress });
    };
    try {
      const value = await handler(method, args, { signal, onProgress });
      signal.throwIfAborted();
      send({ type: "result", id, value }, transfer(value));
    } catch (error) {
      send({ type: "failure", id, failure: failureOf(error, signal) });
    } finally {
      running.delete(id);
    }
  };
  wire.addEventListener("message", ({ data }) => {
    const request = data as Request;
    if (request.type === "call") void run(request);
    else running.get(request.id)?.abort();
  });
}

export interface CallOptions {
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: Progress) => void) | undefined;
  transfer?: Transferable[] | undefined;
}

/** The end that asks. */
export class Caller {
  readonly #wire: Wire;
  readonly #open = new Map<number, { take: (answer: Answer) => void; fail: (error: unknown) => void }>();
  #last = 0;

  constructor(wire: Wire) {
    this.#wire = wire;
    wire.addEventListener("message", ({ data }) => {
      const answer = data as Answer;
      this.#open.get(answer.id)?.take(answer);
    });
  }

  /**
   * The result of a call; a cancelled one settles when the other end has heard of it.
   *
   * @throws what the other end threw, as far as a failure tells of it
   */
  call(method: string, args: readonly unknown[], options: CallOptions = {}): Promise<unknown> {
    const { signal, onProgress, transfer = [] } = options;
    signal?.throwIfAborted();
    const id = ++this.#last;
    const request: Request = { type: "call", id, method, args };
    this.#wire.postMessage(request, { transfer });
    const cancel = () => this.#wire.postMessage({ type: "cancel", id } satisfies Request);
    signal?.addEventListener("abort", cancel, { once: true });
    return new Promise((resolve, reject) => {
      const settle = () => {
        this.#open.delete(id);
        signal?.removeEventListener("abort", cancel);
      };
      const fail = (error: unknown) => {
        settle();
        reject(signal?.aborted ? signal.reason : error);
      };
      const take = (answer: Answer) => {
        if (answer.type === "progress") onProgress?.(answer.progress);
        else if (answer.type === "failure") fail(errorOf(answer.failure));
        else {
          settle();
          resolve(answer.value);
        }
      };
      this.#open.set(id, { take, fail });
    });
  }

  /** The other end is gone: what is under way ends with this error. */
  fail(error: unknown): void {
    for (const { fail } of [...this.#open.values()]) fail(error);
  }
}
