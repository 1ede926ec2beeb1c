/**
 * SQLite's check by the engine of the runtime that runs this: `engine.mjs <folder>`, with databases.json in it. The verdicts
 * are those that must be, the files stay as they were, nothing is left beside them. Plain JavaScript over `dist/`.
 */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const load = (path) => import(new URL(`../../dist/${path}`, import.meta.url));
const [{ checkFileIntegrity }, { hasEngine, runtimeName }] = await Promise.all([
  load("sqlite/file.js"),
  load("sqlite/engine.js"),
]);
const VERDICTS = { "database/integrity": "damaged", "database/integrity-skipped": "skipped" };
const folder = process.argv[2];
const databases = JSON.parse(readFileSync(join(folder, "databases.json"), "utf8"));
const listed = readdirSync(folder).sort().join();
const engine = hasEngine();
// sql.js has no FTS5, Node before 22.15 no full-text search at all.
const sees = engine && !/^Node 22\.1[34]\./.test(runtimeName());
const wrong = [];
for (const { name, verdict, blind } of databases) {
  const path = join(folder, `${name}.db`);
  const before = readFileSync(path);
  const found = await checkFileIntegrity(path, "full").then(
    () => ["ok"],
    ({ code, message }) => [VERDICTS[code] ?? `threw ${code}`, message],
  );
  const allowed = sees ? [verdict] : [verdict, blind];
  if (!allowed.includes(found[0])) wrong.push(`${name}: expected ${verdict}, found ${found.join(": ")}`);
  if (!before.equals(readFileSync(path))) wrong.push(`${name}: its bytes were changed`);
  const now = readdirSync(folder).sort().join();
  if (now !== listed) wrong.push(`${name}: left ${now}`);
}
for (const line of wrong) console.error(line);
console.log(`${runtimeName()}: ${engine ? "its own SQLite" : "sql.js"}, ${databases.length} databases`);
process.exitCode = wrong.length > 0 || databases.length === 0 ? 1 : 0;
