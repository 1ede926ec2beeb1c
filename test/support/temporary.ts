/** One folder has the temporary files of a run, and goes with it, whatever a test or a process of its own has left. */

import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export function setup(): () => void {
  // A short name: the path of a socket has 107 bytes at most.
  const folder = mkdtempSync(join(tmpdir(), "w-"));
  // As the system's own, for what tests run as another user.
  chmodSync(folder, 0o1777);
  process.env.TMPDIR = folder;
  return () => rmSync(folder, { recursive: true, force: true });
}
