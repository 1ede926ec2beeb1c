/**
 * What is open, and what is shown of it. A replica stays open until another one has been opened. If that fails, the first one is
 * still there, and Back returns to it.
 */

import { h, nextFrame, nextTask, prefersStillness, replace } from "./dom/dom.ts";
import { icon } from "./dom/icons.ts";
import { loadingPage } from "./loading.ts";
import type { FoundReplica, Opened, Source } from "./protocol/protocol.ts";
import { type ReplicaPage, replicaName, replicaPage } from "./replica-page.ts";
import { mayClose } from "./session/leave.ts";
import { Session } from "./session/session.ts";
import { keepHandle, keptHandle, mayRead } from "./sources/kept-handles.ts";
import { handleOfSource, sourceOfHandle } from "./sources/sources.ts";
import { hashOf, idOfSource, type Spot, sourceOfSpot, spotOf } from "./sources/spot.ts";
import { chooserPage, noteCard, refusalCard, type StartNote, startPage } from "./start.ts";
import { t } from "./strings/strings.ts";
import { refusalOf } from "./words/things.ts";
import { EngineClient, isAbort } from "./workers/engine-client.ts";

/** Milliseconds that the playhead rests before the address says where it is: browsers limit how often that may change. */
const REST = 250;

interface Open {
  /** The address of the source, and of the replica in it. */
  spot: Pick<Spot, "id" | "name" | "within">;
  engine: EngineClient;
  session: Session;
  page: ReplicaPage;
  title: string;
  scroll: number;
}

