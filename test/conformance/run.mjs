// The suite on the runtime that runs this file: Node, Deno, Bun.
import { readdirSync, readFileSync } from "node:fs";
import { conformance } from "./suite.mjs";

const fixtures = new URL("../fixtures/", import.meta.url);
const paths = readdirSync(fixtures, { recursive: true });
const read = async (path) => new Uint8Array(readFileSync(new URL(path, fixtures)));
const { passed, failed } = await conformance(read, paths);
console.log(`${passed} checks passed, ${failed.length} failed`);
for (const line of failed.slice(0, 20)) console.log(`  ${line}`);
if (failed.length > 0) process.exitCode = 1;
