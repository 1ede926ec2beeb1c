/**
 * Reads a WAL handed over in pieces of any size, frame by frame, with every checksum.
 *
 * What SQLite would recover is what lies before `committedOffset`: its recovery, too, stops for good at the first frame
 * that does not fit, and counts what stands before the last commit (https://www.sqlite.org/fileformat2.html#walformat).
 */

import { readUint32BE } from "../bytes.ts";
import { FrameChain } from "./chain.ts";
import type { WalChecksum } from "./checksum.ts";
import { FRAME_HEADER_SIZE, parseWalHeader, WAL_HEADER_SIZE, type WalHeader } from "./header.ts";
import type { WalStop } from "./stop.ts";

/** A run of frames that lie one after another, all of one transaction. */
export interface WalFrames {
  /** `count` whole frames, each a header of 24 bytes and a page, as they lie in the WAL. */
  bytes: Uint8Array;
  count: number;
  /** Byte offset in the WAL of the first. */
  offset: number;
  /** Number of the first, from 0. */
  frame: number;
  /** Above 0: the last of them commits, and the database has this many pages. 0: the transaction goes on. */
  commitSize: number;
  /**
   * All of them fit the chain, and no frame before was at fault. False for a frame adopted without knowing the checksum
   * before it (see {@link WalResume}); and, with `resync`, for a faulty frame and all that follow it.
   */
  sound: boolean;
}

/** Where to go on in a WAL without its beginning. */
export interface WalResume {
  header: WalHeader;
  /** Where the next frame starts: a byte offset in the WAL. */
  offset: number;
  /**
   * The running checksum before it. `undefined`: unknown, because a piece is missing before it. Then the first frame's
   * own stored checksum is adopted, unverified.
   */
  checksum: WalChecksum | undefined;
  /** With `resync`, right after a fault: running checksums that the next frame may fit as well. */
  alternatives?: readonly WalChecksum[];
  /** With `resync`: there was a fault before; nothing from here on is sound. */
  faulted?: boolean;
}

/** What reading a WAL takes to know. */
export interface WalReaderOptions {
  /** Start in the middle, with a frame. Default: at the WAL header. */
  resume?: WalResume | undefined;
  /** Go on after a frame that does not fit. Default: stop there, as SQLite's recovery does. */
  resync?: boolean | undefined;
  /** The file, for errors. */
  path?: string | undefined;
  /**
   * With `resync`: told of each frame that does not fit, before it is yielded. Neighbours with the same wrong salts are
   * told once: they are the leftover of an earlier round of the WAL, not damage to each.
   */
  onFault?: ((stop: WalStop) => void) | undefined;
}

/** Reads one WAL: `push` takes its pieces and yields its frames, `end` says why and where it ended. */
export class WalReader {
  readonly #path: string | undefined;
  readonly #resync: boolean;
  readonly #onFault: ((stop: WalStop) => void) | undefined;
  #chain: FrameChain | undefined;
  /** The beginning of a frame (or of the header) whose rest has not come yet. */
  #carry: Uint8Array = new Uint8Array(WAL_HEADER_SIZE);
  #carried = 0;
  #offset = 0;
  #committedOffset = 0;
  #stop: WalStop | undefined;
  #faulted = false;
  /** The wrong salts of the frame before. */
  #strangeSalts: string | undefined;
  #reading = false;

  /** Throws a `RangeError` where `resume.offset` is not the start of a frame. */
  constructor(options: WalReaderOptions = {}) {
    this.#path = options.path;
    this.#resync = options.resync ?? false;
    this.#onFault = options.onFault;
    const { resume } = options;
    if (resume === undefined) return;
    const { header, offset, checksum, alternatives = [] } = resume;
    const past = offset - WAL_HEADER_SIZE;
    if (!(past >= 0 && past % (FRAME_HEADER_SIZE + header.pageSize) === 0)) {
      throw new RangeError(
        `Expected to resume at the start of a frame (${WAL_HEADER_SIZE} + n * ${FRAME_HEADER_SIZE + header.pageSize}), found ${offset}`,
      );
    }
    this.#start(header, offset, checksum === undefined ? [] : [checksum, ...alternatives]);
    this.#faulted = resume.faulted ?? false;
  }

  /** The WAL header, once it has been read; that of `resume` from the beginning. */
  get header(): WalHeader | undefined {
    return this.#chain?.header;
  }

  /** Byte offset in the WAL where the next frame starts: the end of the last one taken. */
  get offset(): number {
    return this.#offset;
  }

