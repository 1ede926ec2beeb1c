/**
 * The mark of a snapshot: the position in the WAL of its own index up to which it may already hold pages. Nothing records
 * the mark; pages of the snapshot that equal a version from that WAL show it.
 */

import { WalkitError } from "../errors.ts";
import { xxh32 } from "../lz4/index.ts";
import type { Replica } from "../replay/layout.ts";
import { Pages } from "../replay/pages.ts";
import type { PlannedFile, PlannedSegment, RestorePlan } from "../replay/plan.ts";
import {
  comparePositions,
  isSameSection,
  isStart,
  type Position,
  sectionOf,
  startOf,
} from "../replay/position.ts";
import { readChanges, readClaim } from "../replay/replica.ts";
import { Versions } from "./versions.ts";

/**
 * Finds the mark from a snapshot's pages, each held against its versions in the WAL.
 *
 * A page that equals a version was copied from that frame, or SQLite wrote the page without changing it. A checkpoint copies
 * every page whose newest frame lies before its mark. So a page that is older than its newest version shows that the mark
 * lies before that version, and pages that equal a version from there or later were written unchanged.
 * {@link https://www.sqlite.org/fileformat2.html#checkpoint_algorithm}
 */
export class MarkFinder {
  readonly #versions: Versions;
  readonly #found: Position[] = [];
  #bound: Position | undefined;

  constructor(versions: Versions) {
    this.#versions = versions;
  }

  /** A page of the snapshot. `certain`: every commit of the index left the database with this page. */
  add(page: number, hash: number, certain: boolean): void {
    const newest = this.#versions.newest(page);
    if (!newest) return;
    const found = this.#versions.find(page, hash);
    if (found) this.#found.push(found);
    if (!certain || hash === newest.hash) return;
    if (!this.#bound || comparePositions(newest.end, this.#bound) < 0) this.#bound = newest.end;
  }

  /** The first commit at which the snapshot, with the WAL of its index replayed from offset 0, is whole. */
  get mark(): Position | undefined {
    let mark: Position | undefined;
    for (const found of this.#found) {
      if (this.#bound && comparePositions(found, this.#bound) >= 0) continue;
      if (!mark || comparePositions(found, mark) > 0) mark = found;
    }
    return mark;
  }
}

/**
 * The first commit in the WAL of the snapshot's index at which the snapshot, with the WAL replayed from offset 0, is
 * whole; undefined where it holds nothing of that WAL.
 *
 * @throws WalkitError what is wrong with the snapshot
 */
export async function findMark(
  replica: Replica,
  generation: string,
  snapshot: PlannedFile,
  segments: readonly PlannedSegment[],
  signal?: AbortSignal,
): Promise<Position | undefined> {
  const versions = new Versions();
  let smallest = Number.POSITIVE_INFINITY;
  for await (const event of readChanges(replica, { generation, segments }, { signal, faults: "report" })) {
    if (event.type === "pages" && event.sound) {
      event.run.forEach((page, data) => {
        versions.add(page, xxh32(data));
      });
    } else if (event.type === "commit" && event.sound) {
      versions.commit(event.end);
      smallest = Math.min(smallest, event.pageCount);
    }
  }
  const finder = new MarkFinder(versions);
  const pages = new Pages((page, data) => {
    if (versions.has(page)) finder.add(page, xxh32(data), page <= smallest);
  });
  for await (const piece of readClaim(replica, snapshot, { signal })) pages.add(piece);
  return finder.mark;
}

/** Finds the mark of the snapshot of `plan`, which ends in the WAL of that snapshot's index. */
export async function withMark(
  replica: Replica,
  plan: RestorePlan,
  signal?: AbortSignal,
): Promise<RestorePlan> {
  const { generation, segments, proof } = plan.ancestors[0] ?? plan;
  const own = [...segments, ...proof].filter((segment) => isSameSection(segment, plan.snapshot));
  const mark = await findMark(replica, generation, plan.snapshot, own, signal);
  return { ...plan, mark: mark ?? startOf(plan.snapshot) };
}

/** Takes `plan`, which ends before its snapshot's mark, on to the mark. */
export function planToMark(plan: RestorePlan): RestorePlan {
  const { mark } = plan;
  if (!mark || isStart(mark)) {
    throw new WalkitError(
      "replica/before-mark",
      `Expected the WAL of index ${sectionOf(plan.snapshot)} to show up to where its snapshot reaches, found no page in common`,
      { path: plan.snapshot.path },
    );
  }
  // Later sections lie past the mark.
  const own = [...plan.segments, ...plan.proof].filter((segment) => isSameSection(segment, plan.snapshot));
  return {
    ...plan,
    segments: own.filter((segment) => comparePositions(segment, mark) < 0),
    proof: own.filter((segment) => comparePositions(segment, mark) >= 0),
    end: mark,
    next: undefined,
  };
}
