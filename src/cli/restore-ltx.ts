/** The files of LTX that a restore takes, and the moment that they lead to, by their headers. */

import { ofEach } from "../at-once.ts";
import { WalkitError } from "../errors.ts";
import { readTime } from "../layouts/ltx/file.ts";
import { type LtxPlace, placeIn } from "../layouts/ltx/names.ts";
import { isLtx } from "../layouts/ltx/types.ts";
import { LTX_BRANCH } from "../replay/branch-name.ts";
import type { Replica } from "../replay/layout.ts";
import type { PlannedFile, RestorePlan } from "../replay/plan.ts";
import { behind, comparePositions, formatPosition, isInWal, sectionOf } from "../replay/position.ts";
import { catalogOf, whole } from "../replay/replica.ts";
import { formatTime } from "../time.ts";

/** A file of a plan, with Litestream's names for what there is to know of it. */
export interface LtxPlanFile {
  level: number;
  min_txid: string;
  max_txid: string;
  size: number | undefined;
  /** RFC 3339, by the header; undefined where that cannot be read, or was not asked for. */
  timestamp: string | undefined;
  path: string;
}

/** A state: behind a TXID. */
export interface LtxState {
  position: string;
  /** RFC 3339, by the header of the file that ends with it. */
  time: string | undefined;
}

export interface LtxPlan {
  files: LtxPlanFile[];
  /** What the files lead to. */
  state: LtxState;
  /** The next state that can be had. */
  next: LtxState | undefined;
}

export interface LtxPlanOptions {
  /** Of all files, or of the last alone: each is a read. */
  times: "all" | "last";
  /** The plan was for the newest state: none is behind it, and the replica need not be listed to see that. */
  isNewest: boolean;
  signal?: AbortSignal | undefined;
}

/** What a plan of LTX files is about; undefined where it is one of a generation. */
export async function ltxPlanOf(
  replica: Replica,
  { snapshot, segments }: RestorePlan,
  { times, isNewest, signal }: LtxPlanOptions,
): Promise<LtxPlan | undefined> {
  if (isInWal(snapshot)) return undefined;
  const planned = [snapshot, ...segments];
  const files = await ofEach(planned, async (file): Promise<LtxPlanFile> => {
    const { level, minTxid, maxTxid } = placeOf(file, sectionOf(snapshot));
    const [min_txid, max_txid] = [formatPosition(behind(minTxid)), formatPosition(behind(maxTxid))];
    const { size, path } = file;
    const isWanted = times === "all" || file === planned.at(-1);
    const timestamp = isWanted ? await timeOf(replica, file, signal) : undefined;
    return { level, min_txid, max_txid, size, timestamp, path };
  });
  const last = files.at(-1)!;
  const state = { position: last.max_txid, time: last.timestamp };
  const next = isNewest ? undefined : await nextState(replica, state.position, signal);
  return { files, state, next };
}

/** The database of a LiteFS node is at the TXID that a plan has it at, and all that led there is in it. */
function placeOf({ path }: PlannedFile, txid: number): LtxPlace {
  return path.endsWith(".ltx") ? placeIn(path) : { level: 0, minTxid: 1, maxTxid: txid };
}

async function nextState(
  replica: Replica,
  reached: string,
  signal: AbortSignal | undefined,
): Promise<LtxState | undefined> {
  const { generations } = await catalogOf(whole(replica), { generation: LTX_BRANCH, signal });
  const branch = generations.find(isLtx);
  const states = (branch && replica.layout.states(branch)) ?? [];
  const next = states.find((state) => formatPosition(state) > reached);
  if (!branch || !next) return undefined;
  const claim = branch.snapshots.find((one) => comparePositions(one, next) === 0);
  const file = claim ?? branch.segments.find(({ end }) => comparePositions(end, next) === 0);
  return { position: formatPosition(next), time: file && (await timeOf(replica, file, signal)) };
}

/** The time is for people: what the restore does stands without it. */
async function timeOf(
  { storage }: Replica,
  file: PlannedFile,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  try {
    const time = await readTime(file, { storage, signal });
    return time === undefined ? undefined : formatTime(time);
  } catch (error) {
    if (!(error instanceof WalkitError)) throw error;
    return undefined;
  }
}
