/** The restore points of a replica: every generation's file of them. */

import { familyOf, WalkitError } from "../errors.ts";
import type { Catalog } from "../replay/catalog.ts";
import type { Position } from "../replay/position.ts";
import type { Storage } from "../storage/storage.ts";
import { readText } from "./lineage.ts";
import { MAX_RESTORE_POINTS_SIZE, parseRestorePoints, quoted, type RestorePoint } from "./restore-points.ts";

/** A restore point, and the branch that it is of. */
export interface GenerationPoint extends RestorePoint {
  generation: string;
}

/**
 * Reads all restore points, or those of one generation.
 *
 * @throws WalkitError `timeline/restore-points`, `storage/*`
 */
export async function readRestorePoints(
  storage: Storage,
  { timelineFiles }: Catalog,
  options: {
    generation?: string | undefined;
    signal?: AbortSignal | undefined;
    /** Told of a file that cannot be understood; by default that is thrown. */
    onProblem?: (error: WalkitError, generation: string) => void;
  } = {},
): Promise<GenerationPoint[]> {
  const points: GenerationPoint[] = [];
  for (const file of timelineFiles) {
    const { kind, generation, path } = file;
    if (kind !== "restore-points" || (options.generation ?? generation) !== generation) continue;
    try {
      const text = await readText(storage, file, options.signal, MAX_RESTORE_POINTS_SIZE);
      for (const point of parseRestorePoints(text, path)) points.push({ ...point, generation });
    } catch (error) {
      if (!options.onProblem || !(error instanceof WalkitError) || familyOf(error.code) === "storage")
        throw error;
      options.onProblem(error, generation);
    }
  }
  return points;
}

/**
 * The restore point of this name.
 *
 * @throws WalkitError `target/no-restore-point`, also where several generations have one of that name
 */
export async function findRestorePoint(
  storage: Storage,
  catalog: Catalog,
  name: string,
  generation: string | undefined,
  signal?: AbortSignal,
): Promise<{ generation: string; position: Position }> {
  const points = await readRestorePoints(storage, catalog, { generation, signal });
  const found = points.filter((point) => point.name === name);
  if (found.length === 1) return found[0]!;
  if (found.length > 1) {
    throw new WalkitError(
      "target/no-restore-point",
      `Expected one restore point ${quoted(name)}, found ${found.length}, in the generations ${found.map((point) => point.generation).join(", ")}`,
      { remedy: { do: "name-generation" } },
    );
  }
  const names = points.slice(0, 20).map((point) => quoted(point.name));
  throw new WalkitError(
    "target/no-restore-point",
    `Expected a restore point ${quoted(name)}, found ${names.join(", ") || "none"}${points.length > 20 ? ` and ${points.length - 20} more` : ""}`,
  );
}
