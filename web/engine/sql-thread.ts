/**
 * SQLite in a thread of its own. A statement cannot be stopped from within: SQLite looks up between two rows at most, and
 * `SELECT count(*) FROM a, a, a` has but one. Where it does not hear, the thread is ended, and what it held is gone.
 */

import type { Answers, Rows } from "../app/protocol/protocol.ts";
import { Caller, type CallOptions, serveCalls, type Wire } from "./calls.ts";
import type { Changes } from "./changes.ts";
import { EngineError } from "./failure.ts";
import { MOST_TIME, type OpenedDatabase, type PagesBefore, type Sql, TOO_SLOW } from "./sql.ts";

/** What is needed of a `Worker`. */
export interface Thread extends Wire {
  terminate(): void;
}

/** Milliseconds that a thread has to hear that it is to stop. */
const GRACE = 300;

export class SqlThread implements Sql {
  readonly #start: () => Thread;
  #thread: { thread: Thread; caller: Caller } | undefined;
  #isOpen = false;

  /** `start`: starts a thread that {@link serveSql} serves in. */
  constructor(start: () => Thread) {
    this.#start = start;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  async open(bytes: Uint8Array<ArrayBuffer>, check: boolean, signal?: AbortSignal): Promise<OpenedDatabase> {
    this.#isOpen = false;
    const opened = await this.#call("open", [bytes, check], { signal, transfer: [bytes.buffer] });
    this.#isOpen = true;
    return opened as OpenedDatabase;
  }

  async rows(table: string, from: number, count: number, signal?: AbortSignal): Promise<Rows> {
    return (await this.#call("rows", [table, from, count], { signal }, MOST_TIME)) as Rows;
  }

  async query(sql: string, signal?: AbortSignal): Promise<Answers> {
    return (await this.#call("query", [sql], { signal }, MOST_TIME)) as Answers;
  }

  async diff(
    written: Uint32Array<ArrayBuffer>,
    before: PagesBefore | undefined,
    signal?: AbortSignal,
  ): Promise<Changes> {
    const transfer = before ? [before.numbers.buffer, before.data.buffer] : [];
    return (await this.#call("diff", [written, before], { signal, transfer })) as Changes;
  }

  async check(bytes: Uint8Array<ArrayBuffer>, how: "quick" | "full", signal?: AbortSignal): Promise<void> {
    await this.#call("check", [bytes, how], { signal, transfer: [bytes.buffer] });
  }

  close(): void {
    this.#end(new EngineError("no-state", "It was closed meanwhile"));
  }

  async #call(
    method: string,
    args: readonly unknown[],
    options: CallOptions,
    most: number = Number.POSITIVE_INFINITY,
  ): Promise<unknown> {
    const { signal } = options;
    const { caller } = (this.#thread ??= this.#begin());
    let timer: ReturnType<typeof setTimeout> | undefined;
    const endIn = (time: number, error: Error) => {
      clearTimeout(timer);
      timer = setTimeout(() => this.#end(error), time);
    };
    const cancel = () => endIn(GRACE, new EngineError("cancelled", "Cancelled"));
    if (most < Number.POSITIVE_INFINITY) endIn(most + GRACE, new EngineError("sql", TOO_SLOW));
    signal?.addEventListener("abort", cancel, { once: true });
    try {
      return await caller.call(method, args, options);
    } catch (error) {
      // A bug, or no memory: what state SQLite is in nobody knows.
      if (error instanceof EngineError && error.code === "internal") this.#end(error);
      throw error;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", cancel);
    }
  }

  #begin(): { thread: Thread; caller: Caller } {
    const thread = this.#start();
    thread.addEventListener("error", (event) => {
      const message = event.message || "SQLite's thread could not be started";
      this.#end(new EngineError("internal", message));
    });
    return { thread, caller: new Caller(thread) };
  }

  #end(error: Error): void {
    const ended = this.#thread;
    this.#thread = undefined;
    this.#isOpen = false;
    ended?.thread.terminate();
    ended?.caller.fail(error);
  }
}

/** The thread's own end. */
export function serveSql(wire: Wire, session: Sql): void {
  serveCalls(wire, async (method, args, { signal }) => {
    switch (method) {
      case "open":
        return await session.open(args[0] as Uint8Array<ArrayBuffer>, args[1] as boolean, signal);
      case "rows":
        return await session.rows(args[0] as string, args[1] as number, args[2] as number, signal);
      case "query":
        return await session.query(args[0] as string, signal);
      case "diff":
        return await session.diff(
          args[0] as Uint32Array<ArrayBuffer>,
          args[1] as PagesBefore | undefined,
          signal,
        );
      case "check":
        return await session.check(args[0] as Uint8Array<ArrayBuffer>, args[1] as "quick" | "full", signal);
      default:
        throw new EngineError("internal", `There is no method ${method}`);
    }
  });
}
