/** What `walkit inspect` says for people. */

import { familyOf } from "../errors.ts";
import type { Finding } from "../findings.ts";
import type { LtxVariant } from "../ltx/index.ts";
import type { DatabaseDetails, WalDetails } from "./inspect-content.ts";
import type { LtxDetails } from "./inspect-ltx.ts";
import type { Inspection, Lz4FrameDetails } from "./inspection.ts";
import { colourOf, countOf, findingLines } from "./output.ts";
import type { Kind } from "./recognize.ts";
import { count, exactBytes, formatBytes, type Paint, printable, row, table } from "./text.ts";

export function inspectionLines(inspection: Inspection, paint: Paint): string[] {
  const { file, size, description, lz4, wal, database, ltx, notes, findings } = inspection;
  const lines: (string | string[])[] = [
    `${printable(file)}: ${paint.bold(description)}, ${exactBytes(size)}`,
    verdict(inspection, paint),
  ];
  if (lz4) {
    const fault = findings.find(({ code, severity }) => familyOf(code) === "lz4" && severity === "damage");
    for (const frame of lz4.frameList)
      lines.push("", row("", lz4Head(frame, fault, size), 0, paint), lz4Lines(frame));
    if (lz4.frames > lz4.frameList.length)
      lines.push(`… and ${lz4.frames - lz4.frameList.length} more LZ4 frames`);
  }
  if (wal) lines.push("", walLines(wal));
  if (database) lines.push("", databaseLines(database));
  if (ltx) lines.push("", ltxLines(ltx));
  if (notes.length > 0)
    lines.push(
      "",
      notes.flatMap((note) => row("Note:", printable(note), 6, paint)),
    );
  if (findings.length > 0) lines.push("", findingLines(findings, paint));
  return lines.flat();
}

function verdict({ status, findings, kind, content }: Inspection, paint: Paint): string {
  if (status === "damaged") {
    return paint.bold(colourOf("damage", paint)(`DAMAGED (${countOf(findings, "damage")}, see below)`));
  }
  if (status === "inconclusive") {
    return paint.bold(colourOf("inconclusive", paint)("INCONCLUSIVE: walkit cannot tell, see below"));
  }
  const warnings = countOf(findings, "warning");
  const texts: Partial<Record<Kind, string>> = {
    database: "OK: the header is right (pages have no checksums: for them, PRAGMA integrity_check)",
    ltx: "OK: every checksum fits, the pages are in order, and the index agrees with them",
    "wal-segment":
      "OK as far as this file alone can tell: what its first frame follows on, only walkit verify can check",
  };
  const what =
    content === "database"
      ? "OK: every checksum of the LZ4 frame fits, and it holds a database"
      : texts[content ?? kind];
  return paint.bold(paint.green(what ?? "OK: every checksum fits")) + (warnings ? `, with ${warnings}` : "");
}

/** What the header says, and where the frame ends, breaks off, or goes wrong. */
function lz4Head(frame: Lz4FrameDetails, fault: Finding | undefined, size: number): string {
  const { kind, offset, end } = frame;
  const failed = fault === undefined || fault.code === "lz4/truncated" ? "breaks off" : "goes wrong";
  const range =
    end === null
      ? `from byte ${offset}, ${failed} at byte ${fault?.offset ?? size}`
      : `bytes ${offset} to ${end}`;
  if (kind === "skippable") return `Skippable LZ4 frame, ${range}: means nothing to LZ4`;
  const traits =
    kind === "legacy"
      ? ["legacy format", "no checksums"]
      : [
          `blocks of up to ${formatBytes(frame.blockMaxSize)}, ${frame.blockIndependence ? "independent" : "linked"}`,
          frame.blockChecksum ? "block checksums" : "no block checksums",
          frame.contentChecksum !== null
            ? `content checksum ${frame.contentChecksum}`
            : frame.hasContentChecksum
              ? "a content checksum at the end, not reached or not right"
              : "no content checksum",
          frame.contentSize === null ? "no content size" : `content size ${frame.contentSize}`,
        ];
  return `LZ4 frame, ${range}: ${traits.join(", ")}`;
}

function lz4Lines({ kind, blocks, decompressedSize, blockList }: Lz4FrameDetails): string[] {
  if (kind === "skippable") return [];
  const lines = [`  ${count(blocks, "block")}, ${exactBytes(decompressedSize)} decompressed`];
  if (blockList.length > 0) {
    const rows = blockList.map((b, i) => [
      `  ${i}`,
      b.offset,
      b.compressedSize,
      b.decompressedSize,
      b.stored ? "stored" : "compressed",
    ]);
    lines.push(
      ...table([["  block", "at byte", "size", "decompressed", ""], ...rows]).map((l) => l.trimEnd()),
    );
    if (blocks > blockList.length) lines.push(`  … and ${blocks - blockList.length} more (--frames all)`);
  }
  return lines;
}

