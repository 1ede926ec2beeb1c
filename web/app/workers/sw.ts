/**
 * The service worker keeps the page's own files, so that the page opens without a network. It never sees a backup: the page
 * reads that from the machine itself.
 */

interface Waiting extends Event {
  waitUntil(promise: Promise<unknown>): void;
}

interface Fetching extends Event {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}

interface Scope {
  readonly registration: { readonly scope: string };
  skipWaiting(): Promise<void>;
  readonly clients: { claim(): Promise<void> };
  addEventListener(type: "install" | "activate", listener: (event: Waiting) => void): void;
  addEventListener(type: "fetch", listener: (event: Fetching) => void): void;
}

const scope = globalThis as unknown as Scope;

/** The build writes this in: a version that changes with any file, and the paths of the files. */
const { version, files } = JSON.parse("__WALKIT_FILES__") as { version: string; files: string[] };

const PREFIX = "walkit-";
const NAME = PREFIX + version;

scope.addEventListener("install", (event) => {
  const keep = async () => {
    const cache = await caches.open(NAME);
    await cache.addAll(files.map((file) => new Request(file, { cache: "reload" })));
    await scope.skipWaiting();
  };
  event.waitUntil(keep());
});

scope.addEventListener("activate", (event) => {
  const tidy = async () => {
    for (const name of await caches.keys()) {
      if (name.startsWith(PREFIX) && name !== NAME) await caches.delete(name);
    }
    await scope.clients.claim();
  };
  event.waitUntil(tidy());
});

scope.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  const base = scope.registration.scope;
  if (request.method !== "GET" || !url.href.startsWith(base)) return;
  const path = url.pathname.slice(new URL(base).pathname.length);
  const isPage = request.mode === "navigate" && (path === "" || path === "index.html");
  if (!isPage && !files.includes(`./${path}`)) return;
  event.respondWith(isPage ? pageOf(request) : kept(request));
});

/** The page from the network; without a network, the one that is kept. */
async function pageOf(request: Request): Promise<Response> {
  try {
    const response = await fetch(request);
    if (response.ok) return response;
  } catch {
    // No network.
  }
  return (await caches.match("./")) ?? Response.error();
}

async function kept(request: Request): Promise<Response> {
  return (await caches.match(request, { ignoreSearch: true })) ?? fetch(request);
}
