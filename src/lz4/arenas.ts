/**
 * Arenas that outlive whoever needed them.
 *
 * A replica is thousands of small frames, each with its own decoder, and a frame of a few hundred bytes may say that
 * its blocks hold up to 4 MiB: new memory for every decoder costs more than decoding. So a decoder borrows an arena
 * when a frame needs one and returns it when the frame has ended and the caller has moved on. Whoever holds an arena
 * holds it alone, hence interleaved decoders never meet in one; a decoder that is dropped half-way simply never
 * returns its arena, and the garbage collector has it.
 *
 * What a frame asks for is address space: the system gives memory only to what is written to.
 */

import { type Arena, openArena } from "../kernel/index.ts";

/** What may lie idle. */
const idleArenas = 2;
const idle: Arena[] = [];

/** An arena with positions up to `end`, and anything in it. */
export function borrow(end: number): Arena {
  const arena = idle.pop();
  if (!arena) return openArena(end);
  try {
    arena.reserve(end);
    return arena;
  } catch {
    return openArena(end); // which goes without WebAssembly where that gives no more memory
  }
}

/** Hands a borrowed arena on to the next. The caller keeps no view of it. */
export function giveBack(arena: Arena): void {
  if (idle.length < idleArenas) idle.push(arena);
}
