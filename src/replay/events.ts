/** What a layout tells while it reads changes: the words that every fold understands. */

import type { WalkitError } from "../errors.ts";
import type { PlannedSegment } from "./plan.ts";
import type { Position } from "./position.ts";

/** Pages in the order in which they were written. */
export interface PageRun {
  /** Bytes in a page. */
  readonly pageSize: number;
  readonly count: number;
  /** Calls `each` with every page's number, from 1, and its bytes, which are valid until the next event is asked for. */
  forEach(each: (page: number, data: Uint8Array) => void): void;
}

export interface CommitEvent {
  type: "commit";
  end: Position;
  pageCount: number;
  sound: boolean;
  applied: boolean;
  change: PlannedSegment;
  /** What the file says that the pages of the database sum up to, before it and behind it: see `Layout.pageSum`. */
  sums?: { before: bigint; after: bigint } | undefined;
}

/**
 * A *section* is a stretch of history that checksums tie together from its first byte to its last: a WAL index. From section
 * to section nothing does, and a snapshot may hold any version of a page from within its own section.
 */
export type ReplayEvent =
  /** The first change of a section is about to be read. `tied`: numbers tell that nothing is missing before it. */
  | { type: "opens"; section: Position; tied?: boolean }
  /** Pages of one transaction, in order. `sound`: all that leads here in its section is proven by checksums. */
  | { type: "pages"; run: PageRun; sound: boolean; applied: boolean }
  /** All pages since the last commit are committed; `end` is the position behind them, `pageCount` the database's size. */
  | CommitEvent
  /** A file was read to its end, at the position `end`, and was whole. `time`: of its making, nanoseconds since 1970, where it tells. */
  | { type: "change"; change: PlannedSegment; end: Position; applied: boolean; time?: bigint | undefined }
  /** The last change of a section has been read. `whole`: from its first byte to a commit, without a fault. */
  | { type: "closes"; section: Position; whole: boolean }
  /** Something is wrong. `breaks`: what follows cannot be applied to what came before. */
  | { type: "fault"; error: WalkitError; position: Position; breaks: boolean };
