/** An opened replica, and the place of the playhead in it. */

import { comparePositions, type Position } from "../../../src/replay/position.ts";
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
import type { Unit } from "../strings/plural.ts";
import type { EngineClient } from "../workers/engine-client.ts";
import { firstLane, hasTimes, type Lane, makeLanes } from "./lanes.ts";

/** Where the playhead can stand: a stop of a lane. */
export interface Place {
  lane: Lane;
  stop: number;
}

interface Events {
  /** The playhead has moved. */
  move: Place;
  /** The size of the database at the playhead's moment is known. */
  size: SizeView;
  /** The database of the playhead's moment has been read; undefined: it is being read. */
  state: StateView | undefined;
  report: VerifyReport;
  /** SQLite's answer about some moment is known. */
  integrity: undefined;
  /** A request: find the newest moment, at or before this one, that SQLite finds in order. */
  findSound: MomentId;
}

type Listeners = { [K in keyof Events]: ((value: Events[K]) => void)[] };

export class Session {
  readonly engine: EngineClient;
  readonly replica: ReplicaView;
  /** Entries of the archive that were left out. */
  readonly skipped: Opened["skipped"];
  /** Where the replica lies on this machine; undefined if unknown. */
  readonly home: Opened["home"];
  /** Name of the file or folder that was opened. */
  readonly opened: string;
  /** Name of the replica for the reader: its path if that is known. */
  readonly name: string;
  readonly lanes: readonly Lane[];
  /** Whether moments have times that can be shown. */
  readonly hasTimes: boolean;
  /** What is counted. */
  readonly unit: Unit;
  /** How precisely times of moments are shown. */
  readonly precision: Precision;
  /** How precisely ends of ranges are shown. */
  readonly coarse: Precision;
  report: VerifyReport | undefined;
  /** Size and contents of the database at the playhead's moment; undefined until they are known. */
  size: SizeView | undefined;
  state: StateView | undefined;
  #place: Place | undefined;
  /** SQLite's answers about moments, by the moment's name. */
  readonly #integrity = new Map<string, IntegrityView>();
  /** Ranges whose two ends SQLite found corrupt, and whose inside it was not asked about. */
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
    this.unit = replica.timelines.some(({ files }) => files === "ltx") ? "moment" : "commit";
    this.coarse = precisionFor(typicalStep(replica));
    this.precision = this.coarse === "minute" ? "second" : this.coarse;
    const lane = firstLane(this.lanes);
    if (lane) {
      const last = lane.stops.length - 1;
      this.#place = { lane, stop: lane.stops.restorableFrom(last, -1) ?? last };
    }
  }

  /** Undefined if the replica has no moment at all. */
  get place(): Place | undefined {
    return this.#place;
  }

  get moment(): MomentId | undefined {
    return this.#place?.lane.stops.id(this.#place.stop);
  }

  /** Moves the playhead to a stop of a lane, or to the nearest one that there is. */
  moveTo(lane: Lane, stop: number): void {
    if (lane.stops.length === 0) return;
    const at = Math.min(Math.max(Math.round(stop), 0), lane.stops.length - 1);
    if (this.#place?.lane === lane && this.#place.stop === at) return;
    this.#place = { lane, stop: at };
    this.emit("move", this.#place);
  }

  /**
   * SQLite's answer about the database of a moment. Undefined: it was not asked; `doubtful`: it was not asked, but it found
   * moments before and after this one corrupt.
   */
  conditionOf({ lane, stop }: Place): IntegrityView["found"] | "doubtful" | undefined {
    const id = lane.stops.id(stop);
    const isWithin = this.#doubtful.some(
      ({ from, to }) =>
        from.generation === id.generation && comparePositions(from, id) <= 0 && comparePositions(id, to) <= 0,
    );
    return this.#integrity.get(nameOf(id))?.found ?? (isWithin ? "doubtful" : undefined);
  }

  /** SQLite's own message about a moment. */
  saidOf({ lane, stop }: Place): string | undefined {
    return this.#integrity.get(nameOf(lane.stops.id(stop)))?.message;
  }

  /** Notes SQLite's answer about a moment. */
  found(moment: MomentId, found: IntegrityView["found"], message?: string): void {
    const known = this.#integrity.get(nameOf(moment));
    if (known?.found === found && (known.message ?? message) === known.message) return;
    this.#integrity.set(nameOf(moment), { found, message });
    this.emit("integrity", undefined);
  }

  /** Takes over a report, with what SQLite said about the newest state of each generation. */
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

  /** Takes over what a search for a moment in order found; the search began at `asked`. */
  learn(asked: MomentId, { moment, broken }: SoundView): void {
    if (broken) {
      this.#doubtful.push({ from: broken, to: asked });
      this.found(broken, "corrupt");
    }
    this.found(moment, "ok");
  }

  /** Moves the playhead to a moment. False: it is not there; then to the last moment before it, on its timeline. */
  goTo(moment: MomentId): boolean {
    const lane = this.lanes.find(({ timeline }) => timeline.generation === moment.generation);
    if (!lane || lane.stops.length === 0) return false;
    const stop = Math.max(lane.stops.atOrBefore(moment), 0);
    this.moveTo(lane, stop);
    return comparePositions(lane.stops.id(stop), moment) === 0;
  }

  /** Moves the playhead to the last moment at or before a position of a generation. */
  moveToPosition(generation: string | undefined, position: Position): void {
    const lane = this.lanes.find(({ timeline }) => timeline.generation === generation) ?? this.#place?.lane;
    if (lane) this.moveTo(lane, lane.stops.atOrBefore(position));
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

/** The typical number of milliseconds between two segments: the median of a sample. */
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
