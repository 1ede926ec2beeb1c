/** Verify: everything that is wrong with a replica, and where; and what can be restored of it all the same. */

import { isGone, WalkitError } from "../errors.ts";
import { type Finding, findingOf, makeFinding } from "../findings.ts";
import { type Branch, branchOf, type Catalog } from "../replay/catalog.ts";
import type { Replica } from "../replay/layout.ts";
import { comparePositions, parsePosition, sectionOf } from "../replay/position.ts";
import { catalogOf, guarded, still } from "../replay/replica.ts";
import type { Fold } from "../replay/run.ts";
import { stepsText } from "../replay/steps.ts";
import { timeRange } from "../replay/times.ts";
import { restore } from "../restore/restore.ts";
import { MemorySink } from "../restore/sinks/memory.ts";
import type { DatabaseSink, DatabaseWrite } from "../restore/sinks/sink.ts";
import type { checkIntegrity } from "../sqlite/index.ts";
import { formatTime } from "../time.ts";
import { emptyAlone, ltxFindings, strayFindings } from "./beside.ts";
import { type Checked, checkBranch } from "./check.ts";
import { finishRange, startRange } from "./ranges.ts";
import { type GenerationReport, LEVELS, type Level, statusOf, type VerifyReport } from "./report.ts";

export interface VerifyOptions {
  /**
   * `integrity` by default. Asked for by name, it makes the report inconclusive where SQLite's check cannot be made; by default
   * a warning says so.
   */
  level?: Level | undefined;
  signal?: AbortSignal | undefined;
  /** Files on their way at a time; 8 by default. */
  parallelism?: number | undefined;
  /** Compressed bytes read and in all, where the listing tells. */
  onProgress?: ((progress: { done: number; total: number | undefined }) => void) | undefined;
  /** SQLite's own check; sql.js in this thread by default. `walkit/node` has one that can be stopped. */
  checkIntegrity?: typeof checkIntegrity | undefined;
  /**
   * Where a newest state of so many bytes goes to be checked, and by what; undefined, and by default: to memory, and to
   * `checkIntegrity`. `walkit/node` has `openIntegrityCheck`, for databases of any size. It throws a WalkitError
   * `database/integrity-skipped` where the check cannot be made.
   */
  openIntegrityCheck?:
    | ((bytes: number, signal?: AbortSignal) => Promise<IntegrityCheck | undefined>)
    | undefined;
  /** Bytes: a newest state that is larger is not given to SQLite, and `integrity` of its report stays undefined. */
  integrityUpTo?: number | undefined;
  /** What shares the pass over the files of a branch, from level `frames` on. Made anew where the branch is read anew. */
  foldsOf?: ((branch: Branch) => readonly Fold[]) | undefined;
}

/** A place for one database, and SQLite's check of it. */
export interface IntegrityCheck {
  sink: DatabaseSink;
  /**
   * Once, when the database is whole.
   *
   * @throws WalkitError as `checkIntegrity`
   */
  check(how: "quick" | "full", signal?: AbortSignal): Promise<void>;
  /** Whatever came of it. */
  close(): Promise<void>;
}

/**
 * Verifies a replica, or one generation of it.
 *
 * @throws WalkitError where the listing itself cannot be read, or the generation is not there. What is wrong with the
 * replica is in the report
 */
export async function verify(replica: Replica, options: VerifyOptions = {}): Promise<VerifyReport> {
  const level = options.level ?? "integrity";
  if (!LEVELS.includes(level)) throw new TypeError(`Expected a level (${LEVELS.join(", ")}), found ${level}`);
  const catalog = await catalogOf(replica, options);
  const examined = await examine(replica, catalog, {
    ...options,
    level: level === "integrity" ? "replay" : level,
  });
  if (level === "integrity") await checkNewest(replica, examined, { ...options, onProgress: undefined });
  return reportOf(examined);
}

