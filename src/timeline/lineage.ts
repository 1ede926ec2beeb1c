/**
 * Lineage: which generation is which timeline, and where each left its parent. From history files where they are, else
 * by content where that is asked for.
 */

import { concat } from "../bytes.ts";
import { familyOf, WalkitError } from "../errors.ts";
import { type Finding, findingOf } from "../findings.ts";
import type { Branch, Catalog, TimelineFile } from "../replay/catalog.ts";
import type { Layout, Replica } from "../replay/layout.ts";
import { formatPosition, type Position } from "../replay/position.ts";
import type { Storage } from "../storage/storage.ts";
import { beganAt } from "./content/beginning.ts";
import { Descent, type Inference, inferParents } from "./content/infer.ts";
import { type History, type HistoryLine, MAX_HISTORY_SIZE, parseHistory } from "./history.ts";

/** A generation in the order of things. */
export interface Timeline {
  /** From 1, in the order in which they began; the history files' own where they say one. */
  id: number;
  /** Undefined where a history file speaks of a timeline and does not say which generation it was. */
  generation: string | undefined;
  /** Timeline ID. */
  parent: number | undefined;
  /** The last commit of the parent that is part of this timeline. */
  switchPoint: Position | undefined;
  reason: string | undefined;
  /** The parent was found by content; false where a history file says it, and where there is no parent. */
  inferred: boolean;
  /** Parent up to the switch point, and this generation's WAL from its first byte on, are all there is. */
  complete: boolean;
  /** Its generation is not in the replica. */
  gone: boolean;
  /** Where content leaves several positions to choose from: the first and the last of them. */
  between: [Position, Position] | undefined;
  /** Why its parent, if it has one, cannot be found by content. */
  unknown: string | undefined;
  /** The history file, where there is one. */
  path: string | undefined;
  /** Why its parent is not known although a history file should say it. */
  problem: WalkitError | undefined;
}

/** How the branches of a replica descend from each other. */
export interface Lineage {
  /** Ascending by ID. */
  timelines: Timeline[];
  findings: Finding[];
}

/** How descent is found out. */
export interface LineageOptions {
  signal?: AbortSignal | undefined;
  /** Find out by content what no history file says; by default it stays unknown. */
  infer?: boolean | undefined;
  /** The same, where the passes over all branches have been shared: see {@link findDescent}. */
  descent?: Descent | undefined;
}

/**
 * Reads the history files of a replica and puts its generations in order. What is wrong with a file is a finding; its
 * timeline's `problem` is thrown by those who need its parent.
 *
 * @throws WalkitError `storage/*`
 */
export async function readLineage(
  replica: Replica,
  catalog: Catalog,
  options: LineageOptions = {},
): Promise<Lineage> {
  const names = new Names();
  const histories = new Map<string, Recorded>();
  for (const file of catalog.timelineFiles) {
    if (file.kind !== "history") continue;
    const { generation, path } = file;
    try {
      const history = parseHistory(await readText(replica.storage, file, options.signal), path);
      checkOwnName(history, generation, path);
      names.add(path, history.generations);
      histories.set(generation, { path, history });
    } catch (error) {
      if (!(error instanceof WalkitError) || familyOf(error.code) === "storage") throw error;
      histories.set(generation, { path, problem: error });
    }
  }
  const inferred =
    options.descent !== undefined
      ? await options.descent.parents(options.signal)
      : options.infer
        ? await inferParents(replica, catalog.generations, withoutHistory(catalog), options.signal)
        : new Map<string, Inference>();
  names.number(inOrder(replica.layout, catalog.generations, inferred, names));
  const timelines = timelinesOf(catalog.generations, histories, inferred, names);
  const findings = timelines.flatMap(({ problem, generation }) =>
    problem ? [findingOf(problem, { generation })] : [],
  );
  return { timelines, findings };
}

/** Branches of which no history file says where they came from. */
function withoutHistory({ generations, timelineFiles }: Catalog): Branch[] {
  const known = new Set(
    timelineFiles.flatMap(({ kind, generation }) => (kind === "history" ? generation : [])),
  );
  return generations.filter(({ id }) => !known.has(id));
}

/**
 * A search for the parents that no history file names, by content, which shares the passes over all branches.
 *
 * @throws WalkitError `storage/*` where times do not tell the order, and how the branches began is read first
 */
export async function findDescent(
  replica: Replica,
  catalog: Catalog,
  signal: AbortSignal | undefined,
): Promise<Descent> {
  const descent = new Descent(replica, catalog.generations, withoutHistory(catalog));
  if (!descent.isOnePass) await descent.readBeginnings(signal);
  return descent;
}

/**
 * The way from the oldest ancestor to timeline `id`: each with the position at which the next one leaves it.
 *
 * @throws WalkitError the problem of a history file on the way
 */
