/** What plans of LTX files have in common, whichever program wrote these. */

import { WalkitError } from "../../errors.ts";
import { type PlannedWal, type PlanTarget, type RestorePlan, sizeOf } from "../../replay/plan.ts";
import { formatPosition } from "../../replay/position.ts";
import { LTX_BRANCH, type LtxFile } from "./types.ts";

/**
 * The transaction that a target names; undefined where it names none.
 *
 * @throws WalkitError `target/out-of-range` for a place in a WAL
 */
export function txidOf({ index, commit }: PlanTarget): number | undefined {
  if (index === undefined && (!commit || commit.txid !== undefined)) return commit?.txid;
  const found = commit ? formatPosition(commit) : `index ${index}`;
  const message = `Expected a TXID of 16 hexadecimal digits, as LTX files are named, found ${found}, a place in a WAL of Litestream 0.3`;
  throw new WalkitError("target/out-of-range", message, { remedy: { do: "list", what: "ltx" } });
}

/** The plan of files in order, the first of which holds every page; `after`: the first file that leads further. */
export function planOf(files: readonly LtxFile[], after: LtxFile | undefined): RestorePlan {
  let reach = 0;
  // Each is laid over what those before it lead to.
  const [snapshot, ...segments] = files.map(({ path, size, maxTxid }, at) => {
    const txid = at === 0 ? maxTxid : reach;
    reach = maxTxid;
    return { path, size, txid };
  });
  return {
    ...{ generation: LTX_BRANCH, snapshot: snapshot!, segments },
    ...{ ancestors: [], proof: [], later: [], settled: true, mark: undefined, findings: [] },
    end: segments.length > 0 ? { txid: reach } : undefined,
    next: after && { txid: Math.max(after.minTxid - 1, reach) },
    bytes: sizeOf(files),
  };
}

/** Why there is no other way to a state than through a file that does not serve. */
export function noOther(reach: number, avoid: ReadonlySet<string>): WalkitError {
  const position = formatPosition({ txid: reach });
  const [path] = avoid;
  return new WalkitError(
    "target/no-snapshot",
    `Expected another way to TXID ${position} than through ${path}, found none`,
    { path, position },
  );
}

/** The changes of a plan from a branch's first on: an LTX branch is no child of another. */
export function changesIn({ generation, segments, proof, end, next, later }: RestorePlan): PlannedWal {
  return { generation, segments, proof, end, next, later };
}
