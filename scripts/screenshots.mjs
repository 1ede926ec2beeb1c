// Pictures of the page, to be looked at: node scripts/screenshots.mjs [--real] [--axe] [part of a name …]
//
// Without --real the page talks to web/fake/engine.ts, whose replicas are made up; with it, to the real engine, and opens
// fixtures. --axe also asks axe-core about each state. They land in web/.screenshots/, which git does not see.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { extname, join, normalize } from "node:path";
import { chromium } from "playwright-core";

const OUTPUT = "web/.screenshots";
const FIXTURES = "test/fixtures/litestream-0.3";
const flags = process.argv.slice(2).filter((word) => word.startsWith("--"));
const wanted = process.argv.slice(2).filter((word) => !word.startsWith("--"));
const isReal = flags.includes("--real");
const page = isReal ? "dist/web" : `${OUTPUT}/fake-page`;

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
  ".webmanifest": "application/manifest+json",
};

const DESKTOP = { width: 1360, height: 900 };
const NARROW = { width: 360, height: 780 };
const PIECE = 1100;

const tab = (name) => (view) => view.getByRole("tab", { name }).click();
const rested = (view) => view.waitForSelector(".inspector:not(.stale)");
const press =
  (key, times = 1) =>
  async (view) => {
    await view.locator(".scrubber-range").focus();
    for (let i = 0; i < times; i++) await view.keyboard.press(key);
    await rested(view);
  };
const goTo = (time) => async (view) => {
  await view.locator(".go-to input").fill(time);
  await view.getByRole("button", { name: "Go", exact: true }).click();
  await rested(view);
};
const fixture = (name) => async (view) => {
  await view.locator('input[type="file"]:not([webkitdirectory])').setInputFiles(`${FIXTURES}/${name}.tar`);
};
const ready = async (view) => {
  await view.waitForSelector(".sign-plate:not(.checking)", { timeout: 30_000 });
  await rested(view);
};
const question = async (view) => {
  await tab("SQL")(view);
  const sql =
    "SELECT town, count(*) AS orders, sum(total) AS revenue\nFROM orders JOIN customers ON customers.id = customer_id\nGROUP BY town ORDER BY orders DESC;";
  await view.locator("textarea").fill(isReal ? "SELECT name, type FROM sqlite_schema;" : sql);
  await view.keyboard.press("Control+Enter");
  await view.waitForSelector(".sql-result table");
};
const badQuestion = async (view) => {
  await tab("SQL")(view);
  await view.locator("textarea").fill("SELECT * FORM orders;");
  await view.keyboard.press("Control+Enter");
  await view.waitForSelector(".sql-result .notice");
};
const asked = (sql) => async (view) => {
  await tab("SQL")(view);
  await view.locator("textarea").fill(sql);
  await view.keyboard.press("Control+Enter");
  await view.waitForSelector(".sql-result > *");
};
const findSound = async (view) => {
  await view.locator(".moment").getByRole("button", { name: "Find the newest moment in order" }).click();
  await view.waitForSelector(".sound-found");
  await rested(view);
};
const choose = (table) => (view) => view.locator(".table-list").getByText(table, { exact: true }).click();
const restore = async (view) => {
  await view.getByRole("button", { name: "Restore this moment" }).click();
  await view.waitForSelector(".restore .card");
};
const restored = async (view) => {
  await restore(view);
  await view.waitForSelector(".restore .card.good, .restore .card.bad");
};
const lookInto = (view) => view.getByRole("button", { name: "Look into it" }).click();
const zoom = (times) => async (view) => {
  for (let i = 0; i < times; i++) await view.getByRole("button", { name: "Zoom in" }).click();
};
const hover = (x, y) => async (view) => {
  const box = await view.locator(".area").boundingBox();
  await view.mouse.move(box.x + box.width * x, box.y + y);
};

