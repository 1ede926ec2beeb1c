/** The layout of a Litestream v0.3 replica: names and positions, the catalog, times, the SQLite database header. */
export {
  type Catalog,
  type CatalogOptions,
  type Generation,
  hasChanged,
  readCatalog,
  type Segment,
  type Snapshot,
  type Stray,
  type TimelineFile,
} from "./catalog.ts";
export {
  DATABASE_HEADER_SIZE,
  type DatabaseHeader,
  isDatabase,
  lockPage,
  parseDatabaseHeader,
} from "./database.ts";
export { type Doubt, timesUntrusted } from "./evidence.ts";
export {
  comparePositions,
  formatPosition,
  formatSegmentName,
  formatSnapshotName,
  isGenerationName,
  type Position,
  parsePosition,
  parseSegmentName,
  parseSnapshotName,
  segmentPathBeside,
} from "./names.ts";
export { formatTime, parseTime, timeRange } from "./times.ts";
