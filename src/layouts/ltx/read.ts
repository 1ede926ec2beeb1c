/** LTX files as events: changes in order, with what stands in for one that cannot be read; and claims. */

import { isFault, type WalkitError } from "../../errors.ts";
import {
  CHECKSUM_FLAG,
  hasDatabaseChecksums,
  type LtxHeader,
  type LtxVariant,
  lockPage,
} from "../../ltx/index.ts";
import type { Claim } from "../../replay/catalog.ts";
import type { PageRun, ReplayEvent } from "../../replay/events.ts";
import { pageSizeChanged } from "../../replay/faults.ts";
import type { ChangesOptions, ClaimPiece, ReadContext } from "../../replay/layout.ts";
import type { Leg, PlannedFile, PlannedSegment } from "../../replay/plan.ts";
import { formatPosition, type TxPosition } from "../../replay/position.ts";
import { hasVanished } from "../../replay/replica.ts";
import { chainBroken } from "../../replay/sums.ts";
import { type DatabaseHeader, parseDatabaseHeader } from "../../sqlite/header.ts";
import { AheadStorage } from "../../storage/ahead.ts";
import { listLtx } from "./catalog.ts";
import { deleted, missingTxids, notWhole } from "./faults.ts";
import { type FileRules, readFile, timeOf } from "./file.ts";
import { placeIn, rootIn } from "./names.ts";
import { isRaced } from "./raced.ts";
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
  rules: ChangesRules = {},
): AsyncGenerator<ReplayEvent, void, undefined> {
  const parallelism = Math.max(1, options.parallelism ?? 8);
  const storage = new AheadStorage(context.storage, leg.segments, parallelism, context.signal);
  try {
    yield* new Changes({ ...context, storage }, leg, options.faults !== "report", rules).events();
  } finally {
    await storage.close();
  }
}

/** What is so of one program's files, and not of the other's. */
export interface ChangesRules extends Pick<FileRules, "variant"> {
  /** Looks at a header before any page comes. @throws WalkitError what is wrong with it */
  check?: ((path: string, header: LtxHeader) => void) | undefined;
  /** A file may say that the database was deleted: what then comes in place of the fault. */
  deletion?: ((path: string, txid: number) => WalkitError) | undefined;
  /** What the pages of the database sum up to that the first file is laid over, where that is known: see `Layout.pageSum`. */
  before?: bigint | undefined;
}

class Changes {
  readonly #context: ReadContext;
  readonly #leg: Leg;
  readonly #throws: boolean;
  readonly #rules: ChangesRules;
  readonly #odd: { error: WalkitError; position: TxPosition }[] = [];
  readonly #trail = new WalTrail();
  #pageSize: number | undefined;
  /** The transaction that the state is behind; undefined at first, and behind what could not be read. */
  #reach: number | undefined;
  /** What the pages sum up to behind the file before; undefined where nothing tells, or what comes follows on none. */
  #before: bigint | undefined;

  constructor(context: ReadContext, leg: Leg, throws: boolean, rules: ChangesRules) {
    this.#leg = leg;
    this.#throws = throws;
    this.#rules = rules;
    this.#before = rules.before;
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
        this.#breaks();
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
    this.#breaks();
  }

  /** What comes next follows on nothing. */
  #breaks(): void {
    this.#trail.breaks();
    this.#before = undefined;
  }

  async *#file(file: PlannedFile): AsyncGenerator<ReplayEvent, void, undefined> {
    const change: PlannedSegment = { ...file, txid: this.#reach ?? placeIn(file.path).minTxid - 1 };
    const { variant, check, deletion } = this.#rules;
    let header: LtxHeader | undefined;
    let after = 0n;
    const onTrailer = ({ postApplyChecksum }: { postApplyChecksum: bigint }) => {
      after = postApplyChecksum;
    };
    const onHeader = (found: LtxHeader) => {
      header = found;
      check?.(file.path, found);
      if (this.#pageSize !== undefined && this.#pageSize !== found.pageSize)
        throw pageSizeChanged(file.path, this.#pageSize, found.pageSize);
    };
    for await (const run of readFile(file, this.#context, onHeader, { variant, onTrailer }))
      yield { type: "pages", run, sound: true, applied: true };
    const { commit: pageCount, maxTxid, pageSize, preApplyChecksum } = header!;
    if (pageCount === 0 && !deletion) throw deleted(file.path, maxTxid);
    const sums = hasDatabaseChecksums(header!) ? sumsOf(preApplyChecksum, after) : undefined;
    const before = this.#before;
    // Whoever wants to know of faults holds the sums against the pages as well.
    if (this.#throws && sums && before !== undefined && header!.minTxid === change.txid! + 1) {
      if (before !== sums.before) throw chainBroken(file.path, before, sums.before);
    }
    this.#before = sums?.after;
    this.#pageSize = pageCount === 0 ? undefined : pageSize;
    const gap = this.#trail.follow(file.path, header!, placeIn(file.path).level);
    const end = { txid: maxTxid };
    this.#reach = maxTxid;
    if (pageCount === 0) {
      const isTarget = this.#throws && this.#leg.segments.at(-1)!.path === file.path;
      yield* this.#fault(deletion!(file.path, maxTxid), end, isTarget);
    }
    yield { type: "commit", end, pageCount, sound: true, applied: true, change, sums };
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

/** The XOR of the pages' checksums alone: bit 63 is set by force, and says only that there is a checksum. */
function sumsOf(before: bigint, after: bigint): { before: bigint; after: bigint } {
  return { before: before & ~CHECKSUM_FLAG, after: after & ~CHECKSUM_FLAG };
}

/**
 * Reads a snapshot: the database that it is, with zeros for the page of locks, which LTX files leave out.
 *
 * @throws WalkitError what is wrong with the file
 */
export async function* readClaim(
  context: ReadContext,
  file: PlannedFile,
  rules: FileRules & Pick<ChangesRules, "check"> = {},
): AsyncGenerator<ClaimPiece, void, undefined> {
  let ltx: LtxHeader | undefined;
  let header: DatabaseHeader | undefined;
  let position = 0;
  let next = 1;
  let mayBeAhead = false;
  const onHeader = (found: LtxHeader, variant: LtxVariant | undefined) => {
    ltx = found;
    mayBeAhead = isRaced(file.path, variant);
    rules.check?.(file.path, found);
  };
  for await (const run of readFile(file, context, onHeader, rules)) {
    const { pageSize, commit } = ltx!;
    const lock = (lockPage(pageSize) - 1) * pageSize;
    // A file that begins with a later TXID may leave pages out.
    run.forEach((page) => {
      if (next === lockPage(pageSize)) next++;
      if (page !== next++) throw notWhole(file.path, ltx!, next - 1);
    });
    const time = timeOf(ltx!);
    header ??= databaseHeader(file.path, run.bytes, pageSize);
    for (let at = 0; at < run.bytes.length; ) {
      // A snapshot's pages lie side by side, but for the page of locks.
      const end = position < lock ? Math.min(run.bytes.length, at + lock - position) : run.bytes.length;
      yield { header, position, data: run.bytes.subarray(at, end), time, mayBeAhead };
      position += end - at;
      at = end;
      if (position !== lock || commit * pageSize <= lock) continue;
      yield { header, position, data: new Uint8Array(pageSize), time };
      position += pageSize;
    }
  }
  if (!header) throw deleted(file.path, ltx!.maxTxid);
  if (position < ltx!.commit * ltx!.pageSize) throw notWhole(file.path, ltx!, next);
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
