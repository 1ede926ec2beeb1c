/** The engine comes in here: `limits.ts` lies in app/protocol. */

export * from "./app/protocol/limits.ts";
