/**
 * Lineage by content. A generation that began as a restore of another one starts with a snapshot that equals, page for
 * page, a past state of its parent, but for what was written before Litestream looked. Each generation is replayed once,
 * with a hash a page, and held at every commit against the beginnings of all others.
 *
 * Litestream's own counter in `_litestream_seq` only ever grows, and goes along with a copy of the database: where it does
 * not fit, a state is no parent's, however alike. Two databases made by one script are told apart by that, and so are two
 * children of a parent that is gone.
 */

import type { Generation } from "../../layouts/generations/catalog.ts";
import type { Position } from "../../replay/position.ts";
import type { Storage } from "../../storage/storage.ts";
import { type Beginning, beganAt, readBeginning } from "./beginning.ts";
import type { Claim, Inference, Match } from "./match.ts";
import { Walk } from "./walk.ts";

export type { Inference } from "./match.ts";

/**
 * Finds the parents of `children` among `generations`.
 *
 * @throws WalkitError `storage/*`; damage in the replica only hides states
 */
export async function inferParents(
  storage: Storage,
  generations: readonly Generation[],
  children: readonly Generation[],
  signal?: AbortSignal,
): Promise<Map<string, Inference>> {
  const found = new Map<string, Inference>();
  const beginnings: Beginning[] = [];
  if (generations.length < 2) return found;
  for (const child of children) {
    const beginning = await readBeginning(storage, child, signal);
    const reason = typeof beginning === "string" ? beginning : beginning.isNew ? NEW : undefined;
    if (reason !== undefined) found.set(child.id, { parent: undefined, reason });
    else beginnings.push(beginning as Beginning);
  }
  const claims = new Map<string, Claim[]>();
  const nearest = new Map<string, number>();
  for (const generation of generations) {
    const others = beginnings.filter((beginning) => mayDescend(beginning, generation));
    if (others.length === 0) continue;
    const walk = new Walk(storage, generation, others, signal);
    await walk.run();
    for (const match of walk.matches) {
      const claim = match.claim(generation) ?? (await closerLook(storage, generation, match, signal));
      const id = match.child.generation.id;
      const least = match.nearest?.different ?? Number.POSITIVE_INFINITY;
      nearest.set(id, Math.min(nearest.get(id) ?? least, least));
      if (!claim) continue;
      claims.set(id, [...(claims.get(id) ?? []), claim]);
    }
  }
  const chosen: [child: string, claim: Claim][] = [];
  for (const [id, list] of claims) {
    const best = list.reduce((best, claim) => (isCloser(claim, best) ? claim : best));
    const rival = list.find((claim) => claim !== best && isRival(claim, best));
    if (rival) {
      const reason = `two generations come into question, ${best.parent} and ${rival.parent}`;
      found.set(id, { parent: undefined, reason });
      // Where another one is nearer, though too little speaks for it, this one is not it either.
    } else if (!best.isDoubtful && best.different <= nearest.get(id)!) chosen.push([id, best]);
  }
  // Of two that would be each other's parent, the one that is more alike is believed.
  chosen.sort(([, a], [, b]) => a.different - b.different);
  // A state that a generation only began with may be its parent's: where that one is gone, it cannot be told.
  const isKnown = (id: string) => {
    const about = found.get(id);
    return about
      ? about.parent !== undefined || about.reason === NEW
      : !children.some((child) => child.id === id);
  };
  let open = chosen;
  for (let before = -1; open.length !== before; ) {
    before = open.length;
    open = open.filter(([id, { parent, fromStart, inference }]) => {
      if (fromStart && !isKnown(parent)) return true;
      if (!descends(found, parent, id)) found.set(id, inference);
      return false;
    });
  }
  for (const { id } of children) {
    if (!found.has(id)) found.set(id, { parent: undefined, reason: undefined });
  }
  return found;
}

