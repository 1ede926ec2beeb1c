/** A replica, as far as its own checksums, snapshots and changes tell. */

import { isGone, WalkitError } from "../errors.ts";
import { type Finding, findingOf, makeFinding } from "../findings.ts";
import { rootAbove } from "../replay/branch-name.ts";
import { type Branch, branchOf, type Catalog, type Claim, filesIn, filesOf } from "../replay/catalog.ts";
import type { Replica } from "../replay/layout.ts";
import { formatPosition, sectionOf } from "../replay/position.ts";
import { guarded, still } from "../replay/replica.ts";
import { timeRange } from "../replay/times.ts";
import { now as clock, formatTime } from "../time.ts";
import { emptyAlone, strayFindings } from "./beside.ts";
import { checkBranch } from "./check.ts";
import type { Checked } from "./checked.ts";
import { newestStateOf } from "./newest-state.ts";
import type { VerifyOptions } from "./options.ts";
import { finishRange, startRange } from "./ranges.ts";
import { type GenerationReport, type Level, statusOf, type VerifyReport } from "./report.ts";

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
  /** When that began, in nanoseconds since 1970. */
  now: bigint;
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
  const { level, now = clock() } = options;
  const findings = strayFindings(catalog.strays);
  if (generations.length === 0) {
    const message = `Expected generations or LTX files below ${rootAbove(replica.prefix) || "the folder"}, found none`;
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
    ...{ level, now },
    // The newest state may be in LTX files that stand beside them.
    newestGeneration: replica.layout.newest(catalog)?.id,
    findings,
    branches: generations.map(({ id }) => done.get(id)!),
    isAllEmpty: !generations.some((g) => g.snapshots.length + g.segments.length > 0 || g.unreadable),
  };
}

/** What was found, as it is told. */
export function reportOf(examined: Examined): VerifyReport {
  const { level, newestGeneration, branches, isAllEmpty, now, ...all } = examined;
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
  const newestState = newestStateOf({ generations, newestGeneration }, now);
  return {
    ...{ status: statusOf(findings), level, newestGeneration, checkedAt: formatTime(now), newestState },
    ...{ generations, findings },
  };
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
): Promise<Checked> {
  if (level === "names") {
    const { findings, chains } = replica.layout.gaps(generation);
    const ranges = chains.map(({ claim, ...chain }) => ({ ...startRange(claim), ...chain }));
    if (!generation.levels) return { ...NOTHING, findings, ranges };
    const { statesByNames } = await import("./states.ts");
    const told = ranges.map((range) => ({ ...range, ...statesByNames(generation, range) }));
    return { ...NOTHING, findings, ranges: told };
  }
  const pages = level !== "frames";
  const onRead = (bytes: number) => progress.add(bytes);
  const reading = { signal, parallelism, pages, onRead };
  const folds = foldsOf?.(generation);
  const checked = await checkBranch(guarded(replica, generation), generation, reading, folds);
  return pages ? checked : { ...checked, links: undefined };
}

const NOTHING: Checked = {
  findings: [],
  ranges: [],
  apart: [],
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

function finish(generation: Branch, checked: Checked, names: Finding[]): Done {
  const { id, snapshots, segments, levels } = generation;
  // What the listing says cannot be read need not be said again.
  const said = new Set(names.filter(({ code }) => code === "storage/unreadable").map(({ path }) => path));
  const more = checked.findings.filter(({ code, path }) => code !== "storage/unreadable" || !said.has(path));
  const findings = [...names, ...more];
  // What is not known may be newer.
  const isBehind = (to: string | undefined) =>
    to !== undefined && levels?.some(({ maxTxid }) => maxTxid > to);
  for (const range of checked.ranges)
    if (generation.unreadable || isBehind(range.to ?? range.from)) range.newest = false;
  const timesTrusted = !findings.some((finding) => finding.code === "replica/times-untrusted");
  const range = checked.times ?? timeRange(generation);
  const files = filesIn(generation);
  const sized = files.every((file) => file.size !== undefined);
  const report: GenerationReport = {
    generation: id,
    status: statusOf(findings),
    snapshots: snapshots.length,
    segments: segments.length,
    indexes: new Set(segments.map(sectionOf)).size,
    bytes: sized ? files.reduce((sum, file) => sum + file.size!, 0) : undefined,
    ...(levels && { levels }),
    transactions: checked.transactions,
    frames: checked.frames,
    pageSize: checked.pageSize,
    pageCount: checked.pageCount,
    oldest: range && formatTime(range.oldest),
    newest: range && formatTime(range.newest),
    timesTrusted,
    restorable: checked.ranges.map((draft) => finishRange(draft, timesTrusted)),
    ...(checked.apart.length > 0 && { apart: checked.apart.map((claim) => apartOf(claim, timesTrusted)) }),
    links: checked.encrypted > 0 ? undefined : checked.links,
    integrity: undefined,
    available: undefined,
  };
  return { report, findings, encrypted: checked.encrypted };
}

function apartOf(claim: Claim, timesTrusted: boolean): { position: string; time: string | undefined } {
  const { modified } = claim;
  const time = timesTrusted && modified !== undefined ? formatTime(modified) : undefined;
  return { position: formatPosition(claim), time };
}

class ProgressOf {
  readonly total: number | undefined;
  readonly #tell: VerifyOptions["onProgress"];
  #done = 0;

  constructor(catalog: Catalog, tell: VerifyOptions["onProgress"]) {
    const files = filesOf(catalog);
    const sized = files.every((file) => file.size !== undefined);
    this.total = sized ? files.reduce((sum, file) => sum + file.size!, 0) : undefined;
    this.#tell = tell;
  }

  add(bytes: number): void {
    this.#done += bytes;
    this.#tell?.({ done: this.#done, total: this.total });
  }
}
