/** One write to the output: what a browser's `FileSystemWritableFileStream` accepts. Positions ascend. */
export type DatabaseWrite =
  | { type: "write"; position: number; data: Uint8Array<ArrayBuffer> }
  | { type: "truncate"; size: number };

/** Where a database goes. `data` of a write is valid until the promise resolves. */
export interface DatabaseSink {
  write(chunk: DatabaseWrite): Promise<void>;
  /** So many writes of bytes may be on their way at a time, begun in the order of their positions; 1 by default. */
  readonly atOnce?: number | undefined;
}