/** A replica, examined: what is wrong with all of it, and with each branch. */
export interface Examined {
  level: Level;
  newestGeneration: string | undefined;
  /** Of no branch. */
  findings: Finding[];
  /** In the order of the catalog. */
  branches: Done[];
  /** All that there is is empty: then nothing says whether it is to begin or has been emptied. */
  isAllEmpty: boolean;
}

/**
 * Examines a replica as far as its own checksums, snapshots and changes tell.
 *
 * @throws WalkitError `storage/*`
 */
export async function examine(
  replica: Replica,
  catalog: Catalog,
  options: Omit<VerifyOptions, "level"> & { level: Level; order?: readonly Branch[] | undefined },
): Promise<Examined> {
  const { generations } = catalog;
  const findings = [...ltxFindings(catalog), ...strayFindings(catalog.strays)];
  if (generations.length === 0 && catalog.ltx === undefined) {
    const message = `Expected generations below ${replica.prefix}, found none`;
    findings.push(makeFinding("replica/not-a-replica", message));
  }
  try {
    replica.layout.choose(catalog, {});
  } catch (error) {
    if (!(error instanceof WalkitError)) throw error;
    // What a restore without a target would be refused for.
    if (error.code === "target/ambiguous-generation")
      findings.push(findingOf(error, { severity: "warning" }));
  }
  const progress = new ProgressOf(catalog, options.onProgress);
  const done = new Map<string, Done>();
  for (const { id } of options.order ?? generations)
    done.set(id, await examineBranch(replica, id, catalog, options, progress));
  return {
    level: options.level,
    // The newest state may be in LTX files that stand beside them.
    newestGeneration: catalog.ltx === undefined ? replica.layout.newest(catalog)?.id : undefined,
    findings,
    branches: generations.map(({ id }) => done.get(id)!),
    isAllEmpty: !generations.some((g) => g.snapshots.length + g.segments.length > 0 || g.unreadable),
  };
}

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

/** What was found, as it is told. */
export function reportOf({ level, newestGeneration, branches, isAllEmpty, ...all }: Examined): VerifyReport {
  const encrypted = branches.flatMap(({ findings }) =>
    findings.filter(({ code }) => code === "replica/encrypted"),
  );
  const count = branches.reduce((sum, one) => sum + one.encrypted, 0);
  const findings = [...all.findings];
  for (const branch of branches) {
    const own = branch.findings.filter(({ code }) => code !== "replica/encrypted");
    findings.push(...(isAllEmpty ? own.map(emptyAlone) : own));
  }
  if (count > 0) {
    const files = count === 1 ? "a file" : `${count} files`;
    const message = `Expected LZ4 frames, found ${files} encrypted with age`;
    findings.push(makeFinding("replica/encrypted", message, { path: encrypted[0]?.path }));
  }
  const generations = branches.flatMap(({ report }) => report ?? []);
  return { status: statusOf(findings), level, generations, findings, newestGeneration };
}

async function examineBranch(
  replica: Replica,
  id: string,
  listed: Catalog,
  options: VerifyOptions & { level: Level },
  progress: ProgressOf,
): Promise<Done> {
  const { signal } = options;
  let last = listed;
  const work = async (catalog: Catalog, held: Replica): Promise<Done> => {
    last = catalog;
    const branch = catalog.generations.find((one) => one.id === id);
    if (!branch) return deleted(id);
    const checked = await check(held, branch, options, progress);
    return finish(branch, checked, held.layout.faults(branch, catalog));
  };
  try {
    // Before a file is called damaged or missing: is the listing still true?
    const doubts = ({ report }: Done) => report?.status === "damaged";
    return await still(replica, work, { catalog: listed, part: (one) => branchOf(one, id), doubts, signal });
  } catch (error) {
    if (!isGone(error)) throw error;
    const branch = last.generations.find((one) => one.id === id)!;
    const message = `Expected generation ${id} to stand still for one reading, found ${error.path} gone`;
    const details = { generation: id, path: error.path };
    const findings = [makeFinding("replica/changed-while-reading", message, details)];
    return finish(branch, { ...NOTHING, findings }, replica.layout.faults(branch, last));
  }
}

