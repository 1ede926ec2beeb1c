/** SQLite's own word on states that were found restorable. */

import { WalkitError } from "../errors.ts";
import { type Finding, findingOf } from "../findings.ts";
import type { Replica } from "../replay/layout.ts";
import { comparePositions, parsePosition } from "../replay/position.ts";
import type { RestoreResult } from "../restore/execute.ts";
import { type RestoreOptions, restore } from "../restore/restore.ts";
import { MemorySink } from "../restore/sinks/memory.ts";
import type { DatabaseSink, DatabaseWrite } from "../restore/sinks/sink.ts";
import type { Target } from "../timeline/target/target.ts";
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

/** Bytes. A restore does not give larger states that nothing proves to SQLite by itself, and neither does verify. */
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
  const { generation, links } = report;
  const position = (text: string) => parsePosition(text)!;
  const upTo = Math.min(options.integrityUpTo ?? MOST_OLDER, MOST_OLDER);
  for (const { from, to, newest, salvage } of report.restorable) {
    const isUnproven = links?.steps.some(
      (step) =>
        comparePositions(position(step.to), position(from)) > 0 &&
        comparePositions(position(step.to), position(to)) < 0,
    );
    if (newest || salvage || !isUnproven) continue;
    const target = { generation, position: position(to) };
    const database = new CheckedDatabase(report, options);
    const { error } = await database.restore(replica, target, { upTo, offer: false });
    if (!error || error === database.skipped || !database.corrupt) continue;
    findings.push(corruptIn(report, database.corrupt, `the state at ${to}`, to));
    report.integrity = "failed";
    report.status = statusOf(findings);
  }
}

/** SQLite's own word on the newest state; where that cannot be restored, there is a finding already. */
async function integrity(
  replica: Replica,
  report: GenerationReport,
  findings: Finding[],
  options: VerifyOptions,
): Promise<void> {
  const { generation } = report;
  const { onProgress, integrityUpTo = Number.POSITIVE_INFINITY } = options;
  const database = new CheckedDatabase(report, options);
  if (report.snapshots === 0 || database.size > integrityUpTo) return;
  const { notes, error } = await database.restore(replica, { generation }, { onProgress });
  const isUnproven = ({ code }: Finding) => code === "replica/snapshot-unproven";
  if (!findings.some(isUnproven)) findings.push(...notes.filter(isUnproven));
  report.integrity = "ok";
  if (error) {
    const { code } = error;
    report.integrity = code === "database/integrity" ? "failed" : "skipped";
    report.available = error.available;
    if (database.corrupt && code !== "database/integrity") {
      // What is left of it was given to SQLite as well.
      report.integrity = "failed";
      findings.push(corruptIn(report, database.corrupt, "the state up to the damage"));
    }
    // What is known to be damaged need not be said again in other words.
    if (report.status === "damaged" && !code.startsWith("database/integrity")) return;
    if (findings.some((finding) => finding.code === code && finding.path === error.path)) return;
    const isSkipped = code === "database/integrity-skipped" && options.level === undefined;
    const said = findingOf(error, isSkipped ? { generation, severity: "warning" } : { generation });
    findings.push(code === "database/integrity" ? withSteps(said, report) : said);
  }
  report.status = statusOf(findings);
}

/** What SQLite found wrong with another state than the newest. */
function corruptIn(
  report: GenerationReport,
  { message, path }: WalkitError,
  state: string,
  position?: string,
): Finding {
  const error = new WalkitError("database/integrity", `${message}, in ${state}`, { path, position });
  return withSteps(findingOf(error, { generation: report.generation }), report);
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
  /** In bytes, as far as it is known. */
  readonly size: number;
  readonly #options: VerifyOptions;
  #database: IntegrityCheck | undefined;

  constructor({ pageCount = 0, pageSize = 0 }: GenerationReport, options: VerifyOptions) {
    this.size = pageCount * pageSize;
    this.#options = options;
  }

  /** Restores `target`, and has SQLite check it where it has at most `upTo` bytes. */
  async restore(
    replica: Replica,
    target: Target,
    { upTo = Number.POSITIVE_INFINITY, ...how }: RestoreOptions & { upTo?: number },
  ): Promise<{ notes: Finding[]; error: WalkitError | undefined }> {
    const { signal, parallelism } = this.#options;
    const accept = async ({ bytes }: RestoreResult) => {
      if (bytes <= upTo) await this.#check();
    };
    try {
      await this.#open();
      const { findings } = await restore(replica, target, this, { ...how, signal, parallelism, accept });
      return { notes: findings, error: this.skipped };
    } catch (error) {
      if (error instanceof WalkitError) return { notes: [], error };
      throw error;
    } finally {
      await this.#close();
    }
  }

  async #open(): Promise<IntegrityCheck> {
    const { openIntegrityCheck, checkIntegrity, signal } = this.#options;
    const { size } = this;
    return (this.#database ??=
      (await openIntegrityCheck?.(size, signal)) ?? (await inMemory(size, checkIntegrity)));
  }

  async write(chunk: DatabaseWrite): Promise<void> {
    await (await this.#open()).sink.write(chunk);
  }

  async #check(): Promise<void> {
    try {
      await this.#database!.check("full", this.#options.signal);
    } catch (error) {
      if (error instanceof WalkitError && error.code === "database/integrity") this.corrupt ??= error;
      if (!(error instanceof WalkitError) || error.code !== "database/integrity-skipped") throw error;
      this.skipped = error;
    } finally {
      await this.#close();
    }
  }

  async #close(): Promise<void> {
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
