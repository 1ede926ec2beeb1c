/** What the worker can be asked, over any storage. What it needs of where it runs is given to it. */

import { WalkitError } from "../../src/errors.ts";
import { replicaIn } from "../../src/layouts/open.ts";
import { newestSound } from "../../src/restore/sound.ts";
import type { Storage } from "../../src/storage/storage.ts";
import type { VerifyReport } from "../../src/verify/report.ts";
import { checkNewest, type Examined, reportOf } from "../../src/verify/verify.ts";
import { MOST_BYTES, MOST_CHECKED, MOST_UNASKED, memoryOf } from "../limits.ts";
import { fits } from "../proof.ts";
import type * as Page from "../protocol.ts";
import type { CallContext } from "./calls.ts";
import { EngineError } from "./failure.ts";
import { Lock } from "./lock.ts";
import { type FetchExample, openSource } from "./open.ts";
import { openOutput, openSpill, type PrivateFolder } from "./output.ts";
import {
  type CommitPages,
  type NamedReplica,
  readCommit,
  readPages,
  readState,
  restoreMoment,
  tooLarge,
} from "./replica.ts";
import type { PagesBefore, Sql } from "./sql.ts";
import { viewReplica } from "./view.ts";

/** The methods of the contract, as they are carried out. */
export type Served = {
  [M in Page.Method]: (
    ...args: [...Parameters<Page.Engine[M]>, context: CallContext]
  ) => Promise<ReturnType<Page.Engine[M]>>;
};

export interface Surroundings {
  openSql: () => Sql;
  fetchExample: FetchExample;
  /** The origin's private file system, where there is one. */
  privateFolder?: (() => Promise<PrivateFolder | undefined>) | undefined;
  /** Bytes of a database that is held in memory without anybody having asked for it; {@link MOST_UNASKED} by default. */
  mostUnasked?: number | undefined;
}

/** Changed pages that are kept at most to tell what a commit changed; of more, only the tables are told. */
const MOST_CHANGED = 256 << 20;
/** Restored databases up to this size are hashed: the browser hashes but whole arrays. */
const MOST_HASHED = 64 << 20;

export class ReplicaEngine implements Served {
  readonly #surroundings: Surroundings;
  /** For what is about the database in memory. */
  readonly #lock = new Lock();
  readonly #sql: Sql;
  #source: { storage: Storage; name: string } | undefined;
  #replica: NamedReplica | undefined;
  #looked: { moment: Page.MomentId; bytes: number } | undefined;
  /** What SQLite said of moments of the replica, by name. */
  readonly #integrity = new Map<string, Page.IntegrityView>();
  /** Of the moment that was asked about last. */
  #commit: { replica: NamedReplica; moment: Page.MomentId; pages: CommitPages } | undefined;

