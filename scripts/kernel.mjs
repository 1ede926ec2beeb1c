// Compiles the kernel (src/kernel/assembly) and writes it, as base64, to src/kernel/wasm.ts, so that the package holds no
// binary file and loads none. With --check: only says whether what is there is what the sources compile to.
import { readFileSync, writeFileSync } from "node:fs";
import asc from "assemblyscript/asc";

const TARGET = "src/kernel/wasm.ts";
const OPTIONS = [
  "-O3",
  "--noAssert",
  "--runtime=stub",
  "--importMemory",
  "--noExportMemory",
  "--enable=simd,bulk-memory",
];

let wasm;
const { error, stderr } = await asc.main(
  ["src/kernel/assembly/index.ts", "--outFile", "kernel.wasm", ...OPTIONS],
  { writeFile: (_, contents) => (wasm = contents) },
);
if (error) {
  console.error(stderr.toString());
  throw error;
}
const text = `// Made by scripts/kernel.mjs from assembly/: ${wasm.length} bytes of WebAssembly. Not to be changed by hand.

export const KERNEL: string =
${Buffer.from(wasm)
  .toString("base64")
  .match(/.{1,100}/g)
  .map((line) => `  "${line}"`)
  .join(" +\n")};
`;
if (!process.argv.includes("--check")) writeFileSync(TARGET, text);
else if (readFileSync(TARGET, "utf8") !== text) {
  console.error(`${TARGET} is not what src/kernel/assembly compiles to: npm run kernel`);
  process.exit(1);
}
