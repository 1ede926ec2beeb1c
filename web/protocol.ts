/** The engine comes in here: `protocol.ts` and `thing.ts` lie in app/protocol. */

export type * from "./app/protocol/protocol.ts";
export type * from "./app/protocol/thing.ts";
