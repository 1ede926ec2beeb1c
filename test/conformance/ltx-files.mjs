// LTX files by themselves: every file of the fixtures held against what an independent decoder found in it; merges and states
// against those of the reference library; files with one thing wrong against what a careful verifier says of them.
import { WalkitError } from "../../dist/index.js";
import {
  DatabaseChecksum,
  decodePageFrame,
  LtxMerge,
  LtxReader,
  LtxWriter,
  pageChecksum,
  readLtxOutline,
} from "../../dist/ltx/index.js";
import { concat, hex, ltxPath, readChain, readStates, sha256 } from "./tools.mjs";

const RECORDED = ["ltx/reference-library/", "ltx/litefs/", "ltx/litestream-0.5.17-vfs/"];
const LIBRARY = RECORDED[0];

export async function ltxFiles(suite) {
  const { check, read, readJson, paths } = suite;
  const recorded = new Map();
  for (const folder of RECORDED) {
    for (const [path, expected] of Object.entries(await readJson(`${folder}expected.json`)))
      recorded.set(folder + path, expected);
  }
  const isHere = (path) => path.endsWith(".ltx") && RECORDED.some((folder) => path.startsWith(folder));
  check("all files are recorded", paths.filter(isHere).sort(), [...recorded.keys()].sort());
  for (const [path, expected] of recorded) await ofFile(check, path, await read(path), expected);
  await ofMerges(suite, recorded);
  await ofStates(suite);
  await ofMalformed(suite);
}

async function ofFile(check, path, bytes, expected) {
  const reading = readAll(bytes);
  check(`${path}: read`, { ...(await fileOf(bytes)), ...described(reading) }, expected);

  const { header, variant, trailer, pages } = reading;
  const writer = new LtxWriter({ header, variant });
  const parts = pages.flatMap(([page, data]) => [...writer.push([page], data)]);
  const again = concat([...parts, ...writer.end(trailer.postApplyChecksum)]);
  // How well LZ4 makes pages shrink is the writer's own; what is stored, or not there, has one form.
  const isStored = variant !== "v3-block" && path.includes("/incompressible-");
  if (variant === "v1-raw" || isStored || pages.length === 0)
    check(`${path}: written again`, await fileOf(again), { size: expected.size, sha256: expected.sha256 });
  else check(`${path}: written again`, content(described(readAll(again))), content(expected));

  const { size, sha256: _, pages: all, ...outline } = expected;
  const { index, ...ends } = await readLtxOutline(async (start, end) => bytes.slice(start, end), size);
  const entries =
    index && Array.from(index.pageNumbers, (page, i) => [page, index.offsets[i], index.sizes[i]]);
  const { pages: __, ...found } = described({ ...ends, pages: [], index: entries ?? [] });
  check(`${path}: by its ends`, found, outline);
  if (!outline.pageIndex?.length) return;
  const single = all.map(({ pgno }) => {
    const { start, end } = index.find(pgno);
    const { pageNumber, data } = decodePageFrame(bytes.slice(start, end), {
      pageSize: header.pageSize,
      variant,
    });
    return { pgno: pageNumber, checksum: hex(pageChecksum(pageNumber, data)) };
  });
  check(`${path}: page by page`, single, all);
}

async function ofMerges({ check, read }, recorded) {
  for (const [path, expected] of recorded) {
    const [, folder, overlap, min, max] =
      /^(.*)\/compacted\/(overlap-)?([0-9a-f]{16})-([0-9a-f]{16})\.ltx$/.exec(path) ?? [];
    if (folder === undefined) continue;
    const compacted = `${folder}/compacted`;
    const inputs = overlap ? [ltxPath(compacted, 1, 3), ltxPath(compacted, 3, 4)] : [];
    const [first, last] = [Number.parseInt(min, 16), Number.parseInt(max, 16)];
    if (!overlap) for (let txid = first; txid <= last; txid++) inputs.push(ltxPath(folder, txid));
    const { bytes } = await merged(await Promise.all(inputs.map(read)), expected.variant);
    check(`${path}: merged`, content(described(readAll(bytes))), content(expected));
    if (expected.variant === "v1-raw")
      check(`${path}: merged, to the byte`, await fileOf(bytes), {
        size: expected.size,
        sha256: expected.sha256,
      });
  }
}

