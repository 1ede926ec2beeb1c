/** The moment that is looked into: its database in memory, what can be asked of it, and what its commit changed. */

import { MOST_BYTES, memoryOf } from "../app/protocol/limits.ts";
import { fits } from "../app/protocol/proof.ts";
import type { Answers, ChangesView, MomentId, Rows, SizeView, StateView } from "../app/protocol/protocol.ts";
import { type CallContext, inPhase } from "./calls.ts";
import { EngineError } from "./failure.ts";
import { Lock } from "./lock.ts";
import { isSame } from "./moment.ts";
import { type CommitPages, type NamedReplica, readCommit, readPages, readState } from "./replica.ts";
import type { PagesBefore, Sql } from "./sql.ts";

/** Changed pages that are kept at most to tell what a commit changed; of more, only the tables are told. */
const MOST_CHANGED = 256 << 20;

/** One moment at a time; calls wait for each other. */
export class Looked {
  readonly #openSql: () => Sql;
  readonly #mostUnasked: number;
  /** For what is about the database in memory. */
  readonly #lock = new Lock();
  readonly #sql: Sql;
  #moment: { replica: NamedReplica; id: MomentId; bytes: number } | undefined;
  /** Of the moment that was asked about last. */
  #commit: { replica: NamedReplica; moment: MomentId; pages: CommitPages } | undefined;

  /** `mostUnasked`: bytes of a database that is held in memory without anybody having asked for it. */
  constructor(openSql: () => Sql, mostUnasked: number) {
    this.#openSql = openSql;
    this.#mostUnasked = mostUnasked;
    this.#sql = openSql();
  }

  /** Bytes that it takes in memory. */
  get bytes(): number {
    return this.#moment?.bytes ?? 0;
  }

  /** Lets it go. */
  async forget(signal: AbortSignal | undefined): Promise<void> {
    await this.#lock.run(signal, async () => this.#close());
  }

  async size(replica: NamedReplica, moment: MomentId, context: CallContext): Promise<SizeView> {
    return await this.#lock.run(context.signal, async () => {
      const commit = await this.#commitAt(replica, moment, inPhase("look", context));
      if (this.bytes > this.#mostUnasked && !isSame(this.#moment!.id, moment)) this.#close();
      const { pageSize, pageCount = 0 } = commit;
      const bytes = pageSize * pageCount;
      const look = bytes > MOST_BYTES ? "refused" : bytes > this.#mostUnasked ? "asked" : "unasked";
      return { moment, bytes, pageSize, pageCount, memory: memoryOf(bytes), look };
    });
  }

  async look(replica: NamedReplica, moment: MomentId, context: CallContext): Promise<StateView> {
    return await this.#lock.run(context.signal, () => this.#look(replica, moment, context));
  }

  async #look(replica: NamedReplica, moment: MomentId, context: CallContext): Promise<StateView> {
    const began = performance.now();
    const commit = await this.#commitAt(replica, moment, inPhase("look", context));
    const expected = commit.pageSize * (commit.pageCount ?? 0);
    // Of two small ones, what a moment shows stays until the next one is there.
    if (Math.max(this.bytes, expected) > this.#mostUnasked) this.#close();
    const reading = inPhase("look", context);
    const { bytes, restored } = await readState(replica, moment, commit, MOST_BYTES, reading);
    const { unproven, findings, pageSize, pageCount } = restored;
    this.#moment = undefined;
    // Where nothing shows that the snapshot fits, SQLite has the last word.
    const { tables } = await this.#sql.open(bytes, !fits(unproven), context.signal);
    const size = pageSize * pageCount;
    this.#moment = { replica, id: moment, bytes: size };
    const milliseconds = performance.now() - began;
    return { moment, bytes: size, pageSize, pageCount, tables, unproven, findings, milliseconds };
  }

  async rows(table: string, from: number, count: number, context: CallContext): Promise<Rows> {
    return await this.#ask(context, (sql) => sql.rows(table, from, count, context.signal));
  }

  async query(text: string, context: CallContext): Promise<Answers> {
    return await this.#ask(context, (sql) => sql.query(text, context.signal));
  }

  /** Asks the state that is looked into; read anew where a query had to be ended, and took it along. */
  async #ask<T>(context: CallContext, work: (sql: Sql) => Promise<T>): Promise<T> {
    return await this.#lock.run(context.signal, async () => {
      if (!this.#moment) throw new EngineError("no-state", "No moment is looked into");
      const { replica, id } = this.#moment;
      if (!this.#sql.isOpen) await this.#look(replica, id, context);
      return await work(this.#sql);
    });
  }

  /** What the commit that ends at a moment changed: that moment need not be looked into. */
  async changes(replica: NamedReplica, moment: MomentId, context: CallContext): Promise<ChangesView> {
    return await this.#lock.run(context.signal, async () => {
      const commit = await this.#commitAt(replica, moment, inPhase("changes", context));
      const { before, written, pageCount = 0 } = commit;
      if (!before) throw new EngineError("no-transaction", "It is a snapshot: no transaction ends there");
      const isLooked = this.#moment && isSame(this.#moment.id, moment) && this.#sql.isOpen;
      const sql = isLooked ? this.#sql : this.#openSql();
      try {
        if (!isLooked) {
          const most = MOST_BYTES - this.bytes;
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

  async #commitAt(replica: NamedReplica, moment: MomentId, context: CallContext): Promise<CommitPages> {
    const known = this.#commit;
    if (known?.replica === replica && isSame(known.moment, moment)) return known.pages;
    const pages = await readCommit(replica, moment, context);
    this.#commit = { replica, moment, pages };
    return pages;
  }

  #close(): void {
    this.#moment = undefined;
    this.#sql.close();
  }
}

/** What the commit's pages were before it. */
async function pagesBefore(
  replica: NamedReplica,
  before: MomentId,
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
