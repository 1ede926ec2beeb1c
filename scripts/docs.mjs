// Writes docs/findings.md from the table of codes, so that there is one place where the contract stands.
// With --check it only says whether the page is up to date.
import { readFileSync, writeFileSync } from "node:fs";
import { RULES } from "../dist/words/index.js";

const rows = Object.entries(RULES)
  .map(([code, { severity, meaning, action }]) => `| \`${code}\` | ${severity} | ${meaning} | ${action} |`)
  .join("\n");

const page = `# Findings and errors

Every finding of \`walkit verify\`, every error of \`walkit restore\`, and every \`WalkitError\` of the library has one of
these codes. They are a contract: a code keeps its meaning, and is added or changed on purpose only, with a line in the
changelog. Messages are for people, and may change.

| severity | means | \`verify\` ends with |
|---|---|---|
| damage | bytes that are not right, or a moment that can no longer be brought back completely | \`damaged\`, exit code 1 |
| inconclusive | walkit could not find out | \`inconclusive\`, exit code 3 |
| warning | odd, and worth knowing, but nothing is lost by it | \`ok\`, exit code 0 |
| info | worth a line | \`ok\`, exit code 0 |

The severity below is the usual one. Where nothing depends on a file (WAL from before the first snapshot), damage to it is a
warning; where a restore found another way, so is what it had to avoid; and so is SQLite's check where it could not be made, unless
it was asked for by name.

| code | severity | what it means | what to do |
|---|---|---|---|
${rows}
`;

const path = new URL("../docs/findings.md", import.meta.url);
if (process.argv.includes("--check")) {
  if (readFileSync(path, "utf8") !== page) {
    console.error("docs/findings.md is not up to date: npm run docs");
    process.exit(1);
  }
} else {
  writeFileSync(path, page);
}
