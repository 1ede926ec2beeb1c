/** What the worker can be asked, over any storage. What it needs of where it runs is given to it. */

import { WalkitError } from "../../src/errors.ts";
import { replicaIn } from "../../src/layouts/open.ts";
import type { Replica } from "../../src/replay/layout.ts";
import { positionOf } from "../../src/replay/position.ts";
import { newestSound } from "../../src/restore/sound.ts";
import type { Storage } from "../../src/storage/storage.ts";
import { type Examined, reportOf } from "../../src/verify/examine.ts";
import { checkNewest } from "../../src/verify/newest.ts";
import type { VerifyReport } from "../../src/verify/report.ts";
import { MOST_BYTES, MOST_UNASKED } from "../app/protocol/limits.ts";
import type * as Page from "../app/protocol/protocol.ts";
import { type CallContext, inPhase } from "./calls.ts";
import { EngineError } from "./failure.ts";
import { Integrity } from "./integrity.ts";
import { Looked } from "./looked.ts";
import { type FetchExample, openSource } from "./open.ts";
import type { PrivateFolder } from "./output.ts";
import { type NamedReplica, tooLarge } from "./replica.ts";
import { restoreInto } from "./restored.ts";
import type { Sql } from "./sql.ts";
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

export class ReplicaEngine implements Served {
  readonly #surroundings: Surroundings;
  readonly #mostUnasked: number;
  readonly #looked: Looked;
  readonly #integrity: Integrity;
  #source: { find: (wanted: Page.FoundReplica) => Replica; name: string } | undefined;
  #replica: NamedReplica | undefined;
  /** What was found when the replica was opened. */
  #examined: Examined | undefined;

  constructor(surroundings: Surroundings) {
    const { mostUnasked = MOST_UNASKED } = surroundings;
    const openSql = () => surroundings.openSql();
    this.#surroundings = surroundings;
    this.#mostUnasked = mostUnasked;
    this.#looked = new Looked(openSql, mostUnasked);
    this.#integrity = new Integrity(openSql, mostUnasked);
  }

  async open(source: Page.Source, context: CallContext): Promise<Page.Opened> {
    const { opened, found } = await openSource(source, this.#surroundings.fetchExample, context);
    const find = ({ prefix, generation }: Page.FoundReplica) =>
      found.find((one) => one.prefix === prefix && one.generation === generation)!;
    this.#source = { find, name: opened.name };
    this.#replica = undefined;
    await this.#looked.forget(context.signal);
    return opened;
  }

  /** Takes any storage for what was opened: for tests, and for whoever has one. */
  async use(storage: Storage, name: string): Promise<void> {
    this.#source = { find: (wanted) => replicaIn(storage, wanted), name };
    this.#replica = undefined;
    await this.#looked.forget(undefined);
  }

  async load(found: Page.FoundReplica, context: CallContext): Promise<Page.ReplicaView> {
    if (!this.#source) throw new EngineError("no-replica", "No replica is opened");
    const { find, name } = this.#source;
    const replica = { ...find(found), name: found.path || name };
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
    this.#integrity.forget();
    await this.#looked.forget(context.signal);
    return view;
  }

  /** What opening the replica has found, with SQLite's own word on the newest states. */
  async verify(large: boolean, { signal, onProgress }: CallContext): Promise<VerifyReport> {
    const replica = this.#need();
    const sql = this.#surroundings.openSql();
    try {
      const examined = structuredClone(this.#examined!);
      await checkNewest(replica, examined, {
        signal,
        checkIntegrity: (bytes, how) => sql.check(bytes, how, signal),
        integrityUpTo: large ? undefined : this.#mostUnasked,
        onProgress: (progress) => onProgress({ phase: "verify", ...progress }),
      });
      return reportOf(examined);
    } finally {
      sql.close();
    }
  }

  async size(moment: Page.MomentId, context: CallContext): Promise<Page.SizeView> {
    return await this.#looked.size(this.#need(), moment, context);
  }

  async look(moment: Page.MomentId, context: CallContext): Promise<Page.StateView> {
    return await this.#looked.look(this.#need(), moment, context);
  }

  async rows(table: string, from: number, count: number, context: CallContext): Promise<Page.Rows> {
    return await this.#looked.rows(table, from, count, context);
  }

  async query(text: string, context: CallContext): Promise<Page.Answers> {
    return await this.#looked.query(text, context);
  }

  async changes(moment: Page.MomentId, context: CallContext): Promise<Page.ChangesView> {
    return await this.#looked.changes(this.#need(), moment, context);
  }

  async check(moment: Page.MomentId, context: CallContext): Promise<Page.IntegrityView | undefined> {
    return await this.#integrity.check(this.#need(), moment, inPhase("integrity", context));
  }

  async sound(moment: Page.MomentId, context: CallContext): Promise<Page.SoundView | undefined> {
    const replica = this.#need();
    const { generation } = moment;
    const { signal, onProgress } = context;
    const sql = this.#surroundings.openSql();
    // Of two databases in memory the one that is shown may be large.
    const maxBytes = MOST_BYTES - this.#looked.bytes;
    try {
      const found = await newestSound(
        replica,
        { generation, commit: positionOf(moment) },
        {
          signal,
          maxBytes,
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
    const replica = this.#need();
    const folder = await this.#surroundings.privateFolder?.();
    return await restoreInto(replica, moment, output, { folder, integrity: this.#integrity }, context);
  }

  #need(): NamedReplica {
    if (this.#replica) return this.#replica;
    throw new EngineError("no-replica", "No replica is loaded");
  }
}
