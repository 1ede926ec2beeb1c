/**
 * Where the members of a gzip file end: several one after another, and zeros behind them, are one file to gzip, and an error
 * to the unpacking of most browsers. The deflated data is read to its end, and nothing of it kept.
 *
 * {@link https://www.rfc-editor.org/rfc/rfc1951} {@link https://www.rfc-editor.org/rfc/rfc1952}
 */

import { giveTurn } from "../turn.ts";
import { type BlobLike, type FaultOf, readBlob } from "./blob.ts";

/** A member: its first byte, the one behind it, and how many bytes it says to unpack to, modulo 2^32. */
export interface Member {
  start: number;
  end: number;
  size: number;
}

/** Each takes a little memory, and a stream of its own to unpack. */
const MOST = 1_000_000;

/**
 * The members of a gzip file; undefined where it is no row of whole members with zeros behind them, or one of very many.
 *
 * @throws WalkitError what `faultOf` makes of the browser's error
 */
export async function membersOf(
  blob: BlobLike,
  signal: AbortSignal | undefined,
  faultOf: FaultOf,
): Promise<Member[] | undefined> {
  const bits = new Bits(readBlob(blob, "", { signal }, faultOf));
  const members: Member[] = [];
  try {
    for (;;) {
      const start = bits.position;
      if (!(await bits.has(1)) || (members.length > 0 && bits.peekByte() === 0)) {
        return (await bits.onlyZeros()) ? members : undefined;
      }
      if (members.length === MOST) return undefined;
      await skipHeader(bits);
      await skipDeflated(bits);
      bits.alignToByte();
      await bits.expect(8);
      bits.take(32);
      const size = bits.take(32);
      members.push({ start, end: bits.position, size });
    }
  } catch (error) {
    if (error instanceof NoMember) return undefined;
    throw error;
  } finally {
    await bits.close();
  }
}

class NoMember extends Error {}

async function skipHeader(bits: Bits): Promise<void> {
  await bits.expect(10);
  if (bits.take(16) !== 0x8b1f || bits.take(8) !== 8) throw new NoMember();
  const flags = bits.take(8);
  for (let i = 0; i < 6; i++) bits.take(8);
  if ((flags & 0xe0) !== 0) throw new NoMember();
  if ((flags & 4) !== 0) {
    await bits.expect(2);
    await bits.skip(bits.take(16));
  }
  // Its name, and a comment.
  for (const flag of [8, 16]) {
    for (let byte = (flags & flag) !== 0 ? 1 : 0; byte !== 0; byte = bits.take(8)) await bits.expect(1);
  }
  if ((flags & 2) !== 0) await bits.skip(2);
}

async function skipDeflated(bits: Bits): Promise<void> {
  for (let isLast = false; !isLast; ) {
    await bits.has(8);
    isLast = bits.take(1) === 1;
    const type = bits.take(2);
    if (type === 3) throw new NoMember();
    if (type === 0) {
      bits.alignToByte();
      await bits.expect(4);
      const length = bits.take(16);
      if ((bits.take(16) ^ length) !== 0xffff) throw new NoMember();
      await bits.skip(length);
    } else await skipSymbols(bits, type === 1 ? FIXED : await readCodes(bits));
  }
}

interface Codes {
  literals: Code;
  distances: Code;
}

/** Symbol and length of the code that any `longest` bits begin with: `symbol << 4 | length`; 0 where there is none. */
interface Code {
  longest: number;
  table: Uint16Array;
}

function codeOf(lengths: ArrayLike<number>): Code {
  let longest = 1;
  const count = new Uint16Array(16);
  for (let i = 0; i < lengths.length; i++) {
    count[lengths[i]!]!++;
    longest = Math.max(longest, lengths[i]!);
  }
  const next = new Uint32Array(16);
  for (let length = 1, code = 0; length < 16; length++) {
    next[length] = code;
    code = (code + count[length]!) << 1;
    // More codes than bits tell apart.
    if (code > 2 << length) throw new NoMember();
  }
  const table = new Uint16Array(1 << longest);
  for (let symbol = 0; symbol < lengths.length; symbol++) {
    const length = lengths[symbol]!;
    if (length === 0) continue;
    let code = next[length]!++;
    let reversed = 0;
    for (let bit = 0; bit < length; bit++, code >>= 1) reversed = (reversed << 1) | (code & 1);
    for (let at = reversed; at < table.length; at += 1 << length) table[at] = (symbol << 4) | length;
  }
  return { longest, table };
}

const FIXED: Codes = {
  literals: codeOf(Array.from({ length: 288 }, (_, i) => (i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8))),
  distances: codeOf(new Uint8Array(30).fill(5)),
};

const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

