/** Remedies in the words of the command line: options, commands, environment variables. */

import type { Lookalike, Moment, Remedy, Stride, UnpackReason } from "../remedy.ts";

type Kind = Remedy["do"];
type Of<K extends Kind> = Extract<Remedy, { do: K }>;

/**
 * Words per kind; undefined where a remedy says no more than `usual`, what is usually to be done of its code. `word`: puts a
 * remedy within a remedy into words.
 */
export type RemedyWords = {
  readonly [K in Kind]: (remedy: Of<K>, word: Word, usual: string) => string | undefined;
};

/** Words one remedy within another. */
export type Word = (remedy: Remedy | undefined) => string | undefined;

const REPLICA_IS = "replica is where Litestream's configuration says: see 'replicas' in litestream.yml";
const POINT_AT =
  "Point walkit at the folder that holds generations/ or ltx/, at these themselves, at one generation's folder, or at a .tar, .tar.gz or .zip of these";
const GENERATION_BACK = "Bring that generation's folder back from another copy of the replica";

const LOOKALIKES: Readonly<Record<Lookalike, string>> = {
  gzip: "a gzip file",
  zstandard: "a Zstandard file",
  age: "an age encrypted file: decrypt it first",
  database: "an uncompressed SQLite database",
  "wal-file": "an uncompressed SQLite WAL",
};

/** Where it looks like nothing else. */
const UNRECOGNIZED: Readonly<Record<Of<"recognize">["expected"], string | undefined>> = {
  lz4: undefined,
  wal: "This file is not a SQLite WAL, or its first bytes are damaged",
  ltx: "This file is not an LTX file, or its first bytes are damaged",
  litefs:
    "The file was taken for one of LiteFS. If it is Litestream's, its first page header is damaged: bring it back from another copy",
};

const UNPACK: Readonly<Record<UnpackReason, string>> = {
  limit: "Unpack it into a folder, and open that",
  "encrypted-or-rare": "Unpack the archive into a folder, and open that",
  "same-name-twice": "Unpack it into a folder with the program that made it, and open that",
  "old-browser": "Update it, or unpack the archive into a folder, and open that",
  "gzip-too-large": "Unpack it to a plain .tar, which is read where it is, or into a folder, and open that",
  "no-room": "Set TMPDIR to a folder with more space, or unpack the archive, and name that folder",
  "more-behind-its-end":
    "It is damaged, or several archives in one: unpack it with tar --ignore-zeros, look through it, and open the folder",
};

const MAY_NOT_READ = "You may not read it: look at the permissions of the file and of the folders above it";
const MAY_NOT_WRITE = "You may not write there: look at the permissions of the folder and the file";

/** By the system's or the browser's name of the failure. */
const READING: Readonly<Record<string, string>> = {
  EACCES: MAY_NOT_READ,
  EPERM: MAY_NOT_READ,
  ELOOP: "Symbolic links lead in a circle: put the file or folder itself there",
  EIO: "The disk fails to read it: look into the system's log, and bring it back from another copy",
  ENAMETOOLONG: "The path is longer than the system allows: check it",
  NotReadableError: "It may have been changed since it was picked, or another program has it: pick it again",
  NotAllowedError: "The page may not read it, or not any more: pick it again, and allow it",
  SecurityError: "The browser does not let a page read it: copy it to another folder, and pick that",
  TypeMismatchError: "A folder has taken the place of a file, or a file that of a folder: pick it again",
};

const WRITING: Readonly<Record<string, string>> = {
  EROFS: "The file system is read-only: choose a place that can be written",
  EACCES: MAY_NOT_WRITE,
  EPERM: MAY_NOT_WRITE,
  ENOSPC: "The disk is full: free some space",
  EDQUOT: "Your quota is used up: free some space",
  EFBIG: "A file may not get that large there: raise the limit (ulimit -f), or choose another file system",
  EIO: "The disk fails to write: look into the system's log, and choose another place",
  ELOOP: "Symbolic links lead in a circle: choose another place",
  ENAMETOOLONG: "The name is longer than the file system allows: choose a shorter one",
  QuotaExceededError: "There is no room: free some space, or let the page store more",
  NotAllowedError: "The page may not write there: pick the file again, and allow it",
  NoModificationAllowedError: "Another tab or program has the file open: close that",
  NotFoundError: "The file was deleted or moved meanwhile: pick a new one",
};

