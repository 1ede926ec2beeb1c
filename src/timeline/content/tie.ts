/** Ties the generation that began with a restored database to its parent: what the restore wrote down says which that is. */

import { WalkitError } from "../../errors.ts";
import type { Catalog } from "../../replay/catalog.ts";
import type { Replica } from "../../replay/layout.ts";
import { formatPosition } from "../../replay/position.ts";
import type { History } from "../history.ts";
import type { Lineage, Timeline } from "../lineage.ts";
import { childrenOf } from "./infer.ts";

/**
 * Finds the generation that began with the database of `history` (the file that `restore` left beside its output), and
 * puts the parent and switch point that it names into that generation's timeline.
 *
 * @param history its `path` is for messages
 * @throws WalkitError `timeline/history`, `timeline/parent-gone`, `timeline/unknown-child`
 */
export async function tieToParent(
  replica: Replica,
  catalog: Catalog,
  { timelines }: Lineage,
  history: History & { path: string },
  options: { generation?: string | undefined; signal?: AbortSignal | undefined } = {},
): Promise<Timeline> {
  const { path } = history;
  const line = history.lines.at(-1);
  const name = line && history.generations.get(line.parent);
  if (!line || name === undefined) {
    throw new WalkitError(
      "timeline/history",
      `Expected a line for the parent, and a comment "# timeline <id> is generation <generation>" that names it, found ${line ? "no comment" : "no line"}`,
      { path },
    );
  }
  const { switchPoint, reason } = line;
  const parent = timelines.find(({ generation }) => generation === name);
  const wanted = options.generation;
  const child =
    wanted ?? (await findChild(replica, catalog, timelines, { name, switchPoint, path }, options.signal));
  const timeline = timelines.find((one) => one.generation === child);
  if (!timeline || timeline.gone) {
    throw new WalkitError("target/no-generation", `Expected generation ${child}, found none of that name`);
  }
  if (timeline.path !== undefined || child === name) {
    const message = `Expected a generation without a history of its own, found ${child === name ? "the parent itself" : timeline.path}`;
    throw new WalkitError("timeline/unknown-child", message, {
      path: timeline.path,
      remedy: { do: "correct-history" },
    });
  }
  if (!parent || parent.id >= timeline.id) {
    throw new WalkitError(
      parent ? "timeline/contradiction" : "timeline/parent-gone",
      `Expected generation ${name}, the parent that ${path} names, ${parent ? `to have begun before ${child}` : "in the replica"}, found ${parent ? "the other way round" : "it gone"}`,
      { path },
    );
  }
  const known = catalog.generations.filter(({ id }) => id === child);
  const own = catalog.generations.find(({ id }) => id === name);
  const alike = own ? await childrenOf(replica, own, switchPoint, known, options.signal) : undefined;
  const inference = alike?.get(child);
  return Object.assign(timeline, {
    ...{ parent: parent.id, switchPoint, reason, inferred: false, unknown: undefined },
    complete: inference?.parent !== undefined && inference.complete,
  });
}

/** The one generation without a history that began as that state of the parent. */
async function findChild(
  replica: Replica,
  { generations }: Catalog,
  timelines: readonly Timeline[],
  about: { name: string; switchPoint: NonNullable<Timeline["switchPoint"]>; path: string },
  signal: AbortSignal | undefined,
): Promise<string> {
  const { name, switchPoint, path } = about;
  const free = new Set(timelines.filter((one) => one.path === undefined).map((one) => one.generation));
  const parent = generations.find(({ id }) => id === name);
  if (!parent) {
    throw new WalkitError(
      "timeline/parent-gone",
      `Expected generation ${name}, the parent that ${path} names, in the replica, found it gone: what began with it cannot be told by content`,
      { path, remedy: { do: "bring-back", what: "generation" } },
    );
  }
  const candidates = generations.filter(({ id }) => id !== name && free.has(id));
  const found = [...(await childrenOf(replica, parent, switchPoint, candidates, signal)).keys()];
  if (found.length === 1) return found[0]!;
  throw new WalkitError(
    "timeline/unknown-child",
    `Expected one generation that began as ${name} was at ${formatPosition(switchPoint)}, found ${found.length === 0 ? "none: perhaps the restored database has not been replicated yet" : found.join(", ")}`,
    { path },
  );
}
