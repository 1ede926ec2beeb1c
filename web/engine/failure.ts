/** What went wrong, as the page is told it. */

import { WalkitError } from "../../src/errors.ts";
import { findingOf } from "../../src/findings.ts";
import type { Failure, Opened } from "../app/protocol/protocol.ts";
import type { Thing } from "../app/protocol/thing.ts";

/** What the engine itself refuses. What is wrong with the replica is a {@link WalkitError}. */
export type EngineCode =
  /** The call was cancelled. */
  | "cancelled"
  /** Nothing is opened, or looked into, that the call could be about. */
  | "no-replica"
  | "no-state"
  /** A moment at which no transaction ends. */
  | "no-transaction"
  /** A table that the database has not. */
  | "no-table"
  | "too-large"
  /** What SQLite says. */
  | "sql"
  /** A bug of walkit's. */
  | "internal";

export class EngineError extends Error {
  override readonly name = "EngineError";
  readonly code: EngineCode;

  constructor(code: EngineCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** What was opened is no replica that can be read: it is something else. */
export class NoReplica extends Error {
  override readonly name = "NoReplica";
  readonly thing: Thing;
  readonly skipped: Opened["skipped"];

  constructor(thing: Thing, cause: WalkitError, skipped: Opened["skipped"] = []) {
    super(cause.message, { cause });
    this.thing = thing;
    this.skipped = skipped;
  }
}

/** `signal`: of the call that failed. */
export function failureOf(error: unknown, signal?: AbortSignal): Failure {
  // Whatever else came of it: nobody waits for it any more.
  if (signal?.aborted) return { code: "cancelled", message: "Cancelled", finding: undefined };
  const message = messageOf(error);
  if (error instanceof NoReplica) {
    const { thing, skipped, cause } = error;
    return { ...failureOf(cause), thing, skipped };
  }
  if (error instanceof WalkitError) return { code: error.code, message, finding: findingOf(error) };
  const code: EngineCode = error instanceof EngineError ? error.code : "internal";
  return { code, message, finding: undefined };
}

/** The error that a failure tells of: as it was thrown, where another worker sent it. */
export function errorOf({ code, message, finding }: Failure): Error {
  if (finding) {
    const { path, offset, decoded, frame, position, remedy } = finding;
    return new WalkitError(finding.code, message, { path, offset, decoded, frame, position, remedy });
  }
  return new EngineError(code as EngineCode, message);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
