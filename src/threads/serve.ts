/** What a thread does: decodes files as far as it has pieces of them, and room for what becomes of them. */

import { FrameDecoder } from "../lz4/index.ts";
import { BUFFER, errorToData, type FromThread, type Port, type ToThread } from "./protocol.ts";

export function serve(port: Port<FromThread, ToThread>): void {
  const files = new Map<number, Decoding>();
  port.listen((message) => {
    if (message.type === "begin") {
      files.set(message.file, new Decoding(port, message.file, message.path));
      return;
    }
    const file = files.get(message.file);
    if (!file) {
      // It has ended meanwhile: what came too late goes back.
      if (!("buffer" in message)) return;
      const { buffer } = message;
      port.post({ type: "dropped", file: message.file, unused: [buffer] }, [buffer]);
      return;
    }
    if (file.hear(message)) files.delete(message.file);
  });
  port.post({ type: "ready" }, []);
}

class Decoding {
  readonly #port: Port<FromThread, ToThread>;
  readonly #file: number;
  readonly #decoder: FrameDecoder;
  readonly #pieces: { buffer: ArrayBuffer; size: number }[] = [];
  readonly #rooms: ArrayBuffer[] = [];
  #last = false;
  /** The piece being decoded. */
  #blocks: Generator<Uint8Array> | undefined;
  /** What of a block has found no room yet. */
  #rest: Uint8Array | undefined;
  /** Bytes in the first room. */
  #filled = 0;

  constructor(port: Port<FromThread, ToThread>, file: number, path: string) {
    this.#port = port;
    this.#file = file;
    this.#decoder = new FrameDecoder({ path, trailing: "ignore" });
  }

  /** Goes on as far as it can with what the message brings; true: the file is done. */
  hear(message: ToThread): boolean {
    const file = this.#file;
    if (message.type === "room") this.#rooms.push(message.buffer);
    else if (message.type === "last") this.#last = true;
    else if (message.type === "piece") this.#pieces.push({ buffer: message.buffer, size: message.size });
    else {
      const unused = this.#unused();
      this.#port.post({ type: "dropped", file, unused }, unused);
      return true;
    }
    try {
      while (this.#step());
      if (!this.#isRead()) return false;
      this.#decoder.end();
    } catch (error) {
      this.#flush(); // what was decoded before it counts
      const unused = this.#unused();
      this.#port.post({ type: "failed", file, error: errorToData(error), unused }, unused);
      return true;
    }
    this.#flush();
    const unused = this.#unused();
    this.#port.post({ type: "end", file, trailingOffset: this.#decoder.trailingOffset, unused }, unused);
    return true;
  }

  #isRead(): boolean {
    return this.#last && !this.#blocks && this.#pieces.length === 0;
  }

  /** One thing that can be done now; false where there is none. */
  #step(): boolean {
    if (this.#rest) return this.#deliver(this.#rest);
    const [piece] = this.#pieces;
    if (!piece) return false;
    this.#blocks ??= this.#decoder.push(new Uint8Array(piece.buffer, 0, piece.size));
    const { done, value } = this.#blocks.next();
    if (done) {
      this.#blocks = undefined;
      this.#pieces.shift();
      this.#port.post({ type: "spent", file: this.#file, buffer: piece.buffer }, [piece.buffer]);
    } else this.#rest = value;
    return true;
  }

  /** Copies what has been decoded to where there is room; false where there is none. */
  #deliver(rest: Uint8Array): boolean {
    const [room] = this.#rooms;
    if (!room) return false;
    const size = Math.min(rest.length, BUFFER - this.#filled);
    new Uint8Array(room, this.#filled).set(rest.subarray(0, size));
    this.#filled += size;
    this.#rest = size < rest.length ? rest.subarray(size) : undefined;
    if (this.#filled === BUFFER) this.#flush();
    return true;
  }

  #flush(): void {
    if (this.#filled === 0) return;
    const buffer = this.#rooms.shift()!;
    this.#port.post({ type: "decoded", file: this.#file, buffer, size: this.#filled }, [buffer]);
    this.#filled = 0;
  }

  #unused(): ArrayBuffer[] {
    return [...this.#pieces.splice(0).map(({ buffer }) => buffer), ...this.#rooms.splice(0)];
  }
}