export class App {
  readonly #main: HTMLElement;
  readonly #head: HTMLElement;
  readonly #another = h(
    "button",
    { type: "button", hidden: true, on: { click: () => this.#leave() } },
    t.openAnother,
  );
  readonly #back = h("button", { type: "button", hidden: true, on: { click: () => history.back() } });
  /** Stays until another replica is open, also while the empty page is shown. */
  #open: Open | undefined;
  #isShown = false;
  #opening: AbortController | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** All sources that were opened since the page was loaded, by id: Back can lead to any of them. */
  readonly #sources = new Map<string, Source>();
  /** The address's spot, while the page waits for the person to open its source again. */
  #wanted: Spot | undefined;

  constructor(main: HTMLElement, head: HTMLElement, tools: HTMLElement) {
    this.#main = main;
    this.#head = head;
    tools.append(this.#back, this.#another);
    addEventListener("popstate", () => void this.go());
    addEventListener("pagehide", () => this.#noteNow());
  }

  /** Draws again in the colours of a new theme. */
  recolour(): void {
    this.#open?.page.recolour();
  }

  /** Opens, or shows, what the address says. */
  async go(): Promise<void> {
    clearTimeout(this.#timer);
    this.#opening?.abort();
    this.#wanted = undefined;
    const spot = spotOf(location.hash, history.state);
    if (!spot) {
      this.#showStart();
      return;
    }
    if (this.#open && isSamePlace(this.#open.spot, spot)) {
      this.#showOpen();
      if (spot.moment) this.#open.session.goTo(spot.moment);
      return;
    }
    const source = sourceOfSpot(spot) ?? this.#sources.get(spot.id);
    if (source) {
      await this.open(source, spot);
      return;
    }
    const handle = await keptHandle(spot.id);
    if (handle && (await mayRead(handle, false))) {
      await this.#openHandle(handle, spot);
      return;
    }
    this.#wanted = spot;
    if (!handle) {
      this.#showStart(dropAgain(spot));
      return;
    }
    const again = async () => {
      if (await mayRead(handle, true)) await this.#openHandle(handle, spot);
    };
    this.#showStart(openAgain(spot.name ?? handle.name, () => void again()));
  }

  async #openHandle(handle: FileSystemDirectoryHandle | FileSystemFileHandle, spot: Spot): Promise<void> {
    let source: Source;
    try {
      source = await sourceOfHandle(handle);
    } catch {
      this.#wanted = spot;
      const name = spot.name ?? handle.name;
      this.#showStart({ element: noteCard(t.dropAgainTitle(name), t.movedAway(name)) });
      return;
    }
    await this.open(source, spot);
  }

  /** Opens a source. `spot`: the source's place in the address, if the address named it; it also says where to go in it. */
  async open(source: Source, spot?: Spot): Promise<void> {
    if (!mayClose()) {
      if (spot && this.#open) {
        this.#showOpen();
        this.#write(this.#open, true);
      }
      return;
    }
    this.#noteNow();
    this.#opening?.abort();
    const opening = new AbortController();
    this.#opening = opening;
    const { signal } = opening;
    const engine = new EngineClient();
    // If an address leads nowhere, the replica that was open before is not shown in its place.
    const showBefore = (card?: HTMLElement) => {
      if (this.#isShown && this.#open && !spot) this.#showOpen(card);
      else this.#showStart(card && { element: card });
    };
    const cancel = () => {
      opening.abort();
      engine.close();
      showBefore();
    };
    const loading = loadingPage(nameOf(source), cancel);
    this.#show(loading.elements);
    try {
      loading.show(0);
      const opened = await engine.call("open", [source], { signal, onProgress: (p) => loading.show(0, p) });
      const wanted = spot ?? this.#wanted;
      const found = await this.#choose(opened, wanted?.within, cancel, signal);
      loading.show(1);
      const replica = await engine.call("load", [found], { signal, onProgress: (p) => loading.show(1, p) });
      // With pauses between them: each of these steps takes long with a hundred thousand segments.
      await nextTask();
      const session = new Session(engine, replica, opened);
      await nextTask();
      const isThere = wanted?.moment === undefined || session.goTo(wanted.moment);
      const page = replicaPage(session);
      await nextTask();
      signal.throwIfAborted();
      // If this is the source that the page waited for, it takes over that spot's id.
      const place = spot ?? (isThere ? this.#wanted : undefined);
      const id = place?.id ?? idOfSource(source);
      const within = opened.replicas.length > 1 ? found.path : undefined;
      const open: Open = {
        spot: { id, name: opened.name, within },
        ...{ engine, session, page, scroll: 0 },
        title: t.titleOf(session.name),
      };
      this.#open?.engine.close();
      this.#open = open;
      this.#wanted = undefined;
      this.#sources.set(id, source);
      const handle = handleOfSource(source);
      if (handle) void keepHandle(id, handle);
      this.#write(open, place === undefined);
      session.on("move", () => this.#noteSoon());
      await this.#showFresh(open, isThere || (!spot && wanted?.name !== opened.name));
    } catch (error) {
      engine.close();
      if (isAbort(error) || signal.aborted) return;
      showBefore(refusalCard(refusalOf(error)));
    } finally {
      if (this.#opening === opening) this.#opening = undefined;
    }
  }

  /** Says why something dropped cannot be opened. */
  refuse(error: unknown): void {
    const card = refusalCard(refusalOf(error));
    if (this.#isShown && this.#open) this.#showOpen(card);
    else this.#showStart({ element: card });
  }

  async #choose(
    { replicas, name }: Opened,
    within: string | undefined,
    cancel: () => void,
    signal: AbortSignal,
  ): Promise<FoundReplica> {
    const [first, other] = replicas;
    const known = replicas.find(({ path }) => path === within);
    if (known) return known;
    if (first && !other) return first;
    const loading = [...this.#main.children] as HTMLElement[];
    const found = await new Promise<FoundReplica>((resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      this.#show(chooserPage(name, replicas, (i) => resolve(replicas[i]!), cancel));
    });
    this.#show(loading);
    return found;
  }

  async #showFresh(open: Open, isThere: boolean): Promise<void> {
    this.#isShown = true;
    this.#frame(open);
    replace(this.#main, !isThere && this.#told(h("p", {}, t.momentGone)));
    scrollTo({ top: 0, behavior: prefersStillness() ? "auto" : "smooth" });
    // The parts are laid out and drawn one by one. Only then does the check begin, which would slow this down.
    for (const element of open.page.elements) {
      if (this.#open !== open || !this.#isShown) break;
      this.#main.append(element);
      await nextFrame();
    }
    open.page.begin();
  }

  /** Shows the open replica as the person left it; `card`: a message above it. */
  #showOpen(card?: HTMLElement): void {
    const open = this.#open!;
    const [first] = open.page.elements;
    if (!first || !this.#main.contains(first)) {
      this.#isShown = true;
      this.#frame(open);
      replace(this.#main, ...open.page.elements);
      scrollTo({ top: card ? 0 : open.scroll, behavior: "instant" });
    }
    if (!card) return;
    card.append(h("p", { class: "quiet" }, t.stillOpen(open.session.name)));
    this.#main.prepend(this.#told(card));
  }

  #frame({ session, title }: Open): void {
    document.title = title;
    replace(this.#head, replicaName(session));
    this.#another.hidden = false;
    this.#back.hidden = true;
    document.body.classList.add("open");
  }

  #showStart(note?: StartNote): void {
    this.#isShown = false;
    document.title = t.title;
    this.#show(startPage((source) => void this.open(source), note));
    if (!this.#open) return;
    const { name } = this.#open.session;
    replace(this.#back, icon("previous", 16), t.backTo(name));
    this.#back.hidden = false;
  }

  /** Shows other elements than the open replica's, which stay as they are. */
  #show(elements: HTMLElement[]): void {
    const open = this.#open;
    if (open && this.#main.contains(open.page.elements[0]!)) open.scroll = scrollY;
    replace(this.#main, ...elements);
    replace(this.#head, h("p", { class: "quiet slogan" }, t.slogan));
    this.#another.hidden = true;
    this.#back.hidden = true;
    document.body.classList.remove("open");
  }

  /** Goes to the empty page. Back leads from there to the replica. */
  #leave(): void {
    this.#noteNow();
    history.pushState({}, "", location.pathname + location.search);
    this.#showStart();
    scrollTo({ top: 0, behavior: "instant" });
  }

  #noteSoon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#noteNow(), REST);
  }

  /** Writes the playhead's moment into the address, if the replica is shown. */
  #noteNow(): void {
    clearTimeout(this.#timer);
    if (this.#open && this.#isShown) this.#write(this.#open, false);
  }

  /** Writes the address. `isNew`: as a new history entry, from which Back leads to the one before. */
  #write({ spot, session }: Open, isNew: boolean): void {
    const hash = hashOf({ ...spot, moment: session.moment });
    const state = { name: spot.name };
    try {
      if (isNew) history.pushState(state, "", hash);
      else history.replaceState(state, "", hash);
    } catch {
      // Too often for this browser. The next rest writes it again.
    }
  }

  /** A box for a message above the replica, with a button that removes it. It replaces an older message. */
  #told(content: HTMLElement): HTMLElement {
    for (const old of this.#main.querySelectorAll(".told")) old.remove();
    const close = h("button", { type: "button", on: { click: () => box.remove() } }, t.dismiss);
    const box = h("div", { class: "told" }, content, close);
    return box;
  }
}

function isSamePlace(open: Open["spot"], { id, within }: Spot): boolean {
  return open.id === id && (within === undefined || within === open.within);
}

function nameOf(source: Source): string {
  switch (source.kind) {
    case "example":
      return t.theExample;
    case "files":
      return source.name;
    case "archive":
      return source.file.name;
    case "directory":
      return source.handle.name;
    case "served":
      return decodeURIComponent(new URL(source.url).pathname.split("/").filter(Boolean).at(-1) ?? source.url);
  }
}

/** The browser kept the handle, and lets the page use it after a click. */
function openAgain(name: string, again: () => void): StartNote {
  return {
    element: noteCard(t.openAgainTitle(name), t.openAgainText),
    button: { label: t.openAgain(name), click: again },
  };
}

/** The browser kept no handle: the person has to drop or choose the source again. */
function dropAgain({ name, moment }: Spot): StartNote {
  const title = t.dropAgainTitle(name ?? t.whatYouHadOpen);
  return { element: noteCard(title, t.dropAgainText(moment !== undefined)) };
}
