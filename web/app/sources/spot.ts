/**
 * Where somebody is: what is open, and the moment in it. It stands in the address behind `#`, so that a reload, Back and a
 * bookmark come back to it.
 */

import type { MomentId, Source } from "../protocol/protocol.ts";
import { formatPosition, parsePosition } from "../strings/format.ts";

export interface Spot {
  /** What is open: the address's own words where `walkit ui` serves it, `example`, else a number of this browser's. */
  id: string;
  /** What it is called; undefined where the address comes from elsewhere. */
  name: string | undefined;
  /** Which replica in it, where it holds several. */
  within: string | undefined;
  moment: MomentId | undefined;
}

const EXAMPLE = "example";

/** Undefined: nothing is open there. `state`: of the history's entry. */
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

export function hashOf({ id, within, moment }: Spot): string {
  const own = id.includes("replica=") ? id : `open=${encodeURIComponent(id)}`;
  const where = within ? `&in=${encodeURIComponent(within)}` : "";
  return `#${own}${where}${moment ? `&at=${moment.generation}/${formatPosition(moment)}` : ""}`;
}

/** What can be opened again without asking anybody. */
export function sourceOfSpot({ id }: Spot): Source | undefined {
  return id === EXAMPLE ? { kind: "example" } : sourceOfHash(id);
}

/** By what a source is found again. */
export function idOfSource(source: Source): string {
  if (source.kind === "example") return EXAMPLE;
  if (source.kind === "served") return servedPart(location.hash);
  return crypto.getRandomValues(new Uint32Array(2)).reduce((id, n) => id + n.toString(36), "");
}

/** The words that `walkit ui` gave, without those that the page adds. */
function servedPart(hash: string): string {
  const words = hash.replace(/^#/, "").split("&");
  return words.filter((word) => /^(replica|batch|about)=/.test(word)).join("&");
}

/**
 * `#replica=<path>&batch=<path>&about=<path>`: what `walkit ui` serves, on the page's own address, where it sends several
 * files at once, and where it says what the replica is called.
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
