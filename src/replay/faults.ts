/** What replay finds wrong, whatever the layout. */

import { WalkitError } from "../errors.ts";
import type { Branch } from "./catalog.ts";
import type { Layout } from "./layout.ts";
import { formatPosition, type Position } from "./position.ts";
import type { Doubt } from "./times.ts";

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
    { path, remedy: { do: "list", what: "generations" } },
  );
}

/** Times of a branch do not tell when its files were written. */
export function untrusted({ id }: Branch, { path, reason }: Doubt): WalkitError {
  return new WalkitError(
    "replica/times-untrusted",
    `Expected file times that tell when each file was written, found that those of generation ${id} cannot: ${reason}`,
    {
      path,
      remedy: { do: "copy-with-times" },
    },
  );
}

/** @throws WalkitError `replica/times-untrusted` where the times of a branch do not tell when its files were written */
export function checkTimes(layout: Layout, branch: Branch): void {
  const doubt = layout.doubt(branch);
  // A clock that was set back is still the clock of whoever wrote the files.
  if (doubt && doubt.kind !== "clock") throw untrusted(branch, doubt);
}

/** The pages of the snapshot at `path` have another size than those before it. */
export function pageSizeChanged(path: string, before: number, found: number): WalkitError {
  return new WalkitError(
    "replica/format-changed",
    `Expected the snapshot's pages to have ${before} bytes as before, found ${found}`,
    { path, offset: 16, decoded: true },
  );
}
