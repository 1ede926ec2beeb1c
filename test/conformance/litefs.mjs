// Data directories of LiteFS: one of its own fixtures, with the database that its newest file leads to; chains of the reference
// library as a node keeps them; what is no database; two nodes.
import { DatabaseChecksum } from "../../dist/ltx/index.js";
import { compareNodes, findReplicas, litefsIn } from "../../dist/web.js";
import {
  damaged,
  databaseOf,
  flip,
  hex,
  ltxPath,
  readChain,
  readStates,
  refused,
  restored,
  sha256,
  statesAt,
  storageOf,
  verdict,
} from "./tools.mjs";

const FOLDER = "ltx/litefs/";
const TXIDS = [1, 2, 3, 4];

export async function litefs(suite) {
  await ofNode(suite);
  await withoutFiles(suite);
  const { states, known } = await readStates(suite.readJson);
  for (const folder of ["v1-raw", "v1-lz4"]) {
    const chain = await readChain(suite.read, folder);
    await ofChain({ ...suite, folder, chain, states, known });
  }
  await ofNodes(suite);
}

/** Its newest file has three of ten pages. */
async function ofNode({ check, read, readJson }) {
  const store = `${FOLDER}store/open-and-write-snapshot/`;
  const database = await read(`${store}dbs/sqlite.db/database`);
  const file = ltxPath("dbs/sqlite.db/ltx", 13);
  const bytes = await read(store + file);
  const { header, trailer } = (await readJson(`${FOLDER}expected.json`))[store.slice(FOLDER.length) + file];
  const storage = storageOf({ "dbs/sqlite.db/database": database, [file]: bytes });
  const found = await findReplicas(storage);
  check(
    "LiteFS: found",
    found.map(({ path, layout }) => [path, layout.name]),
    [["dbs/sqlite.db", "litefs"]],
  );
  const [replica] = found;
  check("LiteFS: verify", await verdict(replica), "ok");
  check("LiteFS: newest", await restored(replica), await sha256(database));
  check("LiteFS: TXID 13", await restored(replica, { position: { txid: 13 } }), await sha256(database));
  const earlier = await restored(replica, { position: { txid: 12 } });
  check("LiteFS: TXID 12", earlier, refused("target/out-of-range", 13));
  const sum = new DatabaseChecksum(header.pageSize);
  const newest = await databaseOf(replica);
  for (let page = 1; page <= header.commit; page++)
    sum.add(page, newest.subarray((page - 1) * header.pageSize, page * header.pageSize));
  check("LiteFS: the checksum that its file tells", hex(sum.value), trailer.postApplyChecksum);

  const page2 = header.pageSize + 100;
  storage.files.set("dbs/sqlite.db/database", { data: flip(database, page2) });
  const unlike = "damaged, damage dbs/sqlite.db/database";
  check("LiteFS, database flipped: verify", await damaged(replica), unlike);
  check("LiteFS, database flipped: newest", await restored(replica), refused("ltx/database-checksum"));
  // What the newest file has is laid over it once more.
  storage.files.set("dbs/sqlite.db/database", { data: flip(database, 100) });
  check("LiteFS, page 1 flipped: newest", await restored(replica), await sha256(database));
  storage.files.set("dbs/sqlite.db/database", { data: database });
  storage.files.set(file, { data: flip(bytes, 0.5) });
  check("LiteFS, file flipped: verify", await damaged(replica), `damaged, damage ${file}`);
  check("LiteFS, file flipped: newest", await restored(replica), refused("ltx/file-checksum"));
  storage.files.set(file, { data: bytes });
  storage.files.delete("dbs/sqlite.db/database");
  check("LiteFS, no database: newest", await restored(replica), refused("replica/no-snapshot"));
}

