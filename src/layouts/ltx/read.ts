/** LTX files as events: changes in order, with what stands in for one that cannot be read; and claims. */

import { isFault, type WalkitError } from "../../errors.ts";
import type { LtxHeader } from "../../ltx/index.ts";
import { lockPage } from "../../ltx/index.ts";
import type { Claim } from "../../replay/catalog.ts";
import type { PageRun, ReplayEvent } from "../../replay/events.ts";
import { pageSizeChanged } from "../../replay/faults.ts";
import type { ChangesOptions, ClaimPiece, ReadContext } from "../../replay/layout.ts";
import type { Leg, PlannedFile, PlannedSegment } from "../../replay/plan.ts";
import { formatPosition, type TxPosition } from "../../replay/position.ts";
import { hasVanished } from "../../replay/replica.ts";
import { type DatabaseHeader, parseDatabaseHeader } from "../../sqlite/header.ts";
import { readingAhead } from "./ahead.ts";
import { listLtx } from "./catalog.ts";
import { deleted } from "./faults.ts";
import { readFile, timeOf } from "./file.ts";
import { placeIn, rootIn } from "./names.ts";
import { missingTxids } from "./plan.ts";
import { WalTrail } from "./trail.ts";
import type { LtxFile } from "./types.ts";

/**
 * Reads files of changes in order, each a section of its own. Where one is damaged and faults are reported, a merged file that
 * leads over the same place stands in for it, and for what it merged.
 *
 * @throws WalkitError the first fault, unless they are reported; `storage/not-found` always
 */
export async function* readChanges(
  context: ReadContext,
  leg: Leg,
  options: ChangesOptions = {},
): AsyncGenerator<ReplayEvent, void, undefined> {
  const parallelism = Math.max(1, options.parallelism ?? 8);
  const storage = readingAhead(context.storage, leg.segments, parallelism, context.signal);
  const run = new Changes({ ...context, storage }, leg, options.faults !== "report");
  yield* run.events();
}

class Changes {
  readonly #context: ReadContext;
  readonly #leg: Leg;
  readonly #throws: boolean;
  readonly #odd: { error: WalkitError; position: TxPosition }[] = [];
  readonly #trail = new WalTrail();
  #pageSize: number | undefined;
  /** The transaction that the state is behind; undefined at first, and behind what could not be read. */
  #reach: number | undefined;

