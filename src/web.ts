/** walkit in browsers: replicas in picked and dropped folders, archives, on web servers; databases into files and downloads. */

export { type FindOptions, type FoundReplica, findReplicas } from "./layouts/find.ts";
export { type Compared, compareNodes, litefsIn } from "./layouts/litefs.ts";
export { BlobSink } from "./restore/sinks/blob.ts";
export {
  HandleSink,
  openHandleSpill,
  type SyncFileLike,
  type WritableFileLike,
} from "./restore/sinks/handle.ts";
export { type ArchiveKind, type ArchiveOptions, ArchiveStorage, openArchive } from "./storage/archive.ts";
export type { BlobLike, FileLike } from "./storage/blob.ts";
export {
  type EntryLike,
  type FileAt,
  FileListStorage,
  type FilesOptions,
  filesOfEntries,
  type ReaderLike,
} from "./storage/file-list.ts";
export { type FileHandleLike, type FolderHandleLike, folderOf, HandleStorage } from "./storage/handles.ts";
export { type HttpOptions, HttpStorage } from "./storage/http.ts";
export { isJunk, type Skipped } from "./storage/paths.ts";
