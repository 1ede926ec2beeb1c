/** Where in a storage replicas are: what was dropped may be one, a part of one, or hold several. */

import { WalkitError } from "../errors.ts";
import { isGenerationName } from "../replay/branch-name.ts";
import type { Replica } from "../replay/layout.ts";
import { isJunk } from "../storage/paths.ts";
import type { Storage } from "../storage/storage.ts";
import { parseIndexFolder } from "./generations/names.ts";
import { firstLitefsFolder, litefsFolder, litefsIn, tooOld } from "./litefs.ts";
import { isLtxPath, onlyLtx } from "./ltx.ts";
import { replicaIn } from "./open.ts";

/** A replica in a storage; `generation` is set where there is nothing but that generation's folder. */
export interface FoundReplica extends Replica {
  /** The replica's folder in the storage, without `generations/`; empty for the storage's own root. To call it by. */
  path: string;
  /** The path of an LTX file, where the replica has nothing else; of LiteFS also that of its database. */
  onlyLtx?: string | undefined;
}

/** What a search for replicas may take. */
export interface FindOptions {
  signal?: AbortSignal | undefined;
  /** Files that are looked at; a million by default. */
  maxFiles?: number | undefined;
}

const MAX_FILES = 1_000_000;
/**
 * Finds all replicas in a storage, at any depth, by the names of their files: those of Litestream, then the databases of LiteFS.
 * macOS's own files are not looked at.
 *
 * @throws WalkitError `replica/not-a-replica` where there is none, with what is there instead, `replica/ltx` where that is
 * LTX files of no program's, `ltx/extinct` where it is LiteFS 0.1; `storage/*` from the listing
 */
export async function findReplicas(storage: Storage, options: FindOptions = {}): Promise<FoundReplica[]> {
  const { signal, maxFiles = MAX_FILES } = options;
  const search = new Search();
  let count = 0;
  for await (const { path, unreadable } of storage.list("", { signal })) {
    if (++count > maxFiles) {
      throw new WalkitError("storage/unreadable", `Expected at most ${maxFiles} files, found more`, {
        remedy: { do: "open-closer", by: "folder" },
      });
    }
    search.look(path, unreadable);
  }
  return search.result(storage);
}

class Search {
  /** Prefixes, and the generations behind each. */
  readonly #replicas = new Map<string, Set<string>>();
  /** Prefixes of what has only the folders of a replica. */
  readonly #likely = new Set<string>();
  #shadow: string | undefined;
  /** A folder with `snapshots/` or `wal/` in it that is no generation's. */
  #nameless: string | undefined;
  /** An LTX file that is in no replica. */
  #ltx: string | undefined;
  /** By folder of a database of LiteFS: the first of its files. */
  readonly #litefs = new Map<string, string>();
  readonly #tooOld = new Set<string>();
  /** By prefix: the first LTX file beside it. */
  readonly #ltxIn = new Map<string, string>();
  readonly #top = new Set<string>();
  #unreadable: WalkitError | undefined;