  /** What was found when the replica was opened. */
  #examined: Examined | undefined;

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
    this.#sql = surroundings.openSql();
  }

  async open(source: Page.Source, context: CallContext): Promise<Page.Opened> {
    const { opened, storage } = await openSource(source, this.#surroundings.fetchExample, context);
    this.#source = { storage, name: opened.name };
    this.#replica = undefined;
    await this.#forget(context.signal);
    return opened;
  }

  /** Takes any storage for what was opened: for tests, and for whoever has one. */
  async use(storage: Storage, name: string): Promise<void> {
    this.#source = { storage, name };
    this.#replica = undefined;
    await this.#forget(undefined);
  }

  async load(found: Page.FoundReplica, context: CallContext): Promise<Page.ReplicaView> {
    if (!this.#source) throw new EngineError("no-replica", "No replica is opened");
    const { storage, name } = this.#source;
    const { prefix, generation, path } = found;
    const replica = { ...replicaIn(storage, { prefix, generation }), name: path || name };
    const { signal } = context;
    const { view, examined } = await viewReplica(replica, context, {
      integrityUpTo: this.#mostUnasked,
      checkIntegrity: async (bytes, how) => {
        const sql = this.#surroundings.openSql();
        try {
          await sql.check(bytes.slice(), how, signal);
        } finally {
          sql.close();
        }
      },
    });
    this.#replica = replica;
    this.#examined = examined;
    this.#integrity.clear();
    await this.#forget(context.signal);
    return view;
  }

  /** What opening the replica has found, with SQLite's own word on the newest states. */
  async verify(large: boolean, { signal }: CallContext): Promise<VerifyReport> {
    const replica = this.#need();
    const sql = this.#surroundings.openSql();
    try {
      const examined = structuredClone(this.#examined!);
      await checkNewest(replica, examined, {
        signal,
        checkIntegrity: (bytes, how) => sql.check(bytes, how, signal),
        integrityUpTo: large ? undefined : this.#mostUnasked,
      });
      return reportOf(examined);
    } finally {
      sql.close();
    }
  }

  get #mostUnasked(): number {
    return this.#surroundings.mostUnasked ?? MOST_UNASKED;
  }

  async size(moment: Page.MomentId, context: CallContext): Promise<Page.SizeView> {
    const replica = this.#need();
    return await this.#lock.run(context.signal, async () => {
      const commit = await this.#commitAt(replica, moment, inPhase("look", context));
      const looked = this.#looked;
      if (looked && looked.bytes > this.#mostUnasked && !isSame(looked.moment, moment)) this.#close();
      const { pageSize, pageCount = 0 } = commit;
      const bytes = pageSize * pageCount;
      const look = bytes > MOST_BYTES ? "refused" : bytes > this.#mostUnasked ? "asked" : "unasked";
      return { moment, bytes, pageSize, pageCount, memory: memoryOf(bytes), look };
    });
  }

  async look(moment: Page.MomentId, context: CallContext): Promise<Page.StateView> {
    const replica = this.#need();
    return await this.#lock.run(context.signal, () => this.#look(replica, moment, context));
  }

  async #look(replica: NamedReplica, moment: Page.MomentId, context: CallContext): Promise<Page.StateView> {
    const began = performance.now();
    const commit = await this.#commitAt(replica, moment, inPhase("look", context));
    const expected = commit.pageSize * (commit.pageCount ?? 0);
    // Of two small ones, what a moment shows stays until the next one is there.
    if (Math.max(this.#looked?.bytes ?? 0, expected) > this.#mostUnasked) this.#close();
    const { bytes, restored } = await readState(
      replica,
      moment,
      commit,
      MOST_BYTES,
      inPhase("look", context),
    );
    const { unproven, findings, pageSize, pageCount } = restored;
    this.#looked = undefined;
    // Where nothing shows that the snapshot fits, SQLite has the last word.
    const { tables } = await this.#sql.open(bytes, !fits(unproven), context.signal);
    this.#looked = { moment, bytes: pageSize * pageCount };
    const milliseconds = performance.now() - began;
    return {
      moment,
      bytes: pageSize * pageCount,
      pageSize,
      pageCount,
      tables,
      unproven,
      findings,
      milliseconds,
    };
  }

  get #mostChecked(): number {
    return Math.min(MOST_CHECKED, this.#mostUnasked);
  }

  async rows(table: string, from: number, count: number, context: CallContext): Promise<Page.Rows> {
    return await this.#inState(context, (sql) => sql.rows(table, from, count, context.signal));
  }

  async query(text: string, context: CallContext): Promise<Page.Answers> {
    return await this.#inState(context, (sql) => sql.query(text, context.signal));
  }

  /** With the state that is looked into; read anew where a query had to be ended, and took it along. */
  async #inState<T>(context: CallContext, work: (sql: Sql) => Promise<T>): Promise<T> {
    return await this.#lock.run(context.signal, async () => {
      if (!this.#looked) throw new EngineError("no-state", "No moment is looked into");
      if (!this.#sql.isOpen) await this.#look(this.#need(), this.#looked.moment, context);
      return await work(this.#sql);
    });
  }

  async changes(moment: Page.MomentId, context: CallContext): Promise<Page.ChangesView> {
    const replica = this.#need();
    return await this.#lock.run(context.signal, async () => {
      const commit = await this.#commitAt(replica, moment, inPhase("changes", context));
      const { before, written, pageCount = 0 } = commit;
      if (!before) throw new EngineError("no-transaction", "It is a snapshot: no transaction ends there");
      const isLooked = this.#looked && isSame(this.#looked.moment, moment) && this.#sql.isOpen;
      const sql = isLooked ? this.#sql : this.#surroundings.openSql();
      try {
        if (!isLooked) {
          const most = MOST_BYTES - (this.#looked?.bytes ?? 0);
          const { bytes } = await readState(replica, moment, commit, most, inPhase("look", context));
          await sql.open(bytes, false, context.signal);
        }
        const pages = await pagesBefore(replica, before, commit, inPhase("changes", context));
        const found = await sql.diff(written.slice(), pages, context.signal);
        return { moment, pages: written.length, pageCount, ...found };
      } finally {
        if (!isLooked) sql.close();
      }
    });
  }

  async check(moment: Page.MomentId, context: CallContext): Promise<Page.IntegrityView | undefined> {
    const replica = this.#need();
    const known = this.#integrity.get(nameOf(moment));
    if (known) return known;
    // In a thread of its own: what is shown can be asked meanwhile.
    const sql = this.#surroundings.openSql();
    let found: Page.IntegrityView = { found: "ok", message: undefined };
    try {
      const reading = inPhase("integrity", context);
      const { bytes } = await readState(replica, moment, NOT_KNOWN, this.#mostChecked, reading);
      await sql.check(bytes, "full", context.signal);
    } catch (error) {
      if (error instanceof EngineError && error.code === "too-large") return undefined;
      const said = integrityIn(error);
      if (!said) throw error;
      found = said;
    } finally {
      sql.close();
    }
    if (replica === this.#replica) this.#integrity.set(nameOf(moment), found);
    return found;
  }

  async sound(moment: Page.MomentId, context: CallContext): Promise<Page.SoundView | undefined> {
    const replica = this.#need();
    const { generation, index, offset } = moment;
    const { signal, onProgress } = context;
    const sql = this.#surroundings.openSql();
    // Of two databases in memory the one that is shown may be large.
    const maxBytes = MOST_BYTES - (this.#looked?.bytes ?? 0);
    try {
      const found = await newestSound(
        replica,
        { generation, commit: { index, offset } },
        {
          ...{ signal, maxBytes },
          check: (bytes) => sql.check(bytes, "full", signal),
          onProgress: ({ done, total }) => onProgress({ phase: "sound", done, total }),
        },
      );
      if (!found) return undefined;
      const { position, broken, exhaustive } = found;
      return {
        moment: { generation, ...position },
        broken: broken && { generation, ...broken },
        exhaustive,
      };
    } catch (error) {
      if (error instanceof WalkitError && error.code === "restore/memory-budget")
        throw tooLarge(undefined, maxBytes);
      throw error;
    } finally {
      sql.close();
    }
  }

  async restore(
    moment: Page.MomentId,
    output: Page.Output,
    context: CallContext,
  ): Promise<Page.RestoredView> {
    const { signal, onProgress } = inPhase("restore", context);
    const began = performance.now();
    const replica = this.#need();
    const folder = await this.#surroundings.privateFolder?.();
    const spill = await openSpill(folder);
    try {
      const open = await writable(() => openOutput(output, folder));
      try {
        const options = { signal, onProgress, openSpill: spill?.open };
        const restored = await restoreMoment(replica, moment, open.sink, options);
        const { bytes, unproven, findings } = restored;
        const integrity = await this.#check(replica, moment, restored, inPhase("integrity", context));
        // All of a small replica may come from memory, and that leaves no turn in which a cancel could be heard.
        await new Promise((resolve) => setTimeout(resolve, 0));
        signal.throwIfAborted();
        const file = await (await open.keep()).getFile();
        const sha256 = await hashOf(file);
        if (output.kind === "private") signal.throwIfAborted();
        const milliseconds = performance.now() - began;
        const own = output.kind === "private" ? file : undefined;
        return { bytes, sha256, file: own, unproven, integrity, findings, milliseconds };
      } catch (error) {
        await open.drop();
        throw error;
      }
    } finally {
      await spill?.close();
    }
  }

  /**
   * What SQLite says of what was restored, unless that takes more memory than anybody asked for. Where nothing shows that the
   * snapshot fits, it has the last word; where only steps between WAL indexes are not proven, more may be checked unasked. An
   * output cannot be read before it is kept, so it is restored once more.
   *
   * @throws WalkitError `database/integrity` of a state whose snapshot is not proven to fit
   */
  async #check(
    replica: NamedReplica,
    moment: Page.MomentId,
    {
      bytes: size,
      unproven,
      ...pages
    }: Pick<Page.StateView, "bytes" | "unproven" | "pageSize" | "pageCount">,
    context: CallContext,
  ): Promise<Page.RestoredView["integrity"]> {
    const known = this.#integrity.get(nameOf(moment));
    const isSaid = fits(unproven);
    if (known && (isSaid || known.found !== "corrupt")) return known.found;
    const most = unproven.length === 0 ? this.#mostChecked : this.#mostUnasked;
    if (size > most) return isSaid ? undefined : "skipped";
    const sql = this.#surroundings.openSql();
    try {
      const { bytes } = await readState(replica, moment, pages, MOST_BYTES, context);
      await sql.check(bytes, "full", context.signal);
      return "ok";
    } catch (error) {
      const said = integrityIn(error);
      if (said && (isSaid || said.found === "skipped")) return said.found;
      throw error;
    } finally {
      sql.close();
    }
  }

  async #commitAt(replica: NamedReplica, moment: Page.MomentId, context: CallContext): Promise<CommitPages> {
    const known = this.#commit;
    if (known?.replica === replica && isSame(known.moment, moment)) return known.pages;
    const pages = await readCommit(replica, moment, context);
    this.#commit = { replica, moment, pages };
    return pages;
  }

  #need(): NamedReplica {
    if (this.#replica) return this.#replica;
    throw new EngineError("no-replica", "No replica is loaded");
  }

  async #forget(signal: AbortSignal | undefined): Promise<void> {
    await this.#lock.run(signal, async () => this.#close());
  }

  #close(): void {
    this.#looked = undefined;
    this.#sql.close();
  }
}

