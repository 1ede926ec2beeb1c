/** Findings of a replica as a whole that hardly any has. */

import { type Finding, makeFinding } from "../findings.ts";
import type { Stray } from "../replay/catalog.ts";

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
