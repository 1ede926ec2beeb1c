/** `walkit timelines`: the tree of generations, and the history files that record it. */

import { readFile, stat } from "node:fs/promises";
import { WalkitError } from "../errors.ts";
import { type Finding, findingOf } from "../findings.ts";
import { openReplica } from "../layouts/locate.ts";
import type { Layout } from "../replay/layout.ts";
import { catalogOf, whole } from "../replay/replica.ts";
import { type Catalog, formatPosition } from "../snapshot/index.ts";
import type { DirectoryStorage } from "../storage/directory.ts";
import { cannotRead } from "../storage/system.ts";
import { tieToParent } from "../timeline/content/tie.ts";
import { writeTextFile } from "../timeline/files.ts";
import { formatHistory, historyPath, MAX_HISTORY_SIZE, parseHistory } from "../timeline/history.ts";
import { historyOf, type Lineage, readLineage, type Timeline } from "../timeline/lineage.ts";
import { readRestorePoints } from "../timeline/points.ts";
import { type GenerationReport, statusOf } from "../verify/report.ts";
import { verify } from "../verify/verify.ts";
import { folderOf, UsageError } from "./arguments.ts";
import { exitCodeOf } from "./exit.ts";
import { print, printJson, say } from "./output.ts";
import { ProgressBar } from "./progress.ts";
import { paintFor } from "./text.ts";
import type { TimelineState } from "./timeline-state.ts";
import { timelineLines } from "./timelines-text.ts";

export interface TimelinesFlags {
  write?: boolean;
  history?: string[];
  generation?: string;
  json?: boolean;
}

export async function runTimelines(
  location: string,
  flags: TimelinesFlags,
  signal: AbortSignal,
): Promise<number> {
  const { write = false, json = false, history = [], generation } = flags;
  if (history.length > 0 && !write)
    throw new UsageError("--history needs --write: it is there to be written down");
  if (generation !== undefined && history.length !== 1) {
    throw new UsageError(
      "--generation needs one --history: it says which generation began with that database",
    );
  }
  const replica = await openReplica(location);
  const { storage, prefix } = replica;
  const all = whole(replica);
  const folder = write ? folderOf(replica, location) : undefined;
  const catalog = await catalogOf(all, { signal });
  const bar = new ProgressBar("reading", !json);
  try {
    const lineage = await readLineage(all, catalog, { signal, infer: true });
    for (const file of history) {
      const read = { ...(await readHistory(file)), path: file };
      await tieToParent(all, catalog, lineage, read, { generation, signal });
    }
    const written = folder ? await writeHistories(folder, prefix, lineage) : [];
    const findings: Finding[] = [...lineage.findings];
    const points = await readRestorePoints(storage, catalog, {
      signal,
      onProblem: (error, id) => findings.push(findingOf(error, { generation: id })),
    });
    const onProgress = ({ done, total }: { done: number; total: number | undefined }) =>
      bar.update(done, total);
    const report = await verify(all, { signal, level: "replay", onProgress });
    // What else lies around is for verify to say.
    findings.push(
      ...report.findings.filter(({ severity }) => severity === "damage" || severity === "inconclusive"),
    );
    const current = newestOf(replica.layout, catalog);
    const timelines = lineage.timelines.map((timeline): TimelineState => {
      const one = report.generations.find((found) => found.generation === timeline.generation);
      return {
        ...timeline,
        state: stateOf(timeline, one),
        current: current === undefined ? undefined : timeline.generation === current,
        report: one,
        points: points.filter((point) => point.generation === timeline.generation),
      };
    });
    bar.clear();
    const status = statusOf(findings);
    if (json) {
      const list = timelines.map(timelineObject);
      printJson({ command: "timelines", status, replica: location, timelines: list, written, findings });
    } else print(timelineLines({ location, timelines, written, findings }, paintFor(process.stdout)));
    return exitCodeOf(status);
  } finally {
    bar.clear();
  }
}

function stateOf({ gone }: Timeline, report: GenerationReport | undefined): TimelineState["state"] {
  if (gone || !report) return "gone";
  if (report.snapshots + report.segments === 0) return "empty";
  return report.status === "damaged" ? "damaged" : "whole";
}

function newestOf(layout: Layout, catalog: Catalog): string | undefined {
  try {
    return layout.choose(catalog, {}).id;
  } catch (error) {
    if (error instanceof WalkitError) return undefined;
    throw error;
  }
}

/** The file that a restore left beside its output. */
async function readHistory(path: string): Promise<ReturnType<typeof parseHistory>> {
  const found = await stat(path).catch((error) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
    throw cannotRead(path, error);
  });
  if (!found?.isFile() || found.size > MAX_HISTORY_SIZE) {
    const what = !found ? "nothing" : found.isFile() ? `${found.size} bytes` : "no file";
    throw new WalkitError(
      "storage/not-found",
      `Expected the history file of a restore at ${path}, found ${what}`,
      {
        path,
        remedy: say("walkit restore leaves it beside its output, as <output>.history"),
      },
    );
  }
  const text = await readFile(path, "utf8").catch((error) => Promise.reject(cannotRead(path, error)));
  return parseHistory(text, path);
}

/** Writes down what no file says yet. */
async function writeHistories(folder: DirectoryStorage, prefix: string, lineage: Lineage): Promise<string[]> {
  const written: string[] = [];
  for (const { id, generation, parent, path, gone } of lineage.timelines) {
    if (parent === undefined || path !== undefined || gone || generation === undefined) continue;
    const file = historyPath(prefix, generation);
    await writeTextFile(folder, file, formatHistory(historyOf(lineage, id)), { replace: false });
    written.push(file);
  }
  return written;
}

function timelineObject({ report, points, problem, ...timeline }: TimelineState): object {
  const {
    id,
    generation,
    parent,
    switchPoint,
    reason,
    inferred,
    between,
    complete,
    unknown,
    state,
    current,
    path,
  } = timeline;
  const { oldest, newest, restorable = [], timesTrusted } = report ?? {};
  return {
    ...{ id, generation, parent },
    switchPoint: switchPoint && formatPosition(switchPoint),
    ...{ reason, inferred, between: between?.map(formatPosition), complete, unknown, state, current },
    ...{ oldest, newest, timesTrusted, from: restorable[0]?.from, to: restorable.at(-1)?.to, restorable },
    restorePoints: points.map(({ name, position, recorded }) => ({
      name,
      position: formatPosition(position),
      recorded,
    })),
    path,
    problem: problem?.message,
  };
}
