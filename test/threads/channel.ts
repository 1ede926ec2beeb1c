/** A thread that is none: the same code on both ends of a message channel. Messages and buffers are moved as between threads. */

import { serve, type Thread, ThreadPool } from "../../src/threads/index.ts";

export function channelThread(): Thread & { break: (error: Error) => void } {
  const { port1, port2 } = new MessageChannel();
  let fail: (error: Error) => void = () => {};
  serve({
    post: (message, transfer) => port2.postMessage(message, transfer),
    listen: (hear) => {
      port2.onmessage = ({ data }) => hear(data);
    },
  });
  return {
    post: (message, transfer) => port1.postMessage(message, transfer),
    listen: (hear) => {
      port1.onmessage = ({ data }) => hear(data);
    },
    onFailure: (tell) => {
      fail = tell;
    },
    close: async () => {
      port1.close();
      port2.close();
    },
    break: (error) => fail(error),
  };
}

/** A pool of such threads, ready to begin. */
export async function channelPool(
  count = 1,
): Promise<{ pool: ThreadPool; threads: ReturnType<typeof channelThread>[] }> {
  const threads: ReturnType<typeof channelThread>[] = [];
  const pool = new ThreadPool(() => {
    threads.push(channelThread());
    return threads.at(-1)!;
  }, count);
  pool.expect(undefined);
  await new Promise((resolve) => setTimeout(resolve, 20));
  return { pool, threads };
}
