/** Storage: bytes and paths. The directory on disk comes through `walkit/node`. */
export { type MemoryFile, MemoryStorage } from "./memory.ts";
export type { Entry, ListOptions, ReadOptions, Storage } from "./storage.ts";
