/**
 * `WALKIT_SEED`: the seed of every property. CI sets one, so that what it says of a commit does not depend on luck; without,
 * each run looks elsewhere.
 */

import fc from "fast-check";

if (process.env.WALKIT_SEED) fc.configureGlobal({ seed: Number(process.env.WALKIT_SEED) });
