// What every runtime must do alike, with the built library and no test runner: all golden replicas and their damaged copies,
// held against what the real Litestream made of them; timelines; the formats by themselves. Runs where there are only Web
// APIs: whoever calls it brings the library's doors and a way to read a fixture.

/** Times to the nanosecond, plain names: just enough of PAX for the fixtures. */
function readTar(tar) {
  const text = (start, end) => new TextDecoder().decode(tar.subarray(start, end)).replace(/\0.*$/s, "");
  const files = new Map();
  let modified;
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0; ) {
    const size = Number.parseInt(text(at + 124, at + 136), 8);
    const data = tar.slice(at + 512, at + 512 + size);
    if (tar[at + 156] === 120) {
      const [, seconds, fraction] = /\d+ mtime=(\d+)\.(\d+)\n/.exec(new TextDecoder().decode(data));
      modified = BigInt(seconds) * 1_000_000_000n + BigInt(fraction.padEnd(9, "0"));
    } else if (tar[at + 156] !== 53) {
      files.set(text(at, at + 100), { data, modified });
    }
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return files;
}

async function sha256(bytes) {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Runs the suite.
 *
 * @param walkit the doors: `{ core, timeline, lz4, web }`
 * @param read gets a fixture's file by its path, as bytes
 * @param names the fixtures: `basic`, `damaged/flip-page-data` …
 * @returns how many checks held, and what failed
 */
export async function conformance({ core, timeline, lz4, web }, read, names) {
  const failed = [];
  let passed = 0;
  const check = (what, found, expected) => {
    if (found === expected) passed++;
    else failed.push(`${what}: expected ${expected}, found ${found}`);
  };
  for (const name of names) {
    const manifest = JSON.parse(new TextDecoder().decode(await read(`${name}.json`)));
    const tar = await read(`${name}.tar`);
    const storage = new core.MemoryStorage(readTar(tar));
    const golden = manifest.kind === "golden";
    if (golden)
      check(
        `${name}: verify`,
        (await core.verify(core.replicaIn(storage), { level: "replay" })).status,
        "ok",
      );
    for (const recorded of manifest.restores) {
      const what = `${name}: ${recorded.id}`;
      const { generation, index, timestampNs } = recorded;
      const timestamp = timestampNs === undefined ? undefined : BigInt(timestampNs);
      const sink = new core.MemorySink();
      let found;
      try {
        await core.restore(core.replicaIn(storage), { generation, index, timestamp }, sink);
        found = await sha256(sink.bytes);
      } catch (error) {
        if (!(error instanceof core.WalkitError)) throw error;
        found = "refused";
      }
      if (golden && recorded.db) check(what, found, recorded.db.sha256);
      // That the newest snapshot is gone, nothing in what is left can tell.
      else if (
        !golden &&
        found !== "refused" &&
        recorded.undamaged?.sha256 &&
        !name.endsWith("newest-missing")
      )
        check(what, found, recorded.undamaged.sha256);
    }
    if (!golden) continue;
    const archive = await web.openArchive(new Blob([tar]));
    const catalog = (one) => core.readCatalog(one).then(({ generations }) => show(generations));
    check(`${name}: the archive`, await catalog(archive), await catalog(storage));
  }
  const branches = new core.MemoryStorage(readTar(await read("multi-generation.tar")));
  const { timelines } = await timeline.readLineage(
    core.replicaIn(branches),
    await core.readCatalog(branches),
    {
      infer: true,
    },
  );
  check("timelines", timelines.map(({ parent }) => parent ?? "none").join(), "none,1,2");
  const data = Uint8Array.from({ length: 300_000 }, (_, i) => (i % 251) ^ (i >> 9));
  const packed = lz4.compress(data, { contentChecksum: true });
  check("LZ4 there and back", await sha256(lz4.decompress(packed)), await sha256(data));
  packed[packed.length >> 1] ^= 1;
  check(
    "a flipped bit",
    attempt(() => lz4.decompress(packed)),
    "refused",
  );
  return { passed, failed };
}

function attempt(work) {
  try {
    work();
    return "taken";
  } catch {
    return "refused";
  }
}

function show(value) {
  return JSON.stringify(value, (_, one) => (typeof one === "bigint" ? `${one}` : one));
}
