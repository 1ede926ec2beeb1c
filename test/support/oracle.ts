/**
 * What a target must lead to, told from the truth of {@link Branches}: plain loops over the commits that SQLite made, one
 * whole copy of the database for each. Of `src` it has nothing but the writers of the files that it adds.
 */

import type { WalPosition } from "../../src/replay/position.ts";
import { formatHistory, historyPath } from "../../src/timeline/history.ts";
import type { Branches, TrueCommit, TrueTimeline } from "./branches.ts";
import { sha256 } from "./fixtures.ts";
import { type NaiveGeneration, naiveGenerations, naiveStates } from "./naive.ts";

export interface Place {
  index: number;
  offset: number;
}

export type Expected =
  /** The state with this hash. */
  | { type: "state"; sha256: string }
  /**
   * That state, or a refusal: the only snapshot holds a part of what came later, or, `doubtful`, looks as if it did. By time
   * also a state at its mark.
   */
  | { type: "fuzzy"; doubtful: boolean; sha256: string; marks: string[] }
  /** One of several states, or one of those that it may be for all that the files tell. */
  | { type: "one of"; sha256s: string[]; doubtful: string[] }
  | { type: "refused"; code: RegExp; nearest?: boolean };

export const refused = (code: RegExp, nearest = false): Expected => ({ type: "refused", code, nearest });

export function comparePlaces(a: Place, b: Place): number {
  return a.index - b.index || a.offset - b.offset;
}

/** A generation as it is in the replica. */
export class TrueGeneration {
  readonly timeline: TrueTimeline;
  readonly id: string;
  /** Those that the replica still has. */
  readonly commits: TrueCommit[];
  /** Of all files, ascending. */
  readonly times: bigint[];
  readonly #naive: NaiveGeneration;
  readonly #snapshotTimes: bigint[];

  constructor({ storage }: Branches, timeline: TrueTimeline, naive: NaiveGeneration) {
    const timeOf = ({ path }: { path: string }) => storage.files.get(path)!.modified!;
    this.timeline = timeline;
    this.id = timeline.generation;
    this.commits = timeline.commits.filter(({ kept }) => kept);
    this.#naive = naive;
    this.#snapshotTimes = naive.snapshots.map(timeOf);
    this.times = [...this.#snapshotTimes, ...naive.segments.map(timeOf)].sort((a, b) => (a < b ? -1 : 1));
  }

  /** The first index that can be restored. */
  get first(): number {
    return this.#naive.snapshots[0]!.index;
  }

  get end(): Place {
    return this.commits.at(-1) ?? { index: this.first, offset: 0 };
  }

  get #hasBeginning(): boolean {
    return this.timeline.removed === "nothing";
  }

