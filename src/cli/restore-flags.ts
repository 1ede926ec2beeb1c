import type { TargetFlags } from "./target.ts";

/** The options of `walkit restore`, as the command line has them. */
export interface RestoreFlags extends TargetFlags {
  output?: string;
  history: boolean;
  ifDbNotExists?: boolean;
  ifReplicaExists?: boolean;
  force?: boolean;
  dryRun?: boolean;
  integrityCheck?: "none" | "quick" | "full";
  salvage?: boolean;
  json?: boolean;
  quiet?: boolean;
  parallelism: number;
}
