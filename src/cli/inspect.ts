/** `walkit inspect`: any one file, recognized by its content: what is in it, and the first thing that is wrong. */

import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { hex, hexBytes } from "../bytes.ts";
import { familyOf, WalkitError } from "../errors.ts";
import { findingOf, makeFinding } from "../findings.ts";
import { FrameDecoder, type FrameHeader } from "../lz4/index.ts";
import { parseSegmentName, parseSnapshotName } from "../snapshot/index.ts";
import { cannotRead } from "../storage/system.ts";
import { statusOf } from "../verify/report.ts";
import { exitCodeOf } from "./exit.ts";
import { Content } from "./inspect-content.ts";
import { describeLtx, inspectLtx } from "./inspect-ltx.ts";
import { inspectionLines } from "./inspect-text.ts";
import type { Inspection, Lz4FrameDetails } from "./inspection.ts";
import { print, printJson, say } from "./output.ts";
import { ProgressBar } from "./progress.ts";
import { HEAD_SIZE, recognize } from "./recognize.ts";
import { paintFor, shellQuote } from "./text.ts";

export interface InspectFlags {
  frames: number;
  json?: boolean;
}

/** Decompressing takes no memory to speak of, but time: a hostile file can hold 255 times its size. */
const MAX_OUTPUT = 64 * 2 ** 30;

const PIECE = 1 << 20;

export async function runInspect(
  location: string,
  flags: InspectFlags,
  signal: AbortSignal,
): Promise<number> {
  const bar = new ProgressBar("reading", !flags.json);
  let inspection: Inspection;
  try {
    inspection = await inspect(location, flags.frames, signal, bar);
  } finally {
    bar.clear();
  }
  if (flags.json) printJson(inspection);
  else print(inspectionLines(inspection, paintFor(process.stdout)));
  return exitCodeOf(inspection.status);
}

async function inspect(
  location: string,
  limit: number,
  signal: AbortSignal,
  bar: ProgressBar,
): Promise<Inspection> {
  const path = location.startsWith("file:///") ? fileURLToPath(location) : location;
  const file = await openFile(path);
  try {
    const { size } = await file.stat();
    const pieces = piecesOf(file, path, signal, (done) => bar.update(done, size));
    const head = new Uint8Array(Math.min(HEAD_SIZE, size));
    for (let at = 0; at < head.length; ) {
      const { bytesRead } = await wrap(path, () => file.read(head, at, head.length - at, at));
      if (bytesRead === 0) break;
      at += bytesRead;
    }
    const recognized = recognize(head, head.length === size);
    const result: Inspection = {
      ...{ command: "inspect", status: "ok", file: location, size, kind: recognized.kind },
      description: recognized.name,
      ...{ lz4: undefined, content: undefined, wal: undefined, database: undefined, ltx: undefined },
      ...{ notes: [], findings: [] },
    };
    if (recognized.kind === "lz4") await inspectLz4(result, pieces, path, limit);
    else if (recognized.kind === "ltx") {
      const { details, findings } = await inspectLtx(pieces, path, basename(path), limit);
      result.ltx = details;
      result.description = describeLtx(details);
      result.findings.push(...findings);
    } else if (["wal", "wal-segment", "database"].includes(recognized.kind)) {
      const content = new Content({ path, decoded: false, limit });
      for await (const piece of pieces) content.push(piece);
      content.end(true);
      take(result, content);
    } else notRecognized(result, path, head);
    result.status = statusOf(result.findings);
    return result;
  } finally {
    await file.close();
  }
}

function take(result: Inspection, { wal, database, findings, notes }: Content): void {
  result.wal = wal;
  result.database = database;
  result.notes.push(...notes);
  result.findings.push(...findings);
}

