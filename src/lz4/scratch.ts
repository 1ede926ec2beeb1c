/**
 * Buffers that outlive the decoder which needed them.
 *
 * A replica is thousands of small frames, each with its own decoder, and a frame of a few hundred bytes may say that
 * its blocks hold up to 4 MiB: allocating for every decoder costs more than decoding. So a decoder borrows a buffer
 * when a frame needs one and returns it when the frame has ended and the caller has moved on. Whoever holds a buffer
 * holds it alone, hence interleaved decoders never meet in one; a decoder that is dropped half-way simply never
 * returns its buffer, and the garbage collector has it.
 */

/** What may lie idle: enough for one decoder's input and output, of the largest block there is. */
const idleBuffers = 2;
const largestKept = 1 << 24;
const smallest = 1 << 14;

const idle: Uint8Array[] = [];

/** A buffer of at least `size` bytes, a power of two, with anything in it. */
export function borrow(size: number): Uint8Array {
  for (let i = idle.length - 1; i >= 0; i--) {
    if (idle[i]!.length >= size) return idle.splice(i, 1)[0]!;
  }
  let rounded = smallest;
  while (rounded < size) rounded *= 2;
  return new Uint8Array(rounded);
}

/** Hands a borrowed buffer on to the next. The caller keeps no view of it. */
export function giveBack(buffer: Uint8Array): void {
  if (buffer.length > largestKept) return;
  if (idle.length < idleBuffers) {
    idle.push(buffer);
    return;
  }
  let least = 0;
  for (let i = 1; i < idle.length; i++) if (idle[i]!.length < idle[least]!.length) least = i;
  if (idle[least]!.length < buffer.length) idle[least] = buffer;
}
