/** Databases of LiteFS, whole and damaged: what is restored is the true database, or nothing. */

import { readFileSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { WalkitError } from "../../../src/errors.ts";
import { findReplicas } from "../../../src/layouts/find.ts";
import { litefs } from "../../../src/layouts/litefs/layout.ts";
import { litefsIn } from "../../../src/layouts/litefs.ts";
import { ltxName } from "../../../src/ltx/index.ts";
import { formatPosition } from "../../../src/replay/position.ts";
import { MemorySink, restore } from "../../../src/restore/index.ts";
import { MemoryStorage, type Storage } from "../../../src/storage/index.ts";
import { verify } from "../../../src/verify/index.ts";
import { formatWalHeader, parseWalHeader } from "../../../src/wal/index.ts";
import { sha256 } from "../../support/fixtures.ts";
import { LitefsNode, type NodeOptions } from "../../support/litefs.ts";
import { conformance } from "../conformance.ts";

const open: LitefsNode[] = [];
afterEach(() => {
  for (const node of open.splice(0)) node.close();
});

function nodeOf(options: NodeOptions = {}): LitefsNode {
  const node = new LitefsNode(options);
  open.push(node);
  return node;
}

/** Rows that come and go. */
function work(node: LitefsNode, commits = 5): void {
  // What is in the second table no later transaction touches: none but the first has every page.
  if (node.txid === 0)
    node.commit(
      "BEGIN; CREATE TABLE t (id INTEGER PRIMARY KEY, a BLOB); CREATE TABLE u (a); INSERT INTO u VALUES (zeroblob(5000)); COMMIT",
    );
  for (let i = 0; i < commits; i++)
    node.commit(
      `BEGIN; INSERT INTO t (a) VALUES (zeroblob(${300 * (i % 4) + 10})), (randomblob(700)); DELETE FROM t WHERE id % 5 = ${i % 3}; COMMIT`,
    );
}

async function restored(storage: Storage, txid?: number, prefix = "dbs/app.db/"): Promise<Uint8Array> {
  const sink = new MemorySink();
  await restore(litefsIn(storage, prefix), txid === undefined ? {} : { position: { txid } }, sink);
  return sink.bytes;
}

const errorOf = async (work: Promise<unknown>): Promise<WalkitError> => {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(WalkitError);
  return error as WalkitError;
};

async function codesOf(storage: Storage, prefix = "dbs/app.db/"): Promise<string[]> {
  const { findings } = await verify(litefsIn(storage, prefix), { level: "replay" });
  return findings.map(
    ({ severity, code, path }) => `${severity} ${code}${path ? ` ${path.split("/").at(-1)}` : ""}`,
  );
}

const same = (found: Uint8Array, wanted: Uint8Array) => expect(sha256(found)).toBe(sha256(wanted));

/** The newest state is the true one, and each TXID of `reached`; the others are refused. */
async function expectStates(node: LitefsNode, storage: Storage, reached: readonly number[]): Promise<void> {
  const { status, findings } = await verify(litefsIn(storage, node.prefix));
  expect(findings.filter(({ severity }) => severity !== "info")).toEqual([]);
  expect(status).toBe("ok");
  if (node.state.length > 0) same(await restored(storage, undefined, node.prefix), node.state);
  for (const [txid, state] of node.states) {
    if (reached.includes(txid)) same(await restored(storage, txid, node.prefix), state);
    else expect((await errorOf(restored(storage, txid, node.prefix))).code).toMatch(/^(target|replica)\//);
  }
}

const upTo = (last: number, first = 1) => Array.from({ length: last - first + 1 }, (_, i) => first + i);

describe.each([
  { wal: false, variant: "v1-raw" },
  { wal: false, variant: "v1-lz4" },
  { wal: true, variant: "v1-raw" },
  { wal: true, variant: "v1-lz4" },
] as const)("with wal $wal, $variant", (options) => {
  it("a chain from the first transaction gives every state", async () => {
    const node = nodeOf(options);
    work(node, 4);
    if (options.wal) node.checkpoint();
    work(node, 3);
    await expectStates(node, node.storage(), upTo(8));
    // Without the database the files suffice.
    await expectStates(node, node.storage({ database: undefined, wal: undefined }), upTo(8));
  });

  it("a tail gives the newest state alone, and says so", async () => {
    const node = nodeOf(options);
    work(node, 6);
    node.retain(5);
    await expectStates(node, node.storage(), [7]);
    const { message, remedy } = await errorOf(restored(node.storage(), 5));
    expect(message).toMatch(/lead forward only/);
    expect(remedy).toMatchObject({
      do: "choose-moment",
      nearest: [{ position: formatPosition({ txid: 7 }) }],
    });
    expect(await codesOf(node.storage({ database: undefined, wal: undefined }))).toEqual([
      expect.stringMatching(/^damage replica\/no-snapshot/),
    ]);
  });

  it("a snapshot from a primary is where time travel begins", async () => {
    const node = nodeOf(options);
    work(node, 3);
    node.snapshot();
    work(node, 3);
    await expectStates(node, node.storage(), upTo(7, 4));
  });

  it("an import in a tail is where time travel begins", async () => {
    const node = nodeOf({ ...options, wal: false });
    work(node, 3);
    node.exec("DROP TABLE t; DROP TABLE u; CREATE TABLE u (a); INSERT INTO u VALUES (zeroblob(3000))");
    node.import(node.database);
    node.commit("INSERT INTO u VALUES (1)");
    node.commit("INSERT INTO u VALUES (2)");
    await expectStates(node, node.storage(), upTo(7));
    node.retain(4);
    await expectStates(node, node.storage(), upTo(7, 5));
    const { generations } = await verify(litefsIn(node.storage(), node.prefix), { level: "replay" });
    expect(generations[0]!.restorable).toMatchObject([
      { from: formatPosition({ txid: 5 }), to: formatPosition({ txid: 7 }) },
    ]);
  });

  it("a deletion is a moment without a database, and a new one goes on behind it", async () => {
    const node = nodeOf(options);
    work(node, 2);
    node.delete();
    const dead = node.storage({ database: undefined, wal: undefined, journal: undefined });
    expect(await codesOf(dead)).toEqual([expect.stringMatching(/^info replica\/deleted/)]);
    expect((await errorOf(restored(dead))).code).toBe("replica/deleted");
    same(await restored(dead, 3), node.states.get(3)!);
    node.commit("CREATE TABLE v (a)");
    node.commit("INSERT INTO v VALUES (zeroblob(2000))");
    await expectStates(node, node.storage(), [1, 2, 3, 5, 6]);
    node.retain(3);
    await expectStates(node, node.storage(), [5, 6]);
    node.retain(4);
    await expectStates(node, node.storage(), [5, 6]);
  });

  it("a file that is missing is named", async () => {
    const node = nodeOf(options);
    work(node, 6);
    const storage = node.storage({ [`ltx/${ltxName(4, 4)}`]: undefined });
    expect(await codesOf(storage)).toEqual([`damage replica/missing-txid ${ltxName(5, 5)}`]);
    same(await restored(storage), node.state);
    same(await restored(storage, 3), node.states.get(3)!);
    const error = await errorOf(restored(storage, 6));
    expect([error.code, error.message]).toEqual([
      "replica/missing-txid",
      expect.stringMatching(/0004 behind/),
    ]);
  });

  it("backups in a folder are read alike", async () => {
    const node = nodeOf({ ...options, prefix: "backups/app.db/" });
    work(node, 5);
    const merged = node.file(2, 3, node.states.get(1)!, node.states.get(1)!, node.states.get(3)!);
    const flat = new Map([...node.ltx].map(([name, data]) => [node.prefix + name, { data, modified: 1n }]));
    for (const txid of [2, 3]) flat.delete(node.prefix + ltxName(txid, txid));
    flat.set(node.prefix + ltxName(2, 3), { data: merged, modified: 1n });
    const storage = new MemoryStorage(flat);
    const [found] = await findReplicas(storage);
    expect(found).toMatchObject({ path: "backups/app.db", prefix: node.prefix });
    await expectStates(node, storage, [1, 3, 4, 5, 6]);
    expect((await errorOf(restored(storage, 2, node.prefix))).message).toMatch(/inside of/);
  });
});

describe("a node that died", () => {
  it("in a transaction, with a hot journal and pages in the database", async () => {
    for (const sync of ["OFF", "FULL"]) {
      const node = nodeOf({ setup: `PRAGMA cache_size=2; PRAGMA synchronous=${sync}` });
      // Pages of the freelist that are taken into use again SQLite does not put into the journal.
      node.commit("CREATE TABLE t (id INTEGER PRIMARY KEY, a BLOB)");
      for (let i = 0; i < 6; i++) node.commit(`INSERT INTO t (a) VALUES (randomblob(${300 + 200 * i}))`);
      node.exec(
        "BEGIN; UPDATE t SET a = randomblob(length(a)); INSERT INTO t (a) SELECT randomblob(800) FROM t",
      );
      const storage = node.storage();
      const journal = storage.files.get("dbs/app.db/journal")!.data;
      expect([journal.length > 512, sha256(node.database) === sha256(node.state)]).toEqual([true, false]);
      await expectStates(node, storage, upTo(7));
      // Without it the database is another one.
      const lost = node.storage({ journal: undefined });
      expect(await codesOf(lost)).toEqual(["damage ltx/database-checksum database"]);
      node.exec("ROLLBACK");
    }
  });

  it("between the LTX file and the commit", async () => {
    for (const wal of [false, true]) {
      const node = nodeOf({ wal });
      work(node, 4);
      const [database, walBefore] = [node.database, node.wal];
      work(node, 1);
      await expectStates(node, node.storage({ database, wal: walBefore }), upTo(6));
    }
  });

  it("with a WAL longer than the newest file, of another salt, cut short, or partly checkpointed", async () => {
    const node = nodeOf({ wal: true });
    work(node, 4);
    const ended = node.wal!.slice();
    node.exec("INSERT INTO t (a) VALUES (zeroblob(5000))");
    await expectStates(node, node.storage(), upTo(5));
    expect(node.wal!.length).toBeGreaterThan(ended.length);
    // Without a commit at its end it is one that SQLite would not take in either.
    await expectStates(node, node.storage({ wal: node.wal!.slice(0, ended.length + 700) }), upTo(5));
    const other = ended.slice();
    other[19]! ^= 1;
    expect(await codesOf(node.storage({ wal: other }))).toEqual(["damage database/size database"]);
    expect(await codesOf(node.storage({ wal: ended.slice(0, 600) }))).toEqual([
      "damage database/size database",
    ]);
    // Nothing but the salts of its header and the checksum over them are others.
    const header = parseWalHeader(ended);
    other.set(formatWalHeader({ ...header, salt1: (header.salt1 ^ 1) >>> 0 }), 0);
    const gone = { [`ltx/${ltxName(1, 1)}`]: undefined };
    const { message } = await errorOf(restored(node.storage({ wal: other, ...gone })));
    expect(message).toMatch(/salts/);
    // A chain from the first transaction leads there as well.
    same(await restored(node.storage({ wal: other })), node.state);
    node.record();
    const full = node.wal!;
    node.checkpoint("PASSIVE");
    await expectStates(node, node.storage({ wal: full }), upTo(6));
    // The WAL begins anew: what lies in it is of the round before.
    node.checkpoint();
    node.commit("INSERT INTO t (a) VALUES (1)");
    await expectStates(node, node.storage(), upTo(7));
  });
});

it("a byte that is flipped is found, or does no harm", async () => {
  for (const wal of [false, true]) {
    const node = nodeOf({ wal, variant: wal ? "v1-raw" : "v1-lz4" });
    work(node, 3);
    node.retain(3);
    const whole = node.storage();
    for (const [path, { data }] of whole.files) {
      const stride = Math.max(1, Math.floor(data.length / 60));
      for (let at = 0; at < data.length; at += stride) {
        const bytes = data.slice();
        bytes[at]! ^= 1 << (at % 8);
        const storage = new MemoryStorage(new Map([...whole.files, [path, { data: bytes, modified: 1n }]]));
        const { status } = await verify(litefsIn(storage, node.prefix), { level: "replay" });
        const found = await restored(storage).catch(() => undefined);
        if (found) same(found, node.state);
        if (status === "ok") expect([path, at, found?.length]).toEqual([path, at, node.state.length]);
        else expect([path, at, status]).toEqual([path, at, "damaged"]);
      }
    }
  }
});

it("files of two databases do not follow on one another", async () => {
  const [one, other] = [nodeOf(), nodeOf()];
  work(one, 5);
  work(other, 5);
  const storage = one.storage({ [`ltx/${ltxName(4, 4)}`]: other.ltx.get(ltxName(4, 4)) });
  expect(await codesOf(storage)).toEqual([
    `damage ltx/chain ${ltxName(4, 4)}`,
    `damage ltx/chain ${ltxName(5, 5)}`,
  ]);
  expect((await errorOf(restored(storage, 5))).code).toBe("ltx/chain");
  same(await restored(storage), one.state);
});

it("a wrong page in a file that is right in itself is found", async () => {
  const node = nodeOf();
  work(node, 4);
  const [before, after] = [node.states.get(2)!, node.states.get(3)!.slice()];
  after[after.length - 1]! ^= 1;
  // It tells of the true checksum, as a writer does that lost a page.
  const wrong = node.file(3, 3, before, before, after, {}, node.states.get(3)!);
  const storage = node.storage({ [`ltx/${ltxName(3, 3)}`]: wrong });
  expect(await codesOf(storage)).toEqual([`damage ltx/database-checksum ${ltxName(3, 3)}`]);
  for (const txid of [3, 4])
    expect((await errorOf(restored(storage, txid))).code).toBe("ltx/database-checksum");
  same(await restored(storage), node.state);
});

it("the real directory of LiteFS 0.2", async () => {
  const folder = new URL(
    "../../fixtures/ltx/litefs/store/open-and-write-snapshot/dbs/sqlite.db/",
    import.meta.url,
  );
  const files = ["database", "ltx/000000000000000d-000000000000000d.ltx"].map((path) => {
    return [
      `dbs/sqlite.db/${path}`,
      { data: new Uint8Array(readFileSync(new URL(path, folder))), modified: 1n },
    ] as const;
  });
  const storage = new MemoryStorage(new Map(files));
  const [replica] = await findReplicas(storage);
  expect(replica).toMatchObject({ path: "dbs/sqlite.db", prefix: "dbs/sqlite.db/" });
  const { status, findings, generations } = await verify(replica!);
  expect([status, findings]).toEqual(["ok", []]);
  expect(generations[0]).toMatchObject({ integrity: "ok", pageCount: 10 });
  same(await restored(storage, 13, "dbs/sqlite.db/"), files[0]![1].data);
  const [database] = files;
  // Without an LTX file nothing tells that it is whole; an empty one is to begin.
  const alone = new MemoryStorage(new Map([database!]));
  expect(await codesOf(alone, "dbs/sqlite.db/")).toEqual(["warning replica/snapshot-unproven database"]);
  same(await restored(alone, undefined, "dbs/sqlite.db/"), database![1].data);
  const empty = new MemoryStorage(new Map([[database![0], { data: new Uint8Array(0), modified: 1n }]]));
  expect((await errorOf(restored(empty, undefined, "dbs/sqlite.db/"))).code).toBe("target/no-generation");
});

{
  const node = new LitefsNode({ variant: "v1-lz4", pageSize: 1024 });
  work(node, 3);
  node.snapshot();
  work(node, 4);
  node.close();
  const files = new Map(
    [...node.ltx].map(([name, data]) => [`dbs/app.db/ltx/${name}`, { data, modified: 1n }]),
  );
  files.set("dbs/app.db/database", { data: node.state, modified: 1n });
  conformance("litefs", () => ({
    ...{ layout: litefs, prefix: "dbs/app.db/", storage: new MemoryStorage(files) },
    states: upTo(8, 5).map((txid) => ({ end: { txid }, sha256: sha256(node.states.get(txid)!) })),
  }));
}

it("a time means the last transaction up to it, where nothing can be missing", async () => {
  const node = nodeOf();
  work(node, 5);
  const at = async (seconds: number, storage: Storage) => {
    const sink = new MemorySink();
    const timestamp = 1_700_000_000_000_000_000n + BigInt(seconds * 1000) * 1_000_000n;
    await restore(litefsIn(storage, node.prefix), { timestamp }, sink);
    return sink.bytes;
  };
  const whole = node.storage();
  same(await at(3, whole), node.states.get(3)!);
  same(await at(4.5, whole), node.states.get(4)!);
  same(await at(6, whole), node.state);
  for (const seconds of [0.5, 7])
    expect((await errorOf(at(seconds, whole))).code).toBe("target/out-of-range");
  const gap = node.storage({ [`ltx/${ltxName(4, 4)}`]: undefined });
  expect((await errorOf(at(4.5, gap))).code).toBe("replica/missing-txid");
  same(await at(3, gap), node.states.get(3)!);
  node.retain(5);
  same(await at(6, node.storage()), node.state);
  expect((await errorOf(at(5, node.storage()))).message).toMatch(/lead forward only/);
});