async function inspectLz4(
  result: Inspection,
  pieces: AsyncIterable<Uint8Array>,
  path: string,
  limit: number,
): Promise<void> {
  const content = new Content({ path, decoded: true, limit });
  const lz4 = { frames: 0, decompressedSize: 0, frameList: [] as Lz4FrameDetails[] };
  result.lz4 = lz4;
  let current: Lz4FrameDetails | undefined;
  let dataFrames = 0;
  const decoder = new FrameDecoder(
    { path, maxOutputSize: MAX_OUTPUT, trailing: "ignore" },
    {
      header: (header) => {
        current = frameDetails(header);
        lz4.frames++;
        if (lz4.frameList.length < Math.max(1, limit)) lz4.frameList.push(current);
        if (header.kind !== "skippable" && ++dataFrames === 2) {
          const message = `Expected one LZ4 frame, found another one at byte ${header.offset}`;
          const remedy = say("Nothing, if this is no file of a replica: there only the first frame is read");
          result.findings.push(
            makeFinding("lz4/trailing-data", message, { path, offset: header.offset, remedy }),
          );
        }
      },
      block: (block) => {
        current!.blocks++;
        current!.decompressedSize += block.decompressedSize;
        if (current!.blockList.length < limit)
          current!.blockList.push({ ...block, checksum: hexOf(block.checksum) });
      },
      frameEnd: (end, checksum) => {
        current!.end = end;
        current!.contentChecksum = hexOf(checksum);
      },
    },
  );
  let failure: WalkitError | undefined;
  try {
    for await (const piece of pieces) {
      for (const block of decoder.push(piece)) if (dataFrames === 1) content.push(block);
    }
    decoder.end();
  } catch (error) {
    if (!(error instanceof WalkitError) || familyOf(error.code) !== "lz4") throw error;
    failure = error;
  }
  lz4.decompressedSize = decoder.produced;
  if (failure) result.findings.push(findingOf(failure));
  if (decoder.trailingOffset !== undefined) {
    const message = `Expected the file to end with its LZ4 frame at byte ${decoder.trailingOffset}, found more bytes after it`;
    result.findings.push(makeFinding("lz4/trailing-data", message, { path, offset: decoder.trailingOffset }));
  }
  // Where only the checksum of the content is wrong, all of it is there.
  content.end(failure === undefined || failure.code === "lz4/content-checksum" || dataFrames > 1);
  take(result, content);
  const holds = content.recognized!;
  if (content.bytes > 0 || !failure) result.content = holds.kind;
  result.description = describeLz4(content, failure !== undefined);
  if (!failure) checkAgainstName(result, basename(path), basename(dirname(resolve(path))));
}

function describeLz4({ recognized, bytes }: Content, failed: boolean): string {
  if (bytes === 0) return failed ? "LZ4" : "LZ4 with nothing in it";
  const { kind, name } = recognized!;
  if (kind === "wal-segment") return "an LZ4-compressed WAL segment (not the first of its index)";
  if (kind === "unknown") return failed ? "LZ4" : "LZ4 with nothing of a replica in it";
  return `LZ4 with ${name} in it`;
}

function hexOf(checksum: number | undefined): string | null {
  return checksum === undefined ? null : hex(checksum);
}

function frameDetails(header: FrameHeader): Lz4FrameDetails {
  const { kind, offset, blockMaxSize, blockIndependence, blockChecksum, contentSize, skippableSize } = header;
  return {
    ...{ kind, offset, blockMaxSize, blockIndependence, blockChecksum },
    end: skippableSize === undefined ? null : offset + header.size + skippableSize,
    ...{
      contentSize: contentSize ?? null,
      hasContentChecksum: header.contentChecksum,
      contentChecksum: null,
      blocks: 0,
      decompressedSize: 0,
      blockList: [],
    },
  };
}

