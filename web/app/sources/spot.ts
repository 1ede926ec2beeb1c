/**
 * Where the person is: what is open, and at which moment. The address holds it after `#`, so that a reload, Back and a bookmark
 * return to it.
 */

import type { MomentId, Source } from "../protocol/protocol.ts";
import { formatPosition, parsePosition } from "../strings/format.ts";

export interface Spot {
  /**
   * What is open: for a replica that `walkit ui` serves, the words of its address; for the example, `example`; else a random
   * id that only this browser knows.
   */
  id: string;
  /** Name of what is open; undefined if the address came from elsewhere, as from a bookmark. */
  name: string | undefined;
  /** Path of the open replica, if several were found in what is open. */
  within: string | undefined;
  moment: MomentId | undefined;
}

const EXAMPLE = "example";

/** Reads an address; undefined if nothing is open there. `state`: that of the history entry. */
export function spotOf(hash: string, state: unknown): Spot | undefined {
  const words = new URLSearchParams(hash.replace(/^#/, ""));
  const open = words.get("open") ?? undefined;
  const id = sourceOfHash(hash) ? servedPart(hash) : open;
  if (!id) return undefined;
  const [, generation, position = ""] = /^([0-9a-f]{16})\/(.*)$/.exec(words.get("at") ?? "") ?? [];
  const place = parsePosition(position);
  const { name } = (state ?? {}) as { name?: unknown };
  return {
    id,
    name: typeof name === "string" ? name : undefined,
    within: words.get("in") ?? undefined,
    moment: generation && place ? { generation, ...place } : undefined,
  };
}

/** The part of the address after and with `#`. */
export function hashOf({ id, within, moment }: Spot): string {
  const own = id.includes("replica=") ? id : `open=${encodeURIComponent(id)}`;
  const where = within ? `&in=${encodeURIComponent(within)}` : "";
  return `#${own}${where}${moment ? `&at=${moment.generation}/${formatPosition(moment)}` : ""}`;
}

/** The source of a spot that can be opened without asking the person; undefined for others. */
export function sourceOfSpot({ id }: Spot): Source | undefined {
  return id === EXAMPLE ? { kind: "example" } : sourceOfHash(id);
}

/** The id under which a source is found again. */
export function idOfSource(source: Source): string {
  if (source.kind === "example") return EXAMPLE;
  if (source.kind === "served") return servedPart(location.hash);
  return crypto.getRandomValues(new Uint32Array(2)).reduce((id, n) => id + n.toString(36), "");
}

/** The part of the address that `walkit ui` wrote, without the words that the page adds. */
function servedPart(hash: string): string {
  const words = hash.replace(/^#/, "").split("&");
  return words.filter((word) => /^(replica|batch|about)=/.test(word)).join("&");
}

/**
 * `#replica=<path>&batch=<path>&about=<path>`: three paths on the page's own origin that `walkit ui` serves: the replica,
 * several of its files in one response, and the replica's name and place.
 */
export function sourceOfHash(hash: string): Source | undefined {
  const words = new URLSearchParams(hash.replace(/^#/, ""));
  const ownUrl = (path: string | null) => {
    if (path === null || !URL.canParse(path, location.href)) return undefined;
    const url = new URL(path, location.href);
    return url.origin === location.origin ? url.href : undefined;
  };
  const url = ownUrl(words.get("replica"));
  return url === undefined
    ? undefined
    : { kind: "served", url, batch: ownUrl(words.get("batch")), about: ownUrl(words.get("about")) };
}
