/** Reads the database of a moment when the playhead has come to rest there. */

import type { MomentId, Progress, SizeView, StateView } from "../app/protocol/protocol.ts";
import type { Session } from "../app/session/session.ts";
import { isAbort } from "../app/workers/engine-client.ts";

/** Milliseconds that the playhead rests before the database is read. */
const REST = 150;
/** Milliseconds that a database is shown before SQLite checks it. */
const STAY = 250;

export interface LoaderEvents {
  /** The playhead has moved: what is shown belongs to another moment. */
  onLeave: () => void;
  onProgress: (progress: Progress) => void;
  onState: (state: StateView) => void;
  /** The database is too large to be read unasked. `isAsked`: the person asked, and it is being read. */
  onLarge: (size: SizeView, isAsked: boolean) => void;
  /** The moment cannot be restored (`error` is undefined), or reading it failed. */
  onNothing: (error: unknown) => void;
}

export class Loader {
  readonly #session: Session;
  readonly #events: LoaderEvents;
  #abort = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Whether large databases are read at every moment, as small ones are. */
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

  /** Reads the database of the playhead's moment even if it is large. */
  ask(): void {
    this.#abort.abort();
    void this.#look(true);
  }

  /** Ends the reading of a large database. */
  cancel(): void {
    this.#abort.abort();
    this.everywhere = false;
    if (this.#session.size) this.#events.onLarge(this.#session.size, false);
  }

  /** Has SQLite check the moment's database, after the playhead has stayed a while. */
  async #check(moment: MomentId, signal: AbortSignal): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, STAY));
    try {
      const integrity = await this.#session.engine.call("check", [moment], { signal });
      if (integrity) this.#session.found(moment, integrity.found, integrity.message);
    } catch {
      // The database is shown without this check. A fault in the files would have failed the reading before it.
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
