/** The moments that a refusal offers instead. */

import type { Moment } from "../../errors.ts";
import type { Remedy } from "../../remedy.ts";
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

/** The states behind transactions, as moments. */
export function momentsOf({ files }: LtxBranch, txids: readonly (number | undefined)[]): Moment[] {
  return txids.flatMap((txid) => {
    if (txid === undefined) return [];
    const file = files.find(({ maxTxid }) => maxTxid === txid);
    return [momentOf(LTX_BRANCH, { txid }, file?.modified)];
  });
}

/** What a refusal says of moments that can be had. */
export function offering(nearest: readonly Moment[]): {
  nearest: readonly Moment[];
  remedy: Remedy | undefined;
} {
  return { nearest, remedy: nearest.length > 0 ? { do: "choose-moment", nearest } : undefined };
}
