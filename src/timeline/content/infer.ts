/**
 * Lineage by content. A generation that began as a restore of another one starts with a snapshot that equals, page for
 * page, a past state of its parent, but for what was written before Litestream looked. Each generation is replayed once,
 * with a hash a page, and held at every commit against the beginnings of all others.
 *
 * Litestream's own counter in `_litestream_seq` only ever grows, and goes along with a copy of the database: where it does
 * not fit, a state is no parent's, however alike. Two databases made by one script are told apart by that, and so are two
 * children of a parent that is gone.
 */

import type { Branch } from "../../replay/catalog.ts";
import type { Layout, Replica } from "../../replay/layout.ts";
import type { Position } from "../../replay/position.ts";
import { type Fold, Follower, run } from "../../replay/run.ts";
import { type Beginning, BeginningFold, beganAt, readBeginning } from "./beginning.ts";
import type { Claim, Inference, Match } from "./match.ts";
import { Walk, walkAlong } from "./walk.ts";

export type { Inference } from "./match.ts";

/**
 * Finds the parents of `children` among `branches`. Where times tell which branch is younger, each file is read once: the
 * youngest comes first, so that how its possible children began is known when a branch has its turn.
 *
 * @throws WalkitError `storage/*`; damage in the replica only hides states
 */
export async function inferParents(
  replica: Replica,
  branches: readonly Branch[],
  children: readonly Branch[],
  signal?: AbortSignal,
): Promise<Map<string, Inference>> {
  const descent = new Descent(replica, branches, children);
  if (!descent.isOnePass) await descent.readBeginnings(signal);
  for (const branch of descent.order) {
    const folds = descent.foldsOf(branch);
    if (folds.length > 0) await run(replica, branch, new Follower(), folds, { signal });
  }
  return await descent.parents(signal);
}

/** A search for parents, which may share the passes over all branches: in the order that it says. */
export class Descent {
  /** The youngest first. */
  readonly order: readonly Branch[];
  /** Times tell the order: no file need be read before the passes. */
  readonly isOnePass: boolean;
  readonly #replica: Replica;
  readonly #children: ReadonlySet<Branch>;
  readonly #beginnings = new Map<Branch, BeginningFold | Beginning | string>();
  readonly #walks = new Map<Branch, Walk>();

  constructor(replica: Replica, branches: readonly Branch[], children: readonly Branch[]) {
    const { layout } = replica;
    this.#replica = replica;
    const began = new Map(branches.map((branch) => [branch, beganAt(layout, branch)]));
    this.isOnePass = [...began.values()].every((time) => time !== undefined);
    this.order = branches.toSorted((a, b) => ((began.get(a) ?? 0n) > (began.get(b) ?? 0n) ? -1 : 1));
    this.#children = new Set(branches.length < 2 ? [] : children);
  }

