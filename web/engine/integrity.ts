/** What SQLite's own check says of moments of the replica. */

import { WalkitError } from "../../src/errors.ts";
import { MOST_BYTES, MOST_CHECKED } from "../app/protocol/limits.ts";
import { fits } from "../app/protocol/proof.ts";
import type { IntegrityView, MomentId, RestoredView, StateView } from "../app/protocol/protocol.ts";
import type { CallContext } from "./calls.ts";
import { EngineError } from "./failure.ts";
import { nameOf } from "./moment.ts";
import { type NamedReplica, readState } from "./replica.ts";
import type { Sql } from "./sql.ts";

const NOT_KNOWN = { pageSize: 0, pageCount: 0 };

/** Each moment is checked once, in a thread of its own: what is shown can be asked meanwhile. */
export class Integrity {
  readonly #openSql: () => Sql;
  readonly #mostUnasked: number;
  /** What was said, by moment. */
  #said = new Map<string, IntegrityView>();

  /** `mostUnasked`: bytes of a database that is held in memory without anybody having asked for it. */
  constructor(openSql: () => Sql, mostUnasked: number) {
    this.#openSql = openSql;
    this.#mostUnasked = mostUnasked;
  }

  /** Another replica is loaded. What is said of the one before is not kept. */
  forget(): void {
    this.#said = new Map();
  }

  get #mostChecked(): number {
    return Math.min(MOST_CHECKED, this.#mostUnasked);
  }

  /** Undefined where the database is too large to be checked unasked. */
  async check(
    replica: NamedReplica,
    moment: MomentId,
    context: CallContext,
  ): Promise<IntegrityView | undefined> {
    const known = this.#said.get(nameOf(moment));
    if (known) return known;
    const all = this.#said;
    const sql = this.#openSql();
    let found: IntegrityView = { found: "ok", message: undefined };
    try {
      const { bytes } = await readState(replica, moment, NOT_KNOWN, this.#mostChecked, context);
      await sql.check(bytes, "full", context.signal);
    } catch (error) {
      if (error instanceof EngineError && error.code === "too-large") return undefined;
      const said = integrityIn(error);
      if (!said) throw error;
      found = said;
    } finally {
      sql.close();
    }
    all.set(nameOf(moment), found);
    return found;
  }

  /**
   * What SQLite says of what was restored, unless that takes more memory than anybody asked for. Where nothing shows that the
   * snapshot fits, it has the last word; where only steps between WAL indexes are not proven, more may be checked unasked. An
   * output cannot be read before it is kept, so it is restored once more.
   *
   * @throws WalkitError `database/integrity` of a state whose snapshot is not proven to fit
   */
  async checkRestored(
    replica: NamedReplica,
    moment: MomentId,
    { bytes: size, unproven, ...pages }: Pick<StateView, "bytes" | "unproven" | "pageSize" | "pageCount">,
    context: CallContext,
  ): Promise<RestoredView["integrity"]> {
    const known = this.#said.get(nameOf(moment));
    const isSaid = fits(unproven);
    if (known && (isSaid || known.found !== "corrupt")) return known.found;
    const most = unproven.length === 0 ? this.#mostChecked : this.#mostUnasked;
    if (size > most) return isSaid ? undefined : "skipped";
    const sql = this.#openSql();
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
}

/** What an error says of the database, if it does. */
function integrityIn(error: unknown): IntegrityView | undefined {
  if (!(error instanceof WalkitError)) return undefined;
  const { code, message } = error;
  if (code === "database/integrity") return { found: "corrupt", message };
  return code === "database/integrity-skipped" ? { found: "skipped", message } : undefined;
}
