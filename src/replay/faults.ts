/** What replay finds wrong, whatever the layout. */

import { WalkitError } from "../errors.ts";
import { formatPosition, type Position } from "./position.ts";

/** `page` of the `count` that the commit at `end` has. `path`: the segment of that commit, or the snapshot. */
export function missingPage(page: number, count: number, end: Position, path: string): WalkitError {
  return new WalkitError(
    "replica/missing-page",
    `Expected page ${page} of the ${count} that the commit at ${formatPosition(end)} has, found it neither in the snapshot nor in the WAL`,
    { path, position: formatPosition(end) },
  );
}

/** A replica that changes each time that it is read; `error` is what was met the last time. */
export function restless({ message, path }: WalkitError): WalkitError {
  return new WalkitError(
    "replica/changed-while-reading",
    `Expected the replica to stand still for one reading, found it changed each time, the last time with: ${message}`,
    { path },
  );
}

/** The branch `id`, whose files would lie below `path`, is not in the replica. */
export function noGeneration(id: string, path: string): WalkitError {
  return new WalkitError(
    "target/no-generation",
    `Expected generation ${id} in the replica, found none of that name`,
    { path, hint: "List the generations with: walkit generations <replica>" },
  );
}