  /**
   * Where times do not tell the order, how the branches began must be known before the passes.
   *
   * @throws WalkitError `storage/*`
   */
  async readBeginnings(signal: AbortSignal | undefined): Promise<void> {
    for (const child of this.#children)
      this.#beginnings.set(child, await readBeginning(this.#replica, child, signal));
  }

  /** What is to listen to the pass over a branch, once all that come before it in `order` have been passed over. */
  foldsOf(branch: Branch): Fold[] {
    const folds: Fold[] = [];
    const others = [...this.#beginnings.keys()].flatMap((child) => this.#beginningOf(child) ?? []);
    const possible = others.filter((one) => mayDescend(this.#replica.layout, one, branch));
    if (possible.length > 0) {
      const walk = new Walk(this.#replica.layout, branch, possible);
      this.#walks.set(branch, walk);
      folds.push(walk);
    }
    if (this.#children.has(branch) && !this.#beginnings.has(branch)) {
      const fold = new BeginningFold(this.#replica.layout, branch);
      this.#beginnings.set(branch, fold);
      if (fold.isWanted) folds.push(fold);
    }
    return folds;
  }

  #said(child: Branch): Beginning | string {
    const known = this.#beginnings.get(child)!;
    const said = known instanceof BeginningFold ? known.result : known;
    this.#beginnings.set(child, said);
    return said;
  }

  /** How a branch began, where that may be as a copy. */
  #beginningOf(child: Branch): Beginning | undefined {
    const said = this.#said(child);
    return typeof said === "string" || said.isNew ? undefined : said;
  }

  /**
   * The parents, once all passes are over.
   *
   * @throws WalkitError `storage/*` of another look at those that are alike, and not the same
   */
  async parents(signal: AbortSignal | undefined): Promise<Map<string, Inference>> {
    const found = new Map<string, Inference>();
    for (const child of this.#beginnings.keys()) {
      const said = this.#said(child);
      const reason = typeof said === "string" ? said : said.isNew ? NEW : undefined;
      if (reason !== undefined) found.set(child.id, { parent: undefined, reason });
    }
    const claims = new Map<string, Claim[]>();
    const nearest = new Map<string, number>();
    for (const [branch, walk] of this.#walks) {
      walk.end();
      for (const match of walk.matches) {
        const claim = match.claim(branch) ?? (await closerLook(this.#replica, branch, match, signal));
        const id = match.child.generation.id;
        const least = match.nearest?.different ?? Number.POSITIVE_INFINITY;
        nearest.set(id, Math.min(nearest.get(id) ?? least, least));
        if (claim) claims.set(id, [...(claims.get(id) ?? []), claim]);
      }
    }
    settle(found, claims, nearest, [...this.#children]);
    return found;
  }
}

/** Of several claims to be a branch's parent the one to believe, if any. */
function settle(
  found: Map<string, Inference>,
  claims: ReadonlyMap<string, Claim[]>,
  nearest: ReadonlyMap<string, number>,
  children: readonly Branch[],
): void {
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
}

/** Whether `id` is `ancestor`, or comes from it. */
function descends(found: ReadonlyMap<string, Inference>, id: string, ancestor: string): boolean {
  for (let up: string | undefined = id; up !== undefined; up = found.get(up)?.parent) {
    if (up === ancestor) return true;
  }
  return false;
}

/** Whether times allow it: a child begins after its parent did. */
function mayDescend(layout: Layout, { generation, began }: Beginning, parent: Branch): boolean {
  // A generation without WAL is one that Litestream gave up at its start: what it holds came from elsewhere.
  if (generation.id === parent.id || parent.snapshots.length === 0 || parent.segments.length === 0)
    return false;
  const parentBegan = beganAt(layout, parent);
  return began === undefined || parentBegan === undefined || parentBegan < began;
}

/**
 * Of `children` those that began as the state of `parent` at `position`, and how alike they are.
 *
 * @throws WalkitError `storage/*`
 */
export async function childrenOf(
  replica: Replica,
  parent: Branch,
  position: Position,
  children: readonly Branch[],
  signal?: AbortSignal,
): Promise<Map<string, Inference>> {
  const found = new Map<string, Inference>();
  const beginnings: Beginning[] = [];
  for (const child of children) {
    const beginning = await readBeginning(replica, child, signal);
    if (typeof beginning !== "string" && !beginning.isNew && mayDescend(replica.layout, beginning, parent))
      beginnings.push(beginning);
  }
  if (beginnings.length === 0) return found;
  const walk = await walkAlong(replica, parent, beginnings, signal, { only: position });
  for (const match of walk.matches) {
    const claim = match.claim(parent) ?? (await closerLook(replica, parent, match, signal, position));
    if (claim && !claim.isDoubtful) found.set(match.child.generation.id, claim.inference);
  }
  return found;
}

/**
 * A parent all of whose states differ from the child's beginning, as where the application went on before Litestream looked
 * and no WAL has what it wrote: the pages that differ least are compared cell by cell.
 */
async function closerLook(
  replica: Replica,
  parent: Branch,
  { child, nearest }: Match,
  signal: AbortSignal | undefined,
  only?: Position,
): Promise<Claim | undefined> {
  if (!nearest || nearest.different === 0 || 2 * nearest.different > child.pageCount) return undefined;
  const look = { only, comparedAt: nearest.position };
  const there = await walkAlong(replica, parent, [child], signal, look, ({ matches }) => {
    matches[0]!.nearLimit = NEAR * nearest.different;
  });
  const again = await readBeginning(replica, child.generation, signal, there.differing);
  if (typeof again === "string") return undefined;
  const walk = await walkAlong(replica, parent, [again], signal, { only });
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
