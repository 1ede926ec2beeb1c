/** Verify: everything that is wrong with a replica, and where; and what can be restored of it all the same. */

import { findingOf } from "../findings.ts";
import type { Replica } from "../replay/layout.ts";
import { catalogOf } from "../replay/replica.ts";
import { now as clock } from "../time.ts";
import { examine, reportOf } from "./examine.ts";
import type { VerifyOptions } from "./options.ts";
import { LEVELS, statusOf, type VerifyReport } from "./report.ts";

/**
 * Verifies a replica, or one generation of it.
 *
 * @throws WalkitError where the listing itself cannot be read, or the generation is not there. What is wrong with the
 * replica is in the report
 */
export async function verify(replica: Replica, options: VerifyOptions = {}): Promise<VerifyReport> {
  const level = options.level ?? "integrity";
  if (!LEVELS.includes(level)) throw new TypeError(`Expected a level (${LEVELS.join(", ")}), found ${level}`);
  // Before the listing: what comes meanwhile is not in it.
  const { now = clock() } = options;
  const catalog = await catalogOf(replica, options);
  const examined = await examine(replica, catalog, {
    ...options,
    now,
    level: level === "integrity" ? "replay" : level,
  });
  if (level === "integrity") {
    // What shallower levels do not need is not loaded: a page has it as a file of its own.
    const { checkNewest } = await import("./newest.ts");
    await checkNewest(replica, examined, { ...options, onProgress: undefined });
  }
  const report = reportOf(examined);
  if (options.maxAge === undefined) return report;
  const { ageFault } = await import("./freshness.ts");
  const fault = ageFault(report, options.maxAge);
  if (!fault) return report;
  const findings = [...report.findings, findingOf(fault, { generation: report.newestState?.generation })];
  const status = statusOf(findings);
  return { ...report, status: status === "ok" ? "stale" : status, findings };
}
