/** Decoding in other threads: the pool, and what a thread does, over any line between the two. */

export { DecodingFile, ThreadPool } from "./pool.ts";
export type { FromThread, Port, Thread, ToThread } from "./protocol.ts";
export { serve } from "./serve.ts";
