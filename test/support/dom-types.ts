/** What a browser gives is what walkit/web takes: the compiler checks it, there is nothing to run. */

import type { BlobLike, EntryLike, FileLike, FolderHandleLike, WritableFileLike } from "../../src/web.ts";

type Fits<Given extends Taken, Taken> = Given;

export type Fitting = [
  Fits<Blob, BlobLike>,
  Fits<File, FileLike>,
  Fits<FileSystemDirectoryHandle, FolderHandleLike>,
  Fits<FileSystemEntry, EntryLike>,
  Fits<FileSystemWritableFileStream, WritableFileLike>,
];
