/** Size limits for databases. The page and its worker share them. */

/** Most bytes of a database that can be looked into: it is held in memory as a whole. */
export const MOST_BYTES: number = 1 << 30;

/**
 * Most bytes of a database that the page looks into, or has SQLite check, before anybody asks for it. Opening a replica does
 * both at once. Measured for the page's process: 450 MiB of memory at this limit, 1.3 GB for a database of 388 MB.
 */
export const MOST_UNASKED: number = 64 << 20;

/** Most bytes of a database that SQLite also checks once it is shown. The check takes about 0.5 s at this size. */
export const MOST_CHECKED: number = 16 << 20;

/** Memory that is needed besides the database's own bytes: for reading the replica, and for SQLite. */
const BESIDE = 500 << 20;

/** Estimate of the most memory, in bytes, that looking into a database of `bytes` takes. */
export function memoryOf(bytes: number): number {
  return bytes + BESIDE;
}
