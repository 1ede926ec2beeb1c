import { LTX_BRANCH } from "../../replay/branch-name.ts";
import type { LtxBranch, LtxClaim, LtxFile } from "../ltx/types.ts";

export { LTX_BRANCH };

/** An LTX file, and what its header says, as far as that was looked at. */
export interface LitefsFile extends LtxFile {
  /** There is no database behind it. */
  isDeletion?: boolean | undefined;
}

/** The history of one database. */
export interface LitefsBranch extends LtxBranch {
  files: readonly LitefsFile[];
  /** The database itself, where it is there: at the newest transaction. One of `snapshots`, the last. */
  database: LtxClaim | undefined;
  /** Files that hold every page without being snapshots by their name: imports. Looked for where nothing else leads to all files. */
  bases: LtxClaim[];
}
