/** What names and times alone say of a generation. */

import type { WalkitError } from "../errors.ts";
import { type Finding, findingOf, makeFinding } from "../findings.ts";
import { missingFirstSegment, missingIndex } from "../layouts/generations/faults.ts";
import { type Doubt, timesUntrusted } from "../layouts/generations/times.ts";
import type { Branch, Catalog, Change, Claim, Stray } from "../replay/catalog.ts";
import { formatPosition } from "../replay/position.ts";
import { formatTime } from "../time.ts";
import type { Range } from "./report.ts";

export function strayFindings(strays: readonly Stray[]): Finding[] {
  return strays
    .filter(({ reason }) => reason !== "empty-folder")
    .map(({ path, generation, reason }) => {
      if (reason === "temporary") {
        const message = `Found ${path}, a temporary file of an upload`;
        return makeFinding("replica/upload-in-progress", message, { path, generation });
      }
      const message = `Found ${path}, whose name is none of Litestream's`;
      return makeFinding("replica/stray-file", message, { path, generation });
    });
}

/** WAL from before the first snapshot, which nothing can be restored from. */
export function splitLeftover(generation: Branch): { leftover: Change[]; segments: Change[] } {
  const first = generation.snapshots[0]?.index ?? 0;
  return {
    leftover: generation.segments.filter((segment) => segment.index < first),
    segments: generation.segments.filter((segment) => segment.index >= first),
  };
}

/** Findings that no reading of files adds to. */
export function nameFindings(generation: Branch, catalog: Catalog): Finding[] {
  const { id, snapshots, segments } = generation;
  const findings = unreadableIn(generation).map((error) => findingOf(error, { generation: id }));
  if (snapshots.length + segments.length === 0) {
    if (findings.length > 0) return findings;
    const strays = catalog.strays.some((stray) => stray.generation === id && !stray.path.endsWith("/"));
    const message = `Expected snapshots or WAL in generation ${id}, found ${strays ? "only files of other names" : "nothing"}`;
    return [makeFinding("replica/empty", message, { generation: id })];
  }
  if (snapshots.length === 0 && !generation.unreadable) {
    const message = `Expected a snapshot in generation ${id}, found ${segments.length} WAL segments and no snapshot`;
    findings.push(makeFinding("replica/no-snapshot", message, { generation: id, path: segments[0]!.path }));
  }
  const { leftover } = splitLeftover(generation);
  if (leftover.length > 0) {
    const message = `Expected no WAL from before the first snapshot (index ${snapshots[0]!.index}), found ${leftover.length} segment${leftover.length === 1 ? "" : "s"} from ${formatPosition(leftover[0]!)} on`;
    findings.push(makeFinding("replica/leftover-wal", message, { generation: id, path: leftover[0]!.path }));
  }
  const last = segments.at(-1)?.index;
  const ahead = snapshots.filter((snapshot) => last !== undefined && snapshot.index > last + 1);
  for (const { index, path } of ahead.slice(-1)) {
    const message = `Expected WAL up to the newest snapshot's index ${index}, found none after index ${last}`;
    findings.push(makeFinding("replica/snapshot-ahead", message, { generation: id, path }));
  }
  const untrusted = timesUntrusted(generation, catalog.generations);
  if (untrusted) findings.push(timesFinding(generation, untrusted));
  return findings;
}

/** What the listing says cannot be read. */
export function unreadableIn({ snapshots, segments, unreadable = [] }: Branch): WalkitError[] {
  const files = [...snapshots, ...segments].map((file) => file.unreadable);
  return [...unreadable, ...files.filter((error) => error !== undefined)];
}

/** What the times of a generation do not tell, and what is refused for that. */
export function timesFinding({ id }: Branch, { kind, path, reason }: Doubt): Finding {
  const about = { generation: id, path };
  if (kind !== "clock") {
    const message = `Expected file times that tell when each file was written, found that they cannot: ${reason}. A time is refused; the newest state, an index and a position can be had`;
    return makeFinding("replica/times-untrusted", message, about);
  }
  const message = `Expected file times in the order of the names, found that ${reason}. A time that came twice is refused; any other can be had`;
  return makeFinding("replica/times-untrusted", message, {
    ...about,
    hint: "For a moment within that time restore by --index or --target-position",
  });
}

/** Gaps that names alone show, and the ranges between them: what level `names` has to say in place of a replay. */
export function checkGaps(generation: Branch): { findings: Finding[]; ranges: RangeDraft[] } {
  const { id, snapshots } = generation;
  const { segments } = splitLeftover(generation);
  const findings: Finding[] = [];
  const ranges: RangeDraft[] = [];
  let range: RangeDraft | undefined;
  let index = snapshots[0] && segments.length > 0 ? snapshots[0].index - 1 : undefined;
  const gap = (error: WalkitError) => {
    findings.push(findingOf(error, { generation: id }));
    range = undefined;
  };
  for (const segment of segments) {
    if (segment.index !== index) {
      if (index !== undefined && segment.index > index + 1) gap(missingIndex(id, index + 1, segment));
      if (segment.offset !== 0) gap(missingFirstSegment(id, segment));
      index = segment.index;
      const snapshot = snapshots.find((s) => s.index === index && !s.unreadable);
      if (!range && snapshot && segment.offset === 0) ranges.push((range = startRange(snapshot)));
    }
    if (segment.unreadable) range = undefined;
    if (range) range.last = segment;
  }
  const ahead = snapshots.filter((snapshot) => index === undefined || snapshot.index > index);
  const alone = ahead.filter(({ unreadable }) => !unreadable).map(startRange);
  ranges.push(...alone);
  const newest = ahead.at(-1)?.unreadable ? undefined : (alone.at(-1) ?? range);
  if (newest) newest.newest = true;
  return { findings, ranges };
}

/** A range under way. */
export interface RangeDraft {
  snapshot: Claim;
  from: string;
  /** The position reached, where it is known better than by the last segment's name. */
  to: string | undefined;
  first: Change | undefined;
  last: Change | undefined;
  newest: boolean;
  proven: boolean;
  /** The WAL that would have to prove it is broken: a restore gives it with `salvage` only. */
  salvage: boolean;
}

export function startRange(snapshot: Claim): RangeDraft {
  const from = formatPosition({ index: snapshot.index, offset: 0 });
  return {
    snapshot,
    from,
    to: undefined,
    first: undefined,
    last: undefined,
    newest: false,
    proven: true,
    salvage: false,
  };
}

export function finishRange(draft: RangeDraft, timesTrusted: boolean): Range {
  const { snapshot, first, last, from, to, newest, proven, salvage } = draft;
  // A time reaches back to the snapshot's own at the earliest: before that Litestream and walkit do not choose it.
  const start = first?.modified;
  const fromTime = start !== undefined && start > (snapshot.modified ?? start) ? start : snapshot.modified;
  const toTime = last?.modified !== undefined && last.modified > (fromTime ?? 0n) ? last.modified : fromTime;
  const text = (time: bigint | undefined) =>
    timesTrusted && time !== undefined ? formatTime(time) : undefined;
  return {
    from,
    to: to ?? (last ? formatPosition(last) : from),
    fromTime: text(fromTime),
    toTime: text(toTime),
    snapshot: snapshot.index,
    newest,
    proven,
    salvage,
  };
}
