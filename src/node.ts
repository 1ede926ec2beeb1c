/** walkit on Node (and Deno, Bun): replicas in directories, databases into files. */
export { type RestoreFileOptions, restoreFile, restoreThrough } from "./restore/file.ts";
export { checkIntegrityInThread } from "./sqlite/thread.ts";
export { DirectoryStorage } from "./storage/directory.ts";
export { openReplica, type Replica } from "./storage/locate.ts";
export { openThreads } from "./threads/node.ts";
