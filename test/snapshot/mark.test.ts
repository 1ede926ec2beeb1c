/** The mark of a snapshot: how far it reaches into the WAL of its own index, as its pages tell. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { replicaIn } from "../../src/layouts/open.ts";
import { catalogOf } from "../../src/replay/replica.ts";
import { findMark, MarkFinder, planToMark, withMark } from "../../src/snapshot/mark.ts";
import { Versions } from "../../src/snapshot/versions.ts";
import { makeReplica, type Recipe } from "../support/generate.ts";

const at = (offset: number) => ({ index: 1, offset });

it("is the mark with which a replica was made, whatever was committed since", async () => {
  const recipe = fc.record({
    pageSize: fc.constant(512),
    pages: fc.integer({ min: 2, max: 6 }),
    seed: fc.integer({ min: 1 }),
    indexes: fc.tuple(
      fc.record({
        snapshot: fc.constant(true),
        mark: fc.nat(4),
        segments: fc.array(fc.record({ commits: fc.integer({ min: 1, max: 3 }) }), {
          minLength: 1,
          maxLength: 3,
        }),
      }),
    ),
  });
  let reaching = 0;
  await fc.assert(
    fc.asyncProperty(recipe, async (made: Recipe) => {
      const { storage, generation, snapshots, segments } = makeReplica(made);
      const [snapshot] = snapshots as [(typeof snapshots)[0]];
      const found = await findMark(replicaIn(storage), generation, { ...snapshot, size: undefined }, [
        ...segments.map((segment) => ({ ...segment, size: undefined })),
      ]);
      const { offset } = snapshot.mark;
      if (offset > 0) reaching++;
      expect(found).toEqual(offset > 0 ? at(offset) : undefined);
    }),
    { numRuns: 200 },
  );
  expect(reaching).toBeGreaterThan(50);
});

describe("MarkFinder", () => {
  const versions = new Versions();
  versions.add(1, 11);
  versions.commit(at(100));
  versions.add(2, 21);
  versions.commit(at(200));
  versions.add(1, 12);
  versions.commit(at(300));

  it("takes no page for newer that SQLite wrote without changing it", () => {
    const finder = new MarkFinder(versions);
    // Page 1 is not its own newest version: the mark lies before that, and page 2 was written as it had been.
    finder.add(1, 10, true);
    finder.add(2, 21, true);
    expect(finder.mark).toEqual(at(200));
    const earlier = new MarkFinder(versions);
    earlier.add(2, 20, true);
    earlier.add(1, 12, true);
    expect(earlier.mark).toBeUndefined();
  });

  it("believes no page that a commit may have cut off", () => {
    const finder = new MarkFinder(versions);
    finder.add(2, 20, false);
    finder.add(1, 12, true);
    expect(finder.mark).toEqual(at(300));
  });
});

describe("a plan", () => {
  const indexes = [{ snapshot: true, mark: 3, segments: [{ commits: 1 }, { commits: 2 }, { commits: 2 }] }];

  it("that ends before the mark is taken on to it", async () => {
    const made = makeReplica({ pageSize: 512, pages: 4, seed: 5, indexes });
    const replica = replicaIn(made.storage);
    const mark = made.snapshots[0]!.mark.offset;
    expect(mark).toBeGreaterThan(made.segments[1]!.offset);
    const commit = at(made.segments[0]!.end.offset);
    const catalog = await catalogOf(replica);
    const plan = await withMark(replica, replica.layout.plan(catalog, { commit }));
    expect(plan.mark).toEqual(at(mark));
    const marked = planToMark(plan);
    const paths = (segments: readonly { path: string }[]) => segments.map(({ path }) => path);
    const before = made.segments.filter(({ offset }) => offset < mark);
    expect([marked.end, paths(marked.segments)]).toEqual([at(mark), paths(before)]);
    expect(paths(marked.proof)).toEqual(paths(made.segments.slice(before.length)));
  });

  it("whose snapshot has no page of its WAL leads nowhere else", async () => {
    const fresh = [{ ...indexes[0]!, mark: 0 }];
    const replica = replicaIn(makeReplica({ pageSize: 512, pages: 4, seed: 5, indexes: fresh }).storage);
    const plan = await withMark(replica, replica.layout.plan(await catalogOf(replica), {}));
    expect(plan.mark).toEqual(at(0));
    expect(() => planToMark(plan)).toThrow(/found no page in common/);
  });
});
