/** What can be restored of a replica: every commit by its position, every segment by its time, and what lies between. */

import { isGone, WalkitError } from "../errors.ts";
import { findingOf, makeFinding } from "../findings.ts";
import type { Branch, Catalog } from "../replay/catalog.ts";
import { restless } from "../replay/faults.ts";
import type { Replica } from "../replay/layout.ts";
import { formatPosition, isSameSection, isStart, positionOf } from "../replay/position.ts";
import { catalogOf, still, whole } from "../replay/replica.ts";
import type { RestoreResult } from "../restore/execute.ts";
import { restore } from "../restore/restore.ts";
import { MemorySink } from "../restore/sinks/memory.ts";
import type { DatabaseWrite } from "../restore/sinks/sink.ts";
import { formatTime } from "../time.ts";
import { findDescent, type Lineage, readLineage } from "../timeline/lineage.ts";
import { readRestorePoints } from "../timeline/points.ts";
import type { Target } from "../timeline/target/target.ts";
import { type Examined, examine, reportOf } from "../verify/examine.ts";
import type { VerifyOptions } from "../verify/options.ts";
import type { VerifyReport } from "../verify/report.ts";
import { Commits, readAllCommits, sharesPass } from "./commits.ts";
import { Early } from "./early.ts";
import { gapsOf, stretchesOf } from "./gaps.ts";
import type { GenerationMoments, SnapshotMoment, Stretch } from "./moment.ts";
import { segmentMoments } from "./segments.ts";

/** How moments are listed. */
export interface MomentsOptions {
  /**
   * SQLite's own check of states that checksums alone do not prove. A restore turns down what SQLite finds corrupt, so such
   * states are not listed. By default there is no check.
   *
   * @throws WalkitError `database/integrity`; any other code says that no check could be made, which turns nothing down
   */
  checkIntegrity?: ((bytes: Uint8Array<ArrayBuffer>, how: "full") => Promise<void>) | undefined;
  /** Bytes: larger states are not given to SQLite; 64 MiB by default. */
  integrityUpTo?: number | undefined;
  signal?: AbortSignal | undefined;
  /** Files on their way at a time; 8 by default. */
  parallelism?: number | undefined;
  /** Compressed bytes read and in all, where the listing tells. */
  onProgress?: VerifyOptions["onProgress"];
}

/** Bytes of a state that is held in memory to be checked, where nobody says otherwise. */
const MOST_CHECKED = 64 << 20;

/**
 * Lists what can be restored, by generation. Reads every file once; where it is not proven that a snapshot fits, a trial
 * restore reads what it needs once more.
 *
 * @throws WalkitError `storage/*`, `target/no-generation`, `replica/changed-while-reading`. What is wrong with the replica
 * is in the findings
 */
export async function listMoments(
  replica: Replica,
  options: MomentsOptions = {},
): Promise<GenerationMoments[]> {
  return (await overview(replica, options)).moments;
}

/** What one pass is to tell. */
export interface OverviewOptions extends MomentsOptions {
  /** Also how the generations descend from each other, as far as history files and content tell. */
  lineage?: boolean | undefined;
}

/** All that one pass over the files of a replica tells. */
export interface Overview {
  catalog: Catalog;
  examined: Examined;
  moments: GenerationMoments[];
  /** Undefined where it was not asked for. */
  lineage: Lineage | undefined;
}

/**
 * What can be restored, what is wrong, and where it all came from, of one pass: see {@link listMoments}.
 *
 * @throws WalkitError as `listMoments`
 */
export async function overview(replica: Replica, options: OverviewOptions = {}): Promise<Overview> {
  const work = (catalog: Catalog, held: Replica) => overviewOf(held, catalog, replica.generation, options);
  // Before anything is called damaged: is the listing still true?
  const doubts = ({ moments }: Overview) =>
    moments.some(({ findings }) => findings.some(({ severity }) => severity === "damage"));
  try {
    // Where files tell their own times, moments have these.
    return await still(whole(replica), work, { doubts, signal: options.signal, times: true });
  } catch (error) {
    throw isGone(error) ? restless(error) : error;
  }
}

async function overviewOf(
  replica: Replica,
  all: Catalog,
  wanted: string | undefined,
  options: OverviewOptions,
): Promise<Overview> {
  const { signal, parallelism, onProgress } = options;
  const catalog =
    wanted === undefined ? all : await catalogOf({ ...replica, generation: wanted }, { signal, times: true });
  const passes = new Map<string, Pass>();
  const descent = options.lineage ? await findDescent(replica, catalog, signal) : undefined;
  const foldsOf = (branch: Branch) => {
    const pass = { commits: new Commits(replica, branch), early: new Early() };
    passes.set(branch.id, pass);
    return [pass.commits, pass.early, ...(descent?.foldsOf(branch) ?? [])];
  };
  const order = descent?.order;
  const examined = await examine(replica, catalog, {
    ...{ level: "replay", signal, parallelism, onProgress },
    ...{ foldsOf, order },
  });
  const moments = await momentsOf(replica, all, wanted, passes, reportOf(examined), options);
  const lineage = options.lineage ? await readLineage(replica, catalog, { signal, descent }) : undefined;
  return { catalog, examined, moments, lineage };
}