  look(path: string, unreadable: WalkitError | undefined): void {
    if (isJunk(path)) return;
    if (unreadable) this.#unreadable ??= unreadable;
    const parts = path.split("/");
    const name = parts.at(-1)!;
    this.#top.add(parts[0]!);
    if (isLtxPath(path)) {
      const folders = /^(|.*\/)(?:ltx\/[0-9]|000[0-9])\/[^/]*$/s.exec(path);
      if (folders) this.#add(`${folders[1]}generations/`, undefined, path);
      else if (!this.#addLitefs(path)) this.#ltx ??= path;
      return;
    }
    if (this.#addLitefs(path)) return;
    const first = firstLitefsFolder(path);
    if (first !== undefined) this.#tooOld.add(first);
    // <prefix> <generation> / snapshots or wal / <name>; of Litestream 0.4 wal / <index> / <name>
    const isNested = parts.at(-3) === "wal" && parseIndexFolder(parts.at(-2)!) !== undefined;
    const at = parts.length - (isNested ? 4 : 3);
    const isInside = at >= -1 && /^(snapshots|wal)$/.test(parts[at + 1]!);
    const generation = parts[at] ?? "";
    if (isInside && isGenerationName(generation)) {
      const prefix = prefixOf(parts, at);
      if (/\.lz4(\.tmp)?$/.test(name)) this.#add(prefix, generation);
      else if (/\.wal$/.test(name)) this.#shadow ??= prefix;
      else this.#likely.add(prefix);
    } else if (isInside && /\.lz4$/.test(name)) this.#nameless ??= prefixOf(parts, at + 1) || "its root";
    else {
      const folder = parts.lastIndexOf("generations");
      const inside = folder < 0 ? undefined : parts[folder + 1];
      if (inside === "" || (inside && isGenerationName(inside)))
        this.#likely.add(prefixOf(parts, folder + 1));
    }
  }

  /** Whether a file is of a database of LiteFS. */
  #addLitefs(path: string): boolean {
    const folder = litefsFolder(path);
    if (folder === undefined) return false;
    if (!this.#litefs.has(folder)) this.#litefs.set(folder, path);
    return true;
  }

  /** `generation`: undefined for LTX files beside that folder. */
  #add(prefix: string, generation: string | undefined, ltx?: string): void {
    if (ltx !== undefined && !this.#ltxIn.has(prefix)) this.#ltxIn.set(prefix, ltx);
    const generations = this.#replicas.get(prefix) ?? new Set();
    this.#replicas.set(prefix, generations);
    if (generation !== undefined) generations.add(generation);
  }

  /**
   * @throws WalkitError `replica/not-a-replica`
   */
  result(storage: Storage): FoundReplica[] {
    const databases = this.#databases(storage);
    const sure = [...this.#replicas.keys()];
    const likely = this.#shadow === undefined ? [...this.#likely] : [];
    const prefixes = sure.length > 0 ? sure : databases.length > 0 ? [] : likely;
    if (prefixes.length + databases.length === 0) throw this.#nothing();
    const replicas = prefixes.sort().map((prefix): FoundReplica => {
      const [generation] = this.#replicas.get(prefix) ?? [];
      const isOwn = prefix === "" && generation !== undefined && this.#top.size === 1;
      const path = prefix.replace(/(^|\/)generations\/$/, "").replace(/\/$/, "");
      const onlyLtx = generation === undefined ? this.#ltxIn.get(prefix) : undefined;
      return { ...replicaIn(storage, { prefix, generation: isOwn ? generation : undefined }), path, onlyLtx };
    });
    return [...replicas, ...databases];
  }

  /** @throws WalkitError `ltx/extinct` where there are databases of LiteFS 0.1 alone */
  #databases(storage: Storage): FoundReplica[] {
    const folders = [...this.#litefs.keys()].filter((folder) => !this.#tooOld.has(folder)).sort();
    const [old] = this.#tooOld;
    if (old !== undefined && folders.length < this.#litefs.size && folders.length + this.#replicas.size === 0)
      throw tooOld(old);
    return folders.map((folder) => {
      return { ...litefsIn(storage, folder), path: folder.slice(0, -1), onlyLtx: this.#litefs.get(folder)! };
    });
  }

  #nothing(): WalkitError {
    if (this.#unreadable) return this.#unreadable;
    if (this.#ltx !== undefined) return onlyLtx(this.#ltx);
    if (this.#shadow !== undefined) {
      const where = this.#shadow || "its root";
      const message = `Expected a replica, found Litestream's local metadata folder (its shadow WAL): ${where}`;
      return new WalkitError("replica/not-a-replica", message, {
        remedy: { do: "read-configuration", inspect: false },
      });
    }
    const names = [...this.#top].filter((name) => name !== "");
    const more = names.length > 3 ? ` and ${names.length - 3} more` : "";
    const found =
      this.#nameless !== undefined
        ? `snapshots/ or wal/ in a folder whose name is no generation's (16 hex digits): ${this.#nameless}`
        : names.length === 0
          ? "nothing"
          : names.slice(0, 3).join(", ") + more;
    return new WalkitError(
      "replica/not-a-replica",
      `Expected a replica's generations/ or ltx/, found ${found}`,
      {
        remedy: { do: "open-replica" },
      },
    );
  }
}

function prefixOf(parts: string[], end: number): string {
  return end > 0 ? parts.slice(0, end).join("/") + "/" : "";
}
