/**
 * The paths of a replica of Litestream 0.5.
 *
 * ```
 * ltx/<level>/<minTXID>-<maxTXID>.ltx      level: one digit; in folders, SFTP, WebDAV, Google, Azure, NATS
 * <level>/<minTXID>-<maxTXID>.ltx          level: four hex digits, 0000 to 0009; in S3 and OSS
 * ```
 *
 * Level 0 has a file for each sync, level 1 those merged, and so on; level 9 has snapshots. Litestream ignores any other name.
 */

import { parseLtxName } from "../../ltx/index.ts";

/** The level of snapshots. */
export const SNAPSHOT_LEVEL = 9;

/** What the path of an LTX file says. */
export interface LtxPlace {
  level: number;
  minTxid: number;
  maxTxid: number;
}

const PLACE = /^(?:ltx\/([0-9])|000([0-9]))\/([^/]*)$/;

/** What a path says, as it is below the replica's root; undefined where no LTX file has it. */
export function parseLtxPath(path: string): LtxPlace | undefined {
  const match = PLACE.exec(path);
  const name = match && parseLtxName(match[3]!);
  return name ? { level: Number(match[1] ?? match[2]), ...name } : undefined;
}

/** What the path of an LTX file says, wherever the replica's root is: LiteFS has one level, and no folder for it. */
export function placeIn(path: string): LtxPlace {
  const place = parseLtxPath(/(?:ltx\/[0-9]|000[0-9])\/[^/]*$/.exec(path)?.[0] ?? "");
  if (place) return place;
  const name = parseLtxName(path.slice(path.lastIndexOf("/") + 1));
  if (!name) throw new RangeError(`Expected the path of an LTX file in a replica, found ${path}`);
  return { level: 0, ...name };
}

/** The replica's root, as a prefix, of the path of one of its LTX files. */
export function rootIn(path: string): string {
  return path.replace(/(?:ltx\/[0-9]|000[0-9])\/[^/]*$/, "");
}

/** What the paths below a replica's root begin with that LTX files have, and what walkit keeps beside them. */
export const LTX_PREFIXES: readonly string[] = ["ltx", "000"];