  /** Number of the next frame, from 0. */
  get frame(): number {
    if (this.#chain === undefined) return 0;
    return (this.#offset - WAL_HEADER_SIZE) / (FRAME_HEADER_SIZE + this.#chain.header.pageSize);
  }

  /**
   * Byte offset in the WAL of the end of the last commit frame; 32 right after the header; the resume offset at first.
   * With `resync` it stays where it was before the first fault.
   */
  get committedOffset(): number {
    return this.#committedOffset;
  }

  /** Why reading is over; `undefined` while it goes on. */
  get stop(): WalStop | undefined {
    return this.#stop;
  }

  /**
   * Takes the next piece of the WAL, and yields the frames that it completes: runs that end at a commit frame, at a
   * fault, or with the piece. Must be read to its end before the next `push` (`TypeError`), also where there is nothing
   * to yield. After a stop, pieces are ignored.
   *
   * `WalFrames.bytes` is a part of `bytes`, or of a buffer of the reader's own for a frame that came in two pieces: it
   * is valid until the generator is advanced. What it yields was taken when it is yielded: `offset`, `committedOffset`,
   * `resumeState()` stand at the end of the run.
   *
   * Throws what {@link parseWalHeader} throws, once the header's 32 bytes are there.
   */
  push(bytes: Uint8Array): Generator<WalFrames, void, undefined> {
    if (this.#reading) {
      throw new TypeError("Expected the frames of the piece before to be read to the end, found some left");
    }
    this.#reading = true;
    return this.#read(bytes);
  }

  /**
   * Says that no more pieces come, and why and where reading ended: `end` where all bytes were whole frames and none
   * stopped it. With `resync` faults do not stop it: they have been told to `onFault`.
   */
  end(): WalStop {
    if (this.#stop === undefined) {
      const place = { offset: this.#offset, frame: this.frame };
      this.#stop =
        this.#chain !== undefined && this.#carried === 0
          ? { reason: "end", ...place }
          : {
              reason: "truncated",
              ...place,
              expected: `${this.#carry.length} bytes`,
              found: `${this.#carried} bytes`,
            };
    }
    return this.#stop;
  }

  /**
   * How another reader goes on from `offset`, with the bytes from there: those of a frame of which only a part has come
   * are to be handed over again. Throws a `TypeError` before the header has been read.
   */
  resumeState(): WalResume {
    if (this.#chain === undefined) {
      throw new TypeError(`Expected the WAL header to have been read, found ${this.#carried} bytes of it`);
    }
    const { header, candidates } = this.#chain;
    const [checksum, ...alternatives] = candidates;
    const state: WalResume = { header, offset: this.#offset, checksum };
    if (alternatives.length > 0) state.alternatives = alternatives;
    if (this.#faulted) state.faulted = true;
    return state;
  }

  #start(header: WalHeader, offset: number, candidates: readonly WalChecksum[]): void {
    this.#chain = new FrameChain(header, candidates);
    this.#carry = new Uint8Array(FRAME_HEADER_SIZE + header.pageSize);
    this.#carried = 0;
    this.#offset = offset;
    this.#committedOffset = offset;
  }

  *#read(bytes: Uint8Array): Generator<WalFrames, void, undefined> {
    if (this.#stop === undefined) yield* this.#take(bytes);
    this.#reading = false;
  }

  *#take(bytes: Uint8Array): Generator<WalFrames, void, undefined> {
    let at = 0;
    if (this.#chain === undefined) {
      at = this.#fill(bytes, 0);
      if (this.#carried < WAL_HEADER_SIZE) return;
      this.#readHeader();
    }
    if (this.#carried > 0) {
      at = this.#fill(bytes, at);
      if (this.#carried < this.#carry.length) return;
      this.#carried = 0;
      yield* this.#runs(this.#carry, 0, this.#carry.length);
    }
    const whole = bytes.length - ((bytes.length - at) % this.#carry.length);
    if (this.#stop === undefined && at < whole) yield* this.#runs(bytes, at, whole);
    this.#fill(bytes, whole);
  }

  #readHeader(): void {
    try {
      const header = parseWalHeader(this.#carry, { path: this.#path });
      this.#start(header, WAL_HEADER_SIZE, [[header.checksum1, header.checksum2]]);
    } catch (error) {
      // The carry buffer stays full: another push comes here at once, and throws the same.
      this.#reading = false;
      throw error;
    }
  }

  /** Takes what the carry buffer has room for from `bytes` at `at`; returns where the rest begins. */
  #fill(bytes: Uint8Array, at: number): number {
    const end = Math.min(bytes.length, at + this.#carry.length - this.#carried);
    this.#carry.set(bytes.subarray(at, end), this.#carried);
    this.#carried += end - at;
    return end;
  }

  /** The whole frames of `bytes` from `start` to `end`, as runs. */
  *#runs(bytes: Uint8Array, start: number, end: number): Generator<WalFrames, void, undefined> {
    const chain = this.#chain!;
    const size = this.#carry.length;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    let first = start;
    for (let at = start; at < end; at += size) {
      const adopted = chain.candidates.length === 0;
      const fault = chain.check(bytes, view, at);
      const alone = fault !== undefined || adopted;
      // What stands before is yielded before the state moves on to this frame.
      if (alone && at > first) yield this.#run(bytes, first, at, 0, !this.#faulted);
      if (fault === undefined) {
        chain.accept();
        this.#strangeSalts = undefined;
      } else {
        if (!this.#fault(fault)) return;
        chain.skip();
      }
      this.#offset += size;
      const commitSize = readUint32BE(bytes, at + 4);
      if (commitSize !== 0 && !this.#faulted) this.#committedOffset = this.#offset;
      if (alone || commitSize !== 0 || at + size === end) {
        const from = alone ? at : first;
        yield this.#run(bytes, from, at + size, commitSize, !this.#faulted && !alone);
        first = at + size;
      }
    }
  }

  /** The frames of `bytes` from `from` to `to`, the last of which ends at the reader's offset. */
  #run(bytes: Uint8Array, from: number, to: number, commitSize: number, sound: boolean): WalFrames {
    const count = (to - from) / this.#carry.length;
    const offset = this.#offset - (to - from);
    return { bytes: bytes.subarray(from, to), count, offset, frame: this.frame - count, commitSize, sound };
  }

  /** Notes what is wrong with the frame at the reader's offset. Whether to go on. */
  #fault(fault: Omit<WalStop, "offset" | "frame">): boolean {
    const { reason, ...found } = fault;
    const stop: WalStop = { reason, offset: this.#offset, frame: this.frame, ...found };
    if (!this.#resync) {
      this.#stop = stop;
      return false;
    }
    const salts = reason === "salt" ? fault.found : undefined;
    if (salts === undefined || salts !== this.#strangeSalts) this.#onFault?.(stop);
    this.#strangeSalts = salts;
    this.#faulted = true;
    return true;
  }
}
