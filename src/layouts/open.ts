import type { Replica } from "../replay/layout.ts";
import type { Storage } from "../storage/storage.ts";
import { generations } from "./generations/layout.ts";

/**
 * The replica of Litestream 0.3 whose generations lie below `prefix`, `generations/` by default; with `generation` that one
 * alone. Looks at nothing: whether there is one shows when it is read.
 */
export function replicaIn(
  storage: Storage,
  {
    prefix = "generations/",
    generation,
  }: { prefix?: string | undefined; generation?: string | undefined } = {},
): Replica {
  return { storage, layout: generations, prefix, generation };
}
