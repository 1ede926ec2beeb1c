/** Words that several parts of the page use: title, buttons, progress, counts. */

import { counted, plural, type Unit } from "./plural.ts";

export const page = {
  title: "walkit: is this backup any good?",
  titleOf: (name: string) => `${name} – walkit`,
  slogan: "Litestream backups, checked and brought back",
  openAnother: "Open another",
  useLight: "Use light colours",
  useDark: "Use dark colours",
  cancel: "Cancel",
  cancelled: "Cancelled.",
  dismiss: "Dismiss",
  details: "Details",
  inDetail: "In detail",
  progress: (phase: string, percent: number) => `${phase}, ${percent}\u00a0%`,
  phases: {
    list: "Listing files",
    unpack: "Unpacking",
    moments: "Finding every moment",
    lineage: "Finding out which timeline came from which",
    verify: "Checking",
    integrity: "SQLite’s own check",
    look: "Putting the database together",
    restore: "Writing the database",
    sound: "Restoring moments, and having SQLite check them",
    changes: "Comparing before and after",
  } as Record<string, string>,
  commits: (n: number, unit: Unit) => counted(n, unit),
  files: (n: number) => plural(n, "file", "files"),
  sizeInFiles: (size: string, n: number) => `${size} in ${plural(n, "file", "files")}`,
  /** Adds the full stop that the engine's messages lack. */
  asSentence: (text: string) => (/[.!?…]$/.test(text) ? text : `${text}.`),
};
