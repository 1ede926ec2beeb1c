/**
 * Replay: the one place where LZ4 frames become WAL frames become committed transactions, in order, with every checksum
 * checked on the way. What is wrong is a value with a position: thrown for whoever wants the bytes, yielded for whoever
 * wants to know.
 */

import { familyOf, isFault, type WalkitError } from "../../errors.ts";
import type { PageRun, ReplayEvent } from "../../replay/events.ts";
import type { ChangesOptions, ReadContext } from "../../replay/layout.ts";

import { comparePositions, formatPosition, type WalPosition } from "../../replay/position.ts";
import { lockPage } from "../../sqlite/header.ts";
import { AheadStorage } from "../../storage/ahead.ts";
import {
  FRAME_HEADER_SIZE,
  forEachPage,
  stopError,
  WAL_HEADER_SIZE,
  type WalFrames,
  type WalHeader,
  WalReader,
  type WalResume,
  type WalStop,
} from "../../wal/index.ts";
import { Continuity, storedChecksum } from "./continuity.ts";
import {
  duplicateSegment,
  formatChanged,
  missingFirstSegment,
  missingIndex,
  missingSegment,
  missingTransactions,
  overlappingSegment,
  unalignedSegment,
  uncommittedTail,
} from "./faults.ts";
import { decodeFile } from "./files.ts";
import { isLongerThanItsHeader } from "./snapshot.ts";
import type { WalFile, WalLeg } from "./types.ts";

/**
 * Reads WAL segments in order: the one place where LZ4 frames become WAL frames become committed transactions.
 *
 * @throws WalkitError the first fault, unless they are reported; `storage/not-found` always: a file that vanished is
 * for the caller to look for again
 */
export async function* readSegments(
  context: ReadContext,
  leg: WalLeg,
  options: ChangesOptions = {},
): AsyncGenerator<ReplayEvent, void, undefined> {
  const run = new Replay(context, leg, options);
  try {
    yield* run.events();
  } finally {
    await run.close();
  }
}

/** The pages of WAL frames. */
class FramePages implements PageRun {
  readonly pageSize: number;
  readonly #run: WalFrames;

  constructor(run: WalFrames, pageSize: number) {
    this.#run = run;
    this.pageSize = pageSize;
  }

  get count(): number {
    return this.#run.count;
  }

  forEach(each: (page: number, data: Uint8Array) => void): void {
    forEachPage(this.#run, this.pageSize, each);
  }
}

interface NextPage1 {
  /** Of the file that it is in. */
  number: number;
  isLong: boolean;
  /** Pages written up to there. */
  written: ReadonlySet<number>;
  pageSize: number;
}

const NO_PAGE_1: NextPage1 = { number: -1, isLong: false, written: new Set(), pageSize: 512 };

class Replay {
  readonly #plan: WalLeg;
  readonly #files: readonly WalFile[];
  readonly #context: ReadContext;
  readonly #ahead: AheadStorage;
  readonly #throws: boolean;
  readonly #tolerant: boolean;
  readonly #continuity = new Continuity();
  /** Faults met inside the reader and the decoder, until they can be yielded. */
  readonly #faults: { error: WalkitError; position: WalPosition; breaks: boolean }[] = [];
  /** Of the index under way. Undefined where its header is missing: then its files are decoded, no more. */
  #reader: WalReader | undefined;
  #index = -1;
  /** Where the next segment of this index must begin; undefined where a broken file leaves that unknown. */
  #expected: number | undefined = 0;
  #mayExpect: number | undefined;
  #whole = true;
  #segment: WalFile | undefined;
  #before: WalHeader | undefined;
  /** Of the segment before: how to read it once more, and its first frame's stored checksum. */
  #previous: { start: WalResume; checksum: string; size: number | undefined } | undefined;
  #applying = true;
  #isBaseLong: Promise<boolean> | undefined;
  #page1: NextPage1 = NO_PAGE_1;

  constructor(context: ReadContext, plan: WalLeg, options: ChangesOptions) {
    this.#plan = plan;
    this.#files = [...plan.segments, ...(plan.proof ?? [])];
    this.#throws = options.faults !== "report";
    this.#tolerant = options.tolerant ?? false;
    this.#context = { ...context, onOdd: (error) => this.#fault(error, false) };
    const parallelism = Math.max(1, options.parallelism ?? 8);
    this.#ahead = new AheadStorage(context.storage, this.#files, parallelism, context.signal);
  }

