/** Verify: everything that is wrong with a replica, and where; and what can be restored of it all the same. */

import { WalkitError } from "../errors.ts";
import { type Finding, findingOf, makeFinding } from "../findings.ts";
import { chooseGeneration } from "../replay/choose.ts";
import { MemorySink } from "../restore/memory-sink.ts";
import { restore } from "../restore/restore.ts";
import { type Catalog, type Generation, hasChanged, readCatalog } from "../snapshot/catalog.ts";
import { formatTime, timeRange } from "../snapshot/times.ts";
import { checkIntegrity, MAX_INTEGRITY_SIZE } from "../sqlite/index.ts";
import type { Storage } from "../storage/storage.ts";
import type { ThreadPool } from "../threads/index.ts";
import { type Checked, checkGeneration } from "./generation.ts";
import { checkGaps, finishRange, nameFindings, strayFindings } from "./names.ts";
import { type GenerationReport, LEVELS, type Level, statusOf, type VerifyReport } from "./report.ts";

export interface VerifyOptions {
  /** What stands before a generation's name in paths; `generations/` by default. */
  prefix?: string | undefined;
  /** Look at this generation only. */
  generation?: string | undefined;
  /** `integrity` by default. */
  level?: Level | undefined;
  signal?: AbortSignal | undefined;
  /** Files on their way at a time; 8 by default. */
  parallelism?: number | undefined;
  /** Where files are decoded, where there are many: in this thread by default. */
  threads?: ThreadPool | undefined;
  /** Compressed bytes read and in all, where the listing tells. */
  onProgress?: ((progress: { done: number; total: number | undefined }) => void) | undefined;
  /** SQLite's own check; sql.js in this thread by default. `walkit/node` has one that can be stopped. */
  checkIntegrity?: typeof checkIntegrity | undefined;
  /** Bytes: a newest state that is larger is not given to SQLite, and `integrity` of its report stays undefined. */
  integrityUpTo?: number | undefined;
  /** Told of each finding once a generation is done. */
  onFinding?: ((finding: Finding) => void) | undefined;
}

/** A generation that changes while it is read is begun again this often. */
const ATTEMPTS = 5;

/**
 * Verifies a replica, or one generation of it.
 *
 * @throws WalkitError where the listing itself cannot be read, or the generation is not there. What is wrong with the
 * replica is in the report
 */
export async function verify(storage: Storage, options: VerifyOptions = {}): Promise<VerifyReport> {
  const level = options.level ?? "integrity";
  if (!LEVELS.includes(level)) throw new TypeError(`Expected a level (${LEVELS.join(", ")}), found ${level}`);
  const { prefix, generation, signal } = options;
  const catalog = await readCatalog(storage, { prefix, generation, signal });
  const report: VerifyReport = { status: "ok", level, generations: [], findings: [] };
  const add = (found: Finding[]) => {
    for (const finding of found) {
      report.findings.push(finding);
      options.onFinding?.(finding);
    }
  };
  add(strayFindings(catalog.strays));
  if (catalog.generations.length === 0) {
    add([
      makeFinding(
        "replica/not-a-replica",
        `Expected generations below ${prefix ?? "generations/"}, found none`,
      ),
    ]);
  }
  try {
    report.newestGeneration = chooseGeneration(catalog, {}, []).id;
  } catch (error) {
    if (!(error instanceof WalkitError)) throw error;
    // What a restore without a target would be refused for.
    if (error.code === "target/ambiguous-generation") add([findingOf(error, { severity: "warning" })]);
  }
  const progress = new ProgressOf(catalog, options.onProgress);
  if (level !== "names") options.threads?.expect(progress.total);
  for (const { id } of catalog.generations) {
    const { report: one, findings } = await verifyOne(storage, id, catalog, level, options, progress);
    add(findings);
    if (one) report.generations.push(one);
  }
  report.status = statusOf(report.findings);
  return report;
}

