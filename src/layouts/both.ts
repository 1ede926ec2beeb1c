/**
 * Generations of Litestream 0.3 and LTX files of 0.5 in one replica, as an update leaves them: each is a branch, and its own layout
 * reads it. Which of the two a target means, the times of both tell, or nothing does.
 */

import { WalkitError } from "../errors.ts";
import { LTX_BRANCH } from "../replay/branch-name.ts";
import type { Branch, Catalog } from "../replay/catalog.ts";
import type { Layout } from "../replay/layout.ts";
import type { PlanTarget } from "../replay/plan.ts";
import { isInWal } from "../replay/position.ts";
import { timeRange } from "../replay/times.ts";
import { formatTime } from "../time.ts";
import { generations } from "./generations/layout.ts";
import { ltx } from "./ltx/layout.ts";
import { isLtx } from "./ltx/types.ts";

/** Its catalog is that of {@link litestream}. */
export const both: Omit<Layout, "name" | "catalog"> = {
  plan(catalog, target, options) {
    return isForLtx(catalog, target)
      ? ltx.plan(onlyLtx(catalog), target, options)
      : generations.plan(withoutLtx(catalog), target, options);
  },

  planChanges: (branch, target) => of(branch).planChanges(branch, target),

  choose(catalog, target) {
    return isForLtx(catalog, target)
      ? ltx.choose(onlyLtx(catalog), target)
      : generations.choose(withoutLtx(catalog), target);
  },

  newest(catalog) {
    try {
      return isForLtx(catalog, {})
        ? catalog.generations.find(isLtx)
        : generations.newest(withoutLtx(catalog));
    } catch (error) {
      if (error instanceof WalkitError) return undefined;
      throw error;
    }
  },

  isSettled: (branch, claim) => of(branch).isSettled(branch, claim),
  states: (branch) => of(branch).states(branch),
  doubt: (branch, among) =>
    of(branch).doubt(
      branch,
      among?.filter((one) => isLtx(one) === isLtx(branch)),
    ),

  near(branches, time) {
    const old = generations.near(
      branches.filter((branch) => !isLtx(branch)),
      time,
    );
    return [...old, ...ltx.near(branches.filter(isLtx), time)];
  },

  faults(branch, catalog) {
    return isLtx(branch) ? ltx.faults(branch, catalog) : generations.faults(branch, withoutLtx(catalog));
  },

  gaps: (branch) => of(branch).gaps(branch),
  missing: (branch, section, next) =>
    (branch === LTX_BRANCH ? ltx : generations).missing(branch, section, next),
  mayBeAhead: async (context, plan) =>
    plan.generation === LTX_BRANCH && (await ltx.mayBeAhead!(context, plan)),
  changes: (context, leg, options) =>
    (leg.generation === LTX_BRANCH ? ltx : generations).changes(context, leg, options),
  claim: (context, claim) => (claim.path.endsWith(".ltx") ? ltx : generations).claim(context, claim),
  merged: (context, claim) => ltx.merged!(context, claim),
};

function of(branch: Branch): Layout {
  return isLtx(branch) ? ltx : generations;
}

function withoutLtx(catalog: Catalog): Catalog {
  return { ...catalog, generations: generationsOf(catalog) };
}

/** One array for each catalog: what their times are worth is judged once. */
const parts = new WeakMap<Catalog, Branch[]>();

function generationsOf(catalog: Catalog): Branch[] {
  const known = parts.get(catalog);
  if (known) return known;
  const branches = catalog.generations.filter((branch) => !isLtx(branch));
  parts.set(catalog, branches);
  return branches;
}

function onlyLtx(catalog: Catalog): Catalog {
  return { ...catalog, generations: catalog.generations.filter(isLtx) };
}

function isFilled({ snapshots, segments, merged = [] }: Branch): boolean {
  return snapshots.length + segments.length + merged.length > 0;
}

/**
 * Whether the LTX files are meant, or the generations.
 *
 * @throws WalkitError `target/ambiguous-generation` where nothing tells
 */
function isForLtx(catalog: Catalog, { generation, timestamp, index, commit }: PlanTarget): boolean {
  const branch = catalog.generations.find(isLtx);
  if (generation !== undefined) return generation === LTX_BRANCH;
  if (!branch) return false;
  const old = generationsOf(catalog).filter((one) => isFilled(one) || one.unreadable);
  if (old.length === 0) return true;
  if (index !== undefined || (commit && isInWal(commit))) return false;
  return commit !== undefined || isNewer(branch, old, timestamp);
}

/** Both wrote here: whether the newest state, or that of a time, is in the LTX files. */
function isNewer(branch: Branch, old: readonly Branch[], time: bigint | undefined): boolean {
  const own = timeRange(branch);
  const ranges = old.flatMap((one) => timeRange(one) ?? []);
  const isUnknown = ranges.length < old.length || old.some((one) => one.unreadable);
  const newest = ranges.reduce<bigint | undefined>(
    (max, one) => (max === undefined || one.newest > max ? one.newest : max),
    undefined,
  );
  if (!own || newest === undefined || isUnknown) throw untold(own, old, undefined);
  // A copy can make the times of generations later than they were, never earlier; those of LTX files stand in their headers.
  if (time !== undefined && time < own.oldest) return false;
  if (newest < own.newest && (time === undefined || newest <= own.oldest || time > newest)) return true;
  const doubt = old
    .map((one) => generations.doubt(one, old))
    .find((found) => found && found.kind !== "clock");
  if (doubt) throw untold(own, old, doubt.reason);
  if (time === undefined || time > own.newest) return false;
  if (ranges.every((one) => time < one.oldest || one.newest < time)) return true;
  throw untold(own, old, `both were written at ${formatTime(time)}`);
}

/** Generations that an advice names. */
const SHOWN = 8;

function untold(
  own: { oldest: bigint; newest: bigint } | undefined,
  old: readonly Branch[],
  reason: string | undefined,
): WalkitError {
  const among = [LTX_BRANCH, ...old.slice(0, SHOWN).map(({ id }) => id)];
  const written = own ? `, the LTX files from ${formatTime(own.oldest)} to ${formatTime(own.newest)}` : "";
  return new WalkitError(
    "target/ambiguous-generation",
    `Expected times that tell whether the LTX files or a generation beside them are meant, found that they do not${written}${reason === undefined ? "" : `: ${reason}`}`,
    {
      remedy: { do: "choose-generation", among, more: old.length > SHOWN },
    },
  );
}
