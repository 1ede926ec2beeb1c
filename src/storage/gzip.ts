import type { WalkitError } from "../errors.ts";
import { type BlobLike, BlobParts, type FaultOf, readBlob, unreadable } from "./blob.ts";
import { membersOf } from "./members.ts";
import { unpack } from "./unpack.ts";

export interface GunzipOptions {
  signal?: AbortSignal | undefined;
  /** Bytes that may come out. */
  maxBytes: number;
  /** Told of compressed bytes as they are read. */
  onRead?: ((bytes: number) => void) | undefined;
  /** Called with the first bytes, 512 or more where there are so many: it throws where these are not what is wanted. */
  check: (head: Uint8Array) => void;
  faultOf: FaultOf;
  /** A new place for what is unpacked; by default memory. */
  newParts?: (() => UnpackedParts) | undefined;
}

const HEAD = 512;

/** Where unpacked bytes go. */
export interface UnpackedParts {
  /** Bytes added. */
  readonly size: number;
  /** Takes a copy of `piece`. */
  add(piece: Uint8Array<ArrayBuffer>): void | Promise<void>;
  /** All that was added. */
  blob(): BlobLike;
}

/**
 * Unpacks `blob`, a gzip file: into a Blob, which the browser may keep on disk, unless `newParts` has another place. Several
 * members, and zeros behind them, are one file, as to gzip itself.
 *
 * @throws WalkitError `storage/unreadable` where it is damaged, ends early, or more than `maxBytes` come out
 */
export async function gunzip(blob: BlobLike, options: GunzipOptions): Promise<BlobLike> {
  const { signal, faultOf, onRead } = options;
  let failed: WalkitError | undefined;
  if (!(await stopsSilently())) {
    const whole = new Unpacker(options);
    const onFault = (cause: unknown) => {
      failed = damaged(cause);
      return failed;
    };
    try {
      await whole.add(blob, onFault, onRead);
      return whole.end();
    } catch (error) {
      if (error !== failed) throw error;
    }
  }
  // Most browsers take what follows the first member for damage.
  const members = await membersOf(blob, signal, faultOf);
  if (!members || members.length === 0) throw failed ?? damaged(new Error("it is no row of whole members"));
  const each = new Unpacker(options);
  for (const { start, end } of members)
    await each.add(blob.slice(start, end), damaged, failed ? undefined : onRead);
  return each.end();
}

/** A gzip file of one byte, `a`. */
const TINY = [31, 139, 8, 0, 0, 0, 0, 0, 0, 3, 75, 4, 0, 67, 190, 183, 232, 1, 0, 0, 0];
const silent = new WeakMap<object, Promise<boolean>>();

/** Whether the runtime leaves out what follows the first member without a word. */
function stopsSilently(): Promise<boolean> {
  if (typeof DecompressionStream !== "function") return Promise.resolve(false);
  const known = silent.get(DecompressionStream);
  if (known) return known;
  const asking = (async () => {
    let size = 0;
    async function* two(): AsyncGenerator<Uint8Array> {
      yield Uint8Array.from([...TINY, ...TINY]);
    }
    try {
      for await (const piece of unpack(two(), "gzip", undefined, damaged)) size += piece.length;
    } catch {
      return false;
    }
    return size !== 2;
  })();
  silent.set(DecompressionStream, asking);
  return asking;
}

class Unpacker {
  readonly #options: GunzipOptions;
  readonly #parts: UnpackedParts;
  #head: Uint8Array | undefined = new Uint8Array(0);

  constructor(options: GunzipOptions) {
    this.#options = options;
    this.#parts = options.newParts?.() ?? new BlobParts();
  }

  get size(): number {
    return this.#parts.size;
  }

  async add(
    blob: BlobLike,
    onFault: (cause: unknown) => WalkitError,
    onRead?: ((bytes: number) => void) | undefined,
  ): Promise<void> {
    const { signal, maxBytes, check, faultOf } = this.#options;
    async function* source(): AsyncGenerator<Uint8Array> {
      for await (const piece of readBlob(blob, "", { signal }, faultOf)) {
        yield piece;
        onRead?.(piece.length);
      }
    }
    for await (const piece of unpack(source(), "gzip", signal, onFault)) {
      if (this.#head) {
        this.#head = joined(this.#head, piece);
        if (this.#head.length >= HEAD) {
          check(this.#head);
          this.#head = undefined;
        }
      }
      await this.#parts.add(piece);
      if (this.size > maxBytes) throw tooLarge(maxBytes);
    }
  }

  end(): BlobLike {
    if (this.#head) this.#options.check(this.#head);
    return this.#parts.blob();
  }
}

function damaged(cause: unknown): WalkitError {
  const message = `Expected a whole gzip file, found that it cannot be unpacked: ${(cause as Error).message}`;
  return unreadable("", message, {
    cause,
    remedy: { do: "fetch-again", what: "archive" },
  });
}

function joined(head: Uint8Array, more: Uint8Array): Uint8Array {
  const both = new Uint8Array(head.length + more.length);
  both.set(head);
  both.set(more, head.length);
  return both;
}

function tooLarge(maxBytes: number): Error {
  return unreadable("", `Expected at most ${maxBytes} bytes in the gzip file, found more`, {
    remedy: { do: "unpack", because: "gzip-too-large" },
  });
}
