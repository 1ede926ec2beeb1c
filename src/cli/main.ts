#!/usr/bin/env node
/** The command `walkit`. */

import { CommanderError } from "commander";
import { EXIT, perform } from "./exit.ts";
import { createProgram } from "./program.ts";

// Whoever read the output has gone (walkit wal … | head): no error of ours.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}

try {
  await createProgram().parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  else await perform("", false, () => Promise.reject(error));
}
