// Generations of Litestream 0.3: all golden replicas and their damaged copies, held against what the real Litestream made of them;
// timelines; LZ4 by itself.
import { MemoryStorage, readCatalog, replicaIn } from "../../dist/index.js";
import { compress, decompress } from "../../dist/lz4/index.js";
import { readLineage } from "../../dist/timeline/index.js";
import { openArchive } from "../../dist/web.js";
import { readTar, restored, sha256, verdict } from "./tools.mjs";

const FOLDER = "litestream-0.3/";

export async function generations({ check, read, readJson, paths }) {
  const tars = paths.filter((path) => path.startsWith(FOLDER) && path.endsWith(".tar"));
  for (const path of tars.sort()) await ofReplica({ check, read, readJson }, path.slice(FOLDER.length, -4));
  const branches = new MemoryStorage(readTar(await read(`${FOLDER}multi-generation.tar`)));
  const { timelines } = await readLineage(replicaIn(branches), await readCatalog(branches), { infer: true });
  check("timelines", timelines.map(({ parent }) => parent ?? "none").join(), "none,1,2");
  await ofLz4(check);
}

async function ofReplica({ check, read, readJson }, name) {
  const { kind, restores } = await readJson(`${FOLDER}${name}.json`);
  const tar = await read(`${FOLDER}${name}.tar`);
  const storage = new MemoryStorage(readTar(tar));
  const golden = kind === "golden";
  if (golden) check(`${name}: verify`, await verdict(replicaIn(storage)), "ok");
  for (const { id, generation, index, timestampNs, db, undamaged } of restores) {
    const what = `${name}: ${id}`;
    const timestamp = timestampNs === undefined ? undefined : BigInt(timestampNs);
    const found = await restored(replicaIn(storage), { generation, index, timestamp });
    if (golden && db) check(what, found, db.sha256);
    // That the newest snapshot is gone, nothing in what is left can tell.
    else if (!golden && !found.startsWith("refused") && undamaged?.sha256 && !name.endsWith("newest-missing"))
      check(what, found, undamaged.sha256);
  }
  if (!golden) return;
  const archive = await openArchive(new Blob([tar]));
  const [packed, unpacked] = [await readCatalog(archive), await readCatalog(storage)];
  check(`${name}: the archive`, packed.generations, unpacked.generations);
}

async function ofLz4(check) {
  const data = Uint8Array.from({ length: 300_000 }, (_, i) => (i % 251) ^ (i >> 9));
  const packed = compress(data, { contentChecksum: true });
  check("LZ4 there and back", await sha256(decompress(packed)), await sha256(data));
  packed[packed.length >> 1] ^= 1;
  check(
    "a flipped bit",
    attempt(() => decompress(packed)),
    "refused",
  );
}

function attempt(work) {
  try {
    work();
    return "taken";
  } catch {
    return "refused";
  }
}
