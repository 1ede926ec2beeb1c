import type { Moment } from "../../errors.ts";
import { momentOf } from "../../replay/nearest.ts";
import { LTX_BRANCH, type LtxBranch } from "./types.ts";

/** The states nearest to a time, before and after it. */
export function nearTime({ snapshots, segments }: LtxBranch, time: bigint): Moment[] {
  let before: { txid: number; modified: bigint } | undefined;
  let after: { txid: number; modified: bigint } | undefined;
  for (const { maxTxid: txid, modified } of [...snapshots, ...segments]) {
    if (modified === undefined) continue;
    if (modified <= time) before = !before || txid > before.txid ? { txid, modified } : before;
    else after = !after || txid < after.txid ? { txid, modified } : after;
  }
  return [before, after].flatMap((one) =>
    one ? [momentOf(LTX_BRANCH, { txid: one.txid }, one.modified)] : [],
  );
}
