// Replicas of Litestream 0.5, whole and with something wrong: chains of the reference library, whose states were recorded, laid out
// as Litestream does; files that its VFS wrote; both beside generations of 0.3, as an update leaves them.
import { listMoments, MemoryStorage, overview, replicaIn, WalkitError } from "../../dist/index.js";
import { FLAG_NO_CHECKSUM, LtxWriter, pageChecksum } from "../../dist/ltx/index.js";
import { FileListStorage, findReplicas } from "../../dist/web.js";
import {
  concat,
  damaged,
  databaseOf,
  flip,
  hex,
  ltxPath,
  readChain,
  readStates,
  readTar,
  refused,
  restored,
  sha256,
  statesAt,
  storageOf,
  verdict,
} from "./tools.mjs";

/** What versions of Litestream wrote. */
const FOLDERS = [
  "v1-lz4-nochksum",
  "v2-frame",
  "v3-frame",
  "v3-frame-nochksum",
  "v3-block",
  "v3-block-nochksum",
];
const TXIDS = [1, 2, 3, 4];
const VFS = "ltx/litestream-0.5.17-vfs/";
/** Nanoseconds in a millisecond, which is what headers count in. */
const MS = 1_000_000n;
const HOUR = 3_600_000_000_000n;

export async function ltxReplicas(suite) {
  const known = await readStates(suite.readJson);
  const recorded = await suite.readJson("ltx/reference-library/expected.json");
  for (const folder of FOLDERS) {
    const chain = await readChain(suite.read, folder);
    const merged = (min, max) => suite.read(ltxPath(`ltx/reference-library/${folder}/compacted`, min, max));
    const times = TXIDS.map((txid) => recorded[ltxPath(folder, txid)].header.timestamp);
    const part = { ...suite, ...known, folder, chain, merged, times };
    await whole(part);
    await levels(part);
    await missing(part);
    await flipped(part);
  }
  await partial(suite);
  await ofVfs(suite);
  await mixed(suite);
}

/** Files of level 0 by path. */
function level0(chain, prefix = "") {
  return Object.fromEntries(chain.map((bytes, i) => [ltxPath(`${prefix}ltx/0`, i + 1), bytes]));
}

async function whole({ check, folder, chain, states, known, times }) {
  const files = level0(chain, "backup/app/");
  const picked = new FileListStorage(
    Object.entries(files).map(([path, bytes]) => [path, new File([bytes], path.split("/").at(-1))]),
  );
  for (const [where, storage] of [
    ["in memory", storageOf(files)],
    ["picked", picked],
  ]) {
    const what = `${folder}, ${where}`;
    const found = await findReplicas(storage);
    check(
      `${what}: found`,
      found.map(({ path }) => path),
      ["backup/app"],
    );
    const [replica] = found;
    check(`${what}: verify`, await verdict(replica), "ok");
    check(`${what}: newest`, await restored(replica), states[3].sha256);
    check(`${what}: TXIDs`, await statesAt(replica, TXIDS, known), "s1 s2 s3 s4");
    check(
      `${what}: TXID 5`,
      await restored(replica, { position: { txid: 5 } }),
      refused("target/out-of-range", 4),
    );
    for (const [i, time] of times.entries()) {
      const timestamp = BigInt(time) * MS;
      check(`${what}: at ${time}`, await restored(replica, { timestamp }), states[i].sha256);
      const before = i === 0 ? refused("target/out-of-range", 1) : states[i - 1].sha256;
      check(`${what}: before ${time}`, await restored(replica, { timestamp: timestamp - 1n }), before);
    }
    const { snapshots, segments, gaps } = (await overview(replica)).moments[0];
    const moments = [
      ...snapshots.map(({ position, time }) => [position.txid, Date.parse(time)]),
      ...segments.flatMap(({ commits, time }) => commits.map(({ end }) => [end.txid, Date.parse(time)])),
    ];
    check(
      `${what}: moments`,
      moments,
      times.map((time, i) => [i + 1, time]),
    );
    check(`${what}: gaps`, gaps, []);
  }
}

