/**
 * What to do next, as data: front ends put it into words, in terms of what they have (options of a command, buttons of a
 * page). `words/` has those of the command line. An error or finding without a remedy of its own has the one that is usual for
 * its code.
 */

/** A moment that can be restored. */
export interface Moment {
  generation: string;
  /** `<index>:<offset>`, hexadecimal; undefined where only the time is known. */
  position: string | undefined;
  /** RFC 3339: when the WAL that leads there was written; undefined where the storage keeps no times. */
  time: string | undefined;
}

/** From one WAL index to the next: the last commit before it, and where the next one begins. Positions, hexadecimal. */
export interface Stride {
  from: string;
  to: string;
}

/** What can be done about a file, an archive, or where these came from. */
type FileRemedy =
  /**
   * It is not what it should be: what it looks like, `undefined` where that is anybody's guess. `litefs`: it looks like no LTX file
   * of Litestream's, and was read as one of LiteFS.
   */
  | { do: "recognize"; expected: "lz4" | "wal" | "ltx" | "litefs"; looksLike: Lookalike | undefined }
  /** It was compressed with a dictionary, and is to be without one. */
  | { do: "recompress" }
  /** It came damaged or incomplete: an archive, a file in one, or a file by itself. */
  | { do: "fetch-again"; what: "archive" | "file-in-archive" | "file" }
  /** From another copy of the replica. `orDelete`: or do without; `nearest`: or take one of these moments. */
  | {
      do: "bring-back";
      what: "file" | "linked-file" | "generation";
      orDelete?: boolean;
      nearest?: readonly Moment[];
    }
  /** Numbers that nothing of Litestream's has. */
  | { do: "find-writer" }
  /** An archive can be had as a folder. */
  | { do: "unpack"; because: UnpackReason }
  /** An archive has to be made another way. */
  | { do: "pack"; how: "without-sparse-files" | "following-links" | "as-tar" }
  /** To where walkit can read it, keeping the files' times. */
  | { do: "copy"; from: "cloud" | "minio" };

export type Lookalike = "gzip" | "zstandard" | "age" | "database" | "wal-file";

export type UnpackReason =
  /** More than is looked at. */
  | "limit"
  | "encrypted-or-rare"
  | "same-name-twice"
  | "old-browser"
  | "gzip-too-large"
  | "no-room"
  | "more-behind-its-end";

/** What can be done where a place is not the replica, or not quite. */
type PlaceRemedy =
  /** Name another path. `inspect`: this one is a single file. */
  | { do: "point-at-replica"; inspect?: string }
  /** Open another folder. */
  | { do: "open-replica" }
  /** What was opened has too much around the replica. */
  | { do: "open-closer"; by: "folder" | "address" | "drop" }
  /** Two of the same name were given at once. */
  | { do: "open-one"; of: "entries" | "folders" }
  /** There are these: the folder above, several in a folder, or in an archive. */
  | { do: "name-replica"; where: "above" | "inside" | "databases" | "archive"; paths: readonly string[] }
  /** It is somewhere else. `inspect`: what was given can be looked at all the same. */
  | { do: "read-configuration"; inspect: boolean }
  | { do: "use-litefs" }
  /** That it is there, and can be read. */
  | { do: "check"; what: "path" | "permission" | "file" | "link" | "folder" | "connection" };

/** What can be done about a system, a browser or a server that refuses. */
type SystemRemedy =
  /** `failure`: its name as the system or browser gives it, such as `EACCES`, `NotReadableError`; `otherwise`: for any other. */
  | { do: "make-readable"; failure: string; otherwise?: Remedy | undefined }
  | { do: "make-writable"; failure: string; otherwise?: Remedy | undefined }
  /** The archive that was picked may be another one by now. */
  | { do: "pick-again" }
  /** A permission of the runtime's own. */
  | { do: "permit"; runtime: "deno" | "node"; permission: string; about: string | undefined }
  | { do: "raise-limit"; of: "files" | "processes" }
  /** A temporary file needs `permit`: Deno's permission, too. */
  | { do: "make-room"; permit: boolean }
  | { do: "run-again"; because: "connection" | "ranges" | "deleted" }
  | { do: "ask-server"; answer: "no-listing" | "forbidden" | "busy" | "missing" | "packed" }
  | { do: "give-address"; of: "redirect" | "other-origin" }
  | { do: "rewrite-listing"; file: string };

/** What can be restored instead, and how to say which. */
type TargetRemedy =
  | { do: "list"; what: "generations" | "snapshots" | "ltx" }
  /** Of several. `more`: there are others. */
  | { do: "choose-generation"; among: readonly string[]; more: boolean }
  /** The name that was given is not enough. */
  | { do: "name-generation" }
  /** Do what `first` says, or restore another generation. */
  | { do: "restore-other-generation"; first: Remedy | undefined }
  /** The nearest that can be had; or `instead`: the newest state, or what a generation held at the same time. */
  | { do: "choose-moment"; nearest: readonly Moment[]; instead?: Instead }
  /** A time came more than once; a position undefined is the newest state. */
  | { do: "choose-reading"; generation: string; positions: readonly (string | undefined)[] }
  /** Times are no help. */
  | { do: "restore-by-position" }
  | { do: "copy-with-times" }
  /** A state before the one that was restored. */
  | { do: "restore-earlier-index" }
  /** Go as far as what is there is right; `generation`: through its parent. */
  | { do: "salvage"; generation: string | undefined }
  /** Nothing proves these steps: look there first, then do what is usual. */
  | { do: "look-at-steps"; steps: readonly Stride[]; besides: Remedy | undefined }
  /** Likewise of a restore, which is refused. */
  | { do: "doubt-steps"; steps: readonly Stride[] }
  /** SQLite's own check, where it can be made. */
  | { do: "check-elsewhere"; because: "cannot-be-made" | "no-engine" };

export type Instead = { newest: "without-target" | "now" } | { generation: string };

/** What can be done about the place of the output, and files beside it. */
type OutputRemedy =
  | { do: "name-file"; example: string }
  | { do: "choose-output" }
  /** For what a browser writes. */
  | { do: "choose-place" }
  | { do: "make-way"; for: "file" | "history"; replaceable: boolean }
  | { do: "shorten-output" }
  | { do: "give-owner"; uid: number; gid: number; path: string }
  | { do: "stop-process" }
  | { do: "stop-application"; shared: string }
  /** What killed restores leave behind. */
  | { do: "delete"; what: "leftover" | "maybe-in-use" | "moved-aside" }
  | { do: "wait-for-lock" }
  | { do: "replace-link" };

/** What can be done about walkit's own files beside the generations. */
type BesideRemedy =
  | { do: "correct-history" }
  | { do: "rename-restore-point" }
  | { do: "delete-lines" }
  /** All that there is is empty. */
  | { do: "find-out-why-empty" }
  | { do: "nothing"; why: "as-litestream" };

/** What to do next, as data: see the top of this file. */
export type Remedy =
  | FileRemedy
  | PlaceRemedy
  | SystemRemedy
  | TargetRemedy
  | OutputRemedy
  | BesideRemedy
  /** In the words of who made the error: a front end, a storage or a layout of one's own. walkit's library has none of these. */
  | { do: "say"; text: string };
