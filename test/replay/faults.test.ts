import { expect, it } from "vitest";
import { replicaIn } from "../../src/layouts/open.ts";
import { checkTimes } from "../../src/replay/faults.ts";
import { catalogOf } from "../../src/replay/replica.ts";
import { makeReplica } from "../support/generate.ts";

it("times of a copy are refused, and those of a clock that was set back are not", async () => {
  const indexes = [{ snapshot: true, mark: 0, segments: [{ commits: 1 }, { commits: 1 }, { commits: 1 }] }];
  const { storage } = makeReplica({ pageSize: 512, pages: 4, seed: 2, indexes });
  const replica = replicaIn(storage);
  const branch = (await catalogOf(replica)).generations[0]!;
  const doubting = (kind?: "clock" | "copy" | "none") => ({
    ...replica.layout,
    doubt: () => kind && { kind, path: "a file", reason: "a reason" },
  });
  expect(() => checkTimes(doubting(), branch)).not.toThrow();
  expect(() => checkTimes(doubting("clock"), branch)).not.toThrow();
  for (const kind of ["copy", "none"] as const)
    expect(() => checkTimes(doubting(kind), branch)).toThrow(/a reason/);
});
