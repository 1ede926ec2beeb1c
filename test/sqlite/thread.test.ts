/** SQLite's check in a thread, compiled: what is handed over, what comes back, and that it can be ended. */

import { beforeAll, describe, expect, it } from "vitest";
import { checkIntegrityInThread as checkHere } from "../../src/sqlite/thread.ts";
import { build } from "../cli/support.ts";
import { makeRich } from "./made.ts";

type ThreadModule = typeof import("../../src/sqlite/thread.ts");

describe("a thread", { timeout: 120_000 }, () => {
  let thread: ThreadModule;
  beforeAll(async () => {
    build();
    thread = (await import(new URL("../../dist/sqlite/thread.js", import.meta.url).href)) as ThreadModule;
  }, 120_000);

  it("takes the bytes over, and finds what there is to be found", async () => {
    const bytes = makeRich(1024, 1).bytes.slice();
    const damaged = bytes.slice().fill(255, 1024 * 5, 1024 * 9);
    expect(await thread.checkIntegrityInThread(bytes, "full")).toBeUndefined();
    expect(bytes.length).toBe(0);
    const error = await thread.checkIntegrityInThread(damaged, "full").catch((e: unknown) => e);
    expect(error).toMatchObject({ name: "WalkitError", code: "database/integrity" });
  });

  it("ends where it is aborted, before and meanwhile", async () => {
    const reason = new Error("enough");
    const bytes = makeRich(512).bytes.slice();
    await expect(thread.checkIntegrityInThread(bytes, "full", AbortSignal.abort(reason))).rejects.toBe(
      reason,
    );
    expect(bytes.length).toBeGreaterThan(0);
    const controller = new AbortController();
    const check = thread.checkIntegrityInThread(bytes, "full", controller.signal);
    controller.abort(reason);
    await expect(check).rejects.toBe(reason);
  });

  it("that is never asked can be ended", async () => {
    await new thread.IntegrityThread().end();
  });
});

it("uncompiled there is none: the check is made here", async () => {
  const bytes = makeRich(512).bytes.slice();
  expect(await checkHere(bytes, "quick")).toBeUndefined();
  expect(bytes.length).toBeGreaterThan(0);
  const reason = new Error("enough");
  await expect(checkHere(bytes, "quick", AbortSignal.abort(reason))).rejects.toBe(reason);
});
