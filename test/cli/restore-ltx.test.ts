/** What a restore of LTX files tells of them, and what it reads for that. */

import { expect, it } from "vitest";
import { ltxPlanOf } from "../../src/cli/restore-ltx.ts";
import { replicaIn } from "../../src/index.ts";
import { planTarget } from "../../src/restore/restore.ts";
import { CountingStorage } from "../support/counting.ts";
import { usualReplica } from "../support/ltx-replica.ts";

it.each(["all", "last"] as const)(
  "the plan has the times of %s files, and reads no other header",
  async (which) => {
    const storage = new CountingStorage(usualReplica().storage());
    const replica = replicaIn(storage);
    const plan = await planTarget(replica, {}, {});
    storage.reads.clear();
    const lists = storage.lists.length;
    const { files, state, next } = (await ltxPlanOf(replica, plan, { times: which, isNewest: true }))!;
    expect(files.map(({ path }) => path)).toEqual([
      plan.snapshot.path,
      ...plan.segments.map(({ path }) => path),
    ]);
    const dated = files.filter(({ timestamp }) => timestamp !== undefined);
    expect(dated).toEqual(which === "all" ? files : files.slice(-1));
    expect(storage.lists.length).toBe(lists);
    expect([...storage.reads.keys()]).toEqual(dated.map(({ path }) => path));
    expect([state, next]).toEqual([
      { position: "0000000000000014", time: files.at(-1)!.timestamp },
      undefined,
    ]);
  },
);

it("the next state is told of where an earlier one was asked for", async () => {
  const replica = replicaIn(usualReplica().storage());
  const plan = await planTarget(replica, { position: { txid: 17 } }, {});
  const { state, next } = (await ltxPlanOf(replica, plan, { times: "last", isNewest: false }))!;
  expect([state.position, next?.position]).toEqual(["0000000000000011", "0000000000000012"]);
  expect(next!.time! > state.time!).toBe(true);
});
