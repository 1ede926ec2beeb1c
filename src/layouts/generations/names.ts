/**
 * The names of a replica of Litestream 0.3 and of the 0.4 betas, and the positions they stand for.
 *
 * ```
 * generations/<generation>/snapshots/<index>.snapshot.lz4      generation: 16 lowercase hex digits
 * generations/<generation>/wal/<index>_<offset>.wal.lz4        index: 8; offset: 8, up to 16 past 4 GiB
 *
 * generations/<generation>/snapshots/<index>.snapshot.lz4      0.4: index and offset have 16 digits, of its alphas 8
 * generations/<generation>/wal/<index>/<offset>.wal.lz4
 * ```
 *
 * Parsing is strict: a name that Litestream would not write is none of its files, and each layout has exactly one name for
 * a position.
 */

import { hex } from "../../bytes.ts";
import { checkIndex, checkOffset, MAX_INDEX, type WalPosition } from "../../replay/position.ts";

const SNAPSHOT = /^([0-9a-f]{8}|[0-9a-f]{16})\.snapshot\.lz4$/;
const SEGMENT = /^([0-9a-f]{8})_([0-9a-f]{8,16})\.wal\.lz4$/;
/** Of 0.4. Both numbers have 16 digits, of its alphas 8. */
const NESTED = /^(?:([0-9a-f]{16})\/([0-9a-f]{16})|([0-9a-f]{8})\/([0-9a-f]{8,16}))\.wal\.lz4$/;
const INDEX_FOLDER = /^([0-9a-f]{8}|[0-9a-f]{16})$/;

/** The index in a snapshot's file name; undefined where it is no such name, or the index is past 2^32 - 1. */
export function parseSnapshotName(name: string): number | undefined {
  return parseIndex(SNAPSHOT.exec(name)?.[1]);
}

/**
 * The position in a WAL segment's name below `wal/` (of 0.4: `<index>/<offset>.wal.lz4`); undefined where it is no such
 * name, or the position is past what walkit counts to.
 */
export function parseSegmentName(name: string): WalPosition | undefined {
  const flat = SEGMENT.exec(name);
  const nested = flat ? undefined : NESTED.exec(name);
  const index = parseIndex(flat?.[1] ?? nested?.[1] ?? nested?.[3]);
  const digits = flat?.[2] ?? nested?.[2] ?? nested?.[4];
  if (index === undefined || digits === undefined) return undefined;
  const offset = Number.parseInt(digits, 16);
  // Litestream pads to 8 digits (0.4: 16) and no further; an offset past 2^53 (8 PiB) is no WAL's.
  const isPadded = digits.length > 8 && digits[0] === "0" && nested?.[2] === undefined;
  return Number.isSafeInteger(offset) && !isPadded ? { index, offset } : undefined;
}

/** The index of the folder `wal/<name>/` of 0.4; undefined where it is no such name. */
export function parseIndexFolder(name: string): number | undefined {
  return parseIndex(INDEX_FOLDER.exec(name)?.[1]);
}

function parseIndex(digits: string | undefined): number | undefined {
  const index = digits === undefined ? Number.NaN : Number.parseInt(digits, 16);
  return index <= MAX_INDEX ? index : undefined;
}

/** `0000001f.snapshot.lz4` */
export function formatSnapshotName(index: number): string {
  return `${hex(checkIndex(index))}.snapshot.lz4`;
}

/** `0000001f_00001038.wal.lz4` */
export function formatSegmentName({ index, offset }: WalPosition): string {
  return `${hex(checkIndex(index))}_${hex(checkOffset(offset))}.wal.lz4`;
}

/**
 * The path of the segment at `position` in the layout and the generation of `sibling`, the path of another file of that
 * generation: a segment's tells the layout, a snapshot's leaves the alphas of 0.4 untold.
 */
export function segmentPathBeside(position: WalPosition, sibling: string): string {
  const nested = /^(.*\/|)([0-9a-f]{8}|[0-9a-f]{16})\/(?:[0-9a-f]+\.wal\.lz4)?$/s.exec(sibling);
  const snapshot = /^(.*\/|)snapshots\/([0-9a-f]+)\.snapshot\.lz4$/s.exec(sibling);
  const beside = snapshot ? `${snapshot[1]}wal/` : sibling.slice(0, sibling.lastIndexOf("/") + 1);
  // Of the digits of a snapshot 8 are 0.3's, most likely.
  const digits = nested ? nested[2]!.length : snapshot?.[2] && snapshot[2].length === 16 ? 16 : 0;
  const name = formatSegmentName(position);
  if (digits === 0) return beside + name;
  return `${nested?.[1] ?? beside}${hex(position.index, digits)}/${hex(position.offset, digits)}.wal.lz4`;
}
