/** How large a database may be for what is done with it, which the page and its worker both go by. */

/** A database that is looked into has at most so many bytes: it is in memory as a whole. */
export const MOST_BYTES: number = 1 << 30;

/**
 * A database that is looked into, or given to SQLite to check, without anybody having asked for it has at most so many bytes.
 * Opening a replica does both, side by side: at this bound the process of the page takes some 450 MiB; a database of 388 MB took 1.3 GB.
 */
export const MOST_UNASKED: number = 64 << 20;

/** A database that is looked into is given to SQLite to check as well, once it is shown, up to so many bytes: some 0.5 s at this size. */
export const MOST_CHECKED: number = 16 << 20;

/** Beside the database itself: what reads it, and SQLite. */
const BESIDE = 500 << 20;

/** About how many bytes of memory it takes at most to look into a database of `bytes`. */
export function memoryOf(bytes: number): number {
  return bytes + BESIDE;
}
