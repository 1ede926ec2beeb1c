/** WAL that is broken before its first frame: what comes behind it does not follow on its snapshot. */

import { expect, it } from "vitest";
import { replicaIn } from "../../src/layouts/open.ts";
import { parsePosition } from "../../src/replay/position.ts";
import { verify } from "../../src/verify/index.ts";
import { attemptRestore } from "../support/attempt.ts";
import { makeReplica } from "../support/generate.ts";

const index = (snapshot: boolean, ...commits: number[]) => ({
  snapshot,
  mark: 0,
  segments: commits.map((n) => ({ commits: n })),
});

it.each(["header", "first frame", "first segment gone", "second segment gone"])("%s", async (what) => {
  const indexes = [index(true, 0, 2, 2), index(false, 2), index(true, 1, 1), index(false, 1)];
  const { storage, segments } = makeReplica({ pageSize: 512, pages: 4, seed: 3, indexes });
  const [first, second] = segments as [(typeof segments)[0], (typeof segments)[0]];
  if (what === "first segment gone") storage.files.delete(first.path);
  else if (what === "second segment gone") storage.files.delete(second.path);
  else {
    // The header is a segment of its own; stored as it is, behind 7 bytes of LZ4's own and 4 of the block.
    const path = what === "header" ? first.path : second.path;
    const file = storage.files.get(path)!;
    storage.files.set(path, { ...file, data: file.data.with(15, file.data[15]! ^ 1) });
  }
  const { generations, status } = await verify(replicaIn(storage), { level: "replay" });
  expect(status).toBe("damaged");
  const ends = generations[0]!.restorable.map(({ from, to }) => [
    parsePosition(from)!.index,
    parsePosition(to)!.index,
  ]);
  expect(ends).toEqual([
    [1, 1],
    [3, 4],
  ]);
  const { error } = await attemptRestore(storage, { index: 2 });
  expect(error?.code).toMatch(/^(wal|lz4|replica)\//);
});