// Name, what is opened, what is done then; `whole` takes the whole page, not only what is in sight.
const FAKE = [
  { name: "empty" },
  { name: "empty-failed", hash: "nothing", until: ".start-message" },
  { name: "several", hash: "several", until: ".chooser" },
  { name: "loading", hash: "healthy-slow-load", until: ".loading progress[value]", wait: 400 },
  { name: "checking", hash: "healthy-slow-verify", until: ".sign-bar[value]", wait: 600 },
  { name: "healthy", hash: "healthy", steps: [ready], whole: true },
  {
    name: "healthy-zoomed",
    hash: "healthy",
    steps: [ready, goTo("2026-11-12T10:15:00"), zoom(9), hover(0.4, 80)],
  },
  {
    name: "healthy-commits",
    hash: "healthy",
    steps: [ready, (view) => view.getByText("Commits", { exact: true }).click()],
  },
  { name: "branching", hash: "branching", steps: [ready, goTo("2026-11-17T10:15:00")], whole: true },
  { name: "branching-parent", hash: "branching", steps: [ready, press("ArrowUp", 3), hover(0.24, 90)] },
  { name: "damaged", hash: "damaged", steps: [ready], whole: true },
  { name: "damaged-moment", hash: "damaged", steps: [ready, goTo("2026-11-16T15:00:00"), hover(0.42, 60)] },
  { name: "lost", hash: "lost", steps: [ready] },
  { name: "untrusted", hash: "untrusted", steps: [ready, zoom(3)] },
  { name: "sql", hash: "healthy", steps: [ready, question] },
  { name: "sql-refused", hash: "healthy", steps: [ready, badQuestion] },
  {
    name: "changes",
    hash: "healthy",
    steps: [ready, press("ArrowLeft", 3), tab("What changed"), (view) => view.waitForSelector(".change")],
  },
  { name: "corrupt", hash: "healthy-corrupt", steps: [ready], whole: true },
  {
    name: "corrupt-searching",
    hash: "healthy-corrupt-slow-sound",
    steps: [ready, (view) => view.locator(".sign-side button").first().click()],
    wait: 700,
  },
  { name: "corrupt-found", hash: "healthy-corrupt", steps: [ready, findSound], whole: true },
  { name: "corrupt-restored", hash: "healthy-corrupt", steps: [ready, restored], whole: true },
  { name: "crowded", hash: "healthy-crowded", steps: [ready], whole: true },
  {
    name: "crowded-filtered",
    hash: "healthy-crowded",
    steps: [ready, (view) => view.getByRole("searchbox").fill("ent")],
  },
  { name: "missing", hash: "healthy-crowded", steps: [ready, choose("search")], whole: true },
  {
    name: "sql-several",
    hash: "healthy",
    steps: [
      ready,
      asked("UPDATE orders SET state = 'sent' WHERE state = 'packed';\nSELECT town FROM customers;"),
    ],
    whole: true,
  },
  { name: "sql-wide", hash: "healthy", steps: [ready, asked("SELECT * FROM wide")] },
  { name: "command", hash: "healthy", steps: [ready, tab("Command")] },
  { name: "restoring", hash: "healthy-slow-restore", steps: [ready, restore], wait: 700 },
  { name: "restored", hash: "healthy", steps: [ready, restored], whole: true },
  { name: "large", hash: "healthy-large", steps: [ready], whole: true },
  { name: "large-reading", hash: "healthy-large-slow-look", steps: [ready, lookInto], wait: 400 },
  { name: "large-restored", hash: "healthy-large-unproven", steps: [ready, restored], whole: true },
  { name: "busy", hash: "busy", steps: [ready] },
  { name: "many", hash: "many", steps: [ready] },
  {
    name: "nothing-inside",
    hash: "empty",
    steps: [(view) => view.waitForSelector(".sign-plate:not(.checking)")],
  },
];

const REAL = [
  {
    name: "example",
    steps: [(view) => view.getByRole("button", { name: "Try the built-in example" }).click(), ready],
    whole: true,
  },
  ...[
    ["dropped", "2026-11-18T16:41:12", "What changed"],
    ["overwritten", "2026-11-19T17:26:47", "What changed"],
    ["lost", "2026-11-17T16:00:00", "Tables"],
  ].map(([what, time, name]) => ({
    name: `example-${what}`,
    steps: [
      (view) => view.getByRole("button", { name: "Try the built-in example" }).click(),
      ready,
      (view) =>
        view
          .locator(".lane-label")
          .nth(what === "overwritten" ? 1 : 0)
          .click(),
      goTo(time),
      tab(name),
    ],
    wait: 900,
    whole: true,
  })),
  { name: "multi-generation", steps: [fixture("multi-generation"), ready], whole: true },
  {
    name: "multi-generation-changes",
    steps: [
      fixture("multi-generation"),
      ready,
      tab("What changed"),
      (view) => view.waitForSelector(".changes > *"),
    ],
  },
  { name: "multi-snapshot", steps: [fixture("multi-snapshot"), ready] },
  { name: "busy", steps: [fixture("busy"), ready] },
  { name: "app-checkpoints", steps: [fixture("app-checkpoints"), ready] },
  { name: "sql", steps: [fixture("multi-snapshot"), ready, question] },
  { name: "restored", steps: [fixture("multi-snapshot"), ready, restored] },
  // Steps from one WAL index to the next that nothing proves: no alarm; and those that the counter does not show.
  { name: "steps", steps: [fixture("multi-index"), ready, restored], whole: true },
  { name: "not-proven", steps: [fixture("page-512"), ready, restored], whole: true },
  ...[
    "missing-middle-segment",
    "flip-compressed",
    "snapshot-missing",
    "swapped-segments",
    "tail-uncommitted",
    "snapshot-newest-missing",
    "missing-first-segment",
  ].map((name) => ({
    name: `damaged-${name}`,
    steps: [fixture(`damaged/${name}`), (view) => view.waitForSelector(".sign-plate:not(.checking)")],
    wait: 500,
    whole: true,
  })),
];

