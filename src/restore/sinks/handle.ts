/** A database into a file that a page was given, or its own (OPFS). */

import { WalkitError } from "../../errors.ts";
import type { Spill } from "../page-store.ts";
import type { DatabaseSink, DatabaseWrite } from "./sink.ts";

/** What is needed of a `FileSystemWritableFileStream`. */
export interface WritableFileLike {
  write(chunk: DatabaseWrite): Promise<void>;
  close(): Promise<void>;
  abort(reason?: unknown): Promise<void>;
}

/** What is needed of a `FileSystemSyncAccessHandle`: a file of OPFS, in a worker. */
export interface SyncFileLike {
  /** Both return how many bytes they wrote or read. */
  read(into: Uint8Array<ArrayBuffer>, options: { at: number }): number;
  write(data: Uint8Array<ArrayBuffer>, options: { at: number }): number;
  truncate(size: number): void;
  getSize(): number;
  flush(): void;
  close(): void;
}

/**
 * A database into a file's handle: of `showSaveFilePicker` or OPFS through `createWritable()`, or, much faster and in workers
 * only, of OPFS through `createSyncAccessHandle()`. Call `close` when the restore is done, `abort` when it failed.
 */
export class HandleSink implements DatabaseSink {
  readonly #file: WritableFileLike | SyncFileLike;
  #isOpen = false;

  constructor(file: WritableFileLike | SyncFileLike) {
    this.#file = file;
  }

  /**
   * @throws WalkitError `output/unwritable`
   */
  async write(chunk: DatabaseWrite): Promise<void> {
    try {
      if (!isSync(this.#file)) await this.#file.write(chunk);
      else this.#writeSync(this.#file, chunk);
    } catch (error) {
      throw unwritable(error);
    }
  }

  #writeSync(file: SyncFileLike, chunk: DatabaseWrite): void {
    // The file still holds what it held; a writable stream begins with an empty one.
    if (!this.#isOpen) file.truncate(0);
    this.#isOpen = true;
    if (chunk.type === "truncate") file.truncate(chunk.size);
    else writeAll(file, chunk.data, chunk.position);
  }

  /**
   * The file becomes what was written; until then a writable stream leaves it as it was.
   *
   * @throws WalkitError `output/unwritable`
   */
  async close(): Promise<void> {
    try {
      if (isSync(this.#file)) this.#file.flush();
      await this.#file.close();
    } catch (error) {
      throw unwritable(error);
    }
  }

  /** Throws away what was written: a writable stream's file is what it was before, another one is empty. */
  async abort(): Promise<void> {
    try {
      if (!isSync(this.#file)) return await this.#file.abort();
      if (this.#isOpen) this.#file.truncate(0);
      this.#file.close();
    } catch {
      // The failure before this one is the one to tell of.
    }
  }
}

function isSync(file: WritableFileLike | SyncFileLike): file is SyncFileLike {
  return "getSize" in file;
}

function writeAll(file: SyncFileLike, data: Uint8Array<ArrayBuffer>, position: number): void {
  for (let done = 0; done < data.length; ) {
    const written = file.write(data.subarray(done), { at: position + done });
    if (written === 0) throw new Error(`only ${done} of ${data.length} bytes fit`);
    done += written;
  }
}

/**
 * A place for changed pages past the memory budget of a restore: a file of OPFS that is nobody's, in a worker. What is in it
 * is thrown away.
 */
export function openHandleSpill(file: SyncFileLike): Spill {
  file.truncate(0);
  return {
    write(data, position) {
      try {
        writeAll(file, data as Uint8Array<ArrayBuffer>, position);
      } catch (error) {
        throw unwritable(error);
      }
    },
    read(into, position) {
      const bytes = into as Uint8Array<ArrayBuffer>;
      for (let done = 0; done < bytes.length; ) {
        const count = file.read(bytes.subarray(done), { at: position + done });
        if (count === 0) throw unwritable(new Error("the temporary file has become shorter"));
        done += count;
      }
    },
    close() {
      file.truncate(0);
      file.close();
    },
  };
}

function unwritable(cause: unknown): WalkitError {
  if (cause instanceof WalkitError) return cause;
  const { name = "", message = "" } = cause as { name?: string; message?: string };
  return new WalkitError("output/unwritable", `Cannot write the database: ${message || name}`, {
    cause,
    remedy: { do: "make-writable", failure: name, otherwise: { do: "choose-place" } },
  });
}
