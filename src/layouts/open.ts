import type { Replica } from "../replay/layout.ts";
import type { Storage } from "../storage/storage.ts";
import { litestream } from "./litestream.ts";

/**
 * The replica whose generations lie below `prefix`, `generations/` by default, and whose LTX files beside that folder; with
 * `generation` that one alone, or the LTX files by the name `ltx`. Looks at nothing: whether there is one shows when it is read.
 */
export function replicaIn(
  storage: Storage,
  {
    prefix = "generations/",
    generation,
  }: { prefix?: string | undefined; generation?: string | undefined } = {},
): Replica {
  return { storage, layout: litestream, prefix, generation };
}