/** What a file is, its content says; that a replica's file is not what its name says is a finding all the same. */
function checkAgainstName(result: Inspection, name: string, folder: string): void {
  const { content, wal, file: path } = result;
  // Litestream 0.4 has a folder for each index.
  const position = parseSegmentName(name) ?? parseSegmentName(`${folder}/${name}`);
  let expected: string | undefined;
  if (parseSnapshotName(name) !== undefined && content !== "database") expected = "a SQLite database";
  else if (position) {
    const { offset } = position;
    if (offset === 0 && content !== "wal") expected = "the beginning of a SQLite WAL";
    else if (offset > 0 && content !== "wal-segment")
      expected = "a piece of a SQLite WAL without its beginning";
    else if (offset > 0 && wal && (offset - 32) % (wal.pageSize + 24) !== 0) {
      expected = `an offset at the start of a frame of ${wal.pageSize + 24} bytes`;
    }
  }
  if (expected === undefined || result.findings.some((finding) => finding.severity === "damage")) return;
  const message = `Expected ${expected} by the file's name, found ${result.description}`;
  result.findings.push(makeFinding("replica/segment-position", message, { path, offset: 0 }));
}

function notRecognized(result: Inspection, path: string, head: Uint8Array): void {
  if (result.kind === "empty") {
    const message = "Expected a file with something in it, found an empty one";
    const remedy = say(
      "If this should be a file of a replica, bring it back from another copy of the replica",
    );
    result.findings.push({
      ...makeFinding("lz4/truncated", message, { path, offset: 0, remedy, severity: "inconclusive" }),
      meaning:
        "A file of a replica is never empty: then it is damaged, and what it held is lost. A SQLite database or WAL may be empty",
    });
    return;
  }
  const found = result.kind === "foreign" ? result.description : `bytes ${hexBytes(head, 16)}`;
  const hints: Record<string, string> = {
    "a file encrypted with age": "Decrypt it first: age --decrypt --identity <key file>",
    "a gzip file": "If it is a .tar.gz of a replica: walkit verify reads it as it is. Else unpack it first",
    "a zip archive": "If a replica is in it: walkit verify reads it as it is. Else unpack it first",
    "a tar archive": "If a replica is in it: walkit verify reads it as it is. Else unpack it first",
    "a SQLite rollback journal": "It belongs beside its database: leave it there, SQLite needs it to recover",
    "a SQLite shared-memory file (-shm)": "It holds no data of its own: SQLite makes it anew",
  };
  const hint =
    result.kind === "foreign"
      ? (hints[result.description] ?? "Unpack it first, then inspect what was in it")
      : "If this should be a file of a replica, its beginning is damaged: bring it back from another copy";
  const message = `Expected an LZ4 frame, an LTX file, a SQLite WAL or a SQLite database, found ${found}`;
  result.findings.push({
    ...makeFinding("replica/stray-file", message, { path, remedy: say(hint), severity: "inconclusive" }),
    meaning:
      result.kind === "foreign"
        ? "walkit cannot look into files of this kind, so it cannot say whether this one is right"
        : "This is not a file that walkit knows, so whether it is right cannot be said",
  });
}

async function openFile(path: string): Promise<FileHandle> {
  // Not to wait for the other end of what turns out to be a pipe.
  const file = await wrap(path, () => open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)));
  const info = await file.stat();
  if (info.isFile()) return file;
  await file.close();
  const folder = info.isDirectory();
  const message = `Expected a file, found ${folder ? "a folder" : "something that is no regular file"}: ${path}`;
  throw new WalkitError("storage/unreadable", message, {
    path,
    remedy: say(
      folder
        ? `To look at a whole replica: walkit verify ${shellQuote(path)}`
        : "Copy what it holds into a file first",
    ),
  });
}

async function* piecesOf(
  file: FileHandle,
  path: string,
  signal: AbortSignal,
  onRead: (done: number) => void,
): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(PIECE);
  for (let at = 0; ; ) {
    signal.throwIfAborted();
    const { bytesRead } = await wrap(path, () => file.read(buffer, 0, buffer.length, at));
    if (bytesRead === 0) return;
    at += bytesRead;
    onRead(at);
    yield buffer.subarray(0, bytesRead);
  }
}

async function wrap<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === "ENOENT") {
      throw new WalkitError("storage/not-found", `Expected a file at ${path}, found nothing there`, {
        path,
        remedy: { do: "check", what: "path" },
      });
    }
    throw cannotRead(path, error);
  }
}
