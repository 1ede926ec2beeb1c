/** What somebody opened in place of a replica, as the worker tells of it. */

/** Something that was opened, and is not a replica that can be read. */
export type Thing =
  /** A file of a known kind. */
  | {
      kind:
        | "database"
        | "snapshot"
        | "segment"
        | "wal"
        | "ltx"
        | "encrypted"
        | "lz4"
        | "packed"
        | "broken-archive"
        | "empty-file"
        | "unknown-file";
      name: string;
      /** For `packed`: the program that packed it. */
      by?: string | undefined;
    }
  /** A folder, or an archive of one. */
  | {
      kind: "empty" | "databases" | "pieces" | "ltx-folder" | "archives" | "metadata" | "nameless" | "files";
      name: string;
      /** How many files are in it. */
      files: number;
      /** There are more files than `files`; they were not counted to the end. */
      most: boolean;
      /** Names of what was found, as of databases or archives. */
      found: string[];
      /** Endings of the files' names, without the dot, the most frequent first. */
      endings: [ending: string, count: number][];
    };
