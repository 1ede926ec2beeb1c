/** What comes of a pass over a branch. */

import type { Finding } from "../findings.ts";
import type { Claim } from "../replay/catalog.ts";
import type { RangeDraft } from "./ranges.ts";
import type { Links } from "./report.ts";

export interface Checked {
  findings: Finding[];
  ranges: RangeDraft[];
  /** Snapshots of moments that lie within the steps of a range: each can be restored by itself. */
  apart: Claim[];
  transactions: number;
  frames: number;
  pageSize: number | undefined;
  pageCount: number | undefined;
  /** Files encrypted with age; the findings have the first of them. */
  encrypted: number;
  /** Undefined where numbers tie the changes together. */
  links: Links | undefined;
  /** When files say that they were made, nanoseconds since 1970; undefined where none does. */
  times?: { oldest: bigint; newest: bigint } | undefined;
}
