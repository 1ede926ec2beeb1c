/** An opened replica, and where in it the playhead stands. */

import type { VerifyReport } from "../../../src/verify/report.ts";
import type {
  IntegrityView,
  MomentId,
  Opened,
  ReplicaView,
  SizeView,
  SoundView,
  StateView,
} from "../protocol/protocol.ts";
import { formatPosition, type Precision, parsePosition, precisionFor } from "../strings/format.ts";
import type { EngineClient } from "../workers/engine-client.ts";
import { firstLane, hasTimes, type Lane, makeLanes } from "./lanes.ts";
import { compare } from "./stops.ts";

export interface Place {
  lane: Lane;
  stop: number;
}

interface Events {
  /** The playhead stands elsewhere. */
  move: Place;
  /** How large the database is there. */
  size: SizeView;
  /** What to show of a moment is there: undefined while it is being read. */
  state: StateView | undefined;
  report: VerifyReport;
  /** More is known of what SQLite says of moments. */
  integrity: undefined;
  /** The newest moment in order, at or before this one, is to be looked for. */
  findSound: MomentId;
}

type Listeners = { [K in keyof Events]: ((value: Events[K]) => void)[] };

export class Session {
  readonly engine: EngineClient;
  readonly replica: ReplicaView;
  /** Of the archive, what was left out. */
  readonly skipped: Opened["skipped"];
  /** Where it lies on this machine, where that is known. */
  readonly home: Opened["home"];
  /** What was opened, by its own name. */
  readonly opened: string;
  /** What it is called: its path where that is known. */
  readonly name: string;
  readonly lanes: readonly Lane[];
  /** Whether times can be shown and gone by. */
  readonly hasTimes: boolean;
  /** Of moments; of ends of ranges. */
  readonly precision: Precision;
  readonly coarse: Precision;
  report: VerifyReport | undefined;
  /** Of the moment at which the playhead rests; undefined until it is known. */
  size: SizeView | undefined;
  state: StateView | undefined;
  #place: Place | undefined;
  /** What SQLite said of moments, by name. */
  readonly #integrity = new Map<string, IntegrityView>();
  /** From a moment that is corrupt to a later one that is, nobody has looked. */
  readonly #doubtful: { from: MomentId; to: MomentId }[] = [];
  readonly #listeners: Listeners = {
    move: [],
    size: [],
    state: [],
    report: [],
    integrity: [],
    findSound: [],
  };

  constructor(engine: EngineClient, replica: ReplicaView, { name, skipped, home }: Opened) {
    this.skipped = skipped;
    this.home = home;
    this.opened = name;
    this.name = home?.path ?? (replica.name || name);
    this.engine = engine;
    this.replica = replica;
    this.lanes = makeLanes(replica.timelines);
    this.hasTimes = hasTimes(this.lanes);
    this.coarse = precisionFor(typicalStep(replica));
    this.precision = this.coarse === "minute" ? "second" : this.coarse;
    const lane = firstLane(this.lanes);
    if (lane) {
      const last = lane.stops.length - 1;
      this.#place = { lane, stop: lane.stops.restorableFrom(last, -1) ?? last };
    }
  }

  /** Undefined where there is no moment at all. */
  get place(): Place | undefined {
    return this.#place;
  }

  get moment(): MomentId | undefined {
    return this.#place?.lane.stops.id(this.#place.stop);
  }

  moveTo(lane: Lane, stop: number): void {
    if (lane.stops.length === 0) return;
    const at = Math.min(Math.max(Math.round(stop), 0), lane.stops.length - 1);
    if (this.#place?.lane === lane && this.#place.stop === at) return;
    this.#place = { lane, stop: at };
    this.emit("move", this.#place);
  }

  /** What SQLite says of the database of a moment, as far as it was asked; `doubtful`: what is around it is corrupt. */
  conditionOf({ lane, stop }: Place): IntegrityView["found"] | "doubtful" | undefined {
    const id = lane.stops.id(stop);
    const isWithin = this.#doubtful.some(
      ({ from, to }) => from.generation === id.generation && compare(from, id) <= 0 && compare(id, to) <= 0,
    );
    return this.#integrity.get(nameOf(id))?.found ?? (isWithin ? "doubtful" : undefined);
  }

  /** In its words. */
  saidOf({ lane, stop }: Place): string | undefined {
    return this.#integrity.get(nameOf(lane.stops.id(stop)))?.message;
  }

  found(moment: MomentId, found: IntegrityView["found"], message?: string): void {
    const known = this.#integrity.get(nameOf(moment));
    if (known?.found === found && (known.message ?? message) === known.message) return;
    this.#integrity.set(nameOf(moment), { found, message });
    this.emit("integrity", undefined);
  }

  /** Takes a report in; the newest state of each generation was given to SQLite. */
  take(report: VerifyReport): void {
    this.report = report;
    for (const { generation, restorable, integrity } of report.generations) {
      const last = restorable.at(-1);
      const place = last?.newest ? parsePosition(last.to) : undefined;
      if (!place || integrity === undefined) continue;
      this.found({ generation, ...place }, integrity === "failed" ? "corrupt" : integrity);
    }
    this.emit("report", report);
  }

  /** What a search for a moment in order found, which began at `asked`. */
  learn(asked: MomentId, { moment, broken }: SoundView): void {
    if (broken) {
      this.#doubtful.push({ from: broken, to: asked });
      this.found(broken, "corrupt");
    }
    this.found(moment, "ok");
  }

  /** To this very moment; false: it is not there, or not any more. Then the nearest before it, of its timeline. */
  goTo(moment: MomentId): boolean {
    const lane = this.lanes.find(({ timeline }) => timeline.generation === moment.generation);
    if (!lane || lane.stops.length === 0) return false;
    const stop = Math.max(lane.stops.atOrBefore(moment), 0);
    this.moveTo(lane, stop);
    const { index, offset } = lane.stops.id(stop);
    return index === moment.index && offset === moment.offset;
  }

  /** To the moment at a WAL position of a generation, or the last one before it. */
  moveToPosition(generation: string | undefined, place: { index: number; offset: number }): void {
    const lane = this.lanes.find(({ timeline }) => timeline.generation === generation) ?? this.#place?.lane;
    if (lane) this.moveTo(lane, lane.stops.atOrBefore(place));
  }

  on<K extends keyof Events>(event: K, listener: (value: Events[K]) => void): void {
    this.#listeners[event].push(listener);
  }

  emit<K extends keyof Events>(event: K, value: Events[K]): void {
    for (const listener of this.#listeners[event]) listener(value);
  }
}

function nameOf(moment: MomentId): string {
  return `${moment.generation} ${formatPosition(moment)}`;
}

/** How many milliseconds lie between segments: the median of some of them. */
function typicalStep({ timelines }: ReplicaView): number {
  const steps: number[] = [];
  for (const { segments, timesTrusted } of timelines) {
    if (!timesTrusted) continue;
    const every = Math.max(1, Math.floor(segments.length / 200));
    for (let i = every; i < segments.length; i += every) {
      const step = segments.time[i]! - segments.time[i - 1]!;
      if (step > 0) steps.push(step);
    }
  }
  return steps.sort((a, b) => a - b)[steps.length >> 1] ?? 60_000;
}
