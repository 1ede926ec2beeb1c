/**
 * Two nodes of LiteFS, or a node and its backup, by what their LTX files say of the database: whether they tell of the same, and
 * from which transaction on they do not.
 */

import { isGone, WalkitError } from "../../errors.ts";
import type { LtxHeader } from "../../ltx/index.ts";
import type { Replica } from "../../replay/layout.ts";
import type { Position } from "../../replay/position.ts";
import { sumText } from "../../replay/sums.ts";
import { readFile } from "../ltx/file.ts";
import { listLitefs } from "./catalog.ts";
import { checkHeader } from "./faults.ts";

/** Where two nodes of LiteFS part. */
export interface Compared {
  /** `same`: wherever both tell of a transaction, they tell of the same database. `apart`: they part. `unknown`: they tell of none in common. */
  verdict: "same" | "apart" | "unknown";
  /** The last state that both have, as far as files tell; undefined where there is none. */
  agreed: Position | undefined;
  /** The first one behind it at which their databases differ, with the checksum of each: 16 hexadecimal digits. */
  parted: { position: Position; one: string; other: string } | undefined;
  /** The newest of each. */
  newest: { one: Position; other: Position };
}

/**
 * Compares two databases of LiteFS by the checksums in their LTX files, each of which is read whole. The databases themselves are
 * not looked at: whether they are what their newest files say, `verify` tells.
 *
 * @throws WalkitError `ltx/*`, `lz4/*` for a file that is damaged, `storage/*`, `replica/not-a-replica` where there is no file
 */
export async function compareNodes(
  one: Pick<Replica, "storage" | "prefix">,
  other: Pick<Replica, "storage" | "prefix">,
  signal?: AbortSignal,
): Promise<Compared> {
  const [a, b] = [await checksumsOf(one, signal), await checksumsOf(other, signal)];
  let agreed: Position | undefined;
  let parted: Compared["parted"];
  for (const txid of [...a.keys()].filter((one) => b.has(one)).sort((x, y) => x - y)) {
    if (a.get(txid) === b.get(txid)) {
      // Behind a snapshot both may be the same again.
      if (!parted) agreed = { txid };
    } else parted ??= { position: { txid }, one: sumText(a.get(txid)!), other: sumText(b.get(txid)!) };
  }
  const verdict = parted ? "apart" : agreed === undefined ? "unknown" : "same";
  return { verdict, agreed, parted, newest: { one: newestOf(a), other: newestOf(b) } };
}

function newestOf(checksums: ReadonlyMap<number, bigint>): Position {
  let txid = 0;
  for (const one of checksums.keys()) txid = Math.max(txid, one);
  return { txid };
}

/** What files say of the database behind each transaction, and before their first one: with bit 63 set. */
async function checksumsOf(
  { storage, prefix }: Pick<Replica, "storage" | "prefix">,
  signal: AbortSignal | undefined,
): Promise<Map<number, bigint>> {
  const listed = await listLitefs(storage, prefix, signal);
  if (!listed || listed.files.length === 0) {
    const message = `Expected LTX files of LiteFS below ${prefix || "the folder"}, found none`;
    throw new WalkitError("replica/not-a-replica", message, { path: prefix });
  }
  const checksums = new Map<number, bigint>();
  const files = listed.files.sort((a, b) => a.maxTxid - b.maxTxid);
  for (const file of files) {
    if (file.unreadable) throw file.unreadable;
    let header: LtxHeader | undefined;
    let after = 0n;
    const onHeader = (found: LtxHeader) => {
      checkHeader(file.path, found);
      header = found;
    };
    const onTrailer = ({ postApplyChecksum }: { postApplyChecksum: bigint }) => {
      after = postApplyChecksum;
    };
    try {
      const rules = { variant: "v1-raw", onTrailer } as const;
      for await (const _ of readFile(file, { storage, signal }, onHeader, rules));
    } catch (error) {
      // Retention deletes while files are read.
      if (!isGone(error)) throw error;
      continue;
    }
    const { minTxid, maxTxid, preApplyChecksum } = header!;
    if (minTxid > 1 && !checksums.has(minTxid - 1)) checksums.set(minTxid - 1, preApplyChecksum);
    checksums.set(maxTxid, after);
  }
  return checksums;
}
