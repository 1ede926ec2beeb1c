/** Exit codes, a documented contract (`docs/cli.md`), and how a failure becomes one. */

import { type Available, type ErrorCode, familyOf, WalkitError } from "../errors.ts";
import { type Finding, findingOf } from "../findings.ts";
import { asWalkitError } from "../storage/system.ts";
import type { Status } from "../verify/report.ts";
import { UsageError } from "./arguments.ts";
import { printAside, printError, printJson } from "./output.ts";
import { printable } from "./text.ts";

export const EXIT = { ok: 0, damaged: 1, usage: 2, inconclusive: 3, partial: 4, stale: 5 } as const;

export function exitCodeOf(status: Status | "stale"): number {
  return EXIT[status];
}

/** What a restore fails of that says nothing about whether the data is there. */
const CANNOT_BE_TOLD = new Set<ErrorCode>([
  "replica/not-a-replica",
  "replica/ltx",
  "replica/encrypted",
  "replica/snapshot-ambiguous",
  "replica/changed-while-reading",
  "target/no-generation",
  "restore/memory-budget",
  "database/integrity-skipped",
]);

export function restoreExitCodeOf(code: ErrorCode): number {
  const isAround = ["storage", "output", "runtime", "ui"].includes(familyOf(code));
  if (isAround || CANNOT_BE_TOLD.has(code)) return EXIT.inconclusive;
  return EXIT.damaged;
}

/** The last line of what is said of wrong usage. */
export function whereHelpIs(command: string): string {
  return `    what to do     walkit help${command && ` ${command}`}`;
}

/** An error that is told in a command's own lines. */
export class Refused extends Error {
  override readonly name = "Refused";
  readonly error: WalkitError;
  readonly lines: string[];

  constructor(error: WalkitError, lines: string[]) {
    super(error.message);
    this.error = error;
    this.lines = lines;
  }
}

/** Ended by a signal. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
  readonly exitCode: number;

  constructor(signal: string, exitCode: number) {
    super(`interrupted (${signal})`);
    this.exitCode = exitCode;
  }
}

const SIGNALS: readonly (readonly [name: NodeJS.Signals, exitCode: number])[] = [
  ["SIGHUP", 129],
  ["SIGINT", 130],
  ["SIGTERM", 143],
];

/**
 * Runs a command and sets the exit code: errors become lines for people and, with `json`, an object; a signal aborts the
 * command, which cleans up; a second one ends it at once.
 */
export async function perform(
  command: string,
  json: boolean,
  work: (signal: AbortSignal) => Promise<number>,
  location?: string,
): Promise<void> {
  const controller = new AbortController();
  const { signal } = controller;
  for (const [name, code] of SIGNALS) {
    process.on(name, () => {
      if (signal.aborted) process.exit(code);
      controller.abort(new Interrupted(name, code));
    });
  }
  try {
    process.exitCode = await work(signal);
  } catch (error) {
    process.exitCode = report(command, json, signal.aborted ? signal.reason : error, location);
  }
}

function report(command: string, json: boolean, thrown: unknown, location: string | undefined): number {
  const refused = thrown instanceof Refused ? thrown : undefined;
  const error = asWalkitError(refused ? refused.error : thrown);
  if (error instanceof UsageError) {
    printAside(`walkit: ${printable(error.message)}`, whereHelpIs(command));
    return EXIT.usage;
  }
  // Both look for a moment, and fail of the same things.
  const isForMoment = command === "restore" || command === "mark";
  const tell = (findings: Finding[], { available, nearest }: Partial<WalkitError> = {}) => {
    if (!json) return;
    if (command === "restore") {
      printJson({ command, status: "failed", available: availableObject(available), nearest, findings });
    } else printJson({ command, status: isForMoment ? "failed" : "inconclusive", findings });
  };
  if (error instanceof WalkitError) {
    const exitCode = isForMoment ? restoreExitCodeOf(error.code) : EXIT.inconclusive;
    // A target that is not there is no damage.
    const isDamage = exitCode === EXIT.damaged && !["target", "timeline"].includes(familyOf(error.code));
    tell([findingOf(error, { severity: isDamage ? "damage" : "inconclusive" })], error);
    if (refused && !json) printAside(refused.lines);
    else if (!json) printError(error, location);
    return exitCode;
  }
  tell([]);
  if (error instanceof Interrupted) {
    printAside(`walkit: ${error.message}; nothing was left behind`);
    return error.exitCode;
  }
  if (error instanceof BrokenPipe) return EXIT.inconclusive;
  const message = error instanceof Error ? error.message : String(error);
  printAside(
    `walkit: internal error: ${printable(message)}, please report it with the command line that you used`,
  );
  if (process.env.WALKIT_DEBUG && error instanceof Error)
    printAside(String(error.stack).split("\n").map(printable));
  return EXIT.inconclusive;
}

/** With all its keys, where there is something to be had. */
function availableObject(available: Available | undefined): object | undefined {
  if (!available) return undefined;
  const { generation, snapshot, position, time } = available;
  return { generation, snapshot, position, time };
}

/** Whoever read standard output has gone: no news to anyone. */
export class BrokenPipe extends Error {
  override readonly name = "BrokenPipe";
}
