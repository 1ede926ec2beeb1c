/** SQLite's check as a part of verify: where the database goes, and what follows where the check cannot be made. */

import { describe, expect, it } from "vitest";
import { WalkitError } from "../../src/errors.ts";
import { replicaIn } from "../../src/layouts/open.ts";
import { MemorySink } from "../../src/restore/sinks/memory.ts";
import { MemoryStorage } from "../../src/storage/index.ts";
import { type IntegrityCheck, type VerifyOptions, verify } from "../../src/verify/index.ts";
import { readFixture, readManifest, sha256 } from "../support/fixtures.ts";
import { SqliteReplica } from "../support/sqlite-replica.ts";

const NAME = "multi-snapshot";
const storage = () => new MemoryStorage(readFixture(NAME).files);
const skipped = () =>
  new WalkitError("database/integrity-skipped", "Expected SQLite to check the database, found none");

/** A place that is told of what happens to it. */
function place(check: IntegrityCheck["check"]) {
  const sink = new MemorySink();
  const calls: string[] = [];
  const openIntegrityCheck: VerifyOptions["openIntegrityCheck"] = async (bytes) => {
    calls.push(`open ${bytes}`);
    return {
      sink,
      check: async (how, signal) => {
        calls.push(`check ${how}`);
        await check(how, signal);
      },
      close: async () => void calls.push("close"),
    };
  };
  return { sink, calls, openIntegrityCheck };
}

describe("openIntegrityCheck", () => {
  it("gets the newest state, and is closed", async () => {
    const { sink, calls, openIntegrityCheck } = place(async () => {});
    const report = await verify(replicaIn(storage()), { openIntegrityCheck });
    expect([report.status, report.generations[0]!.integrity]).toEqual(["ok", "ok"]);
    const { sha256: hash, size } = readManifest(NAME).restores.find(({ id }) => id === "latest")!.db!;
    expect(sha256(sink.bytes)).toBe(hash);
    expect(calls).toEqual([`open ${size}`, "check full", "close"]);
  });

  it("is closed whatever happens", async () => {
    for (const error of [skipped(), new WalkitError("database/integrity", "corrupt"), new Error("a bug")]) {
      const { calls, openIntegrityCheck } = place(() => Promise.reject(error));
      const done = verify(replicaIn(storage()), { openIntegrityCheck });
      if (error instanceof WalkitError)
        expect((await done).findings.map(({ code }) => code)).toEqual([error.code]);
      else await expect(done).rejects.toBe(error);
      expect(calls.at(-1)).toBe("close");
    }
  });

  it("hears of an abort", async () => {
    const controller = new AbortController();
    const { calls, openIntegrityCheck } = place(async (_, signal) => {
      controller.abort(new Error("enough"));
      signal!.throwIfAborted();
    });
    await expect(
      verify(replicaIn(storage()), { openIntegrityCheck, signal: controller.signal }),
    ).rejects.toThrow("enough");
    expect(calls.at(-1)).toBe("close");
  });

  it("may leave it to memory", async () => {
    const report = await verify(replicaIn(storage()), { openIntegrityCheck: async () => undefined });
    expect(report.generations[0]!.integrity).toBe("ok");
  });
});

describe.each([
  ["has no place for the database", { openIntegrityCheck: () => Promise.reject(skipped()) }],
  ["cannot tell", { checkIntegrity: () => Promise.reject(skipped()) }],
])("where SQLite %s", (_, options: VerifyOptions) => {
  it("a warning says so, and the other checks decide", async () => {
    const { status, level, generations, findings } = await verify(replicaIn(storage()), options);
    expect([status, level, generations[0]!.status, generations[0]!.integrity]).toEqual([
      "ok",
      "integrity",
      "ok",
      "skipped",
    ]);
    expect(findings.map(({ code, severity }) => [code, severity])).toEqual([
      ["database/integrity-skipped", "warning"],
    ]);
  });

  it("asked for by name, the report is inconclusive", async () => {
    const { status, generations, findings } = await verify(replicaIn(storage()), {
      ...options,
      level: "integrity",
    });
    expect([status, generations[0]!.status, generations[0]!.integrity]).toEqual([
      "inconclusive",
      "inconclusive",
      "skipped",
    ]);
    expect(findings.map(({ code, severity }) => [code, severity])).toEqual([
      ["database/integrity-skipped", "inconclusive"],
    ]);
  });
});

it("what SQLite finds corrupt before damage is said of the state there", async () => {
  const replica = new SqliteReplica();
  replica.exec("CREATE TABLE t (id INTEGER PRIMARY KEY, x, y); CREATE INDEX i ON t (x)");
  replica.exec("INSERT INTO t VALUES (1, 'a', 1)");
  replica.segment();
  // Lost: the row in the table, and its entry in the index. What follows brings the page of the table again, and not the index's.
  replica.exec("INSERT INTO t VALUES (2, 'b', 1)");
  replica.checkpoint();
  const ends: string[] = [];
  for (let y = 2; y < 5; y++) {
    replica.exec(`UPDATE t SET y = ${y} WHERE id = 2`);
    replica.segment();
    ends.push([...replica.storage.files.keys()].sort().at(-1)!);
  }
  replica.finish();
  const { files } = replica.storage;
  const lost = [...files.keys()].filter((path) => path.includes("/wal/00000000_")).sort();
  files.delete(lost.at(-1)!);
  files.delete(ends[1]!);
  const { findings, generations } = await verify(replicaIn(replica.storage));
  const [{ restorable, integrity }] = generations as [(typeof generations)[0]];
  const { to } = restorable.at(-1)!;
  const found = findings.filter(({ code }) => code === "database/integrity");
  expect(found.map(({ message, position }) => [message.replace(/^.*, in the/s, "in the"), position])).toEqual(
    [
      ["in the state up to the damage", undefined],
      [`in the state at ${to}`, to],
    ],
  );
  for (const { remedy } of found) expect(remedy?.do).toBe("look-at-steps");
  expect(integrity).toBe("failed");
  const small = await verify(replicaIn(replica.storage), { integrityUpTo: 1 });
  expect(small.findings.filter(({ code }) => code === "database/integrity")).toEqual([]);
});
