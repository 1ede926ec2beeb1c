// The suite on the runtime that runs this file: Node, Deno, Bun.
import { readdirSync, readFileSync } from "node:fs";
import * as core from "../../dist/index.js";
import * as lz4 from "../../dist/lz4/index.js";
import * as timeline from "../../dist/timeline/index.js";
import * as web from "../../dist/web.js";
import { conformance } from "./suite.mjs";

const fixtures = new URL("../fixtures/litestream-0.3/", import.meta.url);
const names = ["", "damaged/"].flatMap((folder) =>
  readdirSync(new URL(folder, fixtures))
    .filter((name) => name.endsWith(".tar"))
    .map((name) => folder + name.slice(0, -4))
    .sort(),
);
const read = async (path) => new Uint8Array(readFileSync(new URL(path, fixtures)));
const { passed, failed } = await conformance({ core, timeline, lz4, web }, read, names);
console.log(`${passed} checks passed, ${failed.length} failed`);
for (const line of failed.slice(0, 20)) console.log(`  ${line}`);
if (failed.length > 0) process.exitCode = 1;
