/** A restore held against what the {@link Oracle} names: just these bytes, or a refusal that says what is the matter. */

import { WalkitError } from "../../src/errors.ts";
import type { Storage } from "../../src/storage/index.ts";
import type { Target } from "../../src/timeline/target/target.ts";
import { type Attempt, attemptRestore } from "./attempt.ts";
import type { Expected } from "./oracle.ts";
import { adviceOf } from "./words.ts";

/** What came of targets: how many gave their state, how many were refused with which code. */
export class Tally {
  readonly counts = new Map<string, number>();

  add(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }

  get(what: string): number {
    return this.counts.get(what) ?? 0;
  }

  get total(): number {
    return [...this.counts.values()].reduce((sum, count) => sum + count, 0);
  }

  toString(): string {
    return [...this.counts].map(([what, count]) => `${count} ${what}`).join(", ");
  }
}

export const describe = (value: unknown): string =>
  JSON.stringify(value, (_, part) =>
    typeof part === "bigint" ? `${part}n` : part instanceof RegExp ? `${part}` : part,
  );

/** Restores `target`, and throws unless that comes to what is expected. */
export async function hold(
  storage: Storage,
  target: Target,
  expected: Expected,
  tally: Tally,
): Promise<Attempt> {
  const attempt = await attemptRestore(storage, target);
  const verdict = attempt.error ? judgeRefusal(attempt.error, expected) : judge(attempt, target, expected);
  if (verdict === undefined) {
    const found = attempt.error?.code ?? `a state (${attempt.restored!.findings.map(({ code }) => code)})`;
    const said = attempt.error?.message ?? "";
    throw new Error(`${describe(target)}: found ${found} ${said}, expected ${describe(expected)}`);
  }
  tally.add(verdict);
  return attempt;
}

/** Undefined where it is not what is expected. */
function judge({ restored, sha256 }: Attempt, target: Target, expected: Expected): string | undefined {
  if (expected.type === "refused") return undefined;
  if (expected.type === "one of") {
    if (expected.sha256s.includes(sha256!)) return "right";
    return expected.doubtful.includes(sha256!) ? "doubtful" : undefined;
  }
  if (sha256 === expected.sha256) return "right";
  const warned = restored!.findings.some(
    ({ code, severity }) => code === "replica/before-mark" && severity === "warning",
  );
  if (expected.type === "state" || target.timestamp === undefined || !warned) return undefined;
  return expected.marks.includes(sha256!) ? (expected.doubtful ? "doubtful" : "later") : undefined;
}

function judgeRefusal(error: WalkitError, expected: Expected): string | undefined {
  expectAdvice(error);
  const { code, nearest, remedy } = error;
  if (expected.type === "fuzzy" && code === "replica/before-mark")
    return expected.doubtful ? "doubtful" : code;
  if (expected.type !== "refused" || !expected.code.test(code)) return undefined;
  return expected.nearest && !(nearest?.length && remedy) ? undefined : code;
}

/** What was expected, what was found, what to do next. */
export function expectAdvice(error: unknown): asserts error is WalkitError {
  if (!(error instanceof WalkitError)) throw error;
  const action = adviceOf(error);
  if (/^Expected .+, found .+/.test(error.message) && action.length > 10) return;
  throw new Error(`No advice in ${error.code}: ${error.message} (${action})`, { cause: error });
}
