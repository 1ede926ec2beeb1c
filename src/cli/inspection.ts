/** What `walkit inspect` finds in a file, as `--json` prints it. */

import type { BlockInfo, FrameHeader } from "../lz4/index.ts";
import type { DatabaseDetails, WalDetails } from "./inspect-content.ts";
import type { LtxDetails } from "./inspect-ltx.ts";
import type { FindingToTell } from "./output.ts";
import type { Kind } from "./recognize.ts";

export interface Lz4FrameDetails {
  kind: FrameHeader["kind"];
  /** Byte offsets in the file of its first byte and of what follows it; no end where it breaks off. */
  offset: number;
  end: number | null;
  blockMaxSize: number;
  blockIndependence: boolean;
  blockChecksum: boolean;
  contentSize: number | null;
  /** As the header says; the checksum itself is known only where the frame is whole. */
  hasContentChecksum: boolean;
  /** xxHash32 of the content, hexadecimal. */
  contentChecksum: string | null;
  blocks: number;
  decompressedSize: number;
  blockList: (Omit<BlockInfo, "checksum"> & { checksum: string | null })[];
}

export interface Inspection {
  command: "inspect";
  status: "ok" | "damaged" | "inconclusive";
  file: string;
  size: number;
  kind: Kind;
  /** In words. */
  description: string;
  /** The LZ4 frames: how many, and the first ones. */
  lz4: { frames: number; decompressedSize: number; frameList: Lz4FrameDetails[] } | undefined;
  /** What the first LZ4 frame holds. */
  content: Kind | undefined;
  wal: WalDetails | undefined;
  database: DatabaseDetails | undefined;
  ltx: LtxDetails | undefined;
  notes: string[];
  findings: FindingToTell[];
}
