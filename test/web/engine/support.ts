/** What the tests of the engine share: one in this thread, over the fixtures, and a plain word of SQLite on what it says. */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { SqlJs } from "sql.js";
import type { Storage } from "../../../src/storage/index.ts";
import { positionAt } from "../../../web/app/protocol/positions.ts";
import type { Cell, MomentId, ReplicaView } from "../../../web/app/protocol/protocol.ts";
import type { CallContext } from "../../../web/engine/calls.ts";
import { ReplicaEngine, type Surroundings } from "../../../web/engine/engine.ts";
import { SqlSession } from "../../../web/engine/sql-session.ts";
import { tarPath } from "../../support/fixtures.ts";

const initSqlJs = createRequire(import.meta.url)("sql.js") as () => Promise<SqlJs>;

export const openSql = (): SqlSession => new SqlSession(() => initSqlJs());

export function context(signal: AbortSignal = new AbortController().signal): CallContext {
  return { signal, onProgress: () => {} };
}

export function newEngine(surroundings: Partial<Surroundings> = {}): ReplicaEngine {
  return new ReplicaEngine({
    openSql,
    fetchExample: async () =>
      new Blob([readFileSync(new URL("../../../web/example/shop.tar", import.meta.url))]),
    ...surroundings,
  });
}

/** A fixture as the browser would hand it over. */
export function archiveOf(name: string): File {
  return new File([readFileSync(tarPath(name))], `${name.split("/").at(-1)}.tar`);
}

export async function loadArchive(
  name: string,
  engine: ReplicaEngine = newEngine(),
): Promise<{ engine: ReplicaEngine; view: ReplicaView }> {
  const opened = await engine.open({ kind: "archive", file: archiveOf(name) }, context());
  return { engine, view: await engine.load(opened.replicas[0]!, context()) };
}

export async function loadStorage(
  storage: Storage,
  engine: ReplicaEngine = newEngine(),
): Promise<{ engine: ReplicaEngine; view: ReplicaView }> {
  await engine.use(storage, "test");
  const found = { path: "", prefix: "generations/", generation: undefined };
  return { engine, view: await engine.load(found, context()) };
}

/** All commits, and whether each can be restored. */
export function commitsOf({ timelines }: ReplicaView): { moment: MomentId; restorable: boolean }[] {
  return timelines.flatMap(({ generation, moments }) =>
    Array.from(moments.section, (_, i) => ({
      moment: { generation: generation!, ...positionAt(moments, i) },
      restorable: moments.restorable[i] === 1,
    })),
  );
}

/** A value of any SQLite as the page would get it. */
export function cell(value: unknown): Cell {
  if (typeof value === "bigint") {
    return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  }
  if (value instanceof Uint8Array) {
    return { blob: value.length, head: Buffer.from(value.subarray(0, 32)).toString("hex") };
  }
  return value as Cell;
}
