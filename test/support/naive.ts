/**
 * The naive model: whole files in memory, one transaction after another laid over a whole copy of the database. Slow and
 * plain, with no line in common with what it is held against but the tar reader.
 */

import lz4js from "lz4js";
import type { MemoryStorage } from "../../src/storage/index.ts";
import { sha256 } from "./fixtures.ts";

export interface NaiveState {
  generation: string;
  index: number;
  /** End of the commit in the WAL. */
  end: number;
  /** Number of the segment within its index, and whether the commit is the last one of it. */
  path: string;
  lastOfSegment: boolean;
  /** What the commit brought, in order. */
  pages: [page: number, data: Uint8Array][];
  /** In pages. */
  size: number;
  sha256: string;
}

export interface NaiveGeneration {
  id: string;
  snapshots: { index: number; path: string; bytes: Uint8Array }[];
  segments: { index: number; offset: number; path: string; bytes: Uint8Array }[];
}

export function naiveGenerations(storage: MemoryStorage): NaiveGeneration[] {
  const byId = new Map<string, NaiveGeneration>();
  for (const [path, { data }] of [...storage.files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const match =
      /^generations\/([0-9a-f]{16})\/(?:snapshots\/([0-9a-f]{8})\.snapshot|wal\/([0-9a-f]{8})_([0-9a-f]{8}))\.?.*lz4$/.exec(
        path,
      );
    if (!match) continue;
    const id = match[1]!;
    if (!byId.has(id)) byId.set(id, { id, snapshots: [], segments: [] });
    const bytes = lz4js.decompress(data);
    if (match[2]) byId.get(id)!.snapshots.push({ index: Number.parseInt(match[2], 16), path, bytes });
    else {
      byId.get(id)!.segments.push({
        index: Number.parseInt(match[3]!, 16),
        offset: Number.parseInt(match[4]!, 16),
        path,
        bytes,
      });
    }
  }
  return [...byId.values()];
}

/** The state after every commit of a sound generation, starting from its snapshot number `from`. */
export function naiveStates({ id, snapshots, segments }: NaiveGeneration, from = 0): NaiveState[] {
  const states: NaiveState[] = [];
  const snapshot = snapshots[from]!;
  let database = snapshot.bytes;
  let pageSize = 0;
  for (const segment of segments) {
    if (segment.index < snapshot.index) continue;
    const view = new DataView(segment.bytes.buffer, segment.bytes.byteOffset, segment.bytes.length);
    let at = 0;
    if (segment.offset === 0) {
      pageSize = view.getUint32(8);
      at = 32;
    }
    let pages: [number, Uint8Array][] = [];
    for (; at < segment.bytes.length; at += 24 + pageSize) {
      pages.push([view.getUint32(at), segment.bytes.subarray(at + 24, at + 24 + pageSize)]);
      const commit = view.getUint32(at + 4);
      if (commit === 0) continue;
      const next = new Uint8Array(commit * pageSize);
      next.set(database.subarray(0, next.length));
      for (const [page, data] of pages) if (page <= commit) next.set(data, (page - 1) * pageSize);
      database = next;
      const end = segment.offset + at + 24 + pageSize;
      states.push({
        generation: id,
        index: segment.index,
        end,
        path: segment.path,
        lastOfSegment: at + 24 + pageSize === segment.bytes.length,
        pages,
        size: commit,
        sha256: sha256(database),
      });
      pages = [];
    }
  }
  return states;
}