/** As compaction and retention leave it, in folders and on S3. */
async function levels({ check, folder, chain, merged, known }) {
  for (const name of [(level) => `ltx/${level}`, (level) => `000${level}`]) {
    const what = `${folder}, levels as ${name(0)}`;
    const files = {
      [ltxPath(name(9), 1, 2)]: await merged(1, 2),
      [ltxPath(name(1), 3, 4)]: await merged(3, 4),
      [ltxPath(name(0), 3)]: chain[2],
      [ltxPath(name(0), 4)]: chain[3],
    };
    const storage = storageOf(files);
    const replica = replicaIn(storage);
    check(`${what}: verify`, await verdict(replica), "ok");
    check(`${what}: TXIDs`, await statesAt(replica, TXIDS, known), "refused s2 s3 s4");
    const within = await restored(replica, { position: { txid: 1 } });
    check(`${what}: within a merged file`, within, refused("target/out-of-range", 2));
    // The merged file leads past the damage.
    storage.files.set(ltxPath(name(0), 3), { data: flip(chain[2], 0.5) });
    check(`${what}, flipped: verify`, await damaged(replica), `damaged, damage ${ltxPath(name(0), 3)}`);
    check(`${what}, flipped: TXIDs`, await statesAt(replica, TXIDS, known), "refused s2 refused s4");
    storage.files.delete(ltxPath(name(0), 3));
    storage.files.delete(ltxPath(name(0), 4));
    check(`${what}, merged: verify`, await verdict(replica), "ok");
    check(`${what}, merged: TXIDs`, await statesAt(replica, TXIDS, known), "refused s2 refused s4");
    const between = await restored(replica, { position: { txid: 3 } });
    check(`${what}, merged: between`, between, refused("target/out-of-range", 2, 4));
  }
}

/** All files of the chains hold every page: the next one behind a gap, or behind damage, is one to begin with. */
async function missing({ check, folder, chain, states, known, times }) {
  const what = `${folder}, TXID 3 missing`;
  const { [ltxPath("ltx/0", 3)]: _, ...files } = level0(chain);
  const replica = replicaIn(storageOf(files));
  check(`${what}: verify`, await verdict(replica), `damaged, replica/missing-txid ${ltxPath("ltx/0", 4)}`);
  check(`${what}: TXIDs`, await statesAt(replica, TXIDS, known), "s1 s2 refused s4");
  check(`${what}: newest`, await restored(replica), states[3].sha256);
  const lost = await restored(replica, { position: { txid: 3 } });
  check(`${what}: TXID 3`, lost, refused("target/out-of-range", 2, 4));
  // Litestream restores the state before the gap, and says nothing.
  const within = await restored(replica, { timestamp: BigInt(times[2]) * MS });
  check(`${what}: a time in it`, within, refused("replica/missing-txid", 2, 4));
  const behind = await restored(replica, { timestamp: BigInt(times[3]) * MS });
  check(`${what}: a time behind it`, behind, states[3].sha256);
  const [{ gaps }] = await listMoments(replica);
  check(
    `${what}: the gap`,
    gaps.map(({ after, before }) => [after?.txid, before?.txid]),
    [[2, 4]],
  );
}

/** Wherever a byte is another one, every state but that of the file is had all the same, as each file holds every page. */
async function flipped({ check, folder, chain, known }) {
  for (const [i, bytes] of chain.entries()) {
    const path = ltxPath("ltx/0", i + 1);
    // The time, a page number, compressed data, the trailer.
    for (const at of [39, 103, 0.5, bytes.length - 1]) {
      const what = `${folder}, TXID ${i + 1} flipped at ${at}`;
      const replica = replicaIn(storageOf({ ...level0(chain), [path]: flip(bytes, at) }));
      check(`${what}: verify`, await damaged(replica), `damaged, damage ${path}`);
      const expected = TXIDS.map((txid) => (txid === i + 1 ? "refused" : `s${txid}`)).join(" ");
      check(`${what}: TXIDs`, await statesAt(replica, TXIDS, known), expected);
    }
  }
}

/** All files of the chains hold every page. This one has three of ten, and was recorded with the database that they lead to. */
async function partial({ check, read, readJson }) {
  const folder = "store/open-and-write-snapshot/dbs/sqlite.db";
  const after = await read(`ltx/litefs/${folder}/database`);
  const recorded = (await readJson("ltx/litefs/expected.json"))[ltxPath(`${folder}/ltx`, 13)];
  const { pageSize, commit } = recorded.header;
  const before = recorded.pages.reduce((bytes, { pgno }) => flip(bytes, pgno * pageSize - 1), after);
  const unset = { preApplyChecksum: 0n, walOffset: 0, walSize: 0, walSalt1: 0, walSalt2: 0, nodeId: 0n };
  const header = {
    ...unset,
    flags: FLAG_NO_CHECKSUM,
    pageSize,
    commit,
    minTxid: 1,
    maxTxid: 12,
    timestamp: 0,
  };
  const writer = new LtxWriter({ variant: "v3-block", header });
  const all = Array.from({ length: commit }, (_, i) => i + 1);
  const snapshot = concat([...writer.push(all, before), ...writer.end()]);
  const change = await read(ltxPath(`ltx/litefs/${folder}/ltx`, 13));
  const replica = replicaIn(
    storageOf({ [ltxPath("ltx/9", 1, 12)]: snapshot, [ltxPath("ltx/0", 13)]: change }),
  );
  check("some pages: verify", await verdict(replica), "ok");
  check("some pages: newest", await restored(replica), await sha256(after));
  check("some pages: before", await restored(replica, { position: { txid: 12 } }), await sha256(before));
}

