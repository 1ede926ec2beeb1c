/** The words of replay, for an LTX replica: all of its positions are TXIDs. */

import { LTX_BRANCH } from "../../replay/branch-name.ts";
import type { Branch, RemoteFile } from "../../replay/catalog.ts";
import type { TxPosition } from "../../replay/position.ts";

export { LTX_BRANCH };

/** An LTX file by its path. */
export interface LtxFile extends RemoteFile {
  level: number;
  minTxid: number;
  maxTxid: number;
  /** It holds every page, though it begins with a later TXID than 1, and no file leads to it. */
  base?: boolean | undefined;
  /** What the storage says of when it was made, where `modified` is what its header says. */
  stored?: bigint | undefined;
}

/** The first TXID that a file is good for: 1 for one that holds every page. */
export function beginOf({ minTxid, base }: LtxFile): number {
  return base ? 1 : minTxid;
}

/** A snapshot, at the transaction that it ends with. */
export type LtxClaim = LtxFile & TxPosition & { live?: boolean | undefined };

/** A file of changes, at the transaction that it is laid over; `since`: where it begins, if that is before. */
export type LtxChange = LtxFile & TxPosition & { since?: TxPosition; end: TxPosition };

/** A file that is no step of the walk, at the transaction that it ends with; `since`: where it begins. */
export type LtxMerged = LtxFile & TxPosition & { since: TxPosition };

export interface LtxBranch extends Branch {
  snapshots: LtxClaim[];
  segments: LtxChange[];
  merged: LtxMerged[];
  retained?: TxPosition | undefined;
  exact: true;
  /** All of them, by level and name. */
  files: readonly LtxFile[];
}

/** Whether a branch is that of a replica's LTX files. */
export function isLtx(branch: Branch): branch is LtxBranch {
  return branch.id === LTX_BRANCH;
}
