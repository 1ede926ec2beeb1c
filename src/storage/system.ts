/** What an operating system or a runtime says when something fails, in walkit's codes and words. Portable. */

import { type ErrorCode, WalkitError } from "../errors.ts";
import type { Remedy } from "../remedy.ts";

interface SystemError {
  name?: string;
  code?: string;
  message?: string;
  syscall?: string;
  path?: unknown;
  /** Of Node's permission model: `FileSystemRead`, and what it was about. */
  permission?: unknown;
  resource?: unknown;
}

const NO_MEMORY =
  /out of memory|could not allocate memory|cannot allocate|allocation failed|memory allocation|\bOOM\b|maximum memory size exceeded/i;

/**
 * The error of a failure that says nothing about the files: the runtime gave no permission, there is no memory left, too
 * many files are open.
 *
 * @returns undefined where it is another failure
 */
export function ofRuntime(cause: unknown, path?: string): WalkitError | undefined {
  if (cause instanceof WalkitError) return /^runtime\//.test(cause.code) ? cause : undefined;
  if (typeof cause !== "object" || cause === null) return undefined;
  const { name = "", code = "", message = "" } = cause as SystemError;
  if (name === "NotCapable" || code === "ERR_ACCESS_DENIED") return notPermitted(cause, path);
  if (code === "EMFILE" || code === "ENFILE") {
    const found = `Expected to open one more file, found that too many are open already: ${message}`;
    const remedy = { do: "raise-limit", of: "files" } as const;
    return new WalkitError("runtime/limit", found, { path, cause, remedy });
  }
  if (code === "ERR_WORKER_INIT_FAILED") {
    const found = `Expected to start one more thread, found that the system does not allow it: ${message}`;
    return new WalkitError("runtime/limit", found, {
      cause,
      remedy: { do: "raise-limit", of: "processes" },
    });
  }
  const isMemory =
    /^(ENOMEM|ERR_MEMORY_ALLOCATION_FAILED|ERR_WORKER_OUT_OF_MEMORY)$/.test(code) ||
    (cause instanceof Error && NO_MEMORY.test(message));
  if (!isMemory) return undefined;
  // Emscripten wraps the error twice, and adds advice for its own developers.
  const [, inner = message] = /^(?:\w*Error: )?Aborted\((.*)\)\. Build with/s.exec(message) ?? [];
  const found = `Expected memory for the next step, found that the system gives no more: ${inner}`;
  return new WalkitError("runtime/memory", found, { cause });
}

function notPermitted(cause: object, path: string | undefined): WalkitError {
  const { message = "", permission, resource } = cause as SystemError;
  // Deno: Requires read access to "/backups/app", run again with the --allow-read flag
  const deno = /^Requires (\w+) access(?: to (.*))?, run again with the \W+allow-(\w+) flag/s.exec(message);
  if (deno) {
    const [, kind, what, allowed] = deno;
    const about = what?.replace(/^"|"$/g, "");
    const found = `Expected permission for ${kind} access${what ? ` to ${what}` : ""}, found that Deno was started without it`;
    return new WalkitError("runtime/permission", found, {
      path: path ?? (kind === "read" || kind === "write" ? about : undefined),
      cause,
      remedy: { do: "permit", runtime: "deno", permission: allowed!, about },
    });
  }
  const what = typeof resource === "string" && resource !== "" ? resource : undefined;
  const found = `Expected permission${permission ? ` (${permission})` : ""}${what ? ` for ${what}` : ""}, found that the runtime was started without it`;
  return new WalkitError("runtime/permission", found, {
    path: path ?? what,
    cause,
    remedy:
      typeof permission === "string" ? { do: "permit", runtime: "node", permission, about: what } : undefined,
  });
}

/** The error of something that cannot be read: `storage/unreadable`, or what the runtime has against it. */
export function cannotRead(path: string, cause: unknown, remedy?: Remedy): WalkitError {
  const { code = "", message = String(cause) } = (cause ?? {}) as SystemError;
  return (
    ofRuntime(cause, path) ??
    new WalkitError("storage/unreadable", `Cannot read ${path || "the folder"}: ${message}`, {
      path,
      cause,
      remedy: { do: "make-readable", failure: `${code}`, otherwise: remedy },
    })
  );
}

/** The error of something that cannot be written: `output/unwritable`, or what the runtime has against it. */
export function cannotWrite(path: string, cause: unknown): WalkitError {
  const { code = "", message = String(cause) } = (cause ?? {}) as SystemError;
  return (
    ofRuntime(cause, path) ??
    new WalkitError("output/unwritable", `Cannot write ${path}: ${message}`, {
      path,
      cause,
      remedy: { do: "make-writable", failure: `${code}` },
    })
  );
}

/** What a system call was for, where its caller did not say. */
const CALLS: readonly (readonly [RegExp, ErrorCode])[] = [
  [/^(listen|bind)/, "ui/port"],
  [
    /^(write|rename|unlink|rmdir|rm|mkdir|mkdtemp|link|symlink|fsync|fdatasync|ftruncate|truncate|f?chmod|f?chown|utime|futime)$/,
    "output/unwritable",
  ],
  [/^(open|opendir|scandir|l?stat|fstat|statx|read|realpath|readlink|access|close)$/, "storage/unreadable"],
];

/** Codes that only writing gets. */
const OF_WRITING = /^(ENOSPC|EDQUOT|EROFS|EFBIG)$/;

/** A failure that nobody put into words, as walkit's error; anything else as it is. */
export function asWalkitError(error: unknown): unknown {
  if (error instanceof WalkitError || !(error instanceof Error)) return error;
  const runtime = ofRuntime(error);
  if (runtime) return runtime;
  const { code = "", syscall, path } = error as SystemError;
  if (typeof syscall !== "string") return error;
  const about = typeof path === "string" ? path : undefined;
  const kind = OF_WRITING.test(code) ? "output/unwritable" : CALLS.find(([call]) => call.test(syscall))?.[1];
  if (kind === "output/unwritable") return cannotWrite(about ?? "the output", error);
  if (kind === "storage/unreadable") return cannotRead(about ?? "a file", error);
  if (kind === "ui/port") return new WalkitError(kind, `Cannot listen: ${error.message}`, { cause: error });
  return error;
}
