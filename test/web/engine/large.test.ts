/** Databases that are larger than one is looked into unasked: what is done without asking, and what is not. */

import { describe, expect, it } from "vitest";
import { replicaIn } from "../../../src/layouts/open.ts";
import { verify } from "../../../src/verify/index.ts";
import { MOST_BYTES, MOST_UNASKED } from "../../../web/app/protocol/limits.ts";
import type { ReplicaEngine } from "../../../web/engine/engine.ts";
import type { PrivateFolder } from "../../../web/engine/output.ts";
import type { Sql } from "../../../web/engine/sql.ts";
import { GOLDEN, readFixture } from "../../support/fixtures.ts";
import { timeless } from "../../support/report.ts";
import { largeReplica, snapshotOf } from "../large.ts";
import { commitsOf, context, loadStorage, newEngine, openSql } from "./support.ts";

const PRIVATE = { kind: "private", name: "x.db" } as const;

/** An engine that takes databases past `mostUnasked` bytes for large, and tells what it did with SQLite. */
function watched(mostUnasked?: number): { engine: ReplicaEngine; asked: string[] } {
  const asked: string[] = [];
  const watch = (name: "open" | "check") => (sql: Sql) => {
    const plain = sql[name].bind(sql) as (...args: unknown[]) => Promise<never>;
    sql[name] = async (...args: unknown[]) => {
      asked.push(name);
      return await plain(...args);
    };
  };
  const engine = newEngine({
    mostUnasked,
    openSql: () => {
      const sql: Sql = openSql();
      for (const name of ["open", "check"] as const) watch(name)(sql);
      return sql;
    },
    privateFolder: async () => folderInMemory(),
  });
  return { engine, asked };
}

/** One that keeps what is written through streams. */
function folderInMemory(): PrivateFolder {
  const files = new Map<string, Blob>();
  return {
    async getFileHandle(name) {
      return {
        getFile: async () => new File([files.get(name) ?? new Blob()], name),
        async createWritable() {
          const parts: Uint8Array<ArrayBuffer>[] = [];
          return {
            async write(chunk) {
              if (chunk.type === "write") parts.push(chunk.data.slice() as Uint8Array<ArrayBuffer>);
            },
            close: async () => void files.set(name, new Blob(parts)),
            abort: async () => {},
          };
        },
      };
    },
    removeEntry: async (name) => void files.delete(name),
    async *keys() {
      yield* files.keys();
    },
  };
}

describe("how large a database is", () => {
  it("is told of each moment, and whether it has to be asked for", async () => {
    const { engine, asked } = watched();
    const { view } = await loadStorage(largeReplica(), engine);
    const { moment } = commitsOf(view).at(-1)!;
    const size = await engine.size(moment, context());
    expect(size).toMatchObject({ moment, pageSize: 4096, bytes: size.pageCount * 4096, look: "asked" });
    expect(size.bytes).toBeGreaterThan(MOST_UNASKED);
    expect(size.memory).toBeGreaterThan(size.bytes);
    expect((await engine.verify(false, context())).status).toBe("ok");
    expect(await engine.restore(moment, PRIVATE, context())).toMatchObject({ bytes: size.bytes });
    expect(asked).toEqual([]);
    expect(await engine.look(moment, context())).toMatchObject({ bytes: size.bytes });
    expect(asked).toEqual(["open"]);
  });

  it("is no matter where it is small", async () => {
    const { engine } = watched();
    const { view } = await loadStorage(readFixture("basic"), engine);
    for (const { moment } of commitsOf(view)) {
      expect((await engine.size(moment, context())).look).toBe("unasked");
    }
    expect(MOST_UNASKED).toBeLessThan(MOST_BYTES);
  });

  it("decides what stays in memory of a moment that was left", async () => {
    for (const [most, stays] of [[1000, false] as const, [undefined, true] as const]) {
      const { engine } = watched(most);
      const { view } = await loadStorage(readFixture("basic"), engine);
      const [one, other] = commitsOf(view)
        .slice(-2)
        .map(({ moment }) => moment);
      await engine.look(one!, context());
      await engine.size(one!, context());
      await engine.query("SELECT 1", context());
      await engine.size(other!, context());
      const asked = engine.query("SELECT 1", context());
      if (stays) await asked;
      else await expect(asked).rejects.toMatchObject({ code: "no-state" });
    }
  });
});

describe("SQLite's own check", () => {
  it.each(GOLDEN)(
    "is left out of the report on %s, and nothing else is, until it is asked for",
    async (name) => {
      const storage = readFixture(name);
      const { engine, asked } = watched(1000);
      await loadStorage(storage, engine);
      const report = await verify(replicaIn(storage));
      const generations = report.generations.map((one) => ({ ...one, integrity: undefined }));
      expect(timeless(await engine.verify(false, context()))).toEqual(timeless({ ...report, generations }));
      expect(asked).toEqual([]);
      expect(timeless(await engine.verify(true, context()))).toEqual(timeless(report));
      expect(asked).toContain("check");
    },
  );

  it("is not done on a large state that is not proven, and the result says so", async () => {
    const storage = snapshotOf(readFixture("basic"));
    for (const [most, integrity] of [[1000, "skipped"] as const, [undefined, "ok"] as const]) {
      const { engine, asked } = watched(most);
      const { view } = await loadStorage(storage, engine);
      const [{ generation, snapshots }] = view.timelines as [(typeof view.timelines)[number]];
      const moment = { generation: generation!, ...snapshots[0]!.position };
      // It is shown as a moment only where SQLite finds it in order, if that may be asked.
      expect(asked.splice(0)).toEqual(integrity === "ok" ? ["check"] : []);
      const restored = await engine.restore(moment, PRIVATE, context());
      expect(restored).toMatchObject({ unproven: [{ what: "snapshot" }], integrity });
      expect(asked).toEqual(integrity === "ok" ? ["check"] : []);
    }
  });

  it("is not done on a large state whose steps alone are not proven, and on a small one is", async () => {
    for (const [most, integrity] of [[1000, undefined] as const, [undefined, "ok"] as const]) {
      const { engine } = watched(most);
      const { view } = await loadStorage(readFixture("multi-index"), engine);
      const { moment } = commitsOf(view).at(-1)!;
      const { unproven, ...restored } = await engine.restore(moment, PRIVATE, context());
      expect(restored).toMatchObject({ integrity });
      expect(unproven.map(({ what }) => what)).toEqual(Array(5).fill("step"));
      expect((await engine.look(moment, context())).unproven).toEqual(unproven);
    }
  });

  it("is not done on a large state that is proven, and on a small one once", async () => {
    for (const [most, integrity] of [[1000, undefined] as const, [undefined, "ok"] as const]) {
      const { engine, asked } = watched(most);
      const { view } = await loadStorage(readFixture("basic"), engine);
      const { moment } = commitsOf(view).at(-1)!;
      const restored = await engine.restore(moment, PRIVATE, context());
      expect(restored).toMatchObject({ unproven: [], integrity });
      expect(await engine.check(moment, context())).toEqual(
        integrity && { found: integrity, message: undefined },
      );
      const before = asked.length;
      await engine.restore(moment, PRIVATE, context());
      // What is known of a moment is not asked again.
      expect(asked.length).toBe(before);
      if (most !== undefined) expect(asked).toEqual([]);
    }
  });
});
