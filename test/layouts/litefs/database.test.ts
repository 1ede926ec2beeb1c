import { afterEach, describe, expect, it } from "vitest";
import type { WalkitError } from "../../../src/errors.ts";
import { pageSum, readDatabase } from "../../../src/layouts/litefs/database.ts";
import { CHECKSUM_FLAG, ltxName, pageChecksum } from "../../../src/ltx/index.ts";
import { MemoryStorage } from "../../../src/storage/index.ts";
import { formatWalHeader, parseWalHeader } from "../../../src/wal/index.ts";
import { sha256 } from "../../support/fixtures.ts";
import { LitefsNode, type NodeOptions } from "../../support/litefs.ts";

const open: LitefsNode[] = [];
afterEach(() => {
  for (const node of open.splice(0)) node.close();
});

function nodeOf(options: NodeOptions = {}): LitefsNode {
  const node = new LitefsNode(options);
  open.push(node);
  node.commit("CREATE TABLE t (id INTEGER PRIMARY KEY, a BLOB); INSERT INTO t (a) VALUES (randomblob(3000))");
  node.commit("INSERT INTO t (a) VALUES (randomblob(2000))");
  return node;
}

const PATH = "dbs/app.db/database";
const NEWEST = `ltx/${ltxName(2, 2)}`;

async function read(storage: MemoryStorage): Promise<{ bytes: Uint8Array; odd: WalkitError[] }> {
  const pieces: Uint8Array[] = [];
  const odd: WalkitError[] = [];
  let at = 0;
  const context = { storage, onOdd: (error: WalkitError) => odd.push(error) };
  for await (const { header, position, data } of readDatabase(context, { path: PATH, size: undefined })) {
    expect([header.pageSize, position, data.length % 512]).toEqual([512, at, 0]);
    at += data.length;
    pieces.push(data.slice());
  }
  return { bytes: new Uint8Array(Buffer.concat(pieces)), odd };
}

const same = (found: Uint8Array, wanted: Uint8Array) => expect(sha256(found)).toBe(sha256(wanted));

describe("the database of a dead node", () => {
  it("is the file alone where all was checkpointed", async () => {
    const node = nodeOf();
    same(node.database, node.state);
    const { bytes, odd } = await read(node.storage());
    same(bytes, node.state);
    expect(odd).toEqual([]);
  });

  it("has the pages of its WAL, which the file has not", async () => {
    const node = nodeOf({ wal: true });
    expect(node.database.length).toBeLessThan(node.state.length);
    same((await read(node.storage())).bytes, node.state);
  });

  it("has nothing of a WAL from behind the newest LTX file", async () => {
    const node = nodeOf({ wal: true });
    node.exec("UPDATE t SET a = zeroblob(100)");
    same((await read(node.storage())).bytes, node.state);
  });

  it("has the pages of its newest LTX file, which was written before the transaction ended", async () => {
    const node = nodeOf();
    const before = node.database;
    node.commit("INSERT INTO t (a) VALUES (randomblob(4000))");
    expect(sha256(before)).not.toBe(sha256(node.state));
    same((await read(node.storage({ database: before }))).bytes, node.state);
  });

  it("has pages of its rollback journal, in place of what a transaction under way wrote", async () => {
    const node = nodeOf({ setup: "PRAGMA cache_size=2" });
    node.exec("BEGIN; UPDATE t SET a = randomblob(length(a)); INSERT INTO t (a) VALUES (randomblob(9000))");
    expect(node.database.length).toBeGreaterThan(node.state.length);
    same((await read(node.storage())).bytes, node.state);
    // A storage need not know sizes.
    const whole = node.storage();
    const sizeless = new MemoryStorage(whole.files);
    sizeless.list = async function* (prefix: string) {
      for (const path of whole.files.keys()) if (path.startsWith(prefix)) yield { path };
    };
    same((await read(sizeless)).bytes, node.state);
    node.exec("ROLLBACK");
  });

  it("is what its file and WAL are where no LTX file tells, and nothing proves it", async () => {
    const node = nodeOf({ wal: true });
    const gone = Object.fromEntries([...node.ltx.keys()].map((name) => [`ltx/${name}`, undefined]));
    const { bytes, odd } = await read(node.storage(gone));
    same(bytes, node.state);
    expect(odd.map(({ code, path }) => [code, path])).toEqual([["replica/snapshot-unproven", PATH]]);
  });

  it("is what its file and journal are, as long as that says, where no LTX file tells", async () => {
    const node = nodeOf({ setup: "PRAGMA cache_size=2" });
    node.exec("BEGIN; UPDATE t SET a = randomblob(length(a)); INSERT INTO t (a) VALUES (randomblob(9000))");
    const gone = Object.fromEntries([...node.ltx.keys()].map((name) => [`ltx/${name}`, undefined]));
    same((await read(node.storage(gone))).bytes, node.state);
    node.exec("ROLLBACK");
  });
});

