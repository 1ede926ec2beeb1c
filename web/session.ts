/** An opened replica, and where in it the playhead stands. */

import type { VerifyReport } from "../src/verify/report.ts";
import type { EngineClient } from "./engine-client.ts";
import { type Precision, precisionFor } from "./format.ts";
import { hasTimes } from "./picture/geometry.ts";
import { firstLane, type Lane, makeLanes } from "./picture/lanes.ts";
import type { MomentId, Opened, ReplicaView, SizeView, StateView } from "./protocol.ts";

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
  readonly #listeners: Listeners = { move: [], size: [], state: [], report: [] };

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
