/** The engine comes in here: `segments.ts` lies in app/protocol. */

export * from "./app/protocol/segments.ts";
