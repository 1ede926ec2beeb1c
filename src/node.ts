/** walkit on Node (and Deno, Bun): replicas in directories, databases into files. */

export { type Compared, compareNodes, litefsIn } from "./layouts/litefs.ts";
export { type LocatedReplica, openReplica } from "./layouts/locate.ts";
export { type NewRestorePoint, type RecordOptions, recordRestorePoint } from "./moments/record.ts";
export { type RestoredFile, type RestoreFileOptions, restoreFile, restoreThrough } from "./restore/file.ts";
export { type CheckFileOptions, checkFileIntegrity } from "./sqlite/file.ts";
export { checkIntegrityInThread } from "./sqlite/thread.ts";
export { DirectoryStorage } from "./storage/directory.ts";
export { openIntegrityCheck } from "./verify/temporary.ts";
