/** What runs in the threads that `node.ts` starts. */

import { parentPort } from "node:worker_threads";
import type { ToThread } from "./protocol.ts";
import { serve } from "./serve.ts";

serve({
  post: (message, transfer) => parentPort!.postMessage(message, transfer),
  listen: (hear) => {
    parentPort!.on("message", (message: ToThread) => hear(message));
  },
});
