import { expect, it } from "vitest";
import { momentOf } from "../../src/restore/restored.ts";
import { attemptRestore } from "../support/attempt.ts";
import { makeReplica } from "../support/generate.ts";
import { dozen, replicaOf } from "../support/ltx-history.ts";

it("a restored moment is that of the last commit, else that of the snapshot alone", async () => {
  const { storage, states, snapshots } = makeReplica({
    ...{ pageSize: 512, pages: 4, seed: 3 },
    indexes: [{ snapshot: true, mark: 0, segments: [{ commits: 1 }, { commits: 1 }] }],
  });
  const [start, first] = states;
  for (const state of [start, first]) {
    const position = { index: state!.index, offset: state!.offset };
    const { restored } = await attemptRestore(storage, { position });
    expect([momentOf(restored!), restored!.snapshot.path]).toEqual([position, snapshots[0]!.path]);
  }
});

it("a restored moment of LTX files is that of the last transaction, also where a snapshot ends with it", async () => {
  const { history, files } = dozen();
  const { storage } = replicaOf(history.storage(files));
  for (const txid of [3, 8, 12]) {
    const { restored } = await attemptRestore(storage, { position: { txid } });
    expect(momentOf(restored!)).toEqual({ txid });
  }
});
