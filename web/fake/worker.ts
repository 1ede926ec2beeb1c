/** The worker of the fake engine. Only builds in the mode `fake` have it. */

import type { FromWorker, ToWorker } from "../app/protocol/protocol.ts";
import { FakeFailure } from "./answers.ts";
import { type Context, fakeEngine } from "./engine.ts";

const engine = fakeEngine();
const running = new Map<number, AbortController>();
const send = (message: FromWorker) => postMessage(message);

addEventListener("message", async ({ data }: MessageEvent<ToWorker>) => {
  const { id } = data;
  if (data.type === "cancel") {
    running.get(id)?.abort();
    return;
  }
  const abort = new AbortController();
  running.set(id, abort);
  const context: Context = {
    signal: abort.signal,
    progress: (progress) => send({ type: "progress", id, progress }),
  };
  try {
    const call = engine[data.method] as (context: Context, ...args: unknown[]) => Promise<unknown>;
    send({ type: "result", id, value: await call(context, ...data.args) });
  } catch (error) {
    const code = error instanceof FakeFailure ? error.code : "fake/failed";
    send({ type: "failure", id, failure: { code, message: (error as Error).message, finding: undefined } });
  } finally {
    running.delete(id);
  }
});
