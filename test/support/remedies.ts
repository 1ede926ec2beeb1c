/** Remedies of every kind, with each way that their words may go. */

import type { Remedy } from "../../src/remedy.ts";

type Kind = Remedy["do"];

const MOMENTS = [
  { generation: "00000000deadbeef", position: "00000000:00001038", time: "2026-11-20T12:15:47Z" },
  { generation: "00000000deadbeef", position: "00000001:00000000", time: undefined },
  { generation: "00000000deadbeef", position: undefined, time: "2026-11-20T12:15:48Z" },
];
const STEPS = [{ from: "00000000:00001038", to: "00000001:00000000" }];
const OTHERWISE = { do: "check", what: "file" } as const;

export const REMEDIES: { readonly [K in Kind]: readonly Extract<Remedy, { do: K }>[] } = {
  recognize: [
    ...(["gzip", "zstandard", "age", "database", "wal-file"] as const).map(
      (looksLike) => ({ do: "recognize", expected: "lz4", looksLike }) as const,
    ),
    ...(["lz4", "wal", "ltx", "litefs"] as const).map(
      (expected) => ({ do: "recognize", expected, looksLike: undefined }) as const,
    ),
  ],
  recompress: [{ do: "recompress" }],
  "fetch-again": [
    { do: "fetch-again", what: "archive" },
    { do: "fetch-again", what: "file-in-archive" },
    { do: "fetch-again", what: "file" },
  ],
  "bring-back": [
    { do: "bring-back", what: "file" },
    { do: "bring-back", what: "linked-file" },
    { do: "bring-back", what: "generation" },
    { do: "bring-back", what: "generation", orDelete: true },
    { do: "bring-back", what: "generation", nearest: [] },
    { do: "bring-back", what: "generation", nearest: MOMENTS },
  ],
  "find-writer": [{ do: "find-writer" }],
  unpack: (
    [
      "limit",
      "encrypted-or-rare",
      "same-name-twice",
      "old-browser",
      "gzip-too-large",
      "no-room",
      "more-behind-its-end",
    ] as const
  ).map((because) => ({ do: "unpack", because })),
  pack: [
    { do: "pack", how: "without-sparse-files" },
    { do: "pack", how: "following-links" },
    { do: "pack", how: "as-tar" },
  ],
  copy: [
    { do: "copy", from: "cloud" },
    { do: "copy", from: "minio" },
  ],
  "point-at-replica": [{ do: "point-at-replica" }, { do: "point-at-replica", inspect: "app.db" }],
  "open-replica": [{ do: "open-replica" }],
  "open-closer": [
    { do: "open-closer", by: "folder" },
    { do: "open-closer", by: "address" },
    { do: "open-closer", by: "drop" },
  ],
  "open-one": [
    { do: "open-one", of: "entries" },
    { do: "open-one", of: "folders" },
  ],
  "name-replica": [
    { do: "name-replica", where: "above", paths: ["a"] },
    { do: "name-replica", where: "inside", paths: ["a", "b"] },
    { do: "name-replica", where: "databases", paths: ["dbs/a.db", "dbs/b.db"] },
    { do: "name-replica", where: "archive", paths: ["a.tar/a", "a.tar/b"] },
  ],
  "read-configuration": [
    { do: "read-configuration", inspect: false },
    { do: "read-configuration", inspect: true },
  ],
  "use-litefs": [{ do: "use-litefs" }],
  check: (["path", "permission", "file", "link", "folder", "connection"] as const).map((what) => ({
    do: "check",
    what,
  })),
  "make-readable": [
    ...["EACCES", "EPERM", "ELOOP", "EIO", "ENAMETOOLONG"],
    ...["NotReadableError", "NotAllowedError", "SecurityError", "TypeMismatchError", "E"],
  ].flatMap((failure) => [
    { do: "make-readable", failure },
    { do: "make-readable", failure, otherwise: OTHERWISE },
  ]),
  "make-writable": [
    ...["EROFS", "EACCES", "EPERM", "ENOSPC", "EDQUOT", "EFBIG", "EIO", "ELOOP", "ENAMETOOLONG"],
    ...["QuotaExceededError", "NotAllowedError", "NoModificationAllowedError", "NotFoundError", "E"],
  ].flatMap((failure) => [
    { do: "make-writable", failure },
    { do: "make-writable", failure, otherwise: { do: "choose-place" } },
  ]),
  "pick-again": [{ do: "pick-again" }],
  permit: [
    { do: "permit", runtime: "deno", permission: "read", about: "/backups/app" },
    { do: "permit", runtime: "deno", permission: "run", about: undefined },
    { do: "permit", runtime: "node", permission: "FileSystemRead", about: "/backups/app" },
    { do: "permit", runtime: "node", permission: "WorkerThreads", about: undefined },
    { do: "permit", runtime: "node", permission: "Another", about: undefined },
  ],
  "raise-limit": [
    { do: "raise-limit", of: "files" },
    { do: "raise-limit", of: "processes" },
  ],
  "make-room": [
    { do: "make-room", permit: false },
    { do: "make-room", permit: true },
  ],
  "run-again": [
    { do: "run-again", because: "connection" },
    { do: "run-again", because: "ranges" },
    { do: "run-again", because: "deleted" },
  ],
  "ask-server": (["no-listing", "forbidden", "busy", "missing", "packed"] as const).map((answer) => ({
    do: "ask-server",
    answer,
  })),
  "give-address": [
    { do: "give-address", of: "redirect" },
    { do: "give-address", of: "other-origin" },
  ],
  "rewrite-listing": [{ do: "rewrite-listing", file: "walkit.json" }],
  list: [
    { do: "list", what: "generations" },
    { do: "list", what: "snapshots" },
    { do: "list", what: "ltx" },
  ],
  "choose-generation": [
    { do: "choose-generation", among: ["00000000deadbeef", "00000000deadbeee"], more: false },
    { do: "choose-generation", among: ["00000000deadbeef", "00000000deadbeee"], more: true },
  ],
  "name-generation": [{ do: "name-generation" }],
  "restore-other-generation": [
    { do: "restore-other-generation", first: undefined },
    { do: "restore-other-generation", first: OTHERWISE },
    { do: "restore-other-generation", first: { do: "make-readable", failure: "E" } },
  ],
  "choose-moment": [[], MOMENTS].flatMap((nearest) => [
    { do: "choose-moment", nearest },
    { do: "choose-moment", nearest, instead: { newest: "without-target" } },
    { do: "choose-moment", nearest, instead: { newest: "now" } },
    { do: "choose-moment", nearest, instead: { generation: "00000000deadbeef" } },
  ]),
  "choose-reading": [
    { do: "choose-reading", generation: "00000000deadbeef", positions: ["00000000:00001038", undefined] },
  ],
  "restore-by-position": [{ do: "restore-by-position" }],
  "copy-with-times": [{ do: "copy-with-times" }],
  "restore-earlier-index": [{ do: "restore-earlier-index" }],
  salvage: [
    { do: "salvage", generation: undefined },
    { do: "salvage", generation: "00000000deadbeef" },
  ],
  "look-at-steps": [
    { do: "look-at-steps", steps: STEPS, besides: undefined },
    { do: "look-at-steps", steps: new Array(7).fill(STEPS[0]), besides: OTHERWISE },
  ],
  "doubt-steps": [{ do: "doubt-steps", steps: STEPS }],
  "check-elsewhere": [
    { do: "check-elsewhere", because: "cannot-be-made" },
    { do: "check-elsewhere", because: "no-engine" },
  ],
  "name-file": [{ do: "name-file", example: "folder/restored.db" }],
  "choose-output": [{ do: "choose-output" }],
  "choose-place": [{ do: "choose-place" }],
  "make-way": [
    { do: "make-way", for: "file", replaceable: false },
    { do: "make-way", for: "history", replaceable: false },
    { do: "make-way", for: "history", replaceable: true },
  ],
  "shorten-output": [{ do: "shorten-output" }],
  "give-owner": [{ do: "give-owner", uid: 1, gid: 2, path: "restored.db" }],
  "stop-process": [{ do: "stop-process" }],
  "stop-application": [{ do: "stop-application", shared: "app.db-shm" }],
  delete: [
    { do: "delete", what: "leftover" },
    { do: "delete", what: "maybe-in-use" },
    { do: "delete", what: "moved-aside" },
  ],
  "wait-for-lock": [{ do: "wait-for-lock" }],
  "replace-link": [{ do: "replace-link" }],
  "correct-history": [{ do: "correct-history" }],
  "rename-restore-point": [{ do: "rename-restore-point" }],
  "delete-lines": [{ do: "delete-lines" }],
  "find-out-why-empty": [{ do: "find-out-why-empty" }],
  nothing: [{ do: "nothing", why: "as-litestream" }],
  say: [{ do: "say", text: "Do this" }],
};
