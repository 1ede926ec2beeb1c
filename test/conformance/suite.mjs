// What every runtime must do alike, with the built library and no test runner. What is expected was recorded by others: the real
// Litestream, the reference library of LTX, an independent decoder. Runs where there are only Web APIs: whoever calls it has a way
// to read a fixture, and says which there are, since a browser lists no folders.
import { generations } from "./generations.mjs";
import { litefs } from "./litefs.mjs";
import { ltxFiles } from "./ltx-files.mjs";
import { ltxReplicas } from "./ltx-replicas.mjs";
import { show } from "./tools.mjs";

/**
 * Runs the suite.
 *
 * @param read gets a file's bytes by its path in `test/fixtures`
 * @param paths all that there is in `test/fixtures`
 * @returns how many checks held, and what failed
 */
export async function conformance(read, paths) {
  const failed = [];
  let passed = 0;
  const check = (what, found, expected) => {
    if (expected === undefined) throw new TypeError(`Expected something to hold ${what} against`);
    if (show(found) === show(expected)) passed++;
    else failed.push(`${what}: expected ${show(expected)}, found ${show(found)}`);
  };
  const readJson = async (path) => JSON.parse(new TextDecoder().decode(await read(path)));
  // Generations first: what reads LTX files is loaded by the first replica that has some.
  for (const part of [generations, ltxReplicas, litefs, ltxFiles]) {
    try {
      await part({ check, read, readJson, paths });
    } catch (error) {
      failed.push(`${part.name}: ended with ${error}`);
    }
  }
  return { passed, failed };
}
