/** The words of the empty page, and of the page while a replica is being opened. */

import { formatNumber } from "./format.ts";
import { plural } from "./plural.ts";

export const start = {
  invitation: "Is this backup any good?",
  lead: "Open a replica of Litestream or LiteFS. walkit checks every byte of it, shows every moment it can bring back, and hands you the database.",
  dropHere: "Drop the backup here",
  dropWhat: "The folder that holds “generations” or “ltx”, one of LiteFS, or a .tar, .tar.gz or .zip of it",
  chooseFolder: "Choose a folder",
  chooseArchive: "Choose an archive",
  noneAtHand: "None at hand?",
  tryExample: "Try the built-in example",
  promises: [
    [
      "Nothing leaves this machine",
      "The backup is read here, in this browser. The page is forbidden to talk to any other host.",
    ],
    [
      "Every moment, not just the last",
      "Travel moment by moment, look into the tables, see what each transaction changed.",
    ],
    [
      "Right, or a clear refusal",
      "What is damaged is named, with file and byte. A database that never existed is never handed out.",
    ],
  ] as [string, string][],
  several: (n: number, name: string) => `${plural(n, "replica", "replicas")} in ${name}. Which one?`,
  severalMore: (n: number) =>
    `… and ${formatNumber(n)} more. Open a folder further down, or an archive of one replica.`,
  theExample: "the example",
  archives: "Archives of a replica",
  backTo: (name: string) => `Back to ${name}`,
  stillOpen: (name: string) => `${name} is still open.`,
  openAgainTitle: (name: string) => `Go on with ${name}?`,
  openAgainText: "The browser wants your word before this page reads it again.",
  openAgain: (name: string) => `Open ${name} again`,
  dropAgainTitle: (name: string) => `Open ${name} once more`,
  dropAgainText: (hasMoment: boolean) =>
    `The page was loaded anew, and has to be given it again.${hasMoment ? " It then goes back to the moment you were at." : ""}`,
  movedAway: (name: string) =>
    `${name} is not where it was, or cannot be read any more. Find it, and open it again.`,
  whatYouHadOpen: "what you had open",
  momentGone: "The moment that you were at is not in here. This is the newest one.",
  leaveRestore: "A database is being written. Leave it unfinished?",

  opening: (name: string) => `Opening ${name}`,
  loadingSteps: ["Looking for replicas", "Reading every file", "Ready"],
};
