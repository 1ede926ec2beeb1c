/** A moment restored into a file: written, checked, hashed, and only then kept. */

import { WalkitError } from "../../src/errors.ts";
import type { MomentId, Output, RestoredView } from "../app/protocol/protocol.ts";
import { type CallContext, inPhase } from "./calls.ts";
import type { Integrity } from "./integrity.ts";
import { openOutput, openSpill, type PrivateFolder } from "./output.ts";
import { type NamedReplica, restoreMoment } from "./replica.ts";

/** Restored databases up to this size are hashed: the browser hashes but whole arrays. */
const MOST_HASHED = 64 << 20;

/** `folder`: the origin's private file system, where there is one. What was written is dropped where anything fails. */
export async function restoreInto(
  replica: NamedReplica,
  moment: MomentId,
  output: Output,
  { folder, integrity: checks }: { folder: PrivateFolder | undefined; integrity: Integrity },
  context: CallContext,
): Promise<RestoredView> {
  const { signal, onProgress } = inPhase("restore", context);
  const began = performance.now();
  const spill = await openSpill(folder);
  try {
    const open = await writable(() => openOutput(output, folder));
    try {
      const options = { signal, onProgress, openSpill: spill?.open };
      const restored = await restoreMoment(replica, moment, open.sink, options);
      const { bytes, unproven, findings } = restored;
      const checking = inPhase("integrity", context);
      const integrity = await checks.checkRestored(replica, moment, restored, checking);
      // All of a small replica may come from memory, and that leaves no turn in which a cancel could be heard.
      await new Promise((resolve) => setTimeout(resolve, 0));
      signal.throwIfAborted();
      const file = await (await open.keep()).getFile();
      const sha256 = await hashOf(file);
      if (output.kind === "private") signal.throwIfAborted();
      const milliseconds = performance.now() - began;
      const own = output.kind === "private" ? file : undefined;
      return { bytes, sha256, file: own, unproven, integrity, findings, milliseconds };
    } catch (error) {
      await open.drop();
      throw error;
    }
  } finally {
    await spill?.close();
  }
}

async function writable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new WalkitError("output/unwritable", `Cannot write the database: ${message}`, { cause });
  }
}

/** Undefined where it is too large, or where the page's address lets browsers hash nothing. */
async function hashOf(file: File): Promise<string | undefined> {
  if (file.size > MOST_HASHED || !globalThis.crypto?.subtle) return undefined;
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
