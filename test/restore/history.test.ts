/** The history that a restored database takes along. */

import { expect, it } from "vitest";
import { replicaIn } from "../../src/layouts/open.ts";
import { formatPosition } from "../../src/replay/position.ts";
import { historyOfRestored } from "../../src/restore/history.ts";
import type { Target } from "../../src/timeline/target/target.ts";
import { attemptRestore } from "../support/attempt.ts";
import { makeReplica } from "../support/generate.ts";

const segments = [{ commits: 1 }, { commits: 2 }];
const { storage, segments: files } = makeReplica({
  ...{ pageSize: 512, pages: 4, seed: 8 },
  indexes: [
    { snapshot: true, mark: 0, segments },
    { snapshot: false, mark: 0, segments },
  ],
});

async function historyOf(target: Target, salvage = false): Promise<string | undefined> {
  const { restored } = await attemptRestore(storage, target, { salvage });
  return await historyOfRestored(replicaIn(storage), target, restored!, {});
}

it("names the moment that the database branches off from, and what was asked for", async () => {
  const history = await historyOf({ index: 1 });
  const lines = history!.split("\n").filter((line) => line && !line.startsWith("#"));
  expect(lines.at(-1)).toContain(formatPosition(files[1]!.end));
  expect(lines.at(-1)).toContain("the state at the end of WAL index 1");
});

it.each([
  ["no target", {}],
  ["the last position", { position: files.at(-1)!.end }],
  ["an index past the last one", { index: 9 }],
])("is none of the newest moment, asked for by %s", async (_, target) => {
  expect(await historyOf(target)).toBeUndefined();
});

it("is there for an earlier commit of the last segment", async () => {
  const position = { index: 2, offset: files.at(-1)!.end.offset - 1 };
  expect(await historyOf({ position })).toContain("the last commit at or before");
});
