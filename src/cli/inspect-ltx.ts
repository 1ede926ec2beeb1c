/** What is in an LTX file, told while it streams by. */

import { hex } from "../bytes.ts";
import { familyOf, WalkitError } from "../errors.ts";
import { type Finding, findingOf, makeFinding } from "../findings.ts";
import {
  formatTxid,
  isSnapshot,
  type LtxHeader,
  LtxReader,
  type LtxVariant,
  ltxName,
  pageChecksum,
  parseLtxName,
} from "../ltx/index.ts";
import { formatTime } from "../time.ts";

export interface LtxDetails {
  /** Null where the file breaks off before that shows. */
  variant: LtxVariant | null;
  /** Null where it cannot be read. TXIDs, checksums, salts and node id are hexadecimal. */
  header: {
    flags: number;
    pageSize: number;
    /** Size of the database afterwards, in pages; 0: it is deleted. */
    pageCount: number;
    minTxid: string;
    maxTxid: string;
    /** It holds the whole database. */
    snapshot: boolean;
    /** RFC 3339; null where the writer did not say. */
    time: string | null;
    /** Of the database before; null for a snapshot, and without database checksums. */
    preApplyChecksum: string | null;
    /** Where the pages stood in the writer's WAL; null where they did not. */
    wal: { offset: number; size: number; salts: string } | null;
    /** Null where no node of LiteFS made the file. */
    nodeId: string | null;
  } | null;
  /** Pages that are there, as far as the file is right. */
  pages: number;
  /** The first ones. Offsets in the file; in v1-lz4, in what it decompresses to, with the header before it. */
  pageList: { page: number; offset: number; size: number; checksum: string }[];
  /** Null where something is wrong. No checksum of the database: the file keeps none. */
  trailer: { postApplyChecksum: string | null; fileChecksum: string } | null;
}

const hex64 = (value: bigint) => value.toString(16).padStart(16, "0");

export interface LtxInspection {
  details: LtxDetails;
  findings: Finding[];
}

/** Reads the file `name` in `pieces`, to its end or to what is wrong, and lists up to `limit` pages. */
export async function inspectLtx(
  pieces: AsyncIterable<Uint8Array>,
  path: string,
  name: string,
  limit: number,
): Promise<LtxInspection> {
  const findings: Finding[] = [];
  const reader = new LtxReader({ path, onNotice: (notice) => findings.push(findingOf(notice)) });
  const details: LtxDetails = { variant: null, header: null, pages: 0, pageList: [], trailer: null };
  try {
    for await (const piece of pieces) {
      for (const run of reader.push(piece)) {
        const { pageSize } = reader.header!;
        for (let i = 0; i < run.count && details.pageList.length < limit; i++) {
          const page = run.pageNumbers[i]!;
          const data = run.data.subarray(i * pageSize, (i + 1) * pageSize);
          const checksum = hex64(pageChecksum(page, data));
          details.pageList.push({ page, offset: run.offsets[i]!, size: run.sizes[i]!, checksum });
        }
      }
    }
    const { postApplyChecksum, fileChecksum } = reader.end();
    details.trailer = {
      postApplyChecksum: postApplyChecksum === 0n ? null : hex64(postApplyChecksum),
      fileChecksum: hex64(fileChecksum),
    };
  } catch (error) {
    if (!(error instanceof WalkitError) || !["ltx", "lz4"].includes(familyOf(error.code))) throw error;
    findings.unshift(findingOf(error));
  }
  const { header, variant, pageCount } = reader;
  details.variant = variant ?? null;
  details.pages = pageCount;
  if (header !== undefined) {
    details.header = headerDetails(header);
    const nameFinding = checkName(header, path, name);
    if (nameFinding !== undefined) findings.push(nameFinding);
  }
  return { details, findings };
}

function headerDetails(header: LtxHeader): NonNullable<LtxDetails["header"]> {
  const { flags, pageSize, timestamp, preApplyChecksum, walOffset, walSize, walSalt1, walSalt2, nodeId } =
    header;
  return {
    ...{ flags, pageSize, pageCount: header.commit },
    ...{ minTxid: formatTxid(header.minTxid), maxTxid: formatTxid(header.maxTxid) },
    snapshot: isSnapshot(header),
    time: timestamp === 0 ? null : formatTime(BigInt(timestamp) * 1_000_000n),
    preApplyChecksum: preApplyChecksum === 0n ? null : hex64(preApplyChecksum),
    wal:
      walOffset === 0
        ? null
        : { offset: walOffset, size: walSize, salts: `${hex(walSalt1)} ${hex(walSalt2)}` },
    nodeId: nodeId === 0n ? null : hex64(nodeId),
  };
}

/** Programs go by the name alone, so one that says other transactions is wrong, whatever is in the file. */
function checkName({ minTxid, maxTxid }: LtxHeader, path: string, name: string): Finding | undefined {
  const said = parseLtxName(name);
  if (said === undefined || (said.minTxid === minTxid && said.maxTxid === maxTxid)) return undefined;
  const message = `Expected ${ltxName(minTxid, maxTxid)}, the name that the header says, found ${name}`;
  return makeFinding("ltx/name", message, { path, offset: 16 });
}

/** In words, for the first line. */
export function describeLtx({ header }: LtxDetails): string {
  if (header === null) return "an LTX file";
  const kind = header.pageCount === 0 ? "the end of a database" : header.snapshot ? "a snapshot" : "changes";
  return `an LTX file, ${kind}`;
}
