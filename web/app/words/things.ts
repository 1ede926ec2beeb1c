/** Words for something that was opened and is not a replica: what it is, and what to do with it. */

import type { Opened } from "../protocol/protocol.ts";
import type { Thing } from "../protocol/thing.ts";
import { t } from "../strings/strings.ts";
import { EngineFailure } from "../workers/engine-client.ts";
import { failureWords } from "./words.ts";

/** What the page says when it cannot open something. */
export interface Refusal {
  title: string;
  text: string;
  action: string | undefined;
  /** The engine's own message, if it says more. */
  detail: string | undefined;
  skipped: Opened["skipped"];
  /** Nothing is broken: it is only not a replica that can be read here. */
  isHarmless: boolean;
}

const BROKEN: Thing["kind"][] = ["broken-archive", "empty-file"];

/** `error`: what opening was rejected with. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof EngineFailure) {
    const { thing, skipped = [] } = error;
    if (thing) {
      const { title, text, action } = thingWords(thing);
      const isHarmless = !BROKEN.includes(thing.kind);
      return { title, text, action, detail: error.message, skipped, isHarmless };
    }
    const isHarmless = error.finding?.severity === "inconclusive" && error.code.startsWith("replica/");
    return { ...failureWords(error), detail: undefined, skipped, isHarmless };
  }
  return { ...failureWords(error), detail: undefined, skipped: [], isHarmless: false };
}

function thingWords(thing: Thing): { title: string; text: string; action: string } {
  if ("files" in thing) {
    const { name, files, most, found } = thing;
    const endings = thing.endings.map(([ending, count]) => t.endingCount(ending, count)).join(", ");
    return t.folderThings[thing.kind](name, t.filesInside(files, most, endings), found.join(", "));
  }
  return t.fileThings[thing.kind](thing.name, thing.by);
}
