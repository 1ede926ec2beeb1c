/** The examples of the documentation, executed. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { afterAll, expect, it } from "vitest";
import { unpack } from "./cli/support.ts";
import { readFixture, readManifest, sha256 } from "./support/fixtures.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "walkit-docs-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function examplesIn(path: string): string[] {
  const text = readFileSync(join(ROOT, path), "utf8");
  return [...text.matchAll(/```ts\n(.*?)```/gs)].map((match) => match[1]!);
}

/** Runs the code as a module; what it names `tell` is what comes of it. */
async function run(code: string, name: string): Promise<unknown> {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: ROOT, loader: "ts" },
    alias: { walkit: join(ROOT, "src/index.ts"), "walkit/node": join(ROOT, "src/node.ts") },
    bundle: true,
    write: false,
    format: "esm",
    platform: "node",
    external: ["sql.js"],
  });
  const file = join(folder, `${name}.mjs`);
  writeFileSync(file, outputFiles[0]!.text);
  return ((await import(pathToFileURL(file).href)) as { tell: unknown }).tell;
}

it("README: verifies and restores", async () => {
  const [code] = examplesIn("README.md");
  const output = join(folder, "app.db");
  const { restores } = readManifest("basic");
  const wanted = restores.find((one) => one.timestampNs !== undefined && one.db)!;
  const time = `${new Date(Number(BigInt(wanted.timestampNs!) / 1_000_000n)).toISOString()}`;
  expect(code).toContain(`"/backups/app"`);
  const changed = code!
    .replace(`"/backups/app"`, JSON.stringify(unpack("basic")))
    .replace(
      /parseTime\("[^"]*"\)/,
      `(parseTime(${JSON.stringify(time)}) + ${BigInt(wanted.timestampNs!) % 1_000_000n}n)`,
    )
    .replace(`"app.db"`, JSON.stringify(output));
  expect(await run(`${changed}\nexport const tell = report.status;`, "readme")).toBe("ok");
  expect(sha256(readFileSync(output))).toBe(wanted.db!.sha256);
});

it("architecture: a storage, and a fold over what is in it", async () => {
  const [storage, fold] = examplesIn("docs/architecture.md") as [string, string];
  const files = new Map([...readFixture("basic").files].map(([path, { data }]) => [path, data]));
  Object.assign(globalThis, { filesOfTheExample: files });
  expect(storage).toContain("new Map<string, Uint8Array>()");
  const code = `${storage}\n${fold}`.replace("new Map<string, Uint8Array>()", "globalThis.filesOfTheExample");
  const tell = await run(
    `${code}\nexport const tell = [report.status, busiest.commits.get(1)];`,
    "architecture",
  );
  const [status, times] = tell as [string, number];
  expect(status).toBe("ok");
  expect(times).toBeGreaterThan(3);
});