const NOT_KNOWN = { pageSize: 0, pageCount: 0 };

/** What an error says of the database, if it does. */
function integrityIn(error: unknown): Page.IntegrityView | undefined {
  if (!(error instanceof WalkitError)) return undefined;
  const { code, message } = error;
  if (code === "database/integrity") return { found: "corrupt", message };
  return code === "database/integrity-skipped" ? { found: "skipped", message } : undefined;
}

function nameOf({ generation, index, offset }: Page.MomentId): string {
  return `${generation} ${index} ${offset}`;
}

function isSame(a: Page.MomentId, b: Page.MomentId): boolean {
  return a.generation === b.generation && a.index === b.index && a.offset === b.offset;
}

/** Tells of all that is done as one phase, whatever its parts are called. */
function inPhase(phase: string, { signal, onProgress }: CallContext): CallContext {
  return { signal, onProgress: (progress) => onProgress({ ...progress, phase }) };
}

/** What the commit's pages were before it. */
async function pagesBefore(
  replica: NamedReplica,
  before: Page.MomentId,
  { written, pageSize, pageCount = 0 }: CommitPages,
  context: CallContext,
): Promise<PagesBefore | undefined> {
  if (written.length * pageSize > MOST_CHANGED) return undefined;
  const wanted = { numbers: new Set(written), count: pageCount };
  const found = await readPages(replica, before, wanted, pageSize, context);
  if (!found) return undefined;
  const data = new Uint8Array(found.pages.size * pageSize);
  const numbers = new Uint32Array(found.pages.size);
  let at = 0;
  for (const [page, bytes] of found.pages) {
    data.set(bytes, at * pageSize);
    numbers[at++] = page;
  }
  return { numbers, data, count: found.count };
}

async function writable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new WalkitError("output/unwritable", `Cannot write the database: ${message}`, { cause });
  }
}

/** Undefined where it is too large, or where the page's address lets browsers hash nothing. */
async function hashOf(file: File): Promise<string | undefined> {
  if (file.size > MOST_HASHED || !globalThis.crypto?.subtle) return undefined;
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
