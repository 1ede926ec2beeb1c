/** The page's worker: answers the calls of `protocol.ts`. */

import { type Handler, serveCalls } from "../../engine/calls.ts";
import { ReplicaEngine, type Served } from "../../engine/engine.ts";
import { EngineError } from "../../engine/failure.ts";
import type { PrivateFolder } from "../../engine/output.ts";
import { SqlThread, type Thread } from "../../engine/sql-thread.ts";
import { buffersOf } from "../../engine/view.ts";
import exampleUrl from "../../example/shop.tar?url";
import type { ReplicaView } from "../protocol/protocol.ts";

const METHODS = [
  "open",
  "load",
  "verify",
  "size",
  "look",
  "rows",
  "query",
  "changes",
  "check",
  "sound",
  "restore",
];

const engine = new ReplicaEngine({
  openSql: () =>
    new SqlThread(
      () =>
        new Worker(new URL("../../engine/sql-worker.ts", import.meta.url), {
          type: "module",
          name: "sqlite",
        }) as unknown as Thread,
    ),
  async fetchExample(signal) {
    const response = await fetch(exampleUrl, { signal });
    if (!response.ok) throw new Error(`The example cannot be had: ${response.status}`);
    return await response.blob();
  },
  async privateFolder() {
    try {
      const root = await navigator.storage.getDirectory();
      return (await root.getDirectoryHandle("walkit", { create: true })) as unknown as PrivateFolder;
    } catch {
      // Some browsers have no such folder in private windows.
      return undefined;
    }
  },
});

const carryOut: Handler = async (method, args, context) => {
  if (!METHODS.includes(method)) throw new EngineError("internal", `There is no method ${method}`);
  const run = engine[method as keyof Served] as (...all: unknown[]) => Promise<unknown>;
  return await run.call(engine, ...args, context);
};

serveCalls(self as unknown as Parameters<typeof serveCalls>[0], carryOut, (value) =>
  typeof value === "object" && value !== null && "timelines" in value ? buffersOf(value as ReplicaView) : [],
);