/** The files that Litestream's VFS wrote, and the checksum of each page of each state, as an independent decoder found them. */
async function readVfs({ read, readJson }) {
  const pages = new Map();
  const [files, states] = [[], []];
  for (const [path, { header, pages: changed }] of Object.entries(await readJson(`${VFS}expected.json`))) {
    files.push([path, await read(VFS + path)]);
    for (const { pgno, checksum } of changed) pages.set(pgno, checksum);
    const sums = Array.from({ length: header.commit }, (_, page) => pages.get(page + 1));
    states.push({ time: BigInt(header.timestamp) * MS, pageSize: header.pageSize, sums });
  }
  return { files, states };
}

/** The checksum of each page of the database that a target is. */
async function sumsOf(replica, target, pageSize) {
  const database = await databaseOf(replica, target);
  if (database instanceof WalkitError) return database.code;
  return Array.from({ length: database.length / pageSize }, (_, i) =>
    hex(pageChecksum(i + 1, database.subarray(i * pageSize, (i + 1) * pageSize))),
  );
}

async function ofVfs(suite) {
  const { check } = suite;
  const { files, states } = await readVfs(suite);
  const replica = replicaIn(storageOf(files));
  check("VFS: verify", await verdict(replica), "ok");
  for (const [i, { time, pageSize, sums }] of states.entries()) {
    const txid = i + 1;
    check(`VFS: TXID ${txid}`, await sumsOf(replica, { position: { txid } }, pageSize), sums);
    check(`VFS: the time of TXID ${txid}`, await sumsOf(replica, { timestamp: time }, pageSize), sums);
  }
}

async function mixed(suite) {
  const { check, read, readJson } = suite;
  const { restores, generations } = await readJson("litestream-0.3/basic.json");
  const old = [...readTar(await read("litestream-0.3/basic.tar"))];
  const latest = restores.find(({ id }) => id === "latest").db.sha256;
  const [{ id: generation }] = generations;
  const { files, states } = await readVfs(suite);
  const { pageSize, sums } = states.at(-1);
  /** With the generation as much later as is said, or without its times. */
  const beside = (later) => {
    const shifted = old.map(([path, { data, modified }]) => {
      return [path, { data, modified: later === undefined ? undefined : modified + later }];
    });
    return new MemoryStorage([...shifted, ...files.map(([path, data]) => [path, { data }])]);
  };

  const updated = beside(-HOUR);
  check(
    "updated: found",
    (await findReplicas(updated)).map(({ path }) => path),
    [""],
  );
  const replica = replicaIn(updated);
  check("updated: verify", await verdict(replica), "ok");
  check("updated: newest", await sumsOf(replica, {}, pageSize), sums);
  for (const [i, { time, sums }] of states.entries())
    check(`updated: the time of TXID ${i + 1}`, await sumsOf(replica, { timestamp: time }, pageSize), sums);
  check("updated: the generation", await restored(replica, { generation }), latest);
  for (const { id, timestampNs, db } of restores) {
    if (timestampNs === undefined || !db) continue;
    check(`updated: ${id}`, await restored(replica, { timestamp: BigInt(timestampNs) - HOUR }), db.sha256);
  }

  const goneBack = replicaIn(beside(0n));
  check("gone back: newest", await restored(goneBack), latest);
  check("gone back: LTX", await sumsOf(goneBack, { generation: "ltx" }, pageSize), sums);

  const timeless = replicaIn(beside(undefined));
  check("without times: newest", await restored(timeless), refused("target/ambiguous-generation"));
  check("without times: the generation", await restored(timeless, { generation }), latest);
  check("without times: LTX", await sumsOf(timeless, { generation: "ltx" }, pageSize), sums);
}