async function momentsOf(
  replica: Replica,
  catalog: Catalog,
  wanted: string | undefined,
  passes: ReadonlyMap<string, Pass>,
  report: VerifyReport,
  options: MomentsOptions,
): Promise<GenerationMoments[]> {
  const { signal } = options;
  const moments: GenerationMoments[] = [];
  for (const generation of catalog.generations) {
    const { id } = generation;
    if (wanted !== undefined && id !== wanted) continue;
    const pass = passes.get(id)!;
    if (!sharesPass(generation)) pass.commits = await readAllCommits(replica, generation, signal);
    const one = await generationMoments(replica, generation, pass, report, options);
    moments.push({ ...one, ...(await pointsOf(replica, catalog, one, signal)) });
  }
  const present = new Set(catalog.generations.map(({ id }) => id));
  for (const { kind, generation, path } of catalog.timelineFiles) {
    if (kind !== "restore-points" || present.has(generation) || (wanted ?? generation) !== generation)
      continue;
    const message = `Expected generation ${generation}, whose restore points are in ${path}, in the replica, found it gone`;
    const details = { generation, path, severity: "warning", remedy: GONE } as const;
    const one = { ...NOTHING, generation, findings: [makeFinding("target/no-generation", message, details)] };
    moments.push({ ...one, ...(await pointsOf(replica, catalog, one, signal)) });
  }
  return moments;
}

/** What one pass over a branch tells beside the report. */
interface Pass {
  commits: Commits;
  early: Early;
}

const GONE = { do: "bring-back", what: "generation", orDelete: true } as const;

const NOTHING = {
  ...{ present: false, timesTrusted: false },
  ...{ snapshots: [], segments: [], gaps: [], restorePoints: [] },
};

async function generationMoments(
  replica: Replica,
  generation: Branch,
  { commits, early }: Pass,
  { generations, findings: all }: VerifyReport,
  looking: MomentsOptions,
): Promise<GenerationMoments> {
  const { id, snapshots } = generation;
  const report = generations.find((one) => one.generation === id);
  const own = all.filter((finding) => finding.generation === id);
  // Where nothing can be known of the whole replica, as where it is encrypted, that is why nothing is known of this branch.
  const isUnread =
    report?.status === "inconclusive" && own.every(({ severity }) => severity !== "inconclusive");
  const whole = all.filter(({ generation: of, severity }) => of === undefined && severity === "inconclusive");
  const findings = isUnread ? [...own, ...whole] : own;
  const stretches: Stretch[] = [];
  for (const stretch of report ? stretchesOf(report) : []) {
    // A restore may refuse where it is not proven that a snapshot fits: only a trial tells.
    const error = stretch.proven
      ? undefined
      : await trial(replica, { generation: id, position: stretch.to }, looking);
    if (!error) stretches.push(stretch);
    else if (error.code === "database/integrity") findings.push(findingOf(error, { generation: id }));
  }
  const timesTrusted = report?.timesTrusted ?? false;
  const timeOf = (modified: bigint | undefined) =>
    timesTrusted && modified !== undefined ? formatTime(modified) : undefined;
  const segments = segmentMoments(generation, commits, early, stretches, timeOf);
  const alone = stretches.flatMap(({ from }): SnapshotMoment[] => {
    const snapshot = snapshots.find((one) => isSameSection(one, from));
    if (!isStart(from) || !snapshot) return [];
    return [{ position: from, path: snapshot.path, time: timeOf(snapshot.modified) }];
  });
  for (const { position } of report?.apart ?? []) {
    const snapshot = snapshots.find((one) => formatPosition(one) === position);
    if (snapshot)
      alone.push({ position: positionOf(snapshot), path: snapshot.path, time: timeOf(snapshot.modified) });
  }
  const gaps = gapsOf(generation, stretches, segments, findings);
  return {
    ...{ generation: id, present: true, timesTrusted },
    ...{ snapshots: alone, segments, gaps, restorePoints: [], findings },
  };
}

/** Why a restore would refuse; undefined: it would not. */
async function trial(
  replica: Replica,
  target: Target,
  { checkIntegrity, integrityUpTo = MOST_CHECKED, signal, parallelism }: MomentsOptions,
): Promise<WalkitError | undefined> {
  const sink = new MemorySink(integrityUpTo);
  let fits = checkIntegrity !== undefined;
  const write = async (chunk: DatabaseWrite) => {
    if (!fits) return;
    await sink.write(chunk).catch((error: unknown) => {
      if (!(error instanceof WalkitError) || error.code !== "restore/memory-budget") throw error;
      fits = false;
    });
  };
  const accept = async ({ proven }: RestoreResult) => {
    if (!proven && fits) await checkIntegrity?.(sink.bytes, "full");
  };
  try {
    await restore(replica, target, { write }, { signal, parallelism, accept, offer: false });
    return undefined;
  } catch (error) {
    if (!(error instanceof WalkitError)) throw error;
    return error.code === "database/integrity-skipped" ? undefined : error;
  }
}

/** The restore points of a generation; where their file cannot be read, that is one more finding. */
async function pointsOf(
  replica: Replica,
  catalog: Catalog,
  { generation, segments, snapshots, findings }: GenerationMoments,
  signal: AbortSignal | undefined,
): Promise<Pick<GenerationMoments, "restorePoints" | "findings">> {
  try {
    const points = await readRestorePoints(replica.storage, catalog, { generation, signal });
    if (points.length === 0) return { restorePoints: [], findings };
    const there = new Set<string>();
    for (const { position } of snapshots) there.add(formatPosition(position));
    for (const { commits } of segments) {
      for (const { end, restorable } of commits) if (restorable) there.add(formatPosition(end));
    }
    const restorePoints = points.map(({ name, position, recorded }) => {
      return { name, position, recorded, restorable: there.has(formatPosition(position)) };
    });
    return { restorePoints, findings };
  } catch (error) {
    if (!(error instanceof WalkitError)) throw error;
    return { restorePoints: [], findings: [...findings, findingOf(error, { generation })] };
  }
}
