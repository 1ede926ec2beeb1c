/**
 * A replica that is written without Litestream, as Litestream would: names, LZ4 frames, and times that are as far apart
 * as those of a replica in use.
 */

import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { FrameEncoder } from "../dist/lz4/index.js";
import { formatSegmentName, formatSnapshotName } from "../dist/snapshot/index.js";

const GENERATION = "0123456789abcdef";
/** Of the snapshot, in seconds since 1970; each segment is a second younger than the one before. */
const START = 1_706_700_000;

/**
 * What is known of a replica.
 *
 * @typedef {object} Facts
 * @property {string} replica the folder that holds `generations/`
 * @property {string} snapshot path of the snapshot in it
 * @property {number} databaseBytes of the database that a restore gives
 * @property {string} sha256 of that database
 * @property {number} snapshotBytes
 * @property {number} walBytes
 * @property {number} walDecodedBytes
 * @property {number} segments
 * @property {number} indexes
 */

/**
 * The replica in `folder`, from an earlier run or made now by `make`. Another `recipe` than the one that it was made by
 * means that it is made afresh.
 *
 * @param {string} folder
 * @param {string} recipe
 * @param {(replica: OwnReplica, work: string) => Promise<{ databaseBytes: number, sha256: string }>} make
 *   `work`: a folder for what is not kept
 * @returns {Promise<Facts>}
 */
export async function kept(folder, recipe, make) {
  const path = join(folder, "facts.json");
  const root = join(folder, "replica");
  const known = existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : {};
  if (known.recipe === recipe) return { ...known, replica: root };
  rmSync(folder, { recursive: true, force: true });
  const work = join(folder, "work");
  mkdirSync(work, { recursive: true });
  const replica = new OwnReplica(root);
  const made = await make(replica, work);
  rmSync(work, { recursive: true });
  const facts = { ...replica.figures, ...made, recipe };
  // Last, and at once: a replica that was not finished has no facts.
  writeFileSync(`${path}.tmp`, JSON.stringify(facts, null, 2));
  renameSync(`${path}.tmp`, path);
  return { ...facts, replica: root };
}

export class OwnReplica {
  figures = { snapshot: "", snapshotBytes: 0, walBytes: 0, walDecodedBytes: 0, segments: 0, indexes: 0 };
  #root;
  #folder;
  #lastIndex = -1;

  constructor(root) {
    this.#root = root;
    this.#folder = join("generations", GENERATION);
    for (const part of ["snapshots", "wal"]) mkdirSync(join(root, this.#folder, part), { recursive: true });
  }

  /**
   * The snapshot of index 0.
   *
   * @param {Iterable<Uint8Array>} pieces
   * @param {import("../dist/lz4/index.js").EncodeOptions} [options]
   */
  snapshot(pieces, options) {
    const name = join(this.#folder, "snapshots", formatSnapshotName(0));
    this.figures.snapshotBytes = this.#write(name, pieces, options);
    this.figures.snapshot = name;
    utimesSync(join(this.#root, name), START, START);
  }

  /** @param {Iterable<Uint8Array>} pieces of the WAL `index`, from `offset` on */
  segment(index, offset, pieces) {
    const name = join(this.#folder, "wal", formatSegmentName({ index, offset }));
    const { figures } = this;
    figures.walBytes += this.#write(name, pieces);
    for (const piece of pieces) figures.walDecodedBytes += piece.length;
    figures.segments++;
    if (index !== this.#lastIndex) figures.indexes++;
    this.#lastIndex = index;
    const time = START + figures.segments;
    utimesSync(join(this.#root, name), time, time);
  }

  #write(name, pieces, options) {
    const path = join(this.#root, name);
    const encoder = new FrameEncoder(options);
    const file = openSync(path, "w");
    // Small files in one go: there may be many.
    let waiting = [];
    let size = 0;
    const put = (parts) => {
      for (const part of parts) {
        waiting.push(part);
        size += part.length;
      }
      if (size < 1 << 20) return;
      flush();
    };
    const flush = () => {
      writeSync(file, Buffer.concat(waiting));
      waiting = [];
      size = 0;
    };
    for (const piece of pieces) put(encoder.push(piece));
    put(encoder.end());
    flush();
    closeSync(file);
    return statSync(path).size;
  }
}
