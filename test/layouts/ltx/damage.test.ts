/**
 * An attacker's harms to a small replica of all levels: whatever is done to its files, verify says so, or every state that can be
 * restored is still what it was. And no restore gives a database that never was, unless verify says that there is damage.
 */

import { describe, expect, it } from "vitest";
import { WalkitError } from "../../../src/errors.ts";
import { MemoryStorage } from "../../../src/storage/index.ts";
import type { Target } from "../../../src/timeline/target/target.ts";
import { verify } from "../../../src/verify/index.ts";
import { CountingStorage } from "../../support/counting.ts";
import { databaseOf, dozen, momentOf, pathOf, replicaOf } from "../../support/ltx-history.ts";

const { history, files } = dozen();
const pristine = history.storage(files);
const paths = [...pristine.files.keys()];
const other = dozen({ seed: 2 });
const strange = other.history.storage(other.files);

/** Everything that can be asked for. */
const TARGETS: { name: string; target: Target; most: number; exact: boolean }[] = [
  { name: "newest", target: {}, most: history.last, exact: false },
  ...Array.from({ length: history.last }, (_, i) => {
    const txid = i + 1;
    return { name: `TXID ${txid}`, target: { position: { txid } }, most: txid, exact: true };
  }),
  ...Array.from({ length: history.last }, (_, i) => {
    const most = i + 1;
    return { name: `time ${most}`, target: { timestamp: momentOf(most) + 1n }, most, exact: false };
  }),
];

/** The TXID of what is restored, "wrong" for a database that is not what was asked for, or the code of a refusal. */
async function asked(storage: MemoryStorage, { target, most, exact }: (typeof TARGETS)[number]) {
  try {
    const txid = history.txidOf(await databaseOf(replicaOf(storage), target));
    return txid === undefined || txid > most || (exact && txid !== most) ? "wrong" : txid;
  } catch (error) {
    if (error instanceof WalkitError) return error.code;
    throw error;
  }
}

/** What each target is while nothing is wrong, and which files it takes: what happens to another does not concern it. */
const known = await Promise.all(
  TARGETS.map(async (one) => {
    const storage = new CountingStorage(pristine);
    const txid = await asked(storage as unknown as MemoryStorage, one);
    return { ...one, txid, reads: new Set(storage.reads.keys()) };
  }),
);

const score = { harms: 0, reported: 0, harmless: 0, refused: 0, restored: 0, wrongButReported: 0 };
/** Nothing but the place in the WAL that its header has ties this file to another: of that a warning tells. */
const IN_NO_OTHER_FILE = `${pathOf(0, 12, 12)} of another`;
const GRAVE = ["damage", "inconclusive", "warning"];

/** `touched`: the files whose bytes are others; undefined where the listing is another. `turn`: one target is enough. */
async function judge(name: string, storage: MemoryStorage, touched?: string[], turn = false): Promise<void> {
  const { findings } = await verify(replicaOf(storage), { level: "replay" });
  const grave = findings.filter(({ severity }) => GRAVE.includes(severity));
  const isDamaged = findings.some(({ severity }) => severity === "damage");
  const concerned = touched ? known.filter(({ reads }) => touched.some((path) => reads.has(path))) : known;
  // One target for each of the harms to bytes, in turn: each kind of place comes for each target all the same.
  const asking = turn ? [concerned[score.harms % concerned.length]!].filter(Boolean) : concerned;
  score.harms++;
  if (grave.length > 0) score.reported++;
  else score.harmless++;
  // A checksum is over every byte, but for those of blocks: where a run of one byte is copied from makes no difference.
  if (turn) expect(isDamaged, name).toBe(grave.length > 0);
  for (const one of asking) {
    const found = await asked(storage, one);
    const what = `${name}: ${one.name} is ${found}, findings ${grave.map(({ code }) => code)}`;
    if (typeof found === "number") {
      score.restored++;
      // Of bytes that are others nothing may be lost without a word.
      if (touched && grave.length === 0) expect(found, what).toBe(one.txid);
    } else if (found === "wrong") {
      // Bytes that are whole, and not of this database: nothing in the file itself shows that.
      expect([name.endsWith(" of another"), isDamaged || name === IN_NO_OTHER_FILE], what).toEqual([
        true,
        true,
      ]);
      score.wrongButReported++;
    } else {
      score.refused++;
      if (touched && grave.length === 0) expect(found, what).toBe(one.txid);
    }
  }
}

