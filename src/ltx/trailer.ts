/**
 * The trailer of an LTX file, its last 16 bytes, big-endian:
 *
 *     offset  size
 *          0     8  post-apply checksum: of the database afterwards; 0 without database checksums
 *          8     8  file checksum: bit 63 set; see `checksum.ts`
 */

import { CHECKSUM_FLAG, hasDatabaseChecksums, type LtxHeader } from "./header.ts";
import { hex64 } from "./words.ts";

/** Size of the trailer, in bytes. */
export const LTX_TRAILER_SIZE = 16;

/** The trailer of an LTX file. */
export interface LtxTrailer {
  /** Checksum of the database afterwards; 0n without database checksums. */
  postApplyChecksum: bigint;
  fileChecksum: bigint;
}

/** What is wrong with a post-apply checksum, by what the header says. */
export function postApplyFault(header: LtxHeader, checksum: bigint): string | undefined {
  const found = `found ${hex64(checksum)}`;
  if (!hasDatabaseChecksums(header)) {
    return checksum === 0n
      ? undefined
      : `Expected no post-apply checksum in a file without database checksums, ${found}`;
  }
  if (header.commit === 0 && checksum !== CHECKSUM_FLAG) {
    return `Expected the post-apply checksum of a deleted database, ${hex64(CHECKSUM_FLAG)}, ${found}`;
  }
  return (checksum & CHECKSUM_FLAG) === 0n
    ? `Expected a post-apply checksum, which has bit 63 set, ${found}`
    : undefined;
}