  constructor(context: ReadContext, leg: Leg, throws: boolean) {
    this.#leg = leg;
    this.#throws = throws;
    this.#context = {
      ...context,
      onOdd: (error) => this.#odd.push({ error, position: { txid: this.#reach ?? 0 } }),
    };
  }

  async *events(): AsyncGenerator<ReplayEvent, void, undefined> {
    for (const change of this.#leg.segments) {
      const { maxTxid, minTxid } = placeIn(change.path);
      // A merged file led over it.
      if (this.#reach !== undefined && maxTxid <= this.#reach) continue;
      const section = { txid: change.txid! };
      yield { type: "opens", section, tied: true };
      if (this.#reach !== undefined && minTxid > this.#reach + 1) {
        const missing = missingTxids(this.#reach, {
          ...change,
          ...placeIn(change.path),
          modified: undefined,
        });
        yield* this.#fault(missing, section, true);
        this.#trail.breaks();
      }
      yield* this.#read(change, section);
      yield { type: "closes", section, whole: this.#reach === maxTxid };
    }
  }

  async *#read(change: PlannedSegment, section: TxPosition): AsyncGenerator<ReplayEvent, void, undefined> {
    let next: PlannedFile | undefined = change;
    const failed = new Set<string>();
    while (next) {
      const file: PlannedFile = next;
      try {
        yield* this.#file(file);
        return;
      } catch (error) {
        if (hasVanished(error)) {
          // Retention deletes files once they are merged into others.
          failed.add(file.path);
          next =
            this.#standIn(section.txid, failed) ?? (await this.#relisted(file.path, section.txid, failed));
          if (!next) throw error;
          continue;
        }
        if (!isFault(error)) throw error;
        failed.add(file.path);
        next = this.#standIn(section.txid, failed);
        yield* this.#fault(error, section, !next);
      }
    }
    this.#reach = placeIn(change.path).maxTxid;
    this.#trail.breaks();
  }

  async *#file(file: PlannedFile): AsyncGenerator<ReplayEvent, void, undefined> {
    const change: PlannedSegment = { ...file, txid: this.#reach ?? placeIn(file.path).minTxid - 1 };
    let header: LtxHeader | undefined;
    const onHeader = (found: LtxHeader) => {
      header = found;
      if (this.#pageSize !== undefined && this.#pageSize !== found.pageSize)
        throw pageSizeChanged(file.path, this.#pageSize, found.pageSize);
    };
    for await (const run of readFile(file, this.#context, onHeader))
      yield { type: "pages", run, sound: true, applied: true };
    const { commit: pageCount, maxTxid, pageSize } = header!;
    if (pageCount === 0) throw deleted(file.path, maxTxid);
    this.#pageSize = pageSize;
    const gap = this.#trail.follow(file.path, header!, placeIn(file.path).level);
    const end = { txid: maxTxid };
    this.#reach = maxTxid;
    yield { type: "commit", end, pageCount, sound: true, applied: true, change };
    yield { type: "change", change, end, applied: true, time: timeOf(header!) };
    if (gap) yield* this.#fault(gap, end, false);
    for (const { error, position } of this.#odd.splice(0)) yield* this.#fault(error, position, false);
  }

  /** The smallest merged file that leads on from a transaction. */
  #standIn(txid: number, failed: ReadonlySet<string>): PlannedFile | undefined {
    let least: Claim | undefined;
    for (const file of this.#leg.merged ?? []) {
      const { since, txid: end } = file;
      if (end! <= txid || since!.txid! > txid || failed.has(file.path)) continue;
      if (!least || end! < least.txid!) least = file;
    }
    return least;
  }

  /** The smallest file, listed anew, that leads on from a transaction. */
  async #relisted(path: string, txid: number, failed: ReadonlySet<string>): Promise<PlannedFile | undefined> {
    const { storage, signal } = this.#context;
    const { branch } = await listLtx(storage, rootIn(path), signal);
    return branch?.files
      .filter((file) => file.minTxid <= txid + 1 && file.maxTxid > txid && !failed.has(file.path))
      .reduce<LtxFile | undefined>(
        (least, one) => (!least || one.maxTxid < least.maxTxid ? one : least),
        undefined,
      );
  }

  *#fault(error: WalkitError, position: TxPosition, breaks: boolean): Generator<ReplayEvent> {
    const at = error.position === undefined ? error.with({ position: formatPosition(position) }) : error;
    if (breaks && this.#throws) throw at;
    yield { type: "fault", error: at, position, breaks };
  }
}

/**
 * Reads a snapshot: the database that it is, with zeros for the page of locks, which LTX files leave out.
 *
 * @throws WalkitError what is wrong with the file
 */
export async function* readClaim(
  context: ReadContext,
  file: PlannedFile,
): AsyncGenerator<ClaimPiece, void, undefined> {
  let ltx: LtxHeader | undefined;
  let header: DatabaseHeader | undefined;
  let position = 0;
  for await (const run of readFile(file, context, (found) => (ltx = found))) {
    const { pageSize, commit } = ltx!;
    const lock = (lockPage(pageSize) - 1) * pageSize;
    const time = timeOf(ltx!);
    header ??= databaseHeader(file.path, run.bytes, pageSize);
    for (let at = 0; at < run.bytes.length; ) {
      // A snapshot's pages lie side by side, but for the page of locks.
      const end = position < lock ? Math.min(run.bytes.length, at + lock - position) : run.bytes.length;
      yield { header, position, data: run.bytes.subarray(at, end), time };
      position += end - at;
      at = end;
      if (position !== lock || commit * pageSize <= lock) continue;
      yield { header, position, data: new Uint8Array(pageSize), time };
      position += pageSize;
    }
  }
  if (!header) throw deleted(file.path, ltx!.maxTxid);
}

/** Of page 1; of the wrong size it would be laid under pages of the right one. */
function databaseHeader(path: string, page1: Uint8Array, pageSize: number): DatabaseHeader {
  const header = parseDatabaseHeader(page1, { path });
  if (header.pageSize !== pageSize) throw pageSizeChanged(path, pageSize, header.pageSize);
  return header;
}

/** Reads a merged file: the pages that it has. */
export async function* readMerged(
  context: ReadContext,
  file: PlannedFile,
): AsyncGenerator<PageRun, void, undefined> {
  yield* readFile(file, context, () => {});
}