/** Whether `id` is `ancestor`, or comes from it. */
function descends(found: ReadonlyMap<string, Inference>, id: string, ancestor: string): boolean {
  for (let up: string | undefined = id; up !== undefined; up = found.get(up)?.parent) {
    if (up === ancestor) return true;
  }
  return false;
}

/** Whether times allow it: a child begins after its parent did. */
function mayDescend({ generation, began }: Beginning, parent: Generation): boolean {
  // A generation without WAL is one that Litestream gave up at its start: what it holds came from elsewhere.
  if (generation.id === parent.id || parent.snapshots.length === 0 || parent.segments.length === 0)
    return false;
  const parentBegan = beganAt(parent);
  return began === undefined || parentBegan === undefined || parentBegan < began;
}

/**
 * Of `children` those that began as the state of `parent` at `position`, and how alike they are.
 *
 * @throws WalkitError `storage/*`
 */
export async function childrenOf(
  storage: Storage,
  parent: Generation,
  position: Position,
  children: readonly Generation[],
  signal?: AbortSignal,
): Promise<Map<string, Inference>> {
  const found = new Map<string, Inference>();
  const beginnings: Beginning[] = [];
  for (const child of children) {
    const beginning = await readBeginning(storage, child, signal);
    if (typeof beginning !== "string" && !beginning.isNew && mayDescend(beginning, parent))
      beginnings.push(beginning);
  }
  const walk = new Walk(storage, parent, beginnings, signal, { only: position });
  if (beginnings.length > 0) await walk.run();
  for (const match of walk.matches) {
    const claim = match.claim(parent) ?? (await closerLook(storage, parent, match, signal, position));
    if (claim && !claim.isDoubtful) found.set(match.child.generation.id, claim.inference);
  }
  return found;
}

/**
 * A parent all of whose states differ from the child's beginning, as where the application went on before Litestream looked
 * and no WAL has what it wrote: the pages that differ least are compared cell by cell.
 */
async function closerLook(
  storage: Storage,
  parent: Generation,
  { child, nearest }: Match,
  signal: AbortSignal | undefined,
  only?: Position,
): Promise<Claim | undefined> {
  if (!nearest || nearest.different === 0 || 2 * nearest.different > child.pageCount) return undefined;
  const there = new Walk(storage, parent, [child], signal, { only, comparedAt: nearest.position });
  there.matches[0]!.nearLimit = NEAR * nearest.different;
  await there.run();
  const again = await readBeginning(storage, child.generation, signal, there.differing);
  if (typeof again === "string") return undefined;
  const walk = new Walk(storage, parent, [again], signal, { only });
  await walk.run();
  return walk.matches[0]!.claim(parent, { different: nearest.different, near: there.matches[0]!.near });
}

/** A state that differs in so many times as many pages as the nearest one may be it just as well. */
const NEAR = 2;

/** Whether `claim` is as close as the best one: by one measure at least, or in all. */
function isRival(claim: Claim, best: Claim): boolean {
  const behind = best.shared - best.extra - (claim.shared - claim.extra);
  if (claim.different !== best.different || behind > 0) return false;
  if (behind < 0 || claim.shared !== best.shared || claim.isFirst === best.isFirst) return true;
  // What only begins with the state of the other is no rival, unless that state is but one of several.
  return (claim.isFirst ? claim : best).between !== undefined;
}

/** Less that differs, then more in common on pages that both have written. */
function isCloser(claim: Claim, best: Claim): boolean {
  if (claim.different !== best.different) return claim.different < best.different;
  if (claim.shared !== best.shared) return claim.shared > best.shared;
  if (claim.extra !== best.extra) return claim.extra < best.extra;
  // Two copies of one state: the one that came to it by itself is the parent of both.
  return claim.isFirst !== best.isFirst ? best.isFirst : claim.began < best.began;
}

/** Litestream made its tables in it, so the database is no copy of one that had been replicated. */
const NEW = "it began as a new database";
