/** Restore into a file on disk: through a temporary file beside it, flushed, then renamed. */

import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { WalkitError } from "../errors.ts";
import { type Finding, findingOf } from "../findings.ts";
import type { Replica } from "../replay/layout.ts";
import { checkFileIntegrity } from "../sqlite/file.ts";
import type { Target } from "../timeline/target/target.ts";
import type { RestoreResult } from "./execute.ts";
import { historyOfRestored } from "./history.ts";
import { changedOwner, checkHistoryName, checkOutput, inherit, type Rights, rightsOf } from "./output.ts";
import { HISTORY, PARTS, publish } from "./publish.ts";
import { restore } from "./restore.ts";
import type { Restored, RestoreOptions } from "./restored.ts";
import { FileSink, FileSpill, wrap } from "./sinks/file.ts";
import { clearLeftovers, type Temporary, withTemporaryFile } from "./temporary.ts";

/** How a database is restored into a file. */
export interface RestoreFileOptions extends RestoreOptions {
  /**
   * Replace what stands at the output, and the `-wal`, `-shm` and `-journal` beside it. A database that is in use is not
   * replaced.
   */
  force?: boolean | undefined;
  /**
   * SQLite's own check of the restored file before it gets its name. By default `full` where it cannot be proven that the
   * snapshot is a committed state, and, up to 64 MiB, where nothing proves a step from one WAL index to the next (see
   * `RestoreResult.unproven`), or the state comes from LTX files; else `none`.
   */
  integrityCheck?: "none" | "quick" | "full" | undefined;
  /**
   * Where the target is not the newest moment, also write `<output>.history`, which names the generation and position that
   * the database branches off from. `true` by default.
   */
  history?: boolean | undefined;
}

/** What came of SQLite's check; undefined: there was none, as nobody asked for it and everything was proven. */
export interface Checked {
  integrity: "ok" | "skipped" | undefined;
}

/** A database that was restored into a file. */
export interface RestoredFile extends Restored, Checked {
  /** The history file that was written beside the output. */
  history: string | undefined;
}

/**
 * Restores `target` to the file `output`. What stands there stays until the new database is right, and flushed to disk; where
 * the restore fails or is killed, it stays for good. Only its owner may read and write a new database; one that replaces
 * another (`force`) gets that one's owner and permissions.
 *
 * @throws WalkitError why not; before anything is read `output/exists`, unless `force` is set, and `output/in-use`;
 * `output/unwritable`, `runtime/*`
 */
export async function restoreFile(
  replica: Replica,
  target: Target,
  output: string,
  options: RestoreFileOptions = {},
): Promise<RestoredFile> {
  const force = options.force ?? false;
  const wantsHistory = (options.history ?? true) && isMoment(target);
  const findings = clearLeftovers(output);
  try {
    checkOutput(output, { force, history: wantsHistory });
  } catch (error) {
    throw error instanceof WalkitError ? alsoSaying(error, findings) : error;
  }
  return await withTemporaryFile(output, async (temporary) => {
    const restored = await restoreTemporary(replica, target, temporary, options);
    findings.push(...restored.findings);
    const text = wantsHistory ? await historyOfRestored(replica, target, restored, options) : undefined;
    const old = force ? await rightsOf(output) : undefined;
    if (old) await wrap(output, () => take(temporary.file, output, old, findings));
    if (text !== undefined) {
      checkHistoryName(output);
      const rights = (force && (await rightsOf(output + HISTORY))) || old;
      await wrap(output + HISTORY, () => writeHistory(temporary.path + PARTS.history, text, rights));
    }
    options.signal?.throwIfAborted();
    // Another file may have come there meanwhile.
    checkOutput(output, { force, history: text !== undefined });
    await wrap(output, async () =>
      publish({ temporary: temporary.path, output, history: text !== undefined, force }),
    );
    return { ...restored, findings, history: text === undefined ? undefined : output + HISTORY };
  });
}

/** A refusal also says what was cleared up before it. */
function alsoSaying(error: WalkitError, findings: readonly Finding[]): WalkitError {
  if (findings.length === 0) return error;
  const all = [error.message, ...findings.map(({ message }) => message)].join(". ");
  return new WalkitError(error.code, all, { path: error.path, remedy: error.remedy, cause: error.cause });
}

async function take(file: FileHandle, output: string, old: Rights, findings: Finding[]): Promise<void> {
  if (!(await inherit(file, old))) findings.push(changedOwner(output, old));
  await file.sync();
}

