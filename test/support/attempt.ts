import { WalkitError } from "../../src/errors.ts";
import { replicaIn } from "../../src/layouts/open.ts";
import { MemorySink, type Restored, type RestoreOptions, restore } from "../../src/restore/index.ts";
import type { Storage } from "../../src/storage/index.ts";
import type { Target } from "../../src/timeline/target/target.ts";
import { type RecordedRestore, sha256 } from "./fixtures.ts";

/** What a restore came to: the hash of its bytes, or the error. Anything but a WalkitError is thrown on. */
export type Attempt =
  | { restored: Restored; bytes: Uint8Array; sha256: string; error?: undefined }
  | { error: WalkitError; sha256?: undefined; restored?: undefined };

export async function attemptRestore(
  storage: Storage,
  target: Target = {},
  options: RestoreOptions = {},
): Promise<Attempt> {
  const sink = new MemorySink();
  try {
    const restored = await restore(replicaIn(storage), target, sink, options);
    return { restored, bytes: sink.bytes, sha256: sha256(sink.bytes) };
  } catch (error) {
    if (error instanceof WalkitError) return { error };
    throw error;
  }
}

/** The target of a recorded `litestream restore`. */
export function targetOf({ generation, index, timestampNs }: RecordedRestore): Target {
  return { generation, index, timestamp: timestampNs === undefined ? undefined : BigInt(timestampNs) };
}