  close(): Promise<void> {
    return this.#ahead.close();
  }

  async *events(): AsyncGenerator<ReplayEvent, void, undefined> {
    const { segments, next } = this.#plan;
    for (let number = 0; number < this.#files.length; number++) {
      if (number === segments.length) yield* this.#reachTarget();
      const segment = this.#files[number]!;
      if (segment.index !== this.#index) {
        if (this.#index >= 0) yield* this.#endIndex();
        yield { type: "opens", section: { index: segment.index, offset: 0 } };
        this.#beginIndex(segment);
      } else this.#checkStart(segment);
      this.#segment = segment;
      yield* this.#flush();
      if (!(await this.#isDuplicate(number, segment))) yield* this.#readSegment(number, segment);
      yield* this.#flush();
    }
    if (this.#files.length > segments.length) {
      yield* this.#endIndex();
      return;
    }
    if (next?.index === this.#index) yield* this.#reachTarget();
    else if (this.#index >= 0) yield* this.#endIndex();
  }

  /** The end of what is applied: no gap must lie behind it, and it must not lie inside a transaction. */
  *#reachTarget(): Generator<ReplayEvent> {
    const { next } = this.#plan;
    const reader = this.#reader;
    if (next?.index === this.#index && this.#expected !== undefined && next.offset !== this.#expected) {
      this.#fault(this.#missingSegment(next), true);
    } else if (this.#applying && reader && this.#whole && reader.offset > reader.committedOffset) {
      this.#uncommitted(reader, "the segment at the target");
    }
    yield* this.#flush();
    this.#applying = false;
  }

  #beginIndex(segment: WalFile): void {
    const before = this.#index;
    this.#index = segment.index;
    this.#continuity.beginIndex();
    this.#whole = true;
    this.#previous = undefined;
    this.#reader = undefined;
    this.#expected = segment.offset;
    if (before >= 0 && segment.index > before + 1) {
      this.#fault(missingIndex(this.#plan.generation, before + 1, segment), true, {
        index: before + 1,
        offset: 0,
      });
    }
    if (segment.offset !== 0) {
      this.#fault(missingFirstSegment(this.#plan.generation, segment), true, {
        index: segment.index,
        offset: 0,
      });
      return;
    }
    this.#reader = this.#newReader();
  }