/** Per permission of Node's. */
const NODE_OPTIONS: Readonly<Record<string, string>> = {
  FileSystemRead: "--allow-fs-read",
  FileSystemWrite: "--allow-fs-write",
  WorkerThreads: "--allow-worker",
};

/** The command line's words for each remedy. */
export const REMEDY_WORDS: RemedyWords = {
  recognize: ({ expected, looksLike }) =>
    looksLike === undefined ? UNRECOGNIZED[expected] : `It looks like ${LOOKALIKES[looksLike]}`,
  recompress: () => "Decompress the file with its dictionary, then compress it without one",
  "fetch-again": ({ what }) =>
    ({
      archive: "The archive is damaged or incomplete: compare it with the original, or fetch it again",
      "file-in-archive": "The archive is damaged: compare it with the original, or fetch it again",
      file: "The file is incomplete: fetch it again, or use another copy",
    })[what],
  "bring-back": (remedy) => {
    if (remedy.what === "file") return "Bring the file back from another copy of the replica";
    if (remedy.what === "linked-file")
      return "Fetch or mount what the link leads to, or bring the file back from another copy of the replica";
    const { nearest } = remedy;
    if (remedy.orDelete) return `${GENERATION_BACK}, or delete the file`;
    if (!nearest) return GENERATION_BACK;
    return `${GENERATION_BACK}.${nearest.length > 0 ? ` ${nearestText(nearest)}` : ""}`;
  },
  "find-writer": () => "walkit does not count that far: find out what wrote this file",
  unpack: ({ because }) => UNPACK[because],
  pack: ({ how }) =>
    ({
      "without-sparse-files": "Make the archive without tar's --sparse",
      "following-links":
        "Make the archive anew with what links lead to: tar --dereference --hard-dereference, or zip without --symlinks",
      "as-tar": "Give it the replica's folder, or pack that: tar -czf replica.tar.gz --format=pax <folder>",
    })[how],
  copy: ({ from }) =>
    from === "cloud"
      ? "Copy the replica to a folder first, in a way that keeps file times (rclone copy, aws s3 sync), then name that folder"
      : "Copy the replica out through that server (mc mirror --preserve, rclone copy), and point walkit at the copy",

  "point-at-replica": ({ inspect }) =>
    inspect === undefined ? POINT_AT : `${POINT_AT}. To look at a single file: walkit inspect ${inspect}`,
  "open-replica": () =>
    "Open the folder that holds generations/ or ltx/, one of these itself, or one generation's folder",
  "open-closer": ({ by }) =>
    ({
      folder: "Open the replica's own folder, not one far above it",
      address: "Give the address of the replica's own folder, not of one far above it",
      drop: "Drop the replica's own folder, not one far above it",
    })[by],
  "open-one": ({ of }) =>
    of === "entries"
      ? "Open one of the two, not both together"
      : "Open one of the two folders that it is in, not both together",
  "name-replica": ({ where, paths }) =>
    ({
      above: `Name the generation's folder: ${paths[0]}`,
      inside: `There are replicas in it: ${paths.join(", ")}`,
      databases: `There are databases in it: ${paths.join(", ")}`,
      archive: `Name one of them, as a path behind the archive's: ${paths[0]}`,
    })[where],
  "read-configuration": ({ inspect }) =>
    inspect ? `Its ${REPLICA_IS}. To look at this file: walkit inspect` : `The ${REPLICA_IS}`,
  "use-litefs": () =>
    "The database itself lies beside them, in dbs/<name>/database; LiteFS brings it out with: litefs export",
  check: ({ what }) =>
    ({
      path: "Check the path",
      permission: "Check that you may read it",
      file: "Check that the file exists and that you may read it",
      link: "Check that it exists, that what it links to does, and that you may read it",
      folder:
        "Check that this is the replica's folder: it holds generations/<16 hex digits>/snapshots and wal, or ltx/<level>",
      connection:
        "Check the address and the connection; a server of another origin must allow this page to read (CORS)",
    })[what],

  "make-readable": ({ failure, otherwise }, word) => READING[failure] ?? word(otherwise),
  "make-writable": ({ failure, otherwise }, word) => WRITING[failure] ?? word(otherwise),
  "pick-again": () => "The archive may have been moved or changed since it was picked: pick it again",
  permit: ({ runtime, permission, about }) => {
    const of = about ? `=${permitted(about)}` : "";
    if (runtime === "deno")
      return `Run Deno with --allow-${permission}${of} as well: docs/cli.md lists what each command needs`;
    const option = NODE_OPTIONS[permission];
    return option && `Run Node with ${option}${option === "--allow-worker" ? "" : of} as well`;
  },
  "raise-limit": ({ of }) =>
    of === "files"
      ? "Run it with a smaller --parallelism, or with a higher limit of open files (ulimit -n), then again"
      : "Raise the limit of processes (ulimit -u)",
  "make-room": ({ permit }) =>
    `Name a folder with enough room for the database in TMPDIR${permit ? ", and allow Deno to read and write there" : ""}, then verify again`,
  "run-again": ({ because }) =>
    ({
      connection: "The connection may have broken off: run it again",
      ranges: "The server does not do ranges as it should, or the file has changed meanwhile: run it again",
      deleted: "It may have been deleted meanwhile (Litestream's retention does that): run the command again",
    })[because],
  "ask-server": ({ answer }) =>
    ({
      "no-listing":
        "The server may not list its folders: put a walkit.json with the files' paths, sizes and times there",
      forbidden: "The server wants you to sign in, or does not let you read it",
      busy: "The server is in trouble, or busy: run it again later",
      missing: "Check the address",
      packed: "Have the server not compress these files: they are compressed already",
    })[answer],
  "give-address": ({ of }) =>
    of === "redirect"
      ? "Give the address that it leads to, or sign in there"
      : "If that is where it is meant to be, give that address, or allow other origins",
  "rewrite-listing": ({ file }) => `Write ${file} anew, or delete it where the server lists its folders`,

  list: ({ what }) => {
    const things = what === "ltx" ? "LTX files and their TXIDs" : what;
    return `List the ${things} with: walkit ${what} <replica>`;
  },
  "choose-generation": ({ among, more }) =>
    `Choose one: ${among.map((id) => `--generation ${id}`).join(", or ")}${more ? ", or another" : ""}. List them with: walkit generations <replica>`,
  "name-generation": () => "Say which one with --generation",
  "restore-other-generation": ({ first }, word) => {
    const text = word(first);
    const other =
      "Another generation can be restored with --generation; walkit generations <replica> lists them";
    return text === undefined ? other : `${text}. ${other}`;
  },
  "choose-moment": ({ nearest, instead }) => {
    const offered = nearest.length > 0 ? nearestText(nearest) : undefined;
    if (!instead) return offered;
    const other =
      "generation" in instead
        ? `For what generation ${instead.generation} held at that time: --generation ${instead.generation}`
        : instead.newest === "now"
          ? "The newest state is restored without a target, or with --target-time now"
          : "Without a target the newest state is restored";
    return `${offered ?? "Choose another time"}. ${other}`;
  },
  "choose-reading": ({ generation, positions }) => {
    const choices = positions.map((position) => {
      if (position === undefined) return `--generation ${generation} without a target: its newest state`;
      return isTxid(position)
        ? `--txid ${position}`
        : `--generation ${generation}, with --target-position ${position}`;
    });
    return `Choose one of these moments: ${choices.join("; or ")}`;
  },
  "restore-by-position": () => "For a moment within that time restore by --index or --target-position",
  "copy-with-times": () =>
    "Copy the replica again with its times (cp -p, rsync -t, tar), or restore by --index or --target-position, or the newest state without a target",
  "restore-earlier-index": () => "For an earlier state restore the end of an earlier index, with --index",
  salvage: ({ generation }) =>
    generation === undefined
      ? "Restore with --salvage: it takes the snapshot all the same, and checks the result with SQLite"
      : `walkit restore --generation ${generation} --salvage goes that way and has SQLite check the result, which may be a state that never was`,
  "look-at-steps": ({ steps, besides }, word, usual) =>
    `Look first where nothing proves that one WAL index goes on where the one before it ended (${stepsText(steps)}): the end of a WAL may be lost there. ${word(besides) ?? usual}`,
  "doubt-steps": ({ steps }) =>
    `Most likely the end of a WAL index is lost, where nothing proves that one goes on where the other ended (${stepsText(steps)}). Bring it back from another copy of the replica, or restore a moment before that. Where the original database is corrupt as well, --integrity-check none restores it as it was replicated`,
  "check-elsewhere": ({ because }) =>
    because === "no-engine"
      ? "Run walkit with Node 22.13 or newer, Deno or Bun, which have an SQLite of their own; or restore the database and run PRAGMA integrity_check with the sqlite3 tool"
      : "Restore with --integrity-check none, then run PRAGMA integrity_check where the application's functions, collations and modules are, or with the sqlite3 tool",

  "name-file": ({ example }) => `Name a file in it, such as ${example}`,
  "choose-output": () => "Choose another output",
  "choose-place": () => "Try another place",
  "make-way": (remedy) =>
    remedy.for === "file"
      ? "Move it away"
      : remedy.replaceable
        ? "Move it away, replace it with --force, or restore with --no-history"
        : "Move it away, or restore with --no-history",
  "shorten-output": () => "Choose a shorter name for the output, or restore with --no-history",
  "give-owner": ({ uid, gid, path }) => `As root: chown ${uid}:${gid} ${path}`,
  "stop-process": () => "Stop that process, then run this again; or restore to another file",
  "stop-application": ({ shared }) =>
    `Stop what uses the database, then run this again. If nothing does (its application was killed), delete ${shared} and run this again: --force then replaces the database, and what its -wal holds goes with it`,
  delete: ({ what }) =>
    ({
      leftover: "Delete it",
      "maybe-in-use":
        "If no walkit is running, delete it. A restore removes it by itself once it is a day old",
      "moved-aside":
        "Delete it, unless the database needs what was in it: it belonged beside the database as that was then",
    })[what],
  "wait-for-lock": () => "Wait for the other walkit; if none is running, one was killed: delete that file",
  "replace-link": () => "Put the file itself there: links are not followed",

  "correct-history": () =>
    "Delete that history file first if it is wrong, or name another generation with --generation",
  "rename-restore-point": () => "Choose another name, or move that one here with --force",
  "delete-lines": () => "Delete lines that are not needed any more",
  "find-out-why-empty": () =>
    "If Litestream has been running for minutes, find out why it uploads nothing; if there was data here, look for another copy of the replica",
  nothing: () => "Nothing: Litestream does the same",
  say: ({ text }) => text,
};

