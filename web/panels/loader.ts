/** Reads the database of the moment at which the playhead has come to rest. */

import type { MomentId, Progress, SizeView, StateView } from "../app/protocol/protocol.ts";
import type { Session } from "../app/session/session.ts";
import { isAbort } from "../app/workers/engine-client.ts";

const REST = 150;
/** Milliseconds after which a moment that is shown is given to SQLite to check. */
const STAY = 250;

export interface LoaderEvents {
  /** The playhead has left a moment: what is shown is not of the one it points to. */
  onLeave: () => void;
  onProgress: (progress: Progress) => void;
  onState: (state: StateView) => void;
  /** It is larger than is looked into unasked; `isAsked`: it is looked into now. */
  onLarge: (size: SizeView, isAsked: boolean) => void;
  /** It cannot be restored, or reading it failed. */
  onNothing: (error: unknown) => void;
}

export class Loader {
  readonly #session: Session;
  readonly #events: LoaderEvents;
  #abort = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Large databases are looked into as well, at each moment. */
  everywhere = false;

  constructor(session: Session, events: LoaderEvents) {
    this.#session = session;
    this.#events = events;
    session.on("move", () => this.#wait(REST));
  }

  start(): void {
    this.#wait(0);
  }

  #wait(milliseconds: number): void {
    this.#abort.abort();
    clearTimeout(this.#timer);
    this.#session.size = undefined;
    this.#session.state = undefined;
    this.#session.emit("state", undefined);
    this.#events.onLeave();
    this.#timer = setTimeout(() => void this.#look(), milliseconds);
  }

  /** Looks into the moment of the playhead, however large it is. */
  ask(): void {
    this.#abort.abort();
    void this.#look(true);
  }

  /** Ends a look that was asked for. */
  cancel(): void {
    this.#abort.abort();
    this.everywhere = false;
    if (this.#session.size) this.#events.onLarge(this.#session.size, false);
  }

  /** What SQLite says of the moment, once somebody stays there. */
  async #check(moment: MomentId, signal: AbortSignal): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, STAY));
    try {
      const integrity = await this.#session.engine.call("check", [moment], { signal });
      if (integrity) this.#session.found(moment, integrity.found, integrity.message);
    } catch {
      // It is shown all the same; what is wrong with it the look itself would have said.
    }
  }

  async #look(isAsked = this.everywhere): Promise<void> {
    const { place, moment, engine } = this.#session;
    if (!place || !moment || !place.lane.stops.isRestorable(place.stop)) {
      this.#events.onNothing(undefined);
      return;
    }
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    try {
      const options = { signal, onProgress: this.#events.onProgress };
      const size = await engine.call("size", [moment], options);
      this.#session.size = size;
      this.#session.emit("size", size);
      if (size.look === "asked") {
        this.#events.onLarge(size, isAsked);
        if (!isAsked) return;
      }
      const state = await engine.call("look", [moment], options);
      this.#session.state = state;
      this.#events.onState(state);
      this.#session.emit("state", state);
      await this.#check(moment, signal);
    } catch (error) {
      if (!isAbort(error)) this.#events.onNothing(error);
    }
  }
}
