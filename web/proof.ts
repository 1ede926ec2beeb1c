/** The engine comes in here: `proof.ts` lies in app/protocol. */

export * from "./app/protocol/proof.ts";