const LOOKS = [
  { look: "light", viewport: DESKTOP, colorScheme: "light" },
  { look: "dark", viewport: DESKTOP, colorScheme: "dark" },
  { look: "narrow", viewport: NARROW, colorScheme: "light", hasTouch: true },
];

function serve(folder) {
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url, "http://x").pathname)).replace(
      /\/$/,
      "/index.html",
    );
    const file = join(folder, path);
    if (!existsSync(file)) return response.writeHead(404).end();
    response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream" });
    response.end(readFileSync(file));
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

async function violations(view) {
  const source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  // Through the debugger: the page's own policy lets no script in.
  await view.evaluate(source);
  return view.evaluate(async () => {
    const { violations: found } = await globalThis.axe.run(document, { resultTypes: ["violations"] });
    return found.map(
      ({ id, help, nodes }) =>
        `${id}: ${help}\n      ${nodes
          .slice(0, 4)
          .map(({ html, any }) => `${html.slice(0, 150)} ${any[0]?.message ?? ""}`)
          .join("\n      ")}`,
    );
  });
}

const build = spawnSync(
  "npx",
  ["vite", "build", "-c", "web/vite.config.ts", "--logLevel", "warn", ...(isReal ? [] : ["--mode", "fake"])],
  { stdio: "inherit" },
);
if (build.status !== 0) process.exit(1);
mkdirSync(OUTPUT, { recursive: true });
const server = await serve(page);
const address = `http://127.0.0.1:${server.address().port}/`;
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
let bad = 0;
for (const { look, ...options } of LOOKS) {
  for (const { name, hash, until, steps = [], wait = 150, whole = false } of isReal ? REAL : FAKE) {
    const file = `${isReal ? "real-" : ""}${name}-${look}`;
    if (wanted.length > 0 && !wanted.some((word) => file.includes(word))) continue;
    const context = await browser.newContext({
      ...options,
      timezoneId: "Europe/Berlin",
      serviceWorkers: "block",
      reducedMotion: "reduce",
    });
    const view = await context.newPage();
    // No picker in here: restored files take the way of browsers without one.
    await view.addInitScript(() => {
      delete globalThis.showSaveFilePicker;
      delete globalThis.showDirectoryPicker;
    });
    view.on(
      "console",
      (message) =>
        !/^info|blocked by Playwright/.test(`${message.type()} ${message.text()}`) &&
        console.log(`${file}: ${message.type()}: ${message.text()}`),
    );
    view.on("pageerror", (error) => console.log(`${file}: ${error.stack}`));
    try {
      await view.goto(address + (hash ? `#replica=${hash}` : ""));
      if (until) await view.waitForSelector(until, { timeout: 10_000 });
      for (const step of steps) await step(view);
    } catch (error) {
      console.log(`${file}: ${error.message.split("\n")[0]}`);
      bad++;
    }
    await view.waitForTimeout(wait);
    // A long narrow page in pieces: as one it could not be looked at.
    const pieces =
      whole && look === "narrow"
        ? Math.ceil((await view.evaluate(() => document.documentElement.scrollHeight)) / PIECE)
        : 1;
    for (let i = 0; i < pieces; i++) {
      const clip = pieces > 1 ? { x: 0, y: i * PIECE, width: NARROW.width, height: PIECE } : undefined;
      await view.screenshot({
        path: `${OUTPUT}/${file}${i > 0 ? `-${i + 1}` : ""}.png`,
        fullPage: whole,
        clip,
      });
    }
    const across = await view.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    if (across > 0) console.log(`${file}: ${across} px wider than the screen`);
    if (flags.includes("--axe")) {
      for (const violation of await violations(view)) {
        bad++;
        console.log(`${file}: axe: ${violation}`);
      }
    }
    await context.close();
  }
}
await browser.close();
server.close();
process.exitCode = bad > 0 ? 1 : 0;
