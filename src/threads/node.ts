/** Threads of Node's `worker_threads`, which Deno and Bun have as well. */

import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { ThreadPool } from "./pool.ts";
import type { FromThread, Thread, ToThread } from "./protocol.ts";

/** More threads than this find nothing to do: reading, replay and writing are one thread's work. */
const MOST = 3;

/**
 * A pool for this machine: a thread for each processor but two, and fewer than `parallelism`; undefined where that leaves
 * none. Threads start when there is enough to do. The pool is to be closed.
 *
 * Two processors are busy without: with replay, and with reading and writing, which Node does in threads of its own. A
 * third thread there only takes turns with these: restoring 388 MB on two cores took 0.57 s without it, and 0.68 s with it;
 * to verify it took 0.46 s either way.
 */
export function openThreads(parallelism = 8): ThreadPool | undefined {
  // Uncompiled, in the tests: there is no file that a thread could start with.
  if (import.meta.url.endsWith(".ts")) return undefined;
  const count = Math.min(parallelism - 1, availableParallelism() - 2, MOST);
  return count > 0 ? new ThreadPool(startThread, count) : undefined;
}

function startThread(): Thread {
  const worker = new Worker(new URL("./decode-worker.js", import.meta.url));
  return {
    post: (message: ToThread, transfer) => worker.postMessage(message, transfer),
    listen: (hear) => worker.on("message", (message: FromThread) => hear(message)),
    onFailure: (tell) => {
      worker.once("error", tell);
    },
    close: async () => {
      await worker.terminate();
    },
  };
}
