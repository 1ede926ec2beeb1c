/** The words of replay, for a generation: all of its positions are in WALs. */

import { isGenerationName } from "../../replay/branch-name.ts";
import type { Branch, Catalog, RemoteFile } from "../../replay/catalog.ts";
import type { Leg, PlannedFile, PlanTarget } from "../../replay/plan.ts";
import type { WalPosition } from "../../replay/position.ts";

/** A snapshot file: its index, and offset 0. */
export type Snapshot = RemoteFile & WalPosition;

/** A WAL segment file, and where it begins. */
export type Segment = RemoteFile & WalPosition;

/** A branch all of whose positions are in WALs. */
export interface Generation extends Branch {
  snapshots: Snapshot[];
  segments: Segment[];
}

/** A catalog of generations alone. */
export interface Generations extends Catalog {
  generations: Generation[];
}

/** A segment as a plan has it. */
export type WalFile = PlannedFile & WalPosition;

export interface WalLeg extends Leg {
  segments: readonly WalFile[];
  proof?: readonly WalFile[] | undefined;
  end?: WalPosition | undefined;
  next?: WalPosition | undefined;
  later?: readonly WalFile[] | undefined;
}

export interface WalTarget extends PlanTarget {
  commit?: WalPosition | undefined;
}

/** Whether a branch is a generation of Litestream 0.3. */
export function isGeneration(branch: Branch): branch is Generation {
  return isGenerationName(branch.id);
}
