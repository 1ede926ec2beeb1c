/** What the page says when it cannot open something, or cannot do something. */

import type { Thing } from "../protocol/thing.ts";
import { formatNumber } from "./format.ts";
import { plural } from "./plural.ts";

type FolderThing = Extract<Thing, { files: number }>;
type FileThing = Exclude<Thing, FolderThing>;

interface ThingWords {
  title: string;
  text: string;
  action: string;
}

export const refusals = {
  notAReplica: "There is no replica in there",
  nothingFound: (name: string) => `Nothing in ${name} looks like what Litestream or LiteFS writes.`,
  whatToOpen:
    "Open the folder that holds “generations” or “ltx”, or an archive of it; of LiteFS the folder of its data.",
  leftOutOf: (n: number) => `${plural(n, "entry of it was", "entries of it were")} left out:`,
  endingCount: (ending: string, n: number) =>
    ending === "" ? `${formatNumber(n)} without an ending` : `${formatNumber(n)} .${ending}`,
  filesInside: (n: number, most: boolean, endings: string) =>
    `${most ? "More than " : ""}${plural(n, "file", "files")}${endings ? `: ${endings}` : ""}`,
  /** Words for a file that is not a replica, by its kind. */
  fileThings: {
    database: (name) => ({
      title: "This is a database, not a backup of one",
      text: `${name} is a SQLite database by itself. Any SQLite tool opens it.`,
      action:
        "For the backup, look into litestream.yml: “replicas” says where Litestream puts it. Open that folder.",
    }),
    snapshot: (name) => ({
      title: "This is one snapshot, not the whole backup",
      text: `${name} is a single snapshot out of a Litestream backup. Without the WAL beside it, it may not be a state that ever was.`,
      action: "Open the folder three levels up, the one that holds “generations”.",
    }),
    segment: (name) => ({
      title: "This is one piece of WAL, not the whole backup",
      text: `${name} is a single WAL segment out of a Litestream backup: some changes, but not the database that they belong to.`,
      action: "Open the folder three levels up, the one that holds “generations”.",
    }),
    wal: (name) => ({
      title: "This is a database’s WAL, not a backup",
      text: `${name} holds the newest changes of a SQLite database. It belongs beside it: keep the two together.`,
      action:
        "For the backup, look into litestream.yml: “replicas” says where Litestream puts it. Open that folder.",
    }),
    ltx: (name) => ({
      title: "This is one LTX file, not the whole backup",
      text: `${name} is a single file out of a backup of Litestream 0.5 or LiteFS. Nothing is known to be wrong with it.`,
      action:
        "Open the folder that its level’s folder lies in, which is called “ltx” in most places, or the one above.",
    }),
    encrypted: (name) => ({
      title: "This is encrypted",
      text: `${name} is encrypted with age. Nothing is known to be wrong with it, but without the key nothing can be said of it.`,
      action: "Decrypt it first, with age and its key. Then open what comes out.",
    }),
    lz4: (name) => ({
      title: "This is an LZ4 file, but not a backup",
      text: `${name} is one file compressed with LZ4, and neither a snapshot nor a piece of WAL is in it.`,
      action: "If a replica’s archive is in it, unpack it first: lz4 -d. Then open what comes out.",
    }),
    packed: (name, by) => ({
      title: `This is packed with ${by ?? "something"} that the page does not unpack`,
      text: `${name} may well hold a backup, but this page opens only .tar, .tar.gz and .zip.`,
      action: "Unpack it, and open the folder that holds “generations” or “ltx”.",
    }),
    "broken-archive": (name) => ({
      title: "This archive is not whole",
      text: `${name} ends too early, or is damaged. What is missing of it cannot be told from here.`,
      action: "Copy or download it again, or open the folder that it was made of.",
    }),
    "empty-file": (name) => ({
      title: "This file is empty",
      text: `${name} has no bytes in it.`,
      action: "Copy or download it again, or open the folder that it was made of.",
    }),
    "unknown-file": (name) => ({
      title: "This is not a backup of Litestream",
      text: `${name} is neither an archive nor anything that Litestream writes.`,
      action: "Open the folder that holds “generations” or “ltx”, or a .tar, .tar.gz or .zip of it.",
    }),
  } as Record<FileThing["kind"], (name: string, by: string | undefined) => ThingWords>,
  /** Words for a folder, or an archive, without a replica in it, by what it holds. */
  folderThings: {
    empty: (name) => ({
      title: "There is nothing in there",
      text: `${name} is empty.`,
      action: "Open the folder that holds “generations” or “ltx”.",
    }),
    databases: (name, _files, found) => ({
      title: "There are databases in there, not a backup of one",
      text: `${name} holds SQLite databases themselves: ${found}. Any SQLite tool opens these.`,
      action:
        "For the backup, look into litestream.yml: “replicas” says where Litestream puts it. Open that folder.",
    }),
    pieces: (name, _files, found) => ({
      title: "These are pieces of a backup",
      text: `${name} holds files of a Litestream backup without the folders that say what belongs where: ${found}.`,
      action: "Open the folder that holds “generations”, as Litestream wrote it.",
    }),
    nameless: (name, _files, found) => ({
      title: "A folder of this backup was renamed",
      text: `${name} has snapshots or WAL in a folder whose name is not one that Litestream gives: ${found}. A generation’s has 16 hex digits.`,
      action: "Give the folder its old name back, or open the replica where Litestream writes it.",
    }),
    "ltx-folder": (name, files) => ({
      title: "These are pieces of a backup",
      text: `${name} holds LTX files (${files}) that are not named, or do not lie, as Litestream or LiteFS keep them. Nothing is known to be wrong with them.`,
      action: "Open the folder that holds “ltx”, as Litestream wrote it, or the folder of LiteFS’s data.",
    }),
    metadata: (name) => ({
      title: "This is Litestream’s own folder, not the backup",
      text: `${name} is where Litestream keeps its working copy of the WAL, beside the database.`,
      action:
        "For the backup, look into litestream.yml: “replicas” says where Litestream puts it. Open that folder.",
    }),
    archives: (name, _files, found) => ({
      title: "There are archives in there, not a backup",
      text: `${name} holds ${found}.`,
      action: "Open one of them by itself.",
    }),
    files: (name, files) => ({
      title: "There is no backup in there",
      text: `Nothing in ${name} comes from Litestream. ${files}.`,
      action: "Open the folder that holds “generations” or “ltx”, or a .tar, .tar.gz or .zip of it.",
    }),
  } as Record<FolderThing["kind"], (name: string, files: string, found: string) => ThingWords>,

  failed: "That did not work",
  /** By the failure's code. `text` replaces the engine's message. */
  failures: {
    "replica/ltx": {
      title: "These are pieces of a backup",
      text: "It holds LTX files outside of the folders that Litestream or LiteFS keep them in. Nothing is known to be wrong with them.",
      action: "Open the folder that holds “ltx”, as Litestream wrote it, or the folder of LiteFS’s data.",
    },
    "replica/encrypted": {
      title: "This backup is encrypted",
      action: "Decrypt a copy of it first, each file by itself, with age and its key. Then open that.",
    },
    "storage/unreadable": { title: "This could not be read", action: undefined },
    "storage/not-found": { title: "A file has gone", action: undefined },
    "worker/stopped": {
      title: "The part of the page that does the work stopped",
      action: "Reload the page. If it happens again, this browser may be too old or out of memory.",
    },
    "worker/message": { title: "An answer could not be read", action: "Reload the page, and try again." },
    "worker/closed": { title: "The replica was closed", action: undefined },
    "too-large": {
      title: "This database is too large to look into here",
      action: "It can still be restored: that needs no memory. Then look into it with any SQLite tool.",
    },
    "no-state": {
      title: "The database of this moment is not here any more",
      action: "Go one moment on and back, and it is read again.",
    },
    "no-table": { title: "This table is not there at this moment", action: undefined },
    "no-transaction": { title: "No transaction ends at this moment", action: undefined },
    sql: { title: "SQLite could not do that", action: undefined },
    internal: { title: "This is a mistake in walkit itself", action: "Please report it, with the message." },
  } as Record<string, { title: string; text?: string; action: string | undefined }>,
};