function deleted(id: string): Done {
  const message = `Generation ${id} was deleted while it was read, as retention does`;
  const findings = [makeFinding("replica/empty", message, { generation: id })];
  return { report: undefined, findings, encrypted: 0 };
}

async function check(
  replica: Replica,
  generation: Branch,
  { level, signal, parallelism, foldsOf }: VerifyOptions,
  progress: ProgressOf,
): Promise<Outcome> {
  if (level === "names") {
    const { findings, chains } = replica.layout.gaps(generation);
    const ranges = chains.map(({ claim, ...chain }) => ({ ...startRange(claim), ...chain }));
    return { ...NOTHING, findings, ranges };
  }
  const pages = level !== "frames";
  const onRead = (bytes: number) => progress.add(bytes);
  const reading = { signal, parallelism, pages, onRead };
  const folds = foldsOf?.(generation);
  const checked = await checkBranch(guarded(replica, generation), generation, reading, folds);
  return pages ? checked : { ...checked, links: undefined };
}

type Outcome = Omit<Checked, "links"> & { links: Checked["links"] | undefined };

const NOTHING: Outcome = {
  findings: [],
  ranges: [],
  transactions: 0,
  frames: 0,
  pageSize: undefined,
  pageCount: undefined,
  encrypted: 0,
  links: undefined,
};

/** One branch, done. */
export interface Done {
  /** Undefined: the generation has gone. */
  report: GenerationReport | undefined;
  findings: Finding[];
  encrypted: number;
}

function finish(generation: Branch, checked: Outcome, names: Finding[]): Done {
  const { id, snapshots, segments } = generation;
  // What the listing says cannot be read need not be said again.
  const said = new Set(names.filter(({ code }) => code === "storage/unreadable").map(({ path }) => path));
  const more = checked.findings.filter(({ code, path }) => code !== "storage/unreadable" || !said.has(path));
  const findings = [...names, ...more];
  // What is not known may be newer.
  if (generation.unreadable) for (const range of checked.ranges) range.newest = false;
  const timesTrusted = !findings.some((finding) => finding.code === "replica/times-untrusted");
  const range = timeRange(generation);
  const files = [...snapshots, ...segments];
  const sized = files.every((file) => file.size !== undefined);
  const report: GenerationReport = {
    generation: id,
    status: statusOf(findings),
    snapshots: snapshots.length,
    segments: segments.length,
    indexes: new Set(segments.map(sectionOf)).size,
    bytes: sized ? files.reduce((sum, file) => sum + file.size!, 0) : undefined,
    transactions: checked.transactions,
    frames: checked.frames,
    pageSize: checked.pageSize,
    pageCount: checked.pageCount,
    oldest: range && formatTime(range.oldest),
    newest: range && formatTime(range.newest),
    timesTrusted,
    restorable: checked.ranges.map((draft) => finishRange(draft, timesTrusted)),
    links: checked.encrypted > 0 ? undefined : checked.links,
    integrity: undefined,
    available: undefined,
  };
  return { report, findings, encrypted: checked.encrypted };
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
  return {
    ...finding,
    action: `Look first where nothing proves that one WAL index goes on where the one before it ended (${stepsText(steps)}): the end of a WAL may be lost there. ${finding.action}`,
  };
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

class ProgressOf {
  readonly total: number | undefined;
  readonly #tell: VerifyOptions["onProgress"];
  #done = 0;

  constructor(catalog: Catalog, tell: VerifyOptions["onProgress"]) {
    const files = catalog.generations.flatMap((g) => [...g.snapshots, ...g.segments]);
    const sized = files.every((file) => file.size !== undefined);
    this.total = sized ? files.reduce((sum, file) => sum + file.size!, 0) : undefined;
    this.#tell = tell;
  }

  add(bytes: number): void {
    this.#done += bytes;
    this.#tell?.({ done: this.#done, total: this.total });
  }
}