export function pathTo(
  { timelines }: Lineage,
  id: number,
): { timeline: Timeline; until: Position | undefined }[] {
  const path: { timeline: Timeline; until: Position | undefined }[] = [];
  let until: Position | undefined;
  for (let at: number | undefined = id; at !== undefined; ) {
    const timeline = timelines.find((one) => one.id === at);
    if (!timeline) break;
    if (timeline.problem) throw timeline.problem;
    path.unshift({ timeline, until });
    until = timeline.switchPoint;
    at = timeline.parent;
  }
  return path;
}

/** What the history file of timeline `id` is to say: where it and its ancestors left their parents. */
export function historyOf(lineage: Lineage, id: number): History {
  const path = pathTo(lineage, id);
  const lines: HistoryLine[] = [];
  const generations = new Map<number, string>();
  for (const { timeline } of path) {
    const { parent, switchPoint, reason = "" } = timeline;
    if (parent !== undefined && switchPoint) lines.push({ parent, switchPoint, reason });
    if (timeline.generation !== undefined) generations.set(timeline.id, timeline.generation);
  }
  return { lines, generations, complete: path.at(-1)?.timeline.complete ?? false };
}

/** The text of a file that walkit keeps beside the generations: refused where it is larger than any of them gets. */
export async function readText(
  storage: Storage,
  { kind, path, size }: Pick<TimelineFile, "kind" | "path" | "size">,
  signal: AbortSignal | undefined,
  most: number = MAX_HISTORY_SIZE,
): Promise<string> {
  const tooLarge = (found: number) =>
    new WalkitError(`timeline/${kind}`, `Expected at most ${most} bytes of text, found ${found} or more`, {
      path,
    });
  if (size !== undefined && size > most) throw tooLarge(size);
  const pieces: Uint8Array[] = [];
  let sum = 0;
  for await (const piece of storage.read(path, { signal })) {
    sum += piece.length;
    if (sum > most) throw tooLarge(sum);
    pieces.push(piece.slice());
  }
  return new TextDecoder().decode(concat(pieces));
}

type Recorded = { path: string } & (
  | { history: History; problem?: undefined }
  | { history?: undefined; problem: WalkitError }
);

/** Which generation has which number. */
class Names {
  readonly #ids = new Map<string, number>();
  readonly #generations = new Map<number, string>();

  idOf(generation: string): number | undefined {
    return this.#ids.get(generation);
  }

  generationOf(id: number): string | undefined {
    return this.#generations.get(id);
  }

  get all(): Iterable<[id: number, generation: string]> {
    return this.#generations;
  }

  /** What a history file says. */
  add(path: string, generations: ReadonlyMap<number, string>): void {
    for (const [id, name] of generations) {
      const known = this.#ids.get(name);
      const other = this.#generations.get(id);
      if (known !== undefined && known !== id) {
        throw contradiction(
          path,
          `generation ${name} to be timeline ${known} as in other history files`,
          `${id}`,
        );
      }
      if (other !== undefined && other !== name) {
        throw contradiction(path, `timeline ${id} to be generation ${other} as in other history files`, name);
      }
    }
    for (const [id, name] of generations) this.#set(id, name);
  }

  /** Those that no file numbers get the first free number above all that began before them. */
  number(inOrder: readonly string[]): void {
    let highest = 0;
    for (const name of inOrder) {
      let id = this.#ids.get(name);
      if (id === undefined) {
        id = highest + 1;
        while (this.#generations.has(id)) id++;
        this.#set(id, name);
      }
      highest = Math.max(highest, id);
    }
  }

  #set(id: number, name: string): void {
    this.#ids.set(name, id);
    this.#generations.set(id, name);
  }
}

/** Generations in the order in which they began; by name where their times cannot be trusted, parents first. */
function inOrder(
  layout: Layout,
  generations: readonly Branch[],
  inferred: ReadonlyMap<string, Inference>,
  names: Names,
): string[] {
  const dated = generations.map((generation) => ({ id: generation.id, began: beganAt(layout, generation) }));
  const all = dated.every(({ began }) => began !== undefined);
  const recorded = (id: string) => names.idOf(id) ?? Number.POSITIVE_INFINITY;
  if (all) dated.sort((a, b) => (a.began! < b.began! ? -1 : 1));
  else dated.sort((a, b) => recorded(a.id) - recorded(b.id) || (a.id < b.id ? -1 : 1));
  const order = new Set<string>();
  const add = (id: string) => {
    const parent = inferred.get(id)?.parent;
    if (parent !== undefined && !order.has(parent)) add(parent);
    order.add(id);
  };
  for (const { id } of dated) add(id);
  return [...order];
}