async function readCodes(bits: Bits): Promise<Codes> {
  // The longest such head has 14 bits, 19 lengths of 3, and 320 of up to 7 with 7 more.
  await bits.has(600);
  const literals = bits.take(5) + 257;
  const distances = bits.take(5) + 1;
  const own = new Uint8Array(19);
  for (let i = 0, count = bits.take(4) + 4; i < count; i++) own[ORDER[i]!] = bits.take(3);
  const code = codeOf(own);
  const lengths = new Uint8Array(literals + distances);
  for (let i = 0; i < lengths.length; ) {
    const symbol = bits.symbol(code);
    if (symbol < 16) lengths[i++] = symbol;
    else {
      const before = symbol === 16 ? lengths[i - 1] : 0;
      const times = symbol === 16 ? 3 + bits.take(2) : symbol === 17 ? 3 + bits.take(3) : 11 + bits.take(7);
      if (before === undefined || i + times > lengths.length) throw new NoMember();
      lengths.fill(before, i, i + times);
      i += times;
    }
  }
  return { literals: codeOf(lengths.subarray(0, literals)), distances: codeOf(lengths.subarray(literals)) };
}

/** Extra bits of a length's symbol, from 257 on, and of a distance's. */
const LENGTH_BITS = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const MOST_SYMBOLS = 4096;

async function skipSymbols(bits: Bits, { literals, distances }: Codes): Promise<void> {
  for (;;) {
    // A length with its distance has 48 bits at most.
    await bits.has(6 * MOST_SYMBOLS);
    for (let i = 0; i < MOST_SYMBOLS; i++) {
      const symbol = bits.symbol(literals);
      if (symbol < 256) continue;
      if (symbol === 256) return;
      const extra = LENGTH_BITS[symbol - 257];
      if (extra === undefined) throw new NoMember();
      if (extra > 0) bits.take(extra);
      const distance = bits.symbol(distances);
      if (distance > 29) throw new NoMember();
      if (distance > 3) bits.take((distance >> 1) - 1);
    }
  }
}

/** Bits from the lowest of each byte on. Reading past the end throws {@link NoMember}. */
class Bits {
  readonly #source: AsyncGenerator<Uint8Array>;
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  /** Bytes before `#bytes`. */
  #before = 0;
  #bits = 0;
  #count = 0;

  constructor(source: AsyncGenerator<Uint8Array>) {
    this.#source = source;
  }

  /** In bytes, where no part of a byte has been taken. */
  get position(): number {
    return this.#before + this.#at - (this.#count >> 3);
  }

  /** Sees to it that the next `bytes` bytes are at hand, or all up to the end; false where that is nearer. */
  async has(bytes: number): Promise<boolean> {
    while (this.#bytes.length - this.#at + (this.#count >> 3) < bytes) {
      const { done, value } = await this.#source.next();
      await giveTurn();
      if (done) return false;
      const rest = this.#bytes.subarray(this.#at);
      const all = new Uint8Array(rest.length + value.length);
      all.set(rest);
      all.set(value, rest.length);
      this.#before += this.#at;
      this.#bytes = all;
      this.#at = 0;
    }
    return true;
  }

  async expect(bytes: number): Promise<void> {
    if (!(await this.has(bytes))) throw new NoMember();
  }

  /** `count` bits, up to 32. */
  take(count: number): number {
    if (count > 16) return (this.take(16) | (this.take(count - 16) << 16)) >>> 0;
    if (this.#count < count) this.#fill();
    if (this.#count < count) throw new NoMember();
    const value = this.#bits & ((1 << count) - 1);
    this.#bits >>>= count;
    this.#count -= count;
    return value;
  }

  symbol({ longest, table }: Code): number {
    if (this.#count < longest) this.#fill();
    const entry = table[this.#bits & ((1 << longest) - 1)]!;
    const length = entry & 15;
    if (length === 0 || length > this.#count) throw new NoMember();
    this.#bits >>>= length;
    this.#count -= length;
    return entry >> 4;
  }

  #fill(): void {
    while (this.#count <= 22 && this.#at < this.#bytes.length) {
      this.#bits |= this.#bytes[this.#at++]! << this.#count;
      this.#count += 8;
    }
  }

  alignToByte(): void {
    this.take(this.#count & 7);
  }

  peekByte(): number {
    this.#fill();
    return this.#bits & 0xff;
  }

  /** Skips whole bytes. */
  async skip(bytes: number): Promise<void> {
    this.#at -= this.#count >> 3;
    this.#bits = 0;
    this.#count = 0;
    for (let left = bytes; left > 0; ) {
      await this.expect(1);
      const some = Math.min(left, this.#bytes.length - this.#at);
      this.#at += some;
      left -= some;
    }
  }

  async onlyZeros(): Promise<boolean> {
    await this.skip(0);
    while (await this.has(1)) {
      if (!this.#bytes.subarray(this.#at).every((byte) => byte === 0)) return false;
      this.#at = this.#bytes.length;
    }
    return true;
  }

  async close(): Promise<void> {
    await this.#source.return(undefined);
  }
}
