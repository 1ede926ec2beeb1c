/** Findings of a replica as a whole that hardly any has. */

import { type Finding, makeFinding, type Severity } from "../findings.ts";
import type { Catalog, Stray } from "../replay/catalog.ts";

/** LTX files beside the generations: what they hold may be newer than all that is looked at. */
export function ltxFindings({ ltx }: Catalog, severity?: Severity): Finding[] {
  if (ltx === undefined) return [];
  const message = "Expected nothing newer beside generations/, found LTX files of Litestream 0.5";
  const remedy = { do: "use-litestream", for: "newest" } as const;
  return [makeFinding("replica/ltx", message, { path: ltx, remedy, severity })];
}

/** Where all that there is is empty, nothing tells whether it is to begin, or has been emptied. */
export function emptyAlone(finding: Finding): Finding {
  if (finding.code !== "replica/empty") return finding;
  return { ...finding, severity: "inconclusive", remedy: { do: "find-out-why-empty" } };
}

/** Files that are no part of the replica. */
export function strayFindings(strays: readonly Stray[]): Finding[] {
  return strays
    .filter(({ reason }) => reason !== "empty-folder")
    .map(({ path, generation, reason }) => {
      if (reason === "temporary") {
        const message = `Found ${path}, a temporary file of an upload`;
        return makeFinding("replica/upload-in-progress", message, { path, generation });
      }
      const message = `Found ${path}, whose name is none of Litestream's`;
      return makeFinding("replica/stray-file", message, { path, generation });
    });
}