async function withoutFiles({ check, read }) {
  const path = "dbs/test.db/database";
  const replicaOf = (bytes) => litefsIn(storageOf({ [path]: bytes }), "dbs/test.db/");
  const whole = await read(`${FOLDER}db/write-snapshot-to/database`);
  check("a database alone: verify", await verdict(replicaOf(whole)), `ok, replica/snapshot-unproven ${path}`);
  check("a database alone: newest", await restored(replicaOf(whole)), await sha256(whole));
  for (const name of ["open-short-database", "open-invalid-database-header"]) {
    const replica = replicaOf(await read(`${FOLDER}store/${name}/${path}`));
    check(`${name}: verify`, await damaged(replica), `damaged, damage ${path}`);
    check(`${name}: newest`, await restored(replica), refused("database/bad-magic"));
  }
  const empty = replicaOf(await read(`${FOLDER}store/open-name-only/${path}`));
  check("open-name-only: newest", await restored(empty), refused("target/no-generation"));
}

/** All of its files hold every page: each is a way to its state by itself. */
async function ofChain({ check, read, folder, chain, states, known }) {
  const path = (txid) => ltxPath("dbs/app.db/ltx", txid);
  const storage = storageOf(chain.map((bytes, i) => [path(i + 1), bytes]));
  const replica = litefsIn(storage, "dbs/app.db/");
  const what = `LiteFS, ${folder}`;
  const all = "s1 s2 s3 s4";
  check(`${what}: files alone`, await statesAt(replica, TXIDS, known), all);
  storage.files.set("dbs/app.db/database", { data: await read("ltx/reference-library/states/s4.db") });
  check(`${what}: verify`, await verdict(replica), "ok");
  check(`${what}: newest`, await restored(replica), states[3].sha256);
  check(`${what}: TXIDs`, await statesAt(replica, TXIDS, known), all);

  storage.files.set(path(2), { data: flip(chain[1], 0.5) });
  check(`${what}, TXID 2 flipped: verify`, await damaged(replica), `damaged, damage ${path(2)}`);
  storage.files.delete(path(2));
  const missing = `damaged, replica/missing-txid ${path(3)}`;
  check(`${what}, TXID 2 missing: verify`, await verdict(replica), missing);
  check(`${what}, TXID 2 missing: TXIDs`, await statesAt(replica, TXIDS, known), "s1 refused s3 s4");
  const between = await restored(replica, { position: { txid: 2 } });
  check(`${what}, TXID 2 missing: TXID 2`, between, refused("target/out-of-range", 1, 3));
  storage.files.set(path(2), { data: chain[1] });

  const deletion = `ltx/reference-library/${folder}/special/deletion-`;
  storage.files.set(path(5), { data: await read(deletion + path(5).split("/").at(-1)) });
  storage.files.delete("dbs/app.db/database");
  check(`${what}, deleted: verify`, await verdict(replica), `ok, replica/deleted ${path(5)}`);
  check(`${what}, deleted: newest`, await restored(replica), refused("replica/deleted"));
  check(`${what}, deleted: TXIDs`, await statesAt(replica, [...TXIDS, 5], known), `${all} refused`);
}

async function ofNodes({ check, read, readJson }) {
  const recorded = await readJson("ltx/reference-library/expected.json");
  const nodeOf = (...files) =>
    litefsIn(storageOf(files.map((bytes, i) => [ltxPath("dbs/app.db/ltx", i + 1), bytes])), "dbs/app.db/");
  const [raw, packed] = [await readChain(read, "v1-raw"), await readChain(read, "v1-lz4")];
  const same = await compareNodes(nodeOf(...raw), nodeOf(...packed.slice(0, 3)));
  check("two nodes: same", [same.verdict, same.agreed], ["same", { txid: 3 }]);
  const name = `v1-raw/special/tiny-${ltxPath("", 1).slice(1)}`;
  const { verdict: found, parted } = await compareNodes(
    nodeOf(...raw),
    nodeOf(await read(`ltx/reference-library/${name}`)),
  );
  const sumOf = (path) => recorded[path].trailer.postApplyChecksum;
  const [one, other] = [sumOf(ltxPath("v1-raw", 1)), sumOf(name)];
  check("two nodes: apart", [found, parted], ["apart", { position: { txid: 1 }, one, other }]);
}
