// What the parts of the suite share.
import { formatPosition, MemorySink, MemoryStorage, restore, verify, WalkitError } from "../../dist/index.js";
import { ltxName } from "../../dist/ltx/index.js";
import { describeFinding } from "../../dist/words/index.js";

/** A value as text, by which two are compared. */
export function show(value) {
  return JSON.stringify(value, (_, one) => (typeof one === "bigint" ? `${one}` : one));
}

export async function sha256(bytes) {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function hex(value, digits = 16) {
  return value.toString(16).padStart(digits, "0");
}

export function concat(parts) {
  const all = new Uint8Array(parts.reduce((size, { length }) => size + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** `bytes` with one bit of byte `at` flipped; below 1, `at` is a part of the length. */
export function flip(bytes, at) {
  const flipped = bytes.slice();
  flipped[at < 1 ? Math.floor(bytes.length * at) : at] ^= 1;
  return flipped;
}

/** Files by path, in memory: as `{ path: bytes }`, or a list of pairs. */
export function storageOf(files) {
  const pairs = Array.isArray(files) ? files : Object.entries(files);
  return new MemoryStorage(pairs.map(([path, data]) => [path, { data }]));
}

/** The name of an LTX file in a folder. */
export function ltxPath(folder, min, max = min) {
  return `${folder}/${ltxName(min, max)}`;
}

/** The database that a target is; an error is returned, not thrown. */
export async function databaseOf(replica, target = {}, options = {}) {
  const sink = new MemorySink();
  try {
    await restore(replica, target, sink, options);
    return sink.bytes;
  } catch (error) {
    if (error instanceof WalkitError) return error;
    throw error;
  }
}

/** What a restore comes to: the SHA-256 of the database, or why it is refused, and the moments nearest to it. */
export async function restored(replica, target, options) {
  const found = await databaseOf(replica, target, options);
  return found instanceof WalkitError ? refusal(found) : await sha256(found);
}

/** What a refusal should look like: its code, and the moments that it names, as TXIDs. */
export function refused(code, ...nearest) {
  return ["refused", code, ...nearest.map((txid) => `near ${formatPosition({ txid })}`)].join(" ");
}

/** Its words are for a person who is to act on them: they name the moments, too. */
function refusal(error) {
  const nearest = (error.remedy?.nearest ?? []).map(({ position }) => position);
  const { meaning, action } = describeFinding(error);
  const isWorded = meaning !== "" && action !== "" && nearest.every((position) => action.includes(position));
  return ["refused", error.code, ...nearest.map((one) => `near ${one}`), ...(isWorded ? [] : ["mute"])].join(
    " ",
  );
}

/**
 * What a replica comes to at each of `txids`: the name that `known` has for the SHA-256 of the database, or `refused`.
 */
export async function statesAt(replica, txids, known) {
  const states = [];
  for (const txid of txids) {
    const found = await restored(replica, { position: { txid } });
    states.push(found.startsWith("refused") ? "refused" : (known.get(found) ?? found));
  }
  return states.join(" ");
}

/** Verify's verdict, and of each finding the code and the file. */
export async function verdict(replica) {
  const { status, findings } = await verify(replica, { level: "replay" });
  return [status, ...findings.map(({ code, path }) => `${code} ${path}`)].join(", ");
}

/** Verify's verdict, and the files that are damaged, of which there are words that say what that means and what to do. */
export async function damaged(replica) {
  const { status, findings } = await verify(replica, { level: "replay" });
  const files = findings.map((finding) => {
    const { meaning, action } = describeFinding(finding);
    return meaning && action ? `${finding.severity} ${finding.path}` : "mute";
  });
  return [status, ...new Set(files)].join(", ");
}

/** The four states that the chains of the reference library lead to: their names by SHA-256, and what was recorded of them. */
export async function readStates(readJson) {
  const recorded = await readJson("ltx/reference-library/states/expected.json");
  const states = Object.entries(recorded).map(([name, state]) => ({ ...state, name: name.slice(0, -3) }));
  return { states, known: new Map(states.map(({ name, sha256 }) => [sha256, name])) };
}

/** The files of TXIDs 1 to 4 in a folder of the reference library. */
export async function readChain(read, folder) {
  const files = [];
  for (let txid = 1; txid <= 4; txid++) {
    files.push(await read(ltxPath(`ltx/reference-library/${folder}`, txid)));
  }
  return files;
}

/** Times to the nanosecond, plain names: just enough of PAX for the fixtures. */
export function readTar(tar) {
  const text = (start, end) => new TextDecoder().decode(tar.subarray(start, end)).replace(/\0.*$/s, "");
  const files = new Map();
  let modified;
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0; ) {
    const size = Number.parseInt(text(at + 124, at + 136), 8);
    const data = tar.slice(at + 512, at + 512 + size);
    if (tar[at + 156] === 120) {
      const [, seconds, fraction] = /\d+ mtime=(\d+)\.(\d+)\n/.exec(new TextDecoder().decode(data));
      modified = BigInt(seconds) * 1_000_000_000n + BigInt(fraction.padEnd(9, "0"));
    } else if (tar[at + 156] !== 53) {
      files.set(text(at, at + 100), { data, modified });
    }
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return files;
}
