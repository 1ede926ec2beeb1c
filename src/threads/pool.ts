/** Threads that decode, and the files that are on their way through them. */

import { BUFFER, errorFromData, type FromThread, type Thread } from "./protocol.ts";

/** Buffers of compressed bytes of one file on their way to a thread. */
const AHEAD = 2;
/** Buffers for decoded bytes of one file: before somebody reads it, and from then on. */
const ROOMS = 2;
const ROOMS_READING = 6;
/** For fewer compressed bytes no thread is started. */
const WORTHWHILE = 16 << 20;

/** Decodes the first LZ4 frame of files in other threads. */
export class ThreadPool {
  readonly #open: () => Thread;
  readonly #count: number;
  #members: Member[] | undefined;
  #files = 0;

  /** `open` starts a thread; there will be `count`, once there is enough to do. */
  constructor(open: () => Thread, count: number) {
    this.#open = open;
    this.#count = count;
  }

  /** Says how many compressed bytes are to be decoded: threads start where it is worth while. */
  expect(bytes: number | undefined): void {
    if (bytes !== undefined && bytes < WORTHWHILE) return;
    this.#members ??= Array.from({ length: this.#count }, () => new Member(this.#open()));
  }

  /** Begins to read and decode a file; undefined where no thread is ready to. It is to be read, or dropped. */
  begin(path: string, source: AsyncIterable<Uint8Array>): DecodingFile | undefined {
    let best: Member | undefined;
    for (const member of this.#members ?? []) {
      if (member.ready && (!best || member.files.size < best.files.size)) best = member;
    }
    return best && new DecodingFile(best, ++this.#files, path, source);
  }

  async close(): Promise<void> {
    const members = this.#members ?? [];
    this.#members = undefined;
    await Promise.all(members.map((member) => member.close()));
  }
}

class Member {
  readonly thread: Thread;
  readonly files: Map<number, DecodingFile> = new Map();
  readonly #spare: ArrayBuffer[] = [];
  ready = false;

  constructor(thread: Thread) {
    this.thread = thread;
    thread.listen((message) => this.#hear(message));
    thread.onFailure((error) => this.#fail(error));
  }

  buffer(): ArrayBuffer {
    return this.#spare.pop() ?? new ArrayBuffer(BUFFER);
  }

  giveBack(...buffers: ArrayBuffer[]): void {
    this.#spare.push(...buffers);
  }

  async close(): Promise<void> {
    this.#fail(new Error("The threads were closed"));
    await this.thread.close();
  }

  #fail(error: Error): void {
    this.ready = false;
    for (const file of this.files.values()) file.end(error);
    this.files.clear();
  }

  #hear(message: FromThread): void {
    if (message.type === "ready") {
      this.ready = true;
      return;
    }
    const file = this.files.get(message.file);
    if (message.type === "decoded") {
      if (file) file.add(message.buffer, message.size);
      else this.giveBack(message.buffer);
    } else if (message.type === "spent") {
      this.giveBack(message.buffer);
      file?.onSpent();
    } else {
      this.giveBack(...message.unused);
      if (message.type === "dropped") return;
      this.files.delete(message.file);
      if (message.type === "end") file?.end(undefined, message.trailingOffset);
      else file?.end(errorFromData(message.error));
    }
  }
}

/** One file on its way. */
export class DecodingFile {
  readonly #member: Member;
  readonly #number: number;
  readonly #decoded: { buffer: ArrayBuffer; size: number }[] = [];
  #isOpen = true;
  #error: unknown;
  #trailingOffset: number | undefined;
  /** Buffers on their way to the thread, or in it. */
  #ahead = 0;
  #wakeReader: (() => void) | undefined;
  #wakeSource: (() => void) | undefined;

  constructor(member: Member, number: number, path: string, source: AsyncIterable<Uint8Array>) {
    this.#member = member;
    this.#number = number;
    member.files.set(number, this);
    member.thread.post({ type: "begin", file: number, path }, []);
    for (let i = 0; i < ROOMS; i++) this.#giveRoom(member.buffer());
    void this.#send(source);
  }

  /**
   * The decoded bytes; a piece is valid until the next one is asked for. Returns where trailing data begins.
   *
   * @throws what `FrameDecoder` and the source throw, behind the bytes that came before
   */
  async *read(): AsyncGenerator<Uint8Array, number | undefined> {
    try {
      for (let i = ROOMS; this.#isOpen && i < ROOMS_READING; i++) this.#giveRoom(this.#member.buffer());
      for (;;) {
        const next = this.#decoded.shift();
        if (next) {
          yield new Uint8Array(next.buffer, 0, next.size);
          if (this.#isOpen) this.#giveRoom(next.buffer);
          else this.#member.giveBack(next.buffer);
        } else if (!this.#isOpen) {
          if (this.#error !== undefined) throw this.#error;
          return this.#trailingOffset;
        } else await new Promise<void>((resolve) => (this.#wakeReader = resolve));
      }
    } finally {
      this.drop();
    }
  }

  /** Nobody wants the rest. */
  drop(): void {
    for (const { buffer } of this.#decoded.splice(0)) this.#member.giveBack(buffer);
    this.#leave();
    this.end();
  }

  /** The end: told by the thread, or by whoever is in the way of more. */
  end(error?: unknown, trailingOffset?: number): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#error = error;
    this.#trailingOffset = trailingOffset;
    this.#wakeReader?.();
    this.#wakeSource?.();
  }

  add(buffer: ArrayBuffer, size: number): void {
    this.#decoded.push({ buffer, size });
    this.#wakeReader?.();
  }

  onSpent(): void {
    this.#ahead--;
    this.#wakeSource?.();
  }

  /** Tells the thread, unless it has ended the file itself. */
  #leave(): void {
    if (!this.#member.files.delete(this.#number)) return;
    this.#member.thread.post({ type: "drop", file: this.#number }, []);
  }

  #giveRoom(buffer: ArrayBuffer): void {
    this.#member.thread.post({ type: "room", file: this.#number, buffer }, [buffer]);
  }

  async #send(source: AsyncIterable<Uint8Array>): Promise<void> {
    const member = this.#member;
    const { thread } = member;
    const file = this.#number;
    try {
      for await (const piece of source) {
        for (let at = 0; at < piece.length; at += BUFFER) {
          while (this.#ahead >= AHEAD && this.#isOpen) {
            await new Promise<void>((resolve) => (this.#wakeSource = resolve));
          }
          if (!this.#isOpen) return;
          const part = piece.subarray(at, at + BUFFER);
          const buffer = member.buffer();
          new Uint8Array(buffer).set(part);
          this.#ahead++;
          thread.post({ type: "piece", file, buffer, size: part.length }, [buffer]);
        }
      }
      if (this.#isOpen) thread.post({ type: "last", file }, []);
    } catch (error) {
      this.#leave();
      this.end(error);
    }
  }
}
