/** The engine comes in here: `protocol.ts` lies in app/protocol. */

export type * from "./app/protocol/protocol.ts";
