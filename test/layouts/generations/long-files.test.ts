/** A file may be longer than its header says, and never shorter: what SQLite does itself is no damage. */

import { describe, expect, it } from "vitest";
import { readUint32BE } from "../../../src/bytes.ts";
import { replicaIn } from "../../../src/layouts/open.ts";
import { compress, decompress } from "../../../src/lz4/index.ts";
import { MemoryStorage } from "../../../src/storage/index.ts";
import { verify } from "../../../src/verify/index.ts";
import { attemptRestore } from "../../support/attempt.ts";
import { sha256 } from "../../support/fixtures.ts";
import { GENERATION, hasSqlite3, makeLongReplica, type WalScript } from "../../support/long-files.ts";
import { naiveGenerations, naiveStates } from "../../support/naive.ts";

if (!hasSqlite3) console.warn("no sqlite3 tool here: long files are not made");

const insert = (bytes: number) => `INSERT INTO t (x) VALUES (randomblob(${bytes}));`;
const update = "UPDATE t SET x = zeroblob(10) WHERE id = 1;";
const CHUNK = ".filectrl chunk_size 16384";

const KINDS: Record<string, WalScript[]> = {
  "chunks from the beginning": [
    { snapshot: true, lines: [CHUNK, insert(300), insert(9000)], reopen: true },
    { lines: [CHUNK, insert(10), update, insert(30_000)], reopen: true },
    { snapshot: true, lines: [CHUNK, update], reopen: true },
    { lines: [CHUNK, insert(40_000)] },
    { lines: [update], reopen: true },
    { lines: [] },
  ],
  "chunks from the second WAL on, of which page 1 tells only later": [
    { snapshot: true, lines: [insert(300), insert(9000)], reopen: true },
    { lines: [CHUNK, insert(5000)], reopen: true },
    { lines: [update], reopen: true },
    { lines: [update, insert(3000)] },
    { lines: [update], reopen: true },
  ],
  "a file made longer by another program": [
    { snapshot: true, lines: [insert(300), insert(9000)], reopen: true, extend: 40 * 1024 },
    { lines: [update, insert(5000)], reopen: true },
    { snapshot: true, lines: [update, insert(90_000)] },
  ],
  "chunks, and a database that shrinks and grows": [
    { snapshot: true, lines: [CHUNK, insert(60_000), insert(300)], reopen: true },
    { lines: [CHUNK, "DELETE FROM t WHERE id = 1;", "VACUUM;"], reopen: true },
    { lines: [CHUNK, update, insert(200)], reopen: true },
    { snapshot: true, lines: [CHUNK, insert(25_000)], reopen: true },
    { lines: [update] },
  ],
};

describe.runIf(hasSqlite3).each(Object.entries(KINDS))("%s", (_, wals) => {
  const storage = hasSqlite3 ? makeLongReplica(wals) : new MemoryStorage();
  const [generation] = hasSqlite3 ? naiveGenerations(storage) : [];

  it("has commits that leave the file longer than what is in use", () => {
    let inUse = Number.POSITIVE_INFINITY;
    let longest = 0;
    for (const { pages, size } of naiveStates(generation!)) {
      const page1 = pages.find(([page]) => page === 1)?.[1];
      if (page1) inUse = readUint32BE(page1, 28);
      longest = Math.max(longest, size - inUse);
    }
    expect(longest).toBeGreaterThan(0);
  });

  it("is healthy", async () => {
    const { status, findings, generations } = await verify(replicaIn(storage));
    expect(findings).toEqual([]);
    expect(status).toBe("ok");
    expect(generations[0]!.restorable).toMatchObject([{ newest: true, proven: true }]);
  });

  it("is restored to every commit, as SQLite itself would", async () => {
    for (const { index, end, size } of naiveStates(generation!)) {
      const position = { index, offset: end };
      const attempt = await attemptRestore(storage, { generation: GENERATION, position });
      expect(attempt.error?.message, `${index}:${end}`).toBeUndefined();
      expect(attempt.restored!.pageCount).toBe(size);
      // Behind what is in use a snapshot has whatever was left there.
      const from = generation!.snapshots.findIndex(
        ({ path }) => path === attempt.restored!.plan.snapshot.path,
      );
      const same = naiveStates(generation!, from).find((one) => one.index === index && one.end === end);
      expect(attempt.sha256).toBe(same!.sha256);
    }
  });

  it("with the last segment of a WAL lost, says so, or says that nothing proves the step", async () => {
    const states = naiveStates(generation!);
    for (const { index } of wals.slice(0, -1).map((_, at) => ({ index: at }))) {
      const own = generation!.segments.filter((segment) => segment.index === index);
      if (own.length < 2) continue;
      const damaged = new MemoryStorage(new Map(storage.files));
      damaged.files.delete(own.at(-1)!.path);
      const later = generation!.snapshots.some((snapshot) => snapshot.index > index);
      const { restored, sha256: hash } = await attemptRestore(damaged);
      if (restored && hash !== states.at(-1)!.sha256) expect(restored.proven, `index ${index}`).toBe(false);
      if (later) expect(hash).toBe(states.at(-1)!.sha256);
    }
  });
});

describe.runIf(hasSqlite3)("a snapshot without WAL", () => {
  const whole = () => {
    const storage = makeLongReplica([{ snapshot: true, lines: [insert(9000)] }]);
    const path = [...storage.files.keys()].find((name) => name.includes("snapshot"))!;
    const database = decompress(storage.files.get(path)!.data);
    const lay = (bytes: Uint8Array) =>
      new MemoryStorage(new Map([[path, { data: compress(bytes), modified: 1_700_000_000_000_000_000n }]]));
    return { database, lay };
  };

  it("may be longer than its header says", async () => {
    const { database, lay } = whole();
    const long = new Uint8Array(database.length + 5 * 1024);
    long.set(database);
    const storage = lay(long);
    expect((await verify(replicaIn(storage))).status).toBe("ok");
    expect((await attemptRestore(storage)).sha256).toBe(sha256(long));
  });

  it("must not be shorter", async () => {
    const { database, lay } = whole();
    const storage = lay(database.subarray(0, database.length - 1024));
    const { status, findings, generations } = await verify(replicaIn(storage), { level: "replay" });
    expect(status).toBe("damaged");
    expect(findings.map(({ code }) => code)).toContain("database/size");
    expect(generations[0]!.restorable).toEqual([]);
    expect((await attemptRestore(storage)).error?.code).toBe("database/size");
  });
});
