/**
 * The catalog: what the listing of a replica says, in the words that all layouts share. Whoever makes it opens no file.
 *
 * A *change* says what a run of transactions did to pages: a WAL segment, an LTX file. A *claim* says what pages are at a
 * moment: a snapshot. Restore begins with a claim and lays changes over it; verify holds every claim against the replay of the
 * changes.
 */

import type { WalkitError } from "../errors.ts";
import { comparePositions, type Position } from "./position.ts";

/** A file of a replica. */
export interface RemoteFile {
  path: string;
  /** Compressed size in bytes, where the listing tells. */
  size: number | undefined;
  /** Nanoseconds since 1970, where the storage keeps times: what the layout takes for the time of creation. */
  modified: bigint | undefined;
  /** Why the file cannot be read, where the listing tells: its size and time are not known then. */
  unreadable?: WalkitError | undefined;
  /** How often its changes were merged, of a layout that merges files level by level. */
  level?: number | undefined;
}

/**
 * A file of changes, which begins at the position that it has; or, where it has `since`, there, and is laid over the state of that
 * position, whose changes it repeats. `end`: where it leads to, where its name tells.
 */
export type Change = RemoteFile & Position & { since?: Position | undefined; end?: Position | undefined };

/**
 * A file that says what all pages are: at the position that it has, or at one that lies behind it in the same section. With
 * `since`, it has only the pages that were changed since then: the changes from there on, merged. `live`: it was made of the database
 * itself, and may hold what was changed meanwhile.
 */
export type Claim = RemoteFile & Position & { since?: Position | undefined; live?: boolean | undefined };

/** One history of one database, without a break that is meant: a generation. */
export interface Branch {
  id: string;
  /** Ascending. */
  snapshots: Claim[];
  /** Ascending. */
  segments: Change[];
  /**
   * Its claims hold the state at their very positions, and the numbers of its changes tell of each that is missing. Without:
   * see {@link Claim}, and nothing ties one section to the next.
   */
  exact?: boolean | undefined;
  /** A change that holds every page leads on by itself, whatever comes before it. */
  selfLeading?: boolean | undefined;
  /** Up to here retention has deleted what it would: that changes are missing is no damage. */
  retained?: Position | undefined;
  /** Changes merged, which others hold one by one, or which nothing leads to: claims with `since`. Ascending. */
  merged?: Claim[] | undefined;
  /** How its files spread over the levels, of a layout that has some. Ascending. */
  levels?: FilesOfLevel[] | undefined;
  /** Why not all of its files are known: folders that cannot be listed, names whose numbers are too large. */
  unreadable?: WalkitError[] | undefined;
}

/** The files of one level. */
export interface FilesOfLevel {
  level: number;
  files: number;
  /** Compressed bytes; undefined where the listing tells no sizes. */
  bytes: number | undefined;
  /** The first transaction in any of them, and the last one: 16 hexadecimal digits, as files are named. */
  minTxid: string;
  maxTxid: string;
}

/** What walkit keeps beside a branch, where the program that replicates sees and deletes nothing: see `timeline/`. */
export interface TimelineFile {
  generation: string;
  kind: "history" | "restore-points";
  path: string;
  /** In bytes, where the listing tells. */
  size: number | undefined;
}

/** A file (or, with `/` at the end, an empty folder) that is no part of a replica, and why it is not. */
export interface Stray {
  path: string;
  generation: string | undefined;
  reason: "unknown-name" | "temporary" | "empty-folder";
}

/** All that the listing of a replica says. */
export interface Catalog {
  /** Ascending by name, which says nothing about their order in time. */
  generations: Branch[];
  /** Ascending by path; none where one branch alone is looked at. Their branches may be gone. */
  timelineFiles: TimelineFile[];
  strays: Stray[];
}

/** All files of history that a catalog has. */
export function filesOf({ generations }: Catalog): RemoteFile[] {
  return generations.flatMap(filesIn);
}

/** All files of history that a branch has. */
export function filesIn({ snapshots, segments, merged = [] }: Omit<Branch, "id">): RemoteFile[] {
  return [...snapshots, ...segments, ...merged];
}

/** The part of a catalog that is one branch's. */
export function branchOf({ generations }: Catalog, id: string): Catalog {
  return { generations: generations.filter((branch) => branch.id === id), timelineFiles: [], strays: [] };
}

/**
 * Whether files of `before` are gone from `after`, or have another size or time there: retention deletes, and uploads
 * finish, while a replica is read. What is wrong with files that changed meanwhile is no damage.
 */
export function hasChanged(before: Catalog, after: Catalog): boolean {
  const now = new Map(filesOf(after).map((file) => [file.path, file]));
  return filesOf(before).some(({ path, size, modified }) => {
    const file = now.get(path);
    return file?.size !== size || file?.modified !== modified || !file;
  });
}

/** What the listing says cannot be read of a branch. */
export function unreadableIn({ unreadable = [], ...branch }: Branch): WalkitError[] {
  const files = filesIn(branch).map((file) => file.unreadable);
  return [...unreadable, ...files.filter((error) => error !== undefined)];
}

/** Changes from before the first claim, which nothing can be restored from, and the others. */
export function splitLeftover<B extends Pick<Branch, "snapshots" | "segments">>({
  snapshots,
  segments,
}: B): { leftover: B["segments"]; segments: B["segments"] } {
  const [first] = snapshots;
  const count = first ? segments.findIndex((change) => comparePositions(change, first) >= 0) : 0;
  const end = count < 0 ? segments.length : count;
  return { leftover: segments.slice(0, end), segments: segments.slice(end) };
}