function walLines(wal: WalDetails): string[] {
  const { header, pageSize, byteOrder, salts, frames, transactions, uncommittedFrames, pageCount, stop } =
    wal;
  const start = header
    ? `WAL: header right (checkpoint sequence ${header.checkpointSequence}, checksum ${header.checksum})`
    : "WAL frames without the WAL's beginning";
  const lines = [
    start,
    `  pages of ${pageSize} bytes, ${byteOrder ?? "unknown order of"} checksums, salts ${salts}`,
    `  ${count(transactions, "transaction")} in ${count(frames - uncommittedFrames, "frame")}${uncommittedFrames > 0 ? `, then ${count(uncommittedFrames, "frame")} that no commit follows` : ""}${pageCount === null ? "" : `; the database has ${count(pageCount, "page")} after the last one`}`,
  ];
  if (stop && stop.reason !== "end")
    lines.push(`  ends at byte ${stop.offset}, frame ${stop.frame} (${stop.reason})`);
  const { transactionList, frameList } = wal;
  if (transactionList.length > 0) {
    const rows = transactionList.map((t, i) => [`  ${i}`, t.frame, t.frames, t.offset, t.end, t.pageCount]);
    const head = ["  transaction", "first frame", "frames", "from byte", "to", "database pages"];
    for (const line of table([head, ...rows])) lines.push(line);
    const more = transactions - transactionList.length;
    if (more > 0) lines.push(`  … and ${more} more (--frames all)`);
  }
  if (frameList.length > 0) {
    const rows = frameList.map((f) => [
      `  ${f.frame}`,
      f.offset,
      f.page,
      f.pageCount > 0 ? `commit, ${count(f.pageCount, "page")}` : "",
      f.sound ? f.checksum : `${f.checksum} not sound`,
    ]);
    for (const line of table([["  frame", "at byte", "page", "", "checksum"], ...rows])) lines.push(line);
    const more = frames - frameList.length;
    if (more > 0) lines.push(`  … and ${more} more (--frames all)`);
  }
  return lines;
}

function databaseLines(database: DatabaseDetails): string[] {
  const { pageSize, pages, writeVersion, changeCounter, schemaCookie, userVersion, sqliteVersion } = database;
  const v = sqliteVersion;
  const writer = `${Math.floor(v / 1_000_000)}.${Math.floor(v / 1000) % 1000}.${v % 1000}`;
  return [
    `Database: ${count(pages, "page")} of ${pageSize} bytes, ${exactBytes(pages * pageSize)}`,
    `  journal mode ${writeVersion === 2 ? "WAL" : "rollback"}, change counter ${changeCounter}, schema cookie ${schemaCookie}, user version ${userVersion}`,
    `  free pages ${database.freelistCount}, last written by SQLite ${writer}`,
  ];
}

/** Who writes such files. */
const LTX_WRITERS: Record<LtxVariant, string> = {
  "v1-raw": "LiteFS 0.2 and 0.3, or a later one without compression",
  "v1-lz4": "LiteFS 0.4 and 0.5",
  "v2-frame": "the test versions of Litestream 0.5.0",
  "v3-frame": "Litestream 0.5.0 to 0.5.15",
  "v3-block": "Litestream from 0.5.16 on",
};

function ltxLines({ variant, header, pages, pageList, trailer }: LtxDetails): string[] {
  const lines = [variant === null ? "LTX" : `LTX: ${variant}, as written by ${LTX_WRITERS[variant]}`];
  if (header !== null) {
    const { minTxid, maxTxid, snapshot, pageSize, pageCount, time, wal, nodeId } = header;
    const range = minTxid === maxTxid ? `transaction ${minTxid}` : `transactions ${minTxid} to ${maxTxid}`;
    const after = pageCount === 0 ? "deleted" : `${count(pageCount, "page")} of ${pageSize} bytes`;
    lines.push(
      `  ${range}${snapshot ? ", a snapshot" : ""}, ${time === null ? "without a time" : `made at ${time}`}`,
      `  the database afterwards: ${after}`,
      `  checksum of the database before ${header.preApplyChecksum ?? "none"}, afterwards ${trailer === null ? "not reached or not right" : (trailer.postApplyChecksum ?? "none")}`,
    );
    if (wal !== null)
      lines.push(`  read from a WAL at byte ${wal.offset}, ${exactBytes(wal.size)}, salts ${wal.salts}`);
    if (nodeId !== null) lines.push(`  made by LiteFS node ${nodeId}`);
  }
  lines.push(
    `  ${count(pages, "page")}, file checksum ${trailer?.fileChecksum ?? "not reached or not right"}`,
  );
  if (pageList.length > 0) {
    const rows = pageList.map((p) => [`  ${p.page}`, p.offset, p.size, p.checksum]);
    lines.push(...table([["  page", "at byte", "size", "checksum"], ...rows]));
    if (pages > pageList.length) lines.push(`  … and ${pages - pageList.length} more (--frames all)`);
  }
  return lines;
}
