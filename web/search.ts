/** The engine comes in here: `search.ts` lies in app/protocol. */

export * from "./app/protocol/search.ts";
