/** The names of branches, wherever they are written: in paths, history files, on the command line. */

const GENERATION = /^[0-9a-f]{16}$/;

/** The name of the branch that a replica's LTX files are: a replica has one at the most, and its files do not name it. */
export const LTX_BRANCH = "ltx";

/** Whether `name` is that of a generation: 16 lowercase hex digits. */
export function isGenerationName(name: string): boolean {
  return GENERATION.test(name);
}

/** Whether `name` is that of a generation, or of the LTX files. */
export function isBranchName(name: string): boolean {
  return name === LTX_BRANCH || isGenerationName(name);
}

/**
 * The path of a file that walkit keeps beside a branch: `generations/386e2c145a976578.history`, where `prefix` is `generations/`;
 * for the LTX files in the folder that they lie below.
 */
export function pathBeside(prefix: string, branch: string, ending: string): string {
  const folder = branch === LTX_BRANCH ? rootAbove(prefix) : prefix;
  return `${folder}${branch}.${ending}`;
}

/** The folder, as a prefix, that `generations/` lies in; `prefix` itself where it is none of that name. */
export function rootAbove(prefix: string): string {
  return prefix.replace(/(^|\/)generations\/$/, "$1");
}
