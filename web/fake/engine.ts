/** An engine that makes everything up, for screenshots and for trying the page by hand. The replica's name says what to make up. */

import { comparePositions } from "../../src/replay/position.ts";
import type { Unproven } from "../../src/restore/execute.ts";
import { positionAt } from "../app/protocol/positions.ts";
import type {
  Answers,
  Cell,
  ChangesView,
  Engine,
  IntegrityView,
  MomentId,
  Progress,
  Rows,
  SizeView,
  SoundView,
  Source,
  StateView,
} from "../app/protocol/protocol.ts";
import { answersTo, FakeFailure } from "./answers.ts";
import { changesAt } from "./changes.ts";
import { crowd, rowOf, tablesAt } from "./database.ts";
import { type FakeReplica, makeReplica, SCENARIOS, type Scenario } from "./replica.ts";
import { finding } from "./report.ts";

export interface Context {
  signal: AbortSignal;
  progress: (progress: Progress) => void;
}

type Asynchronous = {
  [M in keyof Engine]: (context: Context, ...args: Parameters<Engine[M]>) => Promise<ReturnType<Engine[M]>>;
};

/** `slow-<call>` in the replica's name makes that call wait for ever, for screenshots of progress. */
export function fakeEngine(): Asynchronous {
  let name = "";
  let replica: FakeReplica | undefined;
  let at = 0;
  const isLarge = () => name.includes("large");
  const isSlow = (what: string) => name.includes(`slow-${what}`);

  async function work(
    { signal, progress }: Context,
    what: string,
    phase: string,
    total: number,
    milliseconds: number,
  ) {
    const steps = 8;
    for (let i = 0; i <= steps; i++) {
      if (isSlow(what) && i === 5) await new Promise((resolve) => signal.addEventListener("abort", resolve));
      signal.throwIfAborted();
      progress({ phase, done: Math.round((total * i) / steps), total });
      await new Promise((resolve) => setTimeout(resolve, milliseconds / steps));
    }
  }

  const ordinal = (moment: MomentId): number => {
    const timeline = replica!.view.timelines.find(({ generation }) => generation === moment.generation)!;
    const { moments } = timeline;
    let i = 0;
    while (i < moments.segment.length && comparePositions(positionAt(moments, i), moment) <= 0) i++;
    return i;
  };

  const isCorrupt = (moment: MomentId) =>
    name.includes("corrupt") && ordinal(moment) > commits() - CORRUPT_COMMITS;
  const commits = () => replica!.view.timelines[0]!.moments.segment.length;

  return {
    async open(context, source: Source) {
      name = source.kind === "served" ? decodeURIComponent(source.url) : source.kind;
      await work(context, "open", "list", 5231, 80);
      if (name.includes("nothing")) return { name: "Downloads", replicas: [], skipped: [], home: undefined };
      if (name.includes("several")) {
        const replicas = ["shop", "billing", "old/shop"].map((path) => {
          return { path: `backups/${path}`, prefix: `backups/${path}/generations/`, generation: undefined };
        });
        return { name: "backups", replicas, skipped: [], home: undefined };
      }
      const replicas = [{ path: name, prefix: "generations/", generation: undefined }];
      const home = name.includes("place")
        ? {
            path: "/backups/my shop/app",
            name: "app",
            quoted: "'/backups/my shop/app'",
            program: "walkit",
            canMark: true,
          }
        : undefined;
      return { name, replicas, skipped: [], home };
    },
    async load(context) {
      await work(context, "load", "moments", 9_400_000, 120);
      const scenario = SCENARIOS.find((one) => name.includes(one)) ?? "healthy";
      replica = makeReplica(scenario as Scenario);
      return replica.view;
    },
    async verify(context, large) {
      await work(context, "verify", "verify", 9_400_000, 300);
      if (name.includes("corrupt")) return corruptReport(replica!);
      if (!isLarge() || large) return replica!.report;
      const generations = replica!.report.generations.map((one) => ({
        ...one,
        pageCount: 94_761,
        integrity: undefined,
      }));
      return { ...replica!.report, generations };
    },
    async size(_context, moment): Promise<SizeView> {
      const pageCount = isLarge() ? 94_761 : 600 + (ordinal(moment) >> 2);
      const bytes = pageCount * 4096;
      return {
        moment,
        bytes,
        pageSize: 4096,
        pageCount,
        memory: bytes + (500 << 20),
        look: isLarge() ? "asked" : "unasked",
      };
    },
    async look(context, moment): Promise<StateView> {
      await work(context, "look", "look", 2_000_000, 40);
      at = ordinal(moment);
      const pageCount = 600 + (at >> 2);
      return {
        moment,
        bytes: pageCount * 4096,
        pageSize: 4096,
        pageCount,
        tables: name.includes("crowded") ? [...tablesAt(at), ...crowd()] : tablesAt(at),
        unproven: unprovenOf(name),
        findings: [],
        milliseconds: 41,
      };
    },
    async rows(_context, table, from, count): Promise<Rows> {
      const known = [...tablesAt(at), ...crowd()].find((one) => one.name === table)!;
      if (known.missing) throw new FakeFailure("sql", `no such module: ${known.missing}`);
      const columns = known.columns.map((column) => column.name);
      const all = known.rows ?? 40;
      const rows: Cell[][] = [];
      for (let i = from; i < Math.min(from + count, all); i++) rows.push(rowOf(table, i + 1));
      return { columns, rows, truncated: from + count < all, milliseconds: 2 };
    },
    async query(context, sql): Promise<Answers> {
      await work(context, "query", "query", 100, 30);
      return answersTo(sql, at);
    },
    async changes(context, moment): Promise<ChangesView> {
      await work(context, "changes", "changes", 100, 60);
      return changesAt(moment, ordinal(moment));
    },
    async check(_context, moment): Promise<IntegrityView | undefined> {
      if (isLarge()) return undefined;
      return isCorrupt(moment) ? { found: "corrupt", message: CORRUPT } : { found: "ok", message: undefined };
    },
    async sound(context, moment): Promise<SoundView> {
      await work(context, "sound", "sound", 12, 200);
      const { generation, moments } = replica!.view.timelines.find(
        (one) => one.generation === moment.generation,
      )!;
      const place = (i: number) => ({ generation: generation!, ...positionAt(moments, i) });
      const last = commits() - CORRUPT_COMMITS;
      return { moment: place(last - 1), broken: place(last), exhaustive: false };
    },
    async restore(context, moment, output) {
      await work(context, "restore", "restore", 4_833_280, 500);
      const bytes = (600 + (ordinal(moment) >> 2)) * 4096;
      return {
        bytes,
        sha256: "5d7c1f0e9a3b64c28d4f7710b6f2f6f5a1c09e63d8274b15e8a90c3d7e51b204",
        file: output.kind === "private" ? new File([new Uint8Array(4096)], output.name) : undefined,
        unproven: unprovenOf(name),
        integrity: name.includes("unproven")
          ? "skipped"
          : isLarge()
            ? undefined
            : isCorrupt(moment)
              ? "corrupt"
              : "ok",
        findings: [],
        milliseconds: 640,
      };
    },
  };
}

function unprovenOf(name: string): Unproven[] {
  return name.includes("unproven") ? [{ what: "snapshot" }] : [];
}

/** How many commits at the end are corrupt, if the replica's name says `corrupt`. */
const CORRUPT_COMMITS = 7;
const CORRUPT =
  "Expected SQLite's integrity_check to say ok, found: Tree 4 page 212 cell 3: Rowid 1204 out of order; row 88 missing from index orders_state";

function corruptReport({ report, view }: FakeReplica): typeof report {
  const { generation } = view.timelines[0]!;
  const generations = report.generations.map((one) => ({ ...one, integrity: "failed" as const }));
  const findings = [...report.findings, finding("database/integrity", CORRUPT, { generation })];
  return { ...report, status: "damaged", generations, findings };
}