function changed(path: string, change: (bytes: Uint8Array) => Uint8Array): MemoryStorage {
  const storage = new MemoryStorage(pristine.files);
  const { data, modified } = storage.files.get(path)!;
  storage.files.set(path, { data: change(data.slice()), modified });
  return storage;
}

const sizeOf = (path: string) => pristine.files.get(path)!.data.length;

it("nothing is wrong with the replica as it is", async () => {
  const { status, findings } = await verify(replicaOf(pristine), { level: "replay" });
  expect([status, findings]).toEqual(["ok", []]);
  const there = known.filter(({ exact, txid }) => exact && typeof txid === "number");
  expect(there.map(({ txid }) => txid)).toEqual([2, 3, 4, 7, 8, 9, 10, 11, 12]);
  expect(known[0]!.txid).toBe(12);
  expect(known.filter(({ txid }) => txid === "wrong")).toEqual([]);
});

describe.each(paths)("%s", (path) => {
  it("with any byte another", async () => {
    for (let at = 0; at < sizeOf(path); at++) {
      const storage = changed(path, (bytes) => {
        bytes[at]! ^= at % 3 === 0 ? 0xff : 1 << (at % 8);
        return bytes;
      });
      await judge(`byte ${at} of ${path}`, storage, [path], true);
    }
  });

  it("cut, or longer than it was", async () => {
    const step = path === pathOf(0, 8, 8) ? 1 : 13;
    for (let size = 0; size < sizeOf(path); size += step)
      await judge(
        `${size} bytes of ${path}`,
        changed(path, (bytes) => bytes.subarray(0, size)),
        [path],
        true,
      );
    for (const more of [1, 16, 100]) {
      const storage = changed(path, (bytes) => new Uint8Array([...bytes, ...new Uint8Array(more)]));
      await judge(`${path} and ${more} bytes`, storage, [path]);
    }
  });

  it("of another database", async () => {
    await judge(
      `${path} of another`,
      changed(path, () => strange.files.get(path)!.data),
      [path],
    );
  });

  it("gone", async () => {
    const storage = new MemoryStorage(pristine.files);
    storage.files.delete(path);
    await judge(`no ${path}`, storage);
  });

  it("by another name", async () => {
    const [level, min, max] = files[paths.indexOf(path)]!;
    const names = [
      ...[0, 1, 2, 3, 8, 9].map((other) => pathOf(other, min, max)),
      ...[pathOf(level, min + 1, max + 1), pathOf(level, min, max + 1), pathOf(level, 1, max)],
      ...(min > 1 ? [pathOf(level, min - 1, max), pathOf(level, min - 1, max - 1)] : []),
      ...[`${path}.tmp`, path.toUpperCase(), path.replace("ltx/", "")],
    ];
    for (const name of new Set(names)) {
      if (name === path) continue;
      const storage = new MemoryStorage([...pristine.files].filter(([one]) => one !== path));
      storage.files.set(name, pristine.files.get(path)!);
      await judge(`${path} as ${name}`, storage);
      const both = new MemoryStorage(pristine.files);
      both.files.set(name, pristine.files.get(path)!);
      await judge(`${path} also as ${name}`, both);
    }
  });

  it("in the place of each other one", async () => {
    for (const second of paths) {
      if (second <= path) continue;
      const storage = changed(path, () => pristine.files.get(second)!.data);
      storage.files.set(second, pristine.files.get(path)!);
      await judge(`${path} and ${second} swapped`, storage, [path, second]);
    }
  });
});

it("of all of these harms", () => {
  // Harmless are those that leave all that can be restored as it was: a file whose content others have, a copy of one.
  expect(score.harms).toBeGreaterThan(5000);
  expect(score.harmless).toBeLessThan(score.harms / 10);
});
