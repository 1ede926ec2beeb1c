/**
 * Replicas made up: random transactions over random pages, cut into indexes and segments as Litestream does, with
 * snapshots as fuzzy as real ones. Beside each replica stands what is true of it.
 */

import { readUint32BE, writeUint32BE } from "../../src/bytes.ts";
import { compress } from "../../src/lz4/index.ts";
import { formatSegmentName, formatSnapshotName } from "../../src/snapshot/index.ts";
import { MemoryStorage } from "../../src/storage/index.ts";
import { WalWriter } from "../../src/wal/index.ts";
import { sha256 } from "./fixtures.ts";

export interface Recipe {
  pageSize: number;
  pages: number;
  seed: number;
  /** Per index: per segment: the transactions in it. */
  indexes: { snapshot: boolean; mark: number; segments: { commits: number }[] }[];
}

export interface TrueState {
  index: number;
  /** End of the commit in the WAL; 0: the start of the index. */
  offset: number;
  sha256: string;
}

export interface Made {
  storage: MemoryStorage;
  generation: string;
  /** After every commit, in order; and at the start of every index. */
  states: TrueState[];
  snapshots: { index: number; path: string; modified: bigint; mark: TrueState }[];
  segments: { index: number; offset: number; path: string; modified: bigint; end: TrueState }[];
}

export const GENERATION = "00112233aabbccdd";

/** A small generator of numbers: the recipe's seed decides everything. */
export function numbers(seed: number): (below: number) => number {
  let state = seed >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

export function makeReplica(recipe: Recipe): Made {
  const { pageSize } = recipe;
  const next = numbers(recipe.seed);
  const storage = new MemoryStorage();
  const states: TrueState[] = [];
  const snapshots: Made["snapshots"] = [];
  const segments: Made["segments"] = [];
  let clock = 1_700_000_000_000_000_000n;
  const tick = () => (clock += BigInt(2_000_001 + next(5_000_000)));
  const put = (path: string, data: Uint8Array) => {
    const modified = tick();
    storage.files.set(path, { data: compress(data, { contentChecksum: true }), modified });
    return modified;
  };
  const fill = (page: Uint8Array) => {
    for (let i = 0; i < 8; i++) page[next(pageSize)] = next(256);
    return page;
  };
  let database = Array.from({ length: recipe.pages }, () => fill(new Uint8Array(pageSize)));
  database[0] = header(pageSize, recipe.pages);
  const hash = () => sha256(Buffer.concat(database));

  recipe.indexes.forEach((plan, number) => {
    const index = number + 1;
    const before = database.slice();
    const salt1 = next(2 ** 31);
    const writer = new WalWriter({ pageSize, salt1, salt2: next(2 ** 31), checkpointSequence: number });
    let pending = [writer.header()];
    let start = 0;
    const changes: Map<number, Uint8Array>[] = [];
    const ends: TrueState[] = [{ index, offset: 0, sha256: hash() }];
    const files: { path: string; offset: number; data: Uint8Array; end: TrueState; commits: number }[] = [];
    plan.segments.forEach(({ commits }, at) => {
      for (let commit = 0; commit < commits; commit++) {
        const size = Math.max(2, database.length + (next(4) === 0 ? next(7) - 3 : 0));
        const changed = new Map<number, Uint8Array>();
        if (size !== database.length || next(4) === 0) changed.set(1, header(pageSize, size, database[0]!));
        for (let page = database.length + 1; page <= size; page++)
          changed.set(page, fill(new Uint8Array(pageSize)));
        for (let i = 1 + next(4); i > 0; i--) {
          const page = 2 + next(size - 1);
          changed.set(page, fill(changed.get(page)?.slice() ?? database[page - 1]!.slice()));
        }
        pending.push(writer.transaction(changed, size));
        database = database.slice(0, size);
        for (const [page, data] of changed) database[page - 1] = data;
        changes.push(changed);
        ends.push({ index, offset: writer.offset, sha256: hash() });
      }
      // Of an index that never had a commit nothing but its header is uploaded.
      if (commits > 0 || at === 0) {
        files.push({
          path: `generations/${GENERATION}/wal/${formatSegmentName({ index, offset: start })}`,
          offset: start,
          data: Buffer.concat(pending),
          end: ends.at(-1)!,
          commits: changes.length,
        });
        pending = [];
        start = writer.offset;
      }
    });
    states.push(...ends);
    const when = plan.snapshot ? next(files.length + 1) : -1;
    const snapshot = () => {
      // As a checkpoint copies pages: those whose newest frame lies before the mark, and no others. What had been committed
      // up to the mark is uploaded at the latest with the first segment after the snapshot.
      const mark = Math.min(plan.mark, files[when]?.commits ?? changes.length);
      const seen = mark + next(changes.length - mark + 1);
      const file = before.slice();
      let real = 0;
      for (let commit = 0; commit < mark; commit++) {
        for (const [page, data] of changes[commit]!) {
          const again = changes.slice(commit + 1, seen).some((later) => later.has(page));
          if (!again) {
            while (file.length < page - 1) file.push(new Uint8Array(pageSize));
            file[page - 1] = data;
            real = commit + 1;
          }
        }
      }
      const path = `generations/${GENERATION}/snapshots/${formatSnapshotName(index)}`;
      snapshots.push({ index, path, modified: put(path, Buffer.concat(file)), mark: ends[real]! });
    };
    files.forEach(({ path, offset, data, end }, at) => {
      if (at === when) snapshot();
      segments.push({ index, offset, path, modified: put(path, data), end });
    });
    if (when === files.length) snapshot();
  });
  return { storage, generation: GENERATION, states, snapshots, segments };
}

/** Page 1: just enough of a database header, with a change counter that goes up by one. */
function header(pageSize: number, pages: number, before?: Uint8Array): Uint8Array {
  const page = before?.slice() ?? new Uint8Array(pageSize);
  page.set(new TextEncoder().encode("SQLite format 3\0"));
  page[16] = pageSize === 65536 ? 0 : pageSize >>> 8;
  page[17] = pageSize === 65536 ? 1 : pageSize & 255;
  page[18] = page[19] = 2;
  const counter = readUint32BE(page, 24) + 1;
  writeUint32BE(page, 24, counter);
  writeUint32BE(page, 28, pages);
  writeUint32BE(page, 92, counter);
  return page;
}
