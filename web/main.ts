/** Opens what is dropped, chosen or named in the address, and shows one page after the other. */

import { h, nextFrame, nextTask, prefersStillness, replace } from "./dom.ts";
import { EngineClient, isAbort } from "./engine-client.ts";
import { loadingPage } from "./loading.ts";
import type { FoundReplica, Opened, Source } from "./protocol.ts";
import { type ReplicaPage, replicaName, replicaPage } from "./replica-page.ts";
import { Session } from "./session.ts";
import { sourceOfDrop, sourceOfHash } from "./sources.ts";
import { chooserPage, type StartMessage, startPage } from "./start.ts";
import { t } from "./strings.ts";
import { themeSwitch } from "./theme.ts";
import { failureWords } from "./words.ts";

const main = document.querySelector("main")!;
const head = document.querySelector<HTMLElement>(".head-name")!;
const tools = document.querySelector<HTMLElement>(".head-tools")!;

let engine: EngineClient | undefined;
let opening: AbortController | undefined;
let page: ReplicaPage | undefined;

const another = h(
  "button",
  { type: "button", hidden: true, on: { click: () => showStart() } },
  t.openAnother,
);
tools.append(
  another,
  themeSwitch(() => page?.recolour()),
);

function show(elements: HTMLElement[], name?: HTMLElement): void {
  replace(main, ...elements);
  replace(head, name ?? h("p", { class: "quiet slogan" }, t.slogan));
  another.hidden = !name;
  document.body.classList.toggle("open", name !== undefined);
}

function showStart(message?: StartMessage): void {
  opening?.abort();
  engine?.close();
  engine = undefined;
  page = undefined;
  document.title = t.title;
  show(startPage((source) => void open(source), message));
}

async function open(source: Source): Promise<void> {
  showStart();
  opening = new AbortController();
  const { signal } = opening;
  const name = nameOf(source);
  const loading = loadingPage(name, () => showStart());
  show(loading.elements);
  engine = new EngineClient();
  try {
    loading.show(0);
    const opened = await engine.call("open", [source], { signal, onProgress: (p) => loading.show(0, p) });
    const [only, other] = opened.replicas;
    if (!only) showStart(nothingFound(opened));
    else if (!other) await load(engine, only, opened, signal);
    else {
      const pick = (i: number) => {
        show(loading.elements);
        void load(engine!, opened.replicas[i]!, opened, signal);
      };
      show(chooserPage(opened.name, opened.replicas, pick, () => showStart()));
    }
  } catch (error) {
    fail(error);
  }

  async function load(
    client: EngineClient,
    found: FoundReplica,
    opened: Opened,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      loading.show(1);
      const replica = await client.call("load", [found], { signal, onProgress: (p) => loading.show(1, p) });
      // Piece by piece: of a hundred thousand segments each of these takes its time.
      await nextTask();
      const session = new Session(client, replica, opened.skipped);
      await nextTask();
      document.title = t.titleOf(replica.name || opened.name);
      const fresh = replicaPage(session);
      await nextTask();
      if (signal.aborted) return;
      page = fresh;
      show([], replicaName(session));
      scrollTo({ top: 0, behavior: prefersStillness() ? "auto" : "smooth" });
      // Laid out and drawn part by part, and only then is there work that would take the processor away from that.
      for (const element of page.elements) {
        main.append(element);
        await nextFrame();
        if (signal.aborted) return;
      }
      page.begin();
    } catch (error) {
      fail(error);
    }
  }

  function fail(error: unknown): void {
    if (isAbort(error)) return;
    showStart(failureWords(error));
  }
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

function nothingFound({ name, skipped }: Opened): StartMessage {
  const [first] = skipped;
  const text = first
    ? t.nothingFoundSkipped(name, skipped.length, first.path, first.reason)
    : t.nothingFound(name);
  return { title: t.notAReplica, text, action: t.whatToOpen };
}

function takeDrops(): void {
  let depth = 0;
  const mark = () => document.body.classList.toggle("dropping", depth > 0);
  const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
  addEventListener("dragenter", (event) => {
    if (!hasFiles(event)) return;
    depth++;
    mark();
  });
  addEventListener("dragleave", () => {
    depth = Math.max(depth - 1, 0);
    mark();
  });
  addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    if (event.dataTransfer) event.dataTransfer.dropEffect = "copy";
  });
  addEventListener("drop", (event) => {
    depth = 0;
    mark();
    if (!event.dataTransfer || !hasFiles(event)) return;
    event.preventDefault();
    sourceOfDrop(event.dataTransfer).then(
      (source) => source && void open(source),
      (error) => showStart(failureWords(error)),
    );
  });
}

function openAddress(): void {
  const source = sourceOfHash(location.hash);
  if (source) void open(source);
  else if (!page) showStart();
}

takeDrops();
addEventListener("hashchange", () => {
  if (location.hash.includes("replica=")) openAddress();
});
openAddress();
// What `walkit ui` serves is on this machine already.
if (import.meta.env.PROD && "serviceWorker" in navigator && !sourceOfHash(location.hash)) {
  void navigator.serviceWorker.register("./sw.js").catch(() => undefined);
}