function timelinesOf(
  generations: readonly Branch[],
  histories: ReadonlyMap<string, Recorded>,
  inferred: ReadonlyMap<string, Inference>,
  names: Names,
): Timeline[] {
  const timelines = new Map<number, Timeline>();
  const present = new Set(generations.map(({ id }) => id));
  const add = (id: number): Timeline => {
    const known = timelines.get(id);
    if (known) return known;
    const generation = names.generationOf(id);
    const timeline: Timeline = {
      ...{ id, generation, gone: generation === undefined || !present.has(generation) },
      ...{ parent: undefined, switchPoint: undefined, reason: undefined, inferred: false, complete: false },
      ...{
        between: undefined,
        unknown: undefined,
        path: generation && histories.get(generation)?.path,
        problem: undefined,
      },
    };
    timelines.set(id, timeline);
    return timeline;
  };
  for (const [id] of names.all) add(id);
  for (const [generation, { path, history, problem }] of histories) {
    const id = names.idOf(generation);
    // The file of a generation that is gone, and that no other one speaks of.
    if (id === undefined) continue;
    const timeline = add(id);
    try {
      if (problem) throw problem;
      checkAgainstOthers(path, id, history, histories, names);
      // A parent that has no file of its own: its child's says where it came from.
      for (const [i, line] of [...history.lines.entries()].reverse()) {
        const child = add(i + 1 < history.lines.length ? history.lines[i + 1]!.parent : id);
        add(line.parent);
        if (child !== timeline && child.path !== undefined) break;
        checkAgainst(path, child, line);
        Object.assign(child, line, { complete: child === timeline && history.complete });
      }
    } catch (error) {
      if (!(error instanceof WalkitError)) throw error;
      timeline.problem = error;
    }
  }
  for (const [generation, inference] of inferred) {
    const timeline = add(names.idOf(generation)!);
    // What a descendant's file says of it stands.
    if (timeline.parent !== undefined) continue;
    if (inference.parent === undefined) {
      timeline.unknown = inference.reason;
      continue;
    }
    const { parent, switchPoint, equal, total, complete, between } = inference;
    const above = names.idOf(parent)!;
    if (above >= timeline.id) {
      // As history files number them; else a timeline could come to be its own ancestor.
      timeline.unknown = `it began as a copy of generation ${parent}, of which history files say that it is the younger one: timeline ${above}`;
      continue;
    }
    const rest = equal === total ? "" : complete ? ", its own WAL brings the others" : "";
    const range = between
      ? `; it may be any commit from ${formatPosition(between[0])} to ${formatPosition(between[1])}`
      : "";
    Object.assign(timeline, {
      parent: above,
      switchPoint,
      reason: `inferred: ${equal} of ${total} pages equal${rest}${range}`,
      between,
      inferred: true,
      complete,
    });
  }
  return [...timelines.values()].sort((a, b) => a.id - b.id);
}

/** The one timeline that the comments name beside the ancestors is the file's own. */
function checkOwnName({ generations, lines }: History, generation: string, path: string): void {
  const ancestors = new Set(lines.map(({ parent }) => parent));
  for (const [id, name] of generations) {
    if (ancestors.has(id) ? name === generation : name !== generation) {
      throw contradiction(
        path,
        `the history of generation ${generation}, as its name says`,
        `that timeline ${id} is generation ${name}`,
      );
    }
  }
}

/** A timeline is younger than its parent, and has the very history that its parent has. */
function checkAgainstOthers(
  path: string,
  id: number,
  { lines }: History,
  histories: ReadonlyMap<string, Recorded>,
  names: Names,
): void {
  const last = lines.at(-1);
  if (!last) return;
  if (last.parent >= id) {
    throw contradiction(
      path,
      `timeline ${id} to have a parent with a smaller number`,
      `timeline ${last.parent}`,
    );
  }
  const parent = names.generationOf(last.parent);
  const its = parent === undefined ? undefined : histories.get(parent);
  if (!its?.history) return;
  const before = lines.slice(0, -1);
  for (let i = 0; i < Math.max(before.length, its.history.lines.length); i++) {
    const [here, there] = [before[i], its.history.lines[i]];
    if (textOf(here) === textOf(there)) continue;
    throw contradiction(
      path,
      `the history of timeline ${last.parent} as in ${its.path}: ${textOf(there)}`,
      textOf(here),
    );
  }
}

/** What another file says already of a timeline that has none itself. */
function checkAgainst(path: string, { id, parent, switchPoint }: Timeline, line: HistoryLine): void {
  if (parent === undefined || !switchPoint) return;
  const [here, there] = [textOf(line), textOf({ parent, switchPoint })];
  if (here === there) return;
  throw contradiction(path, `the history of timeline ${id} as in other history files: ${there}`, here);
}

function textOf(line: Pick<HistoryLine, "parent" | "switchPoint"> | undefined): string {
  return line ? `timeline ${line.parent} up to ${formatPosition(line.switchPoint)}` : "nothing";
}

function contradiction(path: string, expected: string, found: string): WalkitError {
  return new WalkitError("timeline/contradiction", `Expected ${expected}, found ${found}`, { path });
}
