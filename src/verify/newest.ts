/** SQLite's own word on states that were found restorable. */

import { WalkitError } from "../errors.ts";
import { type Finding, findingOf } from "../findings.ts";
import type { Replica } from "../replay/layout.ts";
import { comparePositions, parsePosition } from "../replay/position.ts";
import { restore } from "../restore/restore.ts";
import { MemorySink } from "../restore/sinks/memory.ts";
import type { DatabaseSink, DatabaseWrite } from "../restore/sinks/sink.ts";
import type { Examined } from "./examine.ts";
import type { IntegrityCheck, VerifyOptions } from "./options.ts";
import { type GenerationReport, statusOf } from "./report.ts";

/**
 * Adds SQLite's own word on the newest state of each branch. `onProgress` is told of the compressed bytes that are read for
 * one after the other.
 */
export async function checkNewest(
  replica: Replica,
  examined: Examined,
  options: VerifyOptions = {},
): Promise<void> {
  examined.level = "integrity";
  for (const { report, findings, encrypted } of examined.branches) {
    if (!report || encrypted > 0) continue;
    await integrity(replica, report, findings, options);
    await integrityOfOlder(replica, report, findings, options);
  }
}

/** Larger states that nothing proves a restore does not give to SQLite by itself, and neither is it done here. Bytes. */
const MOST_OLDER = 64 << 20;

/**
 * SQLite's own word on the last state before each gap, where nothing proves a step on the way there: a restore would turn down
 * what SQLite finds corrupt.
 */
async function integrityOfOlder(
  replica: Replica,
  report: GenerationReport,
  findings: Finding[],
  options: VerifyOptions,
): Promise<void> {
  const { signal, parallelism, integrityUpTo = MOST_OLDER } = options;
  const { generation, links, pageCount = 0, pageSize = 0 } = report;
  const position = (text: string) => parsePosition(text)!;
  for (const { from, to, newest, salvage } of report.restorable) {
    const isUnproven = links?.steps.some(
      (step) =>
        comparePositions(position(step.to), position(from)) > 0 &&
        comparePositions(position(step.to), position(to)) < 0,
    );
    if (newest || salvage || !isUnproven) continue;
    const database = new CheckedDatabase(pageCount * pageSize, options);
    try {
      await database.open();
      const check = async ({ bytes }: { bytes: number }) => {
        if (bytes <= Math.min(integrityUpTo, MOST_OLDER)) await database.check(signal);
      };
      const target = { generation, position: position(to) };
      await restore(replica, target, database, { signal, parallelism, offer: false, accept: check });
    } catch (error) {
      if (!(error instanceof WalkitError)) throw error;
      if (!database.corrupt) continue;
      const { message, path } = database.corrupt;
      const left = new WalkitError("database/integrity", `${message}, in the state at ${to}`, {
        path,
        position: to,
      });
      findings.push(withSteps(findingOf(left, { generation }), report));
      report.integrity = "failed";
      report.status = statusOf(findings);
    } finally {
      await database.close();
    }
  }
}

/** SQLite's own word on the newest state; where that cannot be restored, there is a finding already. */
async function integrity(
  replica: Replica,
  report: GenerationReport,
  findings: Finding[],
  options: VerifyOptions,
): Promise<void> {
  const { signal, parallelism, onProgress } = options;
  const { generation, pageCount = 0, pageSize = 0 } = report;
  const size = pageCount * pageSize;
  if (report.snapshots === 0 || size > (options.integrityUpTo ?? Infinity)) return;
  const database = new CheckedDatabase(size, options);
  try {
    await database.open();
    const { findings: notes } = await restore(replica, { generation }, database, {
      ...{ signal, parallelism, onProgress },
      accept: () => database.check(signal),
    });
    const unproven = notes.filter(({ code }) => code === "replica/snapshot-unproven");
    if (!findings.some(({ code }) => code === "replica/snapshot-unproven")) findings.push(...unproven);
    if (database.skipped) throw database.skipped;
    report.integrity = "ok";
  } catch (error) {
    if (!(error instanceof WalkitError)) throw error;
    const { code } = error;
    report.integrity = code === "database/integrity" ? "failed" : "skipped";
    report.available = error.available;
    if (database.corrupt && code !== "database/integrity") {
      // What is left of it was given to SQLite as well.
      report.integrity = "failed";
      const { message, path } = database.corrupt;
      const left = new WalkitError("database/integrity", `${message}, in the state up to the damage`, {
        path,
      });
      findings.push(withSteps(findingOf(left, { generation }), report));
    }
    // What is known to be damaged need not be said again in other words.
    if (report.status === "damaged" && !code.startsWith("database/integrity")) return;
    if (findings.some((finding) => finding.code === code && finding.path === error.path)) return;
    const isSkipped = code === "database/integrity-skipped" && options.level === undefined;
    const said = findingOf(error, isSkipped ? { generation, severity: "warning" } : { generation });
    findings.push(code === "database/integrity" ? withSteps(said, report) : said);
  } finally {
    await database.close();
  }
  report.status = statusOf(findings);
}

/** Where SQLite finds the newest state corrupt, the steps that nothing proves are where to look first. */
function withSteps(finding: Finding, { links }: GenerationReport): Finding {
  const steps = links?.steps ?? [];
  if (steps.length === 0) return finding;
  return { ...finding, remedy: { do: "look-at-steps", steps, besides: finding.remedy } };
}

/** One state after another for SQLite to check: what was checked is not written to again. */
class CheckedDatabase implements DatabaseSink {
  /** Why a check could not be made; that alone does not turn a state down. */
  skipped: WalkitError | undefined;
  /** What SQLite found wrong with the first state that it turned down. */
  corrupt: WalkitError | undefined;
  readonly #size: number;
  readonly #options: VerifyOptions;
  #database: IntegrityCheck | undefined;

  constructor(size: number, options: VerifyOptions) {
    this.#size = size;
    this.#options = options;
  }

  async open(): Promise<IntegrityCheck> {
    const { openIntegrityCheck, checkIntegrity, signal } = this.#options;
    const size = this.#size;
    return (this.#database ??=
      (await openIntegrityCheck?.(size, signal)) ?? (await inMemory(size, checkIntegrity)));
  }

  async write(chunk: DatabaseWrite): Promise<void> {
    await (await this.open()).sink.write(chunk);
  }

  async check(signal: AbortSignal | undefined): Promise<void> {
    try {
      await this.#database!.check("full", signal);
    } catch (error) {
      if (error instanceof WalkitError && error.code === "database/integrity") this.corrupt ??= error;
      if (!(error instanceof WalkitError) || error.code !== "database/integrity-skipped") throw error;
      this.skipped = error;
    } finally {
      await this.close();
    }
  }

  async close(): Promise<void> {
    const database = this.#database;
    this.#database = undefined;
    await database?.close();
  }
}

/** What shallower levels do not need is not loaded: a page has it as a file of its own. */
async function inMemory(size: number, own: VerifyOptions["checkIntegrity"]): Promise<IntegrityCheck> {
  const { checkIntegrity, MAX_INTEGRITY_SIZE, tooLarge } = await import("../sqlite/index.ts");
  const check = own ?? checkIntegrity;
  if (size > MAX_INTEGRITY_SIZE) throw tooLarge(size);
  const sink = new MemorySink(MAX_INTEGRITY_SIZE, size);
  return { sink, check: (how, signal) => check(sink.bytes, how, signal), close: async () => {} };
}