describe("a refusal", () => {
  it("of a page that is another says which checksum it was to have, and who told", async () => {
    const node = nodeOf();
    const wrong = node.database;
    // The newest LTX file has the other pages.
    wrong[3 * 512 + 100]! ^= 1;
    await expect(read(node.storage({ database: wrong }))).rejects.toMatchObject({
      ...{ code: "ltx/database-checksum", path: PATH },
      message: expect.stringContaining(`as dbs/app.db/${NEWEST} leaves it`),
    });
  });

  it("of a file that is cut short names the page that is nowhere, and what was left out", async () => {
    const node = nodeOf({ wal: true });
    const other = node.wal!.slice();
    other[17]! ^= 1;
    await expect(read(node.storage({ wal: other }))).rejects.toMatchObject({
      ...{ code: "database/size", path: PATH, position: "0000000000000002" },
      message: expect.stringMatching(/page \d+ of the \d+ .*left out: dbs\/app\.db\/wal/),
    });
  });

  it("of a page that only a WAL of another round has says that its salts are others", async () => {
    const node = nodeOf({ wal: true });
    const header = parseWalHeader(node.wal!);
    for (const salts of [{ salt1: (header.salt1 ^ 1) >>> 0 }, { salt2: (header.salt2 ^ 1) >>> 0 }]) {
      const wal = node.wal!.slice();
      wal.set(formatWalHeader({ ...header, ...salts }));
      await expect(read(node.storage({ wal }))).rejects.toMatchObject({
        ...{ code: "database/size", path: PATH },
        message: expect.stringMatching(/left out: dbs\/app\.db\/wal, whose salts are not those/),
      });
    }
  });

  it("of a newest LTX file that is damaged, or of Litestream, is that of the file", async () => {
    const node = nodeOf();
    const path = `dbs/app.db/${NEWEST}`;
    const bytes = node.ltx.get(ltxName(2, 2))!.slice();
    bytes[bytes.length - 1]! ^= 1;
    const storage = node.storage({ [NEWEST]: bytes });
    await expect(read(storage)).rejects.toMatchObject({ code: "ltx/file-checksum", path });
  });

  it("of a database that was deleted says where", async () => {
    const node = nodeOf();
    const { database } = node;
    node.delete();
    await expect(read(node.storage({ database }))).rejects.toMatchObject({
      ...{ code: "replica/deleted", position: "0000000000000003" },
      path: `dbs/app.db/ltx/${ltxName(3, 3)}`,
    });
  });
});

it("a page counts for what the format's checksum of it is, and the page for locks for nothing", () => {
  const page = new Uint8Array(65536).fill(7);
  expect(pageSum(5, page)).toBe(pageChecksum(5, page) & ~CHECKSUM_FLAG);
  expect(pageSum(5, page)).not.toBe(pageSum(6, page));
  expect(pageSum(2 ** 30 / 65536 + 1, page)).toBe(0n);
});
