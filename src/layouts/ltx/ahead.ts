/** Small files read ahead, several on their way at a time: where each read waits for a server, thousands in turn would take hours. */

import type { PlannedFile } from "../../replay/plan.ts";
import type { Storage } from "../../storage/storage.ts";

/** Files up to this size, in bytes, are read ahead whole; so many of them are held as are on their way. */
const READ_AHEAD_SIZE = 1 << 20;

/** What came of reading a file: its pieces, or why it cannot be read. */
type Outcome = { pieces: Uint8Array[] } | { error: unknown };

/**
 * `storage`, which reads the small ones of `files` ahead of their turn, in this order: asking for one begins the reading of the
 * next ones. A file that is asked for again, or a part of one, is read as ever.
 */
export function readingAhead(
  storage: Storage,
  files: readonly PlannedFile[],
  parallelism: number,
  signal: AbortSignal | undefined,
): Storage {
  const numbers = new Map(files.map(({ path }, number) => [path, number]));
  const started = new Map<number, Promise<Outcome>>();
  let next = 0;
  const start = async (path: string): Promise<Outcome> => {
    const pieces: Uint8Array[] = [];
    try {
      // What a storage yields may be valid until the next piece only.
      for await (const piece of storage.read(path, { signal })) pieces.push(piece.slice());
      return { pieces };
    } catch (error) {
      return { error };
    }
  };
  return {
    list: (prefix, options) => storage.list(prefix, options),
    async *read(path, options = {}) {
      const number = options.start === undefined && options.end === undefined ? numbers.get(path) : undefined;
      if (number === undefined) {
        yield* storage.read(path, options);
        return;
      }
      for (next = Math.max(next, number); next < files.length && next - number < parallelism; next++) {
        const { path: ahead, size } = files[next]!;
        if (size !== undefined && size <= READ_AHEAD_SIZE) started.set(next, start(ahead));
      }
      const own = started.get(number);
      // Those before it were passed over.
      for (const other of started.keys()) if (other <= number) started.delete(other);
      if (!own) {
        yield* storage.read(path, options);
        return;
      }
      const outcome = await own;
      if ("error" in outcome) throw outcome.error;
      yield* outcome.pieces;
    },
  };
}