  /** After commit number `number` of those that are there; -1: before the first one. */
  state(number: number): Expected {
    const { start, commits, firstExact } = this.timeline;
    const before = commits.findLast(({ index }) => index < this.first);
    const hash = this.commits[number]?.sha256 ?? before?.sha256 ?? start.sha256;
    const exact = !this.#hasBeginning || (number < 0 ? start.exact : number >= firstExact);
    const place = this.commits[number] ?? { index: this.first, offset: 0 };
    const seeming = place.index > this.first ? [] : this.#seemingMarks(0, place.offset);
    if (exact && seeming.length === 0) return { type: "state", sha256: hash };
    const marks = [...(exact ? [] : this.#marks(0)), ...seeming];
    return { type: "fuzzy", doubtful: exact, sha256: hash, marks };
  }

  newest(): Expected {
    return this.state(this.commits.length - 1);
  }

  position(place: Place, exclusive = false): Expected {
    const { index, offset } = place;
    if (index < this.first) return refused(/^target\/no-snapshot$/);
    const known = exclusive && offset > 0 ? offset - 1 : offset;
    if (comparePlaces({ index, offset: known }, this.end) > 0)
      return refused(/^target\/out-of-range$/, this.commits.length > 0);
    let found = -1;
    this.commits.forEach((commit, number) => {
      const order = comparePlaces(commit, place);
      if (order < 0 || (order === 0 && !exclusive)) found = number;
    });
    return this.state(found);
  }

  transaction(number: number, exclusive = false): Expected {
    const wanted = exclusive ? number - 1 : number;
    if (wanted > this.commits.length) return refused(/^target\/out-of-range$/, this.commits.length > 0);
    return this.state(wanted - 1);
  }

  index(index: number, exclusive = false): Expected {
    const wanted = exclusive ? index - 1 : index;
    if (wanted < 0) return refused(/^target\/out-of-range$/);
    if (wanted < this.first) return refused(/^target\/no-snapshot$/);
    return this.state(this.commits.findLastIndex((commit) => commit.index <= wanted));
  }

  time(time: bigint): Expected {
    if (time < this.times[0]! || time > this.times.at(-1)!) return refused(/^target\/out-of-range$/, true);
    if (this.#snapshotTimes.every((one) => one > time)) return refused(/^target\/no-snapshot$/);
    return this.state(this.commits.findLastIndex((commit) => commit.time <= time));
  }

  immediate(): Expected {
    const newest = this.#naive.snapshots.length - 1;
    return { type: "one of", sha256s: this.#marks(newest), doubtful: this.#seemingMarks(newest, 0) };
  }

  /**
   * From the first commit on from which the snapshot, with the WAL of its index laid over it, is right at every further one,
   * up to the one that the snapshot was taken at. The two are mostly the same.
   */
  #marks(snapshot: number): string[] {
    const { start, commits, firstExact } = this.timeline;
    const { index, bytes } = this.#naive.snapshots[snapshot]!;
    const own = this.commits.filter((commit) => commit.index === index);
    const isFirst = this.#hasBeginning && snapshot === 0;
    const before = commits.findLast((commit) => commit.index < index)?.sha256 ?? start.sha256;
    const right = [before, ...own.map((commit) => commit.sha256)];
    const laid = [sha256(bytes), ...naiveStates(this.#naive, snapshot).map((state) => state.sha256)];
    const first = right.findLastIndex((hash, at) => hash !== laid[at]) + 1;
    return right.slice(first, 1 + (isFirst && !start.exact ? firstExact + 1 : 0));
  }

  /**
   * The commits behind `offset` up to which the snapshot seems to have been taken: SQLite may write a page without changing
   * it, or change it and later change it back, and then a page of the snapshot equals one that was written later. A
   * checkpoint up to such a commit would have copied every page that was not written again, so one that was not copied
   * shows that it was an earlier one.
   */
  #seemingMarks(snapshot: number, offset: number): string[] {
    const { index, bytes } = this.#naive.snapshots[snapshot]!;
    const own = naiveStates(this.#naive, snapshot).filter((state) => state.index === index);
    const smallest = Math.min(...own.map(({ size }) => size));
    const isHeld = ([page, data]: [number, Uint8Array]) =>
      Buffer.compare(bytes.subarray((page - 1) * data.length, page * data.length), data) === 0;
    const newest = new Map<number, { end: number; held: boolean }>();
    for (const { pages, end } of own)
      for (const [page, data] of pages) newest.set(page, { end, held: isHeld([page, data]) });
    const missed = [...newest].filter(([page, { held }]) => page <= smallest && !held);
    const bound = Math.min(...missed.map(([, { end }]) => end));
    return own
      .filter(({ end, pages }) => end > offset && end < bound && pages.some(isHeld))
      .map(({ end }) => this.#hashAt({ index, offset: end }));
  }

  #hashAt(place: Place): string {
    return this.commits.find((commit) => comparePlaces(commit, place) === 0)!.sha256;
  }
}

export class Oracle {
  readonly branches: Branches;
  /** Those that are in the replica, in the order in which they began. */
  readonly generations: TrueGeneration[];

  constructor(branches: Branches) {
    const naive = new Map(naiveGenerations(branches.storage).map((one) => [one.id, one]));
    this.branches = branches;
    this.generations = branches.timelines.flatMap((timeline) => {
      const one = naive.get(timeline.generation);
      return one ? [new TrueGeneration(branches, timeline, one)] : [];
    });
  }

  get latest(): TrueGeneration | undefined {
    return this.generations.at(-1);
  }

  /** Of the generation whose times contain it. */
  time(time: bigint): Expected {
    const one = this.generations.find(({ times }) => times[0]! <= time && time <= times.at(-1)!);
    return one?.time(time) ?? refused(/^target\/out-of-range$/, true);
  }

  /** From the oldest ancestor to `generation`: each with the place where the next one left it. */
  path(
    generation: string,
  ): { timeline: TrueTimeline; one: TrueGeneration | undefined; until: Place | undefined }[] {
    const timeline = this.branches.timelines.find((one) => one.generation === generation)!;
    const one = this.generations.find(({ id }) => id === generation);
    const path = timeline.parent === undefined ? [] : this.path(timeline.parent);
    if (path.length > 0) path.at(-1)!.until = timeline.switchPoint as WalPosition | undefined;
    return [...path, { timeline, one, until: undefined }];
  }

  timeAlong(generation: string, time: bigint): Expected {
    for (const { one, until } of this.path(generation).reverse()) {
      if (!one) return refused(/^timeline\/parent-gone$/);
      const { commits, removed } = one.timeline;
      if (time < one.times[0]!) {
        // What it was then is deleted; its parent was left long ago.
        if (removed !== "nothing" && commits[0]!.time <= time)
          return refused(/^(target\/(not-in-history|out-of-range)|timeline\/parent-gone)$/);
        continue;
      }
      const last = commits.findLast((commit) => commit.time <= time);
      if (until && (time > one.times.at(-1)! || (last && comparePlaces(last, until) > 0))) {
        const isKept = until.index >= one.first;
        return isKept
          ? refused(/^target\/not-in-history$/, true)
          : refused(/^target\/(not-in-history|no-snapshot)$/);
      }
      // Known by its position, whenever the snapshot that leads there was written.
      if (until && last && comparePlaces(last, until) === 0) return one.position(until);
      return one.time(time);
    }
    return refused(/^target\/out-of-range$/, true);
  }

  pointAlong(generation: string, point: Place & { generation: string }, exclusive: boolean): Expected {
    const stage = this.path(generation).find(({ timeline }) => timeline.generation === point.generation);
    if (!stage || (stage.until && comparePlaces(point, stage.until) > 0))
      return refused(/^target\/not-in-history$/);
    return stage.one?.position(point, exclusive) ?? refused(/^target\/no-generation$/);
  }

  /** Timeline IDs are the numbers in which generations began. */
  idOf(generation: string): number {
    return this.branches.timelines.findIndex((one) => one.generation === generation) + 1;
  }

  /** Gives each generation that is there a history file that says what is true. */
  writeHistories({ complete = true } = {}): void {
    for (const { id } of this.generations) {
      const path = this.path(id);
      const lines = path.flatMap(({ timeline, until }) =>
        until ? [{ parent: this.idOf(timeline.generation), switchPoint: until, reason: "" }] : [],
      );
      const names = path.map(({ timeline: { generation } }) => [this.idOf(generation), generation] as const);
      const covered = complete && path.at(-1)!.timeline.covered;
      const text = formatHistory({ lines, generations: new Map(names), complete: covered });
      this.write(historyPath("generations/", id), text);
    }
  }

  write(path: string, text: string): void {
    this.branches.storage.files.set(path, { data: new TextEncoder().encode(text), modified: undefined });
  }
}
