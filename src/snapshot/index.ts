/** The layout of a Litestream v0.3 replica: names and positions, the catalog, times, the SQLite database header. */
export { type CatalogOptions, readCatalog } from "../layouts/generations/catalog.ts";
export {
  formatSegmentName,
  formatSnapshotName,
  parseSegmentName,
  parseSnapshotName,
  segmentPathBeside,
} from "../layouts/generations/names.ts";
export { timesUntrusted } from "../layouts/generations/times.ts";
export type { Generation, Generations, Segment, Snapshot } from "../layouts/generations/types.ts";
export { isGenerationName } from "../replay/branch-name.ts";
export {
  type Branch,
  type Catalog,
  type Change,
  type Claim,
  hasChanged,
  type Stray,
  type TimelineFile,
} from "../replay/catalog.ts";
export {
  comparePositions,
  formatPosition,
  type Position,
  parsePosition,
  type TxPosition,
  type WalPosition,
} from "../replay/position.ts";
export { type Doubt, timeRange } from "../replay/times.ts";
export {
  DATABASE_HEADER_SIZE,
  type DatabaseHeader,
  isDatabase,
  lockPage,
  parseDatabaseHeader,
} from "../sqlite/header.ts";
export { formatTime, parseTime } from "../time.ts";
