import { describe, expect, it } from "vitest";
import { WalkitError } from "../../../src/errors.ts";
import { ltx } from "../../../src/layouts/ltx/layout.ts";
import type { LtxBranch } from "../../../src/layouts/ltx/types.ts";
import { MemoryStorage, type Storage } from "../../../src/storage/index.ts";
import { CountingStorage } from "../../support/counting.ts";
import { dozen, momentOf, pathOf } from "../../support/ltx-history.ts";

const { history, files } = dozen();
const NOTHING = { generations: [], timelineFiles: [], strays: [] };
const catalogOf = (storage: Storage, options = {}) => ltx.catalog({ storage, prefix: "" }, options);

/** The times of the storage are those of a copy. */
function copied(): MemoryStorage {
  const storage = history.storage(files);
  for (const file of storage.files.values()) file.modified = 5n;
  return storage;
}

describe("the catalog", () => {
  it("has one branch, whose times come from headers where they are asked for", async () => {
    const storage = new CountingStorage(copied());
    const [listed] = (await catalogOf(storage)).generations;
    expect([listed!.id, storage.reads.size]).toEqual(["ltx", 0]);
    expect(new Set((listed as LtxBranch).files.map(({ modified }) => modified))).toEqual(new Set([5n]));
    const [timed] = (await catalogOf(storage, { times: true })).generations;
    for (const { modified, maxTxid } of (timed as LtxBranch).files) expect(modified).toBe(momentOf(maxTxid));
    expect(storage.reads.size).toBe(files.length);
  });

  it("has none where there are no files, and refuses every other name than theirs", async () => {
    expect(await catalogOf(new MemoryStorage(), { times: true })).toEqual(NOTHING);
    await expect(catalogOf(copied(), { generation: "0123456789abcdef" })).rejects.toMatchObject({
      ...{ code: "target/no-generation", path: "ltx/" },
    });
    expect((await catalogOf(copied(), { generation: "ltx" })).generations.length).toBe(1);
  });
});

describe("the branch that is meant", () => {
  it("is the only one", async () => {
    const catalog = await catalogOf(copied());
    const [branch] = catalog.generations;
    expect([ltx.choose(catalog, {}), ltx.newest(catalog)]).toEqual([branch, branch]);
    expect(ltx.newest(NOTHING)).toBeUndefined();
  });

  it("is refused where there is none, or no file in it", async () => {
    const refused = { code: "target/no-generation" };
    expect(() => ltx.choose(NOTHING, {})).toThrow(expect.objectContaining(refused));
    expect(() => ltx.plan(NOTHING, {})).toThrow(expect.objectContaining(refused));
    const [branch] = (await catalogOf(copied())).generations as [LtxBranch];
    const hollow = { ...NOTHING, generations: [{ ...branch, files: [] }] };
    expect(() => ltx.choose(hollow, {})).toThrow(expect.objectContaining(refused));
    // What cannot be listed may have some.
    const unreadable = [new WalkitError("storage/unreadable", "Cannot list it")];
    expect(ltx.choose({ ...hollow, generations: [{ ...hollow.generations[0]!, unreadable }] }, {}).id).toBe(
      "ltx",
    );
  });
});

it("states are transactions, and each of them has a plan", async () => {
  const catalog = await catalogOf(copied());
  const [branch] = catalog.generations;
  const states = ltx.states(branch!)!;
  expect(states).toEqual([2, 3, 4, 7, 8, 9, 10, 11, 12].map((txid) => ({ txid })));
  for (const commit of states) {
    const { end, snapshot, segments } = ltx.plan(catalog, { commit });
    expect(end ?? { txid: snapshot.txid }).toEqual(commit);
    expect(ltx.planChanges(branch!, { commit }).segments).toEqual(segments);
  }
});

it("moments near to a time are those of LTX files alone", async () => {
  const [branch] = (await catalogOf(copied(), { times: true })).generations;
  const claim = { index: 0, offset: 0, path: "x", size: 1, modified: momentOf(8), maxTxid: 99 };
  const old = { id: "0123456789abcdef", snapshots: [claim], segments: [] };
  const near = ltx.near([old, branch!], momentOf(8));
  expect(near.map(({ generation, position }) => [generation, position])).toEqual([
    ["ltx", "0000000000000008"],
    ["ltx", "0000000000000009"],
  ]);
});

it("what is missing before a change is told from the state that the pass is at", async () => {
  const [branch] = (await catalogOf(copied())).generations;
  const next = branch!.segments.find(({ path }) => path === pathOf(0, 12, 12))!;
  expect(ltx.missing("ltx", { txid: 9 }, next)).toMatchObject({
    ...{ code: "replica/missing-txid", position: "0000000000000009", path: pathOf(0, 12, 12) },
  });
});

it("what a snapshot holds of its own section is never open: each change is a section", async () => {
  const [branch] = (await catalogOf(copied())).generations;
  for (const claim of branch!.snapshots) expect(ltx.isSettled(branch!, claim)).toBe(true);
});
