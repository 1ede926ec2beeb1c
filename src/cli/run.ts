/** What `walkit` does with its words. */

import { CommanderError } from "commander";
import { misspelledOption, swallowedOption, UsageError } from "./arguments.ts";
import { EXIT, perform } from "./exit.ts";
import { commandOf, createProgram } from "./program.ts";

// Whoever read the output has gone (walkit wal … | head): no error of ours. A full disk is one, and says nothing of the
// replica.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") return;
  process.exitCode = EXIT.inconclusive;
  process.stderr.write(`walkit: cannot write to standard output: ${error.message}\n`);
  process.exit();
});
process.stderr.on("error", () => {});

try {
  const words = process.argv.slice(2);
  const end = words.indexOf("--");
  for (const word of end < 0 ? words : words.slice(0, end)) {
    const wrong = misspelledOption(word);
    if (wrong) throw new UsageError(wrong);
  }
  const program = createProgram();
  const [first, about] = words;
  const command = program.commands.find((one) => one.name() === first);
  const swallowed = command && swallowedOption(command.options, words.slice(1));
  if (swallowed) throw new UsageError(swallowed);
  const isCommand = ["help", ...program.commands.map((command) => command.name())].includes(about ?? "help");
  // Commander prints the general help for a command that there is not.
  await program.parseAsync(first === "help" && !isCommand ? [about!] : words, { from: "user" });
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  else await perform(commandOf(process.argv[2]), false, () => Promise.reject(error));
}
