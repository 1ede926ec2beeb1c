/** A replica, asked: its catalog, its files, and work that needs it to stand still. */

import { isGone, type WalkitError } from "../errors.ts";
import { type Branch, branchOf, type Catalog, filesIn, hasChanged } from "./catalog.ts";
import type { CommitEvent, ReplayEvent } from "./events.ts";
import { noGeneration } from "./faults.ts";
import type { CatalogOptions, ChangesOptions, ClaimPiece, Layout, ReadContext, Replica } from "./layout.ts";
import type { Leg, PlannedFile } from "./plan.ts";

type Reading = Omit<ReadContext, "storage">;

/**
 * What the listing of a replica says.
 *
 * @throws WalkitError `storage/*`; `target/no-generation` for a `generation` that is not there
 */
export function catalogOf(
  replica: Replica,
  { generation = replica.generation, ...options }: CatalogOptions = {},
): Promise<Catalog> {
  return replica.layout.catalog(replica, { ...options, generation });
}

/**
 * Reads changes in order.
 *
 * @throws WalkitError the first fault, unless they are reported; `storage/not-found` always: a file that vanished
 */
export function readChanges(
  { storage, layout }: Replica,
  leg: Leg,
  { signal, onRead, ...options }: Reading & ChangesOptions = {},
): AsyncGenerator<ReplayEvent, void, undefined> {
  return layout.changes({ storage, signal, onRead }, leg, options);
}

/** Reads changes as {@link readChanges} does, for their commits alone. */
export async function* commitsOf(
  ...reading: Parameters<typeof readChanges>
): AsyncGenerator<CommitEvent, void, undefined> {
  for await (const event of readChanges(...reading)) if (event.type === "commit") yield event;
}

/**
 * Reads the database that a claim is.
 *
 * @throws WalkitError what is wrong with the file
 */
export function readClaim(
  { storage, layout }: Replica,
  claim: PlannedFile,
  reading: Reading = {},
): AsyncGenerator<ClaimPiece, void, undefined> {
  return layout.claim({ ...reading, storage }, claim);
}

/** `replica` with all of its branches. */
export function whole(replica: Replica): Replica {
  return { ...replica, generation: undefined };
}

/** A replica that changes each time that it is read is begun again this often. */
const ATTEMPTS = 5;

/** Layouts of replicas that are held already. */
const held = new WeakSet<Layout>();

/** A file that was listed has gone. No {@link WalkitError}: whoever looks for those must not take it for damage. */
class Vanished extends Error {
  override readonly name = "Vanished";
  readonly error: WalkitError;

  constructor(error: WalkitError) {
    super(error.message);
    this.error = error;
  }
}

/** Whether a file has gone, of a replica that is held, too: for a layout that knows where else to find what it had. */
export function hasVanished(error: unknown): boolean {
  return error instanceof Vanished || isGone(error);
}

export interface StillOptions<T> {
  /** The catalog to begin with, where it is known. */
  catalog?: Catalog | undefined;
  /** Whether to look at the listing again before the result is believed. */
  doubts?: ((result: T) => boolean) | undefined;
  /** Of a catalog what concerns the work. */
  part?: ((catalog: Catalog) => Catalog) | undefined;
  signal?: AbortSignal | undefined;
  /** See {@link CatalogOptions}. */
  times?: boolean | undefined;
}

/**
 * Does `work` on a replica that stands still: its catalog is the one given, and where a file of it has gone, or where `doubts`
 * says so and the listing has changed, the work is begun again, a bounded number of times.
 *
 * @throws WalkitError `storage/not-found` where a file has gone the last time, too
 */
export async function still<T>(
  replica: Replica,
  work: (catalog: Catalog, held: Replica) => Promise<T>,
  { doubts = () => false, part = (catalog) => catalog, ...options }: StillOptions<T> = {},
): Promise<T> {
  let catalog = options.catalog ?? (await catalogOf(replica, options));
  // Whoever holds it begins the whole anew.
  if (held.has(replica.layout)) return await work(catalog, replica);
  for (let attempt = 1; ; attempt++) {
    let done: { result: T } | undefined;
    try {
      const result = await work(catalog, hold(replica, catalog));
      if (attempt === ATTEMPTS || !doubts(result)) return result;
      done = { result };
    } catch (error) {
      if (!(error instanceof Vanished)) throw error;
      if (attempt === ATTEMPTS) throw error.error;
    }
    const now = await catalogOf(replica, options);
    if (done && !hasChanged(part(catalog), now)) return done.result;
    catalog = now;
  }
}

/** `replica` as `catalog` says it is: a file that is not there any more is no fault of it. */
function hold(replica: Replica, catalog: Catalog): Replica {
  const { storage } = replica;
  const layout: Layout = {
    ...replica.layout,
    catalog: async ({ prefix }, { generation }) => {
      if (generation === undefined) return catalog;
      const part = branchOf(catalog, generation);
      if (part.generations.length === 0) throw noGeneration(generation, `${prefix}${generation}/`);
      return part;
    },
  };
  held.add(layout);
  return {
    ...replica,
    layout,
    storage: {
      list: (prefix, options) => storage.list(prefix, options),
      async *read(path, options) {
        try {
          yield* storage.read(path, options);
        } catch (error) {
          throw isGone(error) ? new Vanished(error) : error;
        }
      },
    },
  };
}

/** `replica`, whose storage refuses to read what the listing says cannot be read, whatever stands at its path. */
export function guarded(replica: Replica, branch: Branch): Replica {
  const errors = new Map<string, WalkitError>();
  for (const { path, unreadable } of filesIn(branch)) if (unreadable) errors.set(path, unreadable);
  if (errors.size === 0) return replica;
  const { storage } = replica;
  return {
    ...replica,
    storage: {
      list: (prefix, options) => storage.list(prefix, options),
      async *read(path, options) {
        const error = errors.get(path);
        if (error) throw error;
        yield* storage.read(path, options);
      },
    },
  };
}