async function verifyOne(
  storage: Storage,
  id: string,
  listed: Catalog,
  level: Level,
  options: VerifyOptions,
  progress: ProgressOf,
): Promise<{ report: GenerationReport | undefined; findings: Finding[] }> {
  const { prefix, signal } = options;
  let catalog = listed;
  for (let attempt = 1; ; attempt++) {
    const generation = catalog.generations.find((g) => g.id === id);
    if (!generation) {
      const message = `Generation ${id} was deleted while it was read, as retention does`;
      return { report: undefined, findings: [makeFinding("replica/empty", message, { generation: id })] };
    }
    const names = nameFindings(generation, catalog);
    let done: { report: GenerationReport; findings: Finding[] } | undefined;
    let vanished: WalkitError | undefined;
    try {
      done = finish(generation, await check(storage, generation, level, options, progress), names);
    } catch (error) {
      if (!(error instanceof WalkitError) || error.code !== "storage/not-found") throw error;
      vanished = error;
    }
    if (vanished || done?.report.status === "damaged") {
      // Before a file is called damaged or missing: is the listing still true?
      const now = await readCatalog(storage, { prefix, signal });
      if (attempt < ATTEMPTS && (vanished || hasChanged(one(catalog, id), now))) {
        catalog = now;
        continue;
      }
    }
    if (!done) {
      const message = `Expected generation ${id} to stand still for one reading, found ${vanished!.path} gone`;
      const details = { generation: id, path: vanished!.path };
      return finish(
        generation,
        { ...NOTHING, findings: [makeFinding("replica/changed-while-reading", message, details)] },
        names,
      );
    }
    if (level === "integrity") await integrity(storage, done, options);
    return done;
  }
}

/** The part of a catalog that is one generation's. */
function one({ generations }: Catalog, id: string): Catalog {
  return {
    generations: generations.filter((generation) => generation.id === id),
    timelineFiles: [],
    strays: [],
  };
}

async function check(
  storage: Storage,
  generation: Generation,
  level: Level,
  { signal, parallelism, threads }: VerifyOptions,
  progress: ProgressOf,
): Promise<Outcome> {
  if (level === "names") return { ...NOTHING, ...checkGaps(generation) };
  const pages = level !== "frames";
  const onRead = (bytes: number) => progress.add(bytes);
  const checked = await checkGeneration(storage, generation, {
    signal,
    parallelism,
    threads,
    pages,
    onRead,
  });
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
  links: undefined,
};

function finish(
  generation: Generation,
  checked: Outcome,
  names: Finding[],
): { report: GenerationReport; findings: Finding[] } {
  const { id, snapshots, segments } = generation;
  const findings = [...names, ...checked.findings];
  const timesTrusted = !findings.some((finding) => finding.code === "replica/times-untrusted");
  const range = timeRange(generation);
  const files = [...snapshots, ...segments];
  const sized = files.every((file) => file.size !== undefined);
  const report: GenerationReport = {
    generation: id,
    status: statusOf(findings),
    snapshots: snapshots.length,
    segments: segments.length,
    indexes: new Set(segments.map((segment) => segment.index)).size,
    bytes: sized ? files.reduce((sum, file) => sum + file.size!, 0) : undefined,
    transactions: checked.transactions,
    frames: checked.frames,
    pageSize: checked.pageSize,
    pageCount: checked.pageCount,
    oldest: range && formatTime(range.oldest),
    newest: range && formatTime(range.newest),
    timesTrusted,
    restorable: checked.ranges.map((draft) => finishRange(draft, timesTrusted)),
    links: checked.links,
    integrity: undefined,
  };
  return { report, findings };
}

/** SQLite's own word on the newest state; where that cannot be restored, there is a finding already. */
async function integrity(
  storage: Storage,
  done: { report: GenerationReport; findings: Finding[] },
  options: VerifyOptions,
): Promise<void> {
  const { prefix, signal, parallelism, threads, checkIntegrity: check = checkIntegrity } = options;
  const { report, findings } = done;
  const { generation, pageCount = 0, pageSize = 0 } = report;
  if (report.snapshots === 0 || pageCount * pageSize > (options.integrityUpTo ?? Infinity)) return;
  try {
    if (pageCount * pageSize > MAX_INTEGRITY_SIZE) {
      throw new WalkitError(
        "database/integrity-skipped",
        `Expected a database of at most ${MAX_INTEGRITY_SIZE} bytes to check in memory, found ${pageCount * pageSize}`,
      );
    }
    const sink = new MemorySink(MAX_INTEGRITY_SIZE, pageCount * pageSize);
    const { findings: notes } = await restore(storage, { generation }, sink, {
      prefix,
      signal,
      parallelism,
      threads,
    });
    const unproven = notes.filter(({ code }) => code === "replica/snapshot-unproven");
    if (!findings.some(({ code }) => code === "replica/snapshot-unproven")) findings.push(...unproven);
    await check(sink.bytes, "full", signal);
    report.integrity = "ok";
  } catch (error) {
    if (!(error instanceof WalkitError)) throw error;
    report.integrity = error.code === "database/integrity" ? "failed" : "skipped";
    // What is known to be damaged need not be said again in other words.
    if (report.status === "damaged" && !error.code.startsWith("database/integrity")) return;
    findings.push(findingOf(error, { generation }));
  }
  report.status = statusOf(findings);
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