  #newReader(resume?: WalResume): WalReader {
    return new WalReader({ resume, resync: true, onFault: (stop) => this.#walFault(stop) });
  }

  /** A further segment of the same index must begin where the one before ended. */
  #checkStart(segment: WalFile): void {
    const { offset } = segment;
    if (offset === (this.#expected ?? this.#mayExpect)) return;
    const header = this.#reader?.header;
    if (this.#expected !== undefined && this.#reader) {
      if (offset > this.#expected) this.#fault(this.#missingSegment(segment), true);
      else this.#fault(overlappingSegment(segment, this.#expected), true, segment);
    }
    this.#whole = false;
    this.#reader = undefined;
    if (!header) return;
    const frameSize = FRAME_HEADER_SIZE + header.pageSize;
    if ((offset - WAL_HEADER_SIZE) % frameSize !== 0) {
      this.#fault(unalignedSegment(segment, frameSize), true, segment);
      return;
    }
    this.#reader = this.#newReader({ header, offset, checksum: undefined, faulted: true });
  }

  #missingSegment(next: WalPosition): WalkitError {
    return missingSegment({ index: this.#index, offset: this.#expected! }, next, this.#segment!);
  }

  async *#readSegment(number: number, segment: WalFile): AsyncGenerator<ReplayEvent> {
    const reader = this.#reader;
    const resume = reader?.header && this.#whole ? reader.resumeState() : undefined;
    let decoded = 0;
    let checksum: string | undefined;
    try {
      for await (const piece of decodeFile(segment, { ...this.#context, storage: this.#ahead })) {
        if (decoded === 0) checksum = storedChecksum(piece);
        decoded += piece.length;
        if (!reader || reader !== this.#reader) continue;
        const headed = reader.header !== undefined;
        for (const run of reader.push(piece)) {
          if (!headed && run.frame === 0) this.#checkHeader(reader, segment);
          yield* this.#flush();
          yield* this.#runEvents(run, reader, number);
        }
        if (!headed && reader.header && reader.frame === 0) this.#checkHeader(reader, segment);
        yield* this.#flush();
      }
      this.#expected = segment.offset + decoded;
      this.#previous =
        resume && checksum !== undefined ? { start: resume, checksum, size: segment.size } : undefined;
    } catch (error) {
      if (!isFault(error)) throw error;
      const inWal = familyOf(error.code) === "wal";
      const end = segment.offset + decoded;
      const proven = this.#tolerant && !inWal && this.#isProven(number, end);
      // The header's own faults come from the parser, which knows neither file nor position.
      this.#fault(inWal ? error.with({ path: segment.path, decoded: true }) : error, !proven, {
        index: segment.index,
        offset: reader?.offset ?? segment.offset,
      });
      if (inWal) {
        // Without the header nothing of this index can be read as WAL; its files are still decoded.
        this.#reader = undefined;
        if (decoded > 0) yield* this.#decodeOnly(segment);
      }
      // How long the segment was is unknown. If the next one begins where the frames end, it may still tie in with them.
      this.#expected = proven ? end : undefined;
      this.#mayExpect = !inWal && reader?.offset === end ? end : undefined;
      this.#previous = undefined;
      return;
    }
    yield* this.#flush();
    const end = { index: segment.index, offset: segment.offset + decoded };
    yield { type: "change", change: segment, end, applied: this.#applying };
  }

  /** Whether the WAL's checksums vouch for all up to `end`, a commit at which the next segment begins. */
  #isProven(number: number, end: number): boolean {
    const reader = this.#reader;
    const follower = this.#files[number + 1];
    return (
      this.#whole &&
      reader?.header !== undefined &&
      reader.offset === end &&
      reader.committedOffset === end &&
      follower?.index === this.#index &&
      follower.offset === end
    );
  }

  /** What the LZ4 layer alone can say of a file whose WAL cannot be read. */
  async *#decodeOnly(segment: WalFile): AsyncGenerator<ReplayEvent> {
    try {
      const context = { ...this.#context, onRead: undefined };
      for await (const _ of decodeFile(segment, context));
    } catch (error) {
      if (!isFault(error)) throw error;
      this.#fault(error, true, segment);
    }
    yield* this.#flush();
  }

  /** Page size and byte order stay through a generation. */
  #checkHeader(reader: WalReader, segment: WalFile): void {
    const header = reader.header!;
    const before = this.#before;
    if (before && (before.pageSize !== header.pageSize || before.bigEndian !== header.bigEndian)) {
      this.#fault(formatChanged(segment, before, header), true, segment);
    }
    this.#before = header;
  }

  async *#runEvents(run: WalFrames, reader: WalReader, number: number): AsyncGenerator<ReplayEvent> {
    const segment = this.#files[number]!;
    const { index } = segment;
    const { pageSize } = reader.header!;
    const end = { index, offset: run.offset + run.bytes.length };
    const applied = this.#applying && (!this.#plan.end || comparePositions(end, this.#plan.end) <= 0);
    if (run.sound) {
      const broken = this.#continuity.add(run, pageSize);
      if (broken?.grew && (await this.#grewByItself(broken.grew, number))) this.#continuity.isLong = true;
      else if (broken) {
        const error = missingTransactions(segment, broken, run.offset, end);
        this.#fault(error, true, { index, offset: run.offset });
        yield* this.#flush();
      }
    }
    yield { type: "pages", run: new FramePages(run, pageSize), sound: run.sound, applied };
    if (run.commitSize > 0) {
      const { commitSize: pageCount, sound } = run;
      yield { type: "commit", end, pageCount, sound, applied, change: segment };
      if (this.#plan.end && comparePositions(end, this.#plan.end) >= 0) this.#applying = false;
    }
  }

  /**
   * Whether a file that grew from one WAL to the next, without page 1, did so by itself: the snapshot's file is longer than
   * its header says, or the next commit with page 1 leaves it longer than that, or all the pages that it grew by are written
   * up to there, as those of a file are that come into use only then. What a lost transaction added is not written again.
   */
  async #grewByItself({ from, to }: { from: number; to: number }, number: number): Promise<boolean> {
    const { snapshot } = this.#plan;
    if (snapshot && (await (this.#isBaseLong ??= isLongerThanItsHeader(snapshot, this.#quietly))))
      return true;
    if (number > this.#page1.number) this.#page1 = await this.#nextPage1(number);
    const { isLong, written, pageSize } = this.#page1;
    if (isLong) return true;
    if (to - from > written.size + 1) return false;
    for (let page = from + 1; page <= to; page++) {
      if (!written.has(page) && page !== lockPage(pageSize)) return false;
    }
    return true;
  }

  /** Up to the next commit with page 1 from file `number` on: whether it leaves the file longer than what is in use; its file. */
  async #nextPage1(number: number): Promise<NextPage1> {
    const written = new Set<number>();
    const ahead = new Continuity();
    const files = [...this.#files, ...(this.#plan.later ?? [])];
    let reader: WalReader | undefined;
    try {
      for (let at = number; at < files.length; at++) {
        const { index, offset } = files[at]!;
        if (offset === 0) reader = new WalReader();
        else if (index !== files[at - 1]?.index) break;
        else
          reader ??= this.#newReader({
            header: this.#reader!.header!,
            offset,
            checksum: undefined,
            faulted: true,
          });
        for await (const piece of decodeFile(files[at]!, this.#quietly)) {
          for (const run of reader.push(piece)) {
            const { pageSize } = reader.header!;
            forEachPage(run, pageSize, (page) => written.add(page));
            ahead.add(run, pageSize);
            if (ahead.counter !== undefined) return { number: at, isLong: ahead.isLong, written, pageSize };
          }
        }
      }
    } catch (error) {
      // What is wrong with a file is said when it is read in its turn.
      if (!isFault(error)) throw error;
    }
    return { ...NO_PAGE_1, number: Number.POSITIVE_INFINITY };
  }

  /** For a second look, of which nobody is told. */
  get #quietly(): ReadContext {
    const { storage, signal } = this.#context;
    return { storage, signal };
  }

  *#endIndex(): Generator<ReplayEvent> {
    const reader = this.#reader;
    if (reader && this.#whole) {
      const stop = reader.end();
      if (stop.reason === "truncated") this.#walFault(stop);
      else if (reader.offset > reader.committedOffset)
        this.#uncommitted(reader, "the last segment of the index");
    }
    yield* this.#flush();
    yield {
      type: "closes",
      section: { index: this.#index, offset: 0 },
      whole: this.#whole && reader !== undefined,
    };
  }

  #uncommitted(reader: WalReader, where: string): void {
    const at = { index: this.#index, offset: reader.committedOffset };
    const frames = (reader.offset - reader.committedOffset) / (FRAME_HEADER_SIZE + reader.header!.pageSize);
    this.#fault(uncommittedTail(this.#segment!, where, at, frames), true, at);
  }

  #walFault(stop: WalStop): void {
    const { path, offset } = this.#segment!;
    const error = stopError(stop, { path, offset: Math.max(0, stop.offset - offset), decoded: true });
    this.#fault(error, true, { index: this.#index, offset: stop.offset });
  }

  #fault(
    error: WalkitError,
    breaks: boolean,
    position: WalPosition = { index: this.#index, offset: this.#expected ?? this.#segment?.offset ?? 0 },
  ): void {
    if (breaks) {
      this.#whole = false;
      this.#continuity.reset();
    }
    this.#faults.push({ error: error.with({ position: formatPosition(position) }), position, breaks });
  }

  *#flush(): Generator<ReplayEvent> {
    for (const fault of this.#faults.splice(0)) {
      if (fault.breaks && this.#throws && this.#applying) throw fault.error;
      yield { type: "fault", ...fault };
    }
  }

  /**
   * A copy of the segment before, put where that one ends. Its first frame then has the very checksum of that one's
   * first, which no frame in its place could have; read from there it must fit to its last frame.
   */
  async #isDuplicate(number: number, segment: WalFile): Promise<boolean> {
    const { index, offset, size } = segment;
    const { storage, signal } = this.#context;
    const previous = this.#previous;
    if (!previous || previous.size !== size || !this.#reader || this.#expected !== offset) return false;
    const follower = this.#files[number + 1];
    if (follower?.index === index) return false;
    try {
      const copy = new WalReader({ resume: previous.start });
      let checked = false;
      for await (const piece of decodeFile(segment, { storage, signal })) {
        if (!checked && storedChecksum(piece) !== previous.checksum) return false;
        checked = true;
        for (const _ of copy.push(piece));
      }
      if (copy.end().reason !== "end" || copy.offset !== this.#reader.offset) return false;
    } catch (error) {
      // What is wrong with it is said when it is read in its turn.
      if (isFault(error)) return false;
      throw error;
    }
    this.#fault(duplicateSegment(segment), false, segment);
    return true;
  }
}