/** A remedy in the words of `table`, by default the command line's; `usual`: what is usually to be done of its code. */
export function wordRemedy(
  remedy: Remedy | undefined,
  usual: string,
  table: RemedyWords = REMEDY_WORDS,
): string | undefined {
  if (!remedy) return undefined;
  const words = table[remedy.do] as (remedy: Remedy, word: Word, usual: string) => string | undefined;
  return words(remedy, (inner) => wordRemedy(inner, usual, table), usual);
}

/** A TXID of LTX files, of which a replica has one history; else an index and an offset, of a generation. */
export function isTxid(position: string): boolean {
  return !position.includes(":");
}

function nearestText(moments: readonly Moment[]): string {
  const texts = moments.map(({ generation, position, time }) => {
    if (position === undefined) return `--target-time ${time} of generation ${generation}`;
    const when = time === undefined ? "" : `, written ${time}`;
    if (isTxid(position)) return `--txid ${position}${when}`;
    return `--target-position ${position} of generation ${generation}${when}`;
  });
  return `The nearest that can be had: ${texts.join("; or ")}`;
}

/** Where the last few of these steps are. */
export function stepsText(steps: readonly Stride[], shown = 5): string {
  const places = steps
    .slice(-shown)
    .map(({ from, to }) => `${from} to ${to}`)
    .join(", ");
  return steps.length > shown ? `the last of ${steps.length}: ${places}` : places;
}

/** What to permit: of a temporary file, whose name is another one each time, the folder. */
function permitted(what: string): string {
  if (!/(^|[\\/])\.[^\\/]*walkit-[^\\/]*$/.test(what)) return what;
  return what.replace(/[\\/]?[^\\/]*$/, "") || ".";
}