async function ofStates({ check, read, paths, readJson }) {
  const { states } = await readStates(readJson);
  const folders = paths
    .filter((path) => path.startsWith(LIBRARY) && path.endsWith(ltxPath("", 1)))
    .map((path) => path.slice(LIBRARY.length).replace(/\/.*/, ""));
  const chains = new Map();
  for (const folder of new Set(folders)) chains.set(folder, await readChain(read, folder));
  check("eight chains", chains.size, 8);
  for (const [folder, chain] of chains) {
    const database = new Map();
    for (const [i, bytes] of chain.entries()) {
      const { header, pages, trailer } = readAll(bytes);
      for (const [page, data] of pages) database.set(page, data);
      for (const page of database.keys()) if (page > header.commit) database.delete(page);
      const { sha256: hash, databaseChecksum } = states[i];
      const sum = new DatabaseChecksum(header.pageSize);
      for (const [page, data] of database) sum.add(page, data);
      const whole = concat([...database].sort(([a], [b]) => a - b).map(([, data]) => data));
      const found = [await sha256(whole), hex(sum.value)];
      check(`${folder}: TXID ${i + 1}`, found, [hash, databaseChecksum]);
      const isTold = !folder.endsWith("-nochksum");
      const told = isTold ? databaseChecksum : hex(0);
      check(`${folder}: TXID ${i + 1}, as its file tells`, hex(trailer.postApplyChecksum), told);
    }
  }
  // A file of each variant after another: to what they merge, the checksum mode they have in common makes no difference.
  for (const isTold of [true, false]) {
    const same = [...chains].filter(([folder]) => folder.endsWith("-nochksum") !== isTold);
    for (let first = 0; first < same.length; first++) {
      const mixture = states.map((_, i) => same[(first + i) % same.length][1][i]);
      const { pages } = await merged(mixture, "v3-block");
      const whole = concat(pages.map(([, data]) => data));
      const names = states.map((_, i) => same[(first + i) % same.length][0]);
      check(`${names.join(", ")}: merged`, await sha256(whole), states[3].sha256);
    }
  }
}

async function ofMalformed({ check, read, readJson, paths }) {
  const folder = "ltx/malformed/";
  const recorded = await readJson(`${folder}expected.json`);
  const here = paths.filter((path) => path.startsWith(folder) && path.endsWith(".ltx"));
  check(
    "all malformed files are recorded",
    here.map((path) => path.slice(folder.length)).sort(),
    Object.keys(recorded).sort(),
  );
  for (const [name, { strict }] of Object.entries(recorded)) {
    const isOdd = strict.length > 0 && strict.every((text) => text.startsWith("warning"));
    const expected = isOdd ? "odd" : strict.length > 0 ? "refused" : "sound";
    check(`${name}: ${strict.join(", ")}`, judged(await read(folder + name)), expected);
  }
}

function judged(bytes) {
  try {
    return readAll(bytes).notices.some(({ code }) => code === "ltx/unusual") ? "odd" : "sound";
  } catch (error) {
    if (error instanceof WalkitError) return "refused";
    throw error;
  }
}

/** A file, read in pieces. */
function readAll(bytes) {
  const notices = [];
  const reader = new LtxReader({ onNotice: (notice) => notices.push(notice) });
  const pages = [];
  const index = [];
  for (let at = 0; at < bytes.length; at += 1000) {
    for (const { count, pageNumbers, data, offsets, sizes } of reader.push(bytes.subarray(at, at + 1000))) {
      const { pageSize } = reader.header;
      for (let i = 0; i < count; i++) {
        pages.push([pageNumbers[i], data.slice(i * pageSize, (i + 1) * pageSize)]);
        index.push([pageNumbers[i], offsets[i], sizes[i]]);
      }
    }
  }
  const trailer = reader.end();
  return { header: reader.header, variant: reader.variant, trailer, pages, index, notices };
}

/** A file as `expected.json` has it, but for its size and its hash. */
function described({ header, variant, trailer, pages, index }) {
  const isV3 = variant.startsWith("v3");
  return {
    variant: isV3 && index.length === 0 ? "v3-empty" : variant,
    header: {
      flags: header.flags,
      pageSize: header.pageSize,
      commit: header.commit,
      minTXID: hex(header.minTxid),
      maxTXID: hex(header.maxTxid),
      timestamp: header.timestamp,
      preApplyChecksum: hex(header.preApplyChecksum),
      walOffset: header.walOffset,
      walSize: header.walSize,
      walSalt1: hex(header.walSalt1, 8),
      walSalt2: hex(header.walSalt2, 8),
      nodeID: hex(header.nodeId),
    },
    pages: pages.map(([page, data]) => ({ pgno: page, checksum: hex(pageChecksum(page, data)) })),
    pageIndex: isV3 || variant === "v2-frame" ? index : null,
    trailer: {
      postApplyChecksum: hex(trailer.postApplyChecksum),
      fileChecksum: hex(trailer.fileChecksum),
    },
  };
}

/** What does not depend on how well pages shrink: where there is an index, the checksum of the file does. */
function content({ variant, header, pages, pageIndex, trailer }) {
  const { postApplyChecksum, fileChecksum } = trailer;
  return {
    variant,
    header,
    pages,
    postApplyChecksum,
    fileChecksum: pageIndex === null ? fileChecksum : null,
  };
}

async function fileOf(bytes) {
  return { size: bytes.length, sha256: await sha256(bytes) };
}

/** What files merge to: as a file, and as pages. */
async function merged(files, variant) {
  const sources = () => files.map((bytes) => ({ pieces: [bytes] }));
  const parts = [];
  for await (const part of (await LtxMerge.open(sources())).file(variant)) parts.push(part);
  // Two pages at a time: some come in the last batch alone.
  const merge = await LtxMerge.open(sources(), { batchSize: 1200 });
  const pages = [];
  for await (const { count, pageNumbers, data } of merge.pages()) {
    const { pageSize } = merge.header;
    for (let i = 0; i < count; i++)
      pages.push([pageNumbers[i], data.slice(i * pageSize, (i + 1) * pageSize)]);
  }
  return { bytes: concat(parts), pages };
}