async function writeHistory(path: string, text: string, rights: Rights | undefined): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(text);
    if (rights) await inherit(file, { ...rights, mode: rights.mode & 0o666 });
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Whether a moment is asked for, and not just the newest state. */
export function isMoment({
  index,
  timestamp,
  position,
  transaction,
  name,
  immediate,
  generation,
  timeline,
}: Target): boolean {
  const moment = [index, timestamp, position, transaction, name, immediate, generation, timeline];
  return moment.some((value) => value !== undefined);
}

/**
 * As {@link restoreFile}, into a temporary file in `folder`, for its owner only, that `use` gets to read once it is whole.
 */
export async function restoreThrough(
  replica: Replica,
  target: Target,
  folder: string,
  use: (path: string) => Promise<void>,
  options: RestoreFileOptions = {},
): Promise<Restored & Checked> {
  const output = join(folder, "stdout");
  const findings = clearLeftovers(output);
  return await withTemporaryFile(output, async (temporary) => {
    const restored = await restoreTemporary(replica, target, temporary, options);
    await use(temporary.path);
    return { ...restored, findings: [...findings, ...restored.findings] };
  });
}

async function restoreTemporary(
  replica: Replica,
  target: Target,
  { path, file }: Temporary,
  options: RestoreFileOptions,
): Promise<Restored & Checked> {
  const { integrityCheck } = options;
  let note: Finding | undefined;
  let integrity: Checked["integrity"];
  const accept = async (result: RestoreResult) => {
    const how = integrityCheck ?? checkFor(result);
    integrity = note = undefined;
    if (how !== "none") {
      const lenient = integrityCheck === undefined;
      const skipped = await checkFile(path, how, lenient, options.signal).catch((error) => {
        throw error instanceof WalkitError ? withSteps(error, result) : error;
      });
      integrity = skipped ? "skipped" : "ok";
      note = skipped && findingOf(skipped, { generation: result.generation, severity: "warning" });
    }
    await options.accept?.(result);
  };
  const sink = new FileSink(file, path);
  const restored = await restore(replica, target, sink, {
    ...options,
    accept,
    openSpill: options.openSpill ?? (() => new FileSpill(path + PARTS.spill)),
  });
  await sink.sync();
  return { ...restored, integrity, findings: note ? [...restored.findings, note] : restored.findings };
}

/** Up to this size, in bytes, SQLite checks by default what is proven but for steps from one WAL index to the next. */
export const CHECKED_BY_DEFAULT: number = 64 << 20;

/**
 * The check by default, of what is not proven. Most ways have steps that nothing proves: for steps alone large states are not
 * checked. Nor are those of LTX files, which numbers tie together and nothing else: each may be whole, and of another database.
 */
function checkFor({ unproven, bytes, snapshot }: RestoreResult): "none" | "full" {
  if (unproven.some(({ what }) => what !== "step")) return "full";
  const isTied = unproven.length === 0 && !snapshot.path.endsWith(".ltx");
  return !isTied && bytes <= CHECKED_BY_DEFAULT ? "full" : "none";
}

/** Where SQLite finds the database corrupt, the steps that nothing proves are where to look first. */
function withSteps(error: WalkitError, { unproven }: RestoreResult): WalkitError {
  const steps = unproven.flatMap((one) => (one.what === "step" ? one : []));
  if (error.code !== "database/integrity" || steps.length === 0) return error;
  const remedy = { do: "doubt-steps", steps } as const;
  const { path, position, cause } = error;
  return new WalkitError(error.code, error.message, { path, position, remedy, cause });
}

/**
 * SQLite's check of a finished file. `lenient`: nobody asked for it by name, so that it cannot be made is no reason to refuse,
 * but returned, and to be said.
 *
 * @throws WalkitError `database/integrity`; unless `lenient`, also `database/integrity-skipped`
 */
async function checkFile(
  path: string,
  how: "quick" | "full",
  lenient: boolean,
  signal: AbortSignal | undefined,
): Promise<WalkitError | undefined> {
  try {
    await checkFileIntegrity(path, how, { signal });
    return undefined;
  } catch (error) {
    if (!(error instanceof WalkitError) || error.code !== "database/integrity-skipped") throw error;
    if (lenient) return error;
    throw error.with({
      remedy: { do: "check-elsewhere", because: "cannot-be-made" },
    });
  }
}
