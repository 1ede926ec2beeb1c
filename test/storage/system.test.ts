/** What systems and runtimes say, told apart: reading, writing, permissions, memory, limits. */

import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { open, readdir, realpath, rename } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { WalkitError } from "../../src/errors.ts";
import { asWalkitError, cannotRead, cannotWrite, ofRuntime } from "../../src/storage/system.ts";
import { adviceOf } from "../support/words.ts";

const failureOf = (work: () => unknown): Promise<unknown> =>
  Promise.resolve()
    .then(work)
    .then(
      () => {
        throw new Error("it did not fail");
      },
      (error) => error,
    );

it("real failures get the code of what was done", async () => {
  const folder = mkdtempSync(join(tmpdir(), "walkit-system-"));
  try {
    symlinkSync("loop", join(folder, "loop"));
    writeFileSync(join(folder, "file"), "");
    const server = createServer();
    const port = await new Promise<number>((resolve) =>
      server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port)),
    );
    const listen = () =>
      new Promise((resolve, reject) => {
        createServer().once("error", reject).once("listening", resolve).listen(port, "127.0.0.1");
      });
    const table: [work: () => unknown, code: string, hint: RegExp | undefined][] = [
      [() => readdir(join(folder, "no")), "storage/unreadable", undefined],
      [() => readdir(join(folder, "loop")), "storage/unreadable", /in a circle/],
      [() => realpath(join(folder, "loop")), "storage/unreadable", /in a circle/],
      [() => open(join(folder, "x".repeat(300))), "storage/unreadable", /longer/],
      [() => rename(join(folder, "no"), join(folder, "to")), "output/unwritable", undefined],
      [() => new ArrayBuffer(2 ** 53 - 1), "runtime/memory", undefined],
      [listen, "ui/port", undefined],
    ];
    for (const [work, code, hint] of table) {
      const error = asWalkitError(await failureOf(work)) as WalkitError;
      expect([code, error.code]).toEqual([code, error.code]);
      expect(error.code).toBe(code);
      if (hint) expect(adviceOf(error)).toMatch(hint);
    }
    server.close();
  } finally {
    rmSync(folder, { recursive: true });
  }
});

const failing = (message: string, more: object = {}) => Object.assign(new Error(message), more);

it("permissions, memory and limits are neither the file's nor the output's", () => {
  const deno = (message: string) => failing(message, { name: "NotCapable" });
  const table: [unknown, code: string, hint: RegExp][] = [
    [
      deno('Requires read access to "/b/a", run again with the --allow-read flag'),
      "runtime/permission",
      /^Run Deno with --allow-read=\/b\/a as well/,
    ],
    [
      deno('Requires write access to "/b/.a.db.walkit-1.tmp", run again with the --allow-write flag'),
      "runtime/permission",
      /--allow-write=\/b as/,
    ],
    [
      deno('Requires write access to ".a.db.walkit-1.tmp", run again with the --allow-write flag'),
      "runtime/permission",
      /--allow-write=\. as/,
    ],
    [
      deno("Requires run access, run again with the --allow-run flag"),
      "runtime/permission",
      /^Run Deno with --allow-run as/,
    ],
    [
      failing("Access to this API has been restricted", {
        code: "ERR_ACCESS_DENIED",
        permission: "FileSystemRead",
        resource: "/b/a",
      }),
      "runtime/permission",
      /^Run Node with --allow-fs-read=\/b\/a as well/,
    ],
    [
      failing("EMFILE: too many open files", { code: "EMFILE", syscall: "open" }),
      "runtime/limit",
      /ulimit -n/,
    ],
    [failing("no thread", { code: "ERR_WORKER_INIT_FAILED" }), "runtime/limit", /ulimit -u/],
    [failing("ENOMEM: not enough memory", { code: "ENOMEM", syscall: "read" }), "runtime/memory", /Free/],
    [
      new RangeError("WebAssembly.Memory(): could not allocate memory"),
      "runtime/memory",
      /verify --level replay/,
    ],
    [
      new RangeError("WebAssembly.Instance(): Out of memory: Cannot allocate Wasm memory for new instance"),
      "runtime/memory",
      /Free/,
    ],
    [new Error("Aborted(OOM). Build with -sASSERTIONS for more info."), "runtime/memory", /Free/],
  ];
  for (const [cause, code, hint] of table) {
    for (const told of [
      ofRuntime(cause),
      asWalkitError(cause),
      cannotRead("p", cause),
      cannotWrite("p", cause),
    ]) {
      const error = told as WalkitError;
      expect(error).toBeInstanceOf(WalkitError);
      expect([error.code, error.message]).toEqual([code, expect.not.stringContaining("ASSERTIONS")]);
      expect(adviceOf(error)).toMatch(hint);
    }
  }
});

it("a full disk is the output's, whatever the call; a bug stays a bug", () => {
  const full = asWalkitError(failing("ENOSPC: no space left", { code: "ENOSPC", syscall: "open" }));
  expect(full).toMatchObject({ code: "output/unwritable" });
  expect(adviceOf(full as WalkitError)).toContain("free some space");
  for (const bug of [new TypeError("x is not a function"), new Error("changed"), "text", undefined])
    expect(asWalkitError(bug)).toBe(bug);
  const other = failing("spawn ENOENT", { code: "ENOENT", syscall: "spawn x" });
  expect(asWalkitError(other)).toBe(other);
  const own = new WalkitError("lz4/header", "as it is");
  expect(asWalkitError(own)).toBe(own);
});
