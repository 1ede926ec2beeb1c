/** The wire: results, failures, progress and cancels; and SQLite's thread, which is ended where it does not hear. */

import { MessageChannel, type MessagePort } from "node:worker_threads";
import { afterEach, describe, expect, it, vi } from "vitest";
import { WalkitError } from "../../../src/errors.ts";
import { Caller, type Handler, serveCalls, type Wire } from "../../../web/engine/calls.ts";
import { EngineError } from "../../../web/engine/failure.ts";
import type { Sql } from "../../../web/engine/sql.ts";
import { SqlThread, serveSql, type Thread } from "../../../web/engine/sql-thread.ts";
import { readFixture } from "../../support/fixtures.ts";
import { timeless } from "../../support/report.ts";
import { commitsOf, context, loadStorage, newEngine, openSql } from "./support.ts";

const ports: MessagePort[] = [];
afterEach(() => {
  for (const port of ports.splice(0)) port.close();
});

/** Both ends of a wire. */
function wires(): [Wire, Wire] {
  const { port1, port2 } = new MessageChannel();
  ports.push(port1, port2);
  const wire = (port: MessagePort): Wire => ({
    postMessage: (message, options) => port.postMessage(message, options?.transfer as ArrayBuffer[]),
    addEventListener: (type, listener) => {
      if (type === "message") port.on("message", (data: unknown) => listener({ data }));
    },
  });
  return [wire(port1), wire(port2)];
}

function calls(handler: Handler, transfer?: (value: unknown) => Transferable[]): Caller {
  const [here, there] = wires();
  serveCalls(there, handler, transfer);
  return new Caller(here);
}

describe("calls", () => {
  it("bring results, and hand over what is named", async () => {
    const caller = calls(
      async (method, args) => ({ method, args, big: new Uint8Array(10) }),
      (value) => [(value as { big: Uint8Array<ArrayBuffer> }).big.buffer],
    );
    const data = new Uint8Array([1, 2, 3]);
    const all = await Promise.all([
      caller.call("a", [1]),
      caller.call("b", [data], { transfer: [data.buffer] }),
    ]);
    expect(all).toEqual([
      { method: "a", args: [1], big: new Uint8Array(10) },
      { method: "b", args: [new Uint8Array([1, 2, 3])], big: new Uint8Array(10) },
    ]);
    expect(data.length).toBe(0);
  });

  it("fail with what was thrown", async () => {
    const error = new WalkitError("wal/salt", "Expected x, found y", {
      path: "p",
      offset: 3,
      remedy: { do: "recompress" },
    });
    const caller = calls(async (method) => {
      throw method === "walkit"
        ? error
        : method === "own"
          ? new EngineError("no-state", "none")
          : new Error("a bug");
    });
    await expect(caller.call("walkit", [])).rejects.toEqual(error);
    await expect(caller.call("own", [])).rejects.toMatchObject({ code: "no-state", message: "none" });
    await expect(caller.call("bug", [])).rejects.toMatchObject({ code: "internal", message: "a bug" });
    const unsendable = calls(async () => () => {});
    await expect(unsendable.call("x", [])).rejects.toMatchObject({ code: "internal" });
  });

  it("tell how far they are, 20 times a second", async () => {
    const caller = calls(async (_, __, { onProgress }) => {
      const began = performance.now();
      for (let done = 0; performance.now() - began < 300; done++) {
        onProgress({ phase: "p", done, total: undefined });
        if (done % 1000 === 0) await new Promise((resolve) => setTimeout(resolve));
      }
    });
    const told: number[] = [];
    await caller.call("x", [], { onProgress: ({ done }) => told.push(done) });
    expect(told.length).toBeGreaterThan(2);
    expect(told.length).toBeLessThanOrEqual(7);
    expect(told[0]).toBe(0);
  });

  it("are cancelled one by one", async () => {
    const caller = calls(
      (_, __, { signal }) =>
        new Promise((resolve, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason));
          setTimeout(() => resolve("done"), 100);
        }),
    );
    const controller = new AbortController();
    const both = [caller.call("a", [], { signal: controller.signal }), caller.call("b", [])];
    controller.abort();
    const [a, b] = await Promise.allSettled(both);
    expect(a).toMatchObject({ status: "rejected", reason: controller.signal.reason });
    expect(b).toEqual({ status: "fulfilled", value: "done" });
  });
});

/** A thread whose SQLite does not hear for ever once it is asked `stuck`. */
function threads(): { start: () => Thread; started: () => number; ended: () => number } {
  let [started, ended] = [0, 0];
  const start = (): Thread => {
    started++;
    const [here, there] = wires();
    const session: Sql = openSql();
    const query = session.query.bind(session);
    session.query = (sql, signal) => (sql === "stuck" ? new Promise(() => {}) : query(sql, signal));
    serveSql(there, session);
    return { ...here, terminate: () => void ended++ };
  };
  return { start, started: () => started, ended: () => ended };
}

describe("SQLite's thread", () => {
  const load = async (start: () => Thread) => {
    const engine = newEngine({ openSql: () => new SqlThread(start) });
    const { view } = await loadStorage(readFixture("basic"), engine);
    const { moment } = commitsOf(view).at(-1)!;
    return { engine, moment, state: await engine.look(moment, context()) };
  };

  it("does what SQLite here does", async () => {
    const { start } = threads();
    const { engine, moment, state } = await load(start);
    const { engine: plain } = await loadStorage(readFixture("basic"));
    const strip = <T extends object>(value: T) => ({ ...value, milliseconds: 0 });
    expect(strip(state)).toEqual(strip(await plain.look(moment, context())));
    for (const { name } of state.tables) {
      const [a, b] = await Promise.all([engine, plain].map((one) => one.rows(name, 0, 10, context())));
      expect(strip(a!)).toEqual(strip(b!));
    }
    expect(await engine.changes(moment, context())).toEqual(await plain.changes(moment, context()));
    expect(timeless(await engine.verify(false, context()))).toEqual(
      timeless(await plain.verify(false, context())),
    );
    await expect(engine.query("oops", context())).rejects.toMatchObject({ code: "sql" });
  });

  it("is ended where it does not hear a cancel, and what is asked next finds all as it was", async () => {
    const { start, started, ended } = threads();
    const { engine } = await load(start);
    const controller = new AbortController();
    const stuck = engine.query("stuck", context(controller.signal));
    const next = engine.query("SELECT 7", context());
    setTimeout(() => controller.abort(), 20);
    await expect(stuck).rejects.toMatchObject({ name: "AbortError" });
    expect((await next).answers[0]!.rows).toEqual([[7]]);
    expect([started(), ended()]).toEqual([2, 1]);
  });

  it("is ended after a while", async () => {
    const { start, ended } = threads();
    const { engine } = await load(start);
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const stuck = engine.query("stuck", context());
    const settled = expect(stuck).rejects.toMatchObject({ code: "sql", message: "Stopped after 20 seconds" });
    await new Promise((resolve) => setImmediate(resolve));
    vi.advanceTimersByTime(30_000);
    vi.useRealTimers();
    await settled;
    expect(ended()).toBe(1);
    expect((await engine.query("SELECT 7", context())).answers[0]!.rows).toEqual([[7]]);
  });
});
