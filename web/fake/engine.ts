/** An engine that makes everything up: what the page is drawn with until it meets a real replica. */

import type { Unproven } from "../../src/restore/execute.ts";
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
  TableView,
} from "../app/protocol/protocol.ts";
import { type FakeReplica, makeReplica, SCENARIOS, type Scenario } from "./replica.ts";
import { finding } from "./report.ts";

export interface Context {
  signal: AbortSignal;
  progress: (progress: Progress) => void;
}

export class FakeFailure extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

type Asynchronous = {
  [M in keyof Engine]: (context: Context, ...args: Parameters<Engine[M]>) => Promise<ReturnType<Engine[M]>>;
};

const TOWNS = ["Leeds", "Ghent", "Turin", "Malmö", "Porto", "Graz", "Brno", "Nantes"];
const GIVEN = ["Ada", "Linus", "Grace", "Edsger", "Barbara", "Donald", "Radia", "Niklaus", "Hedy", "Alan"];
const FAMILY = [
  "Okafor",
  "Lindqvist",
  "Moreau",
  "Novak",
  "Silva",
  "Brandt",
  "Haddad",
  "Kowalska",
  "Ferrari",
  "Byrne",
];
const GOODS = [
  "Kettle, steel",
  "Tea tin",
  "Oak tray",
  "Linen cloth",
  "Paper lamp",
  "Brass hook",
  "Clay bowl",
  "Wool rug",
];
const STATES = ["new", "paid", "packed", "sent", "returned"];

/** `slow` makes what its word says last for ever: for pictures of waiting. */
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
    const { index, offset } = timeline.moments;
    let i = 0;
    while (
      i < index.length &&
      (index[i]! < moment.index || (index[i] === moment.index && offset[i]! <= moment.offset))
    )
      i++;
    return i;
  };

  const isCorrupt = (moment: MomentId) =>
    name.includes("corrupt") && ordinal(moment) > commits() - CORRUPT_COMMITS;
  const commits = () => replica!.view.timelines[0]!.moments.index.length;

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
      if (/\bform\b/i.test(sql)) throw new FakeFailure("query/failed", 'near "FORM": syntax error');
      if (/count\(\*\)/i.test(sql) && !/group by/i.test(sql)) {
        return answersOf({ sql, columns: ["count(*)"], rows: [[tablesAt(at)[0]!.rows ?? 0]] });
      }
      const rows = TOWNS.map((town, i): Cell[] => [
        town,
        412 - i * 37 + (at % 11),
        Math.round((9214.5 - i * 811.25) * 100) / 100,
      ]);
      const wide = /\bwide\b/.test(sql);
      const columns = ["town", "orders", "revenue", ...(wide ? COLUMNS : [])];
      const all = wide
        ? rows.map((row, i) => [...row, ...COLUMNS.map((_, j) => `value ${i + 1}.${j + 1}`)])
        : rows;
      const answers = answersOf({ sql, columns, rows: all });
      if (/^\s*update/i.test(sql)) {
        answers.answers.unshift({
          sql: sql.split(";")[0]!,
          columns: [],
          rows: [],
          truncated: false,
          written: 214,
        });
        answers.wrote = true;
      }
      return answers;
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
      const place = (i: number) => ({
        generation: generation!,
        index: moments.index[i]!,
        offset: moments.offset[i]!,
      });
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

/** How many commits at the end of a replica whose name says so are corrupt. */
const CORRUPT_COMMITS = 7;
const CORRUPT =
  "Expected SQLite's integrity_check to say ok, found: Tree 4 page 212 cell 3: Rowid 1204 out of order; row 88 missing from index orders_state";

function corruptReport({ report, view }: FakeReplica): typeof report {
  const { generation } = view.timelines[0]!;
  const generations = report.generations.map((one) => ({ ...one, integrity: "failed" as const }));
  const findings = [...report.findings, finding("database/integrity", CORRUPT, { generation })];
  return { ...report, status: "damaged", generations, findings };
}

const COLUMNS = Array.from({ length: 24 }, (_, i) => `measure_${i + 1}`);

function answersOf(...all: { sql: string; columns: string[]; rows: Cell[][] }[]): Answers {
  const answers = all.map((one) => ({ ...one, truncated: false, written: 0 }));
  return { answers, truncated: false, wrote: false, failure: undefined, milliseconds: 7 };
}

/** Many tables, and those of modules that SQLite has not got here. */
function crowd(): TableView[] {
  const plain = { kind: "table" as const, columns: [], sql: "", internal: false, missing: undefined };
  const parts = ["audit", "billing", "catalogue", "delivery", "email", "forum", "gallery", "helpdesk"];
  const things = ["accounts", "entries", "events", "files", "notes", "people", "settings", "tags"];
  return [
    ...parts.flatMap((part, i) =>
      things.map((thing, j) => ({ ...plain, name: `${part}_${thing}`, rows: ((i * 37 + j * 11) % 97) * 13 })),
    ),
    {
      ...plain,
      name: "search",
      kind: "virtual",
      rows: undefined,
      missing: "fts5",
      sql: "CREATE VIRTUAL TABLE search USING fts5(title, body)",
    },
    ...["search_config", "search_content", "search_data", "search_docsize", "search_idx"].map((name) => {
      return { ...plain, name, rows: 12, internal: true };
    }),
  ];
}

function tablesAt(n: number): TableView[] {
  const table = (name: string, rows: number, columns: [string, string][], internal = false): TableView => ({
    name,
    kind: "table",
    columns: columns.map(([column, type], i) => ({ name: column, type, primaryKey: i === 0 })),
    rows,
    sql: `CREATE TABLE ${name} (\n${columns.map(([column, type], i) => `  ${column} ${type}${i === 0 ? " PRIMARY KEY" : ""}`).join(",\n")}\n)`,
    internal,
    missing: undefined,
  });
  return [
    table("orders", 240 + Math.floor(n * 0.7), [
      ["id", "INTEGER"],
      ["customer_id", "INTEGER"],
      ["state", "TEXT"],
      ["total", "REAL"],
      ["placed_at", "TEXT"],
      ["note", "TEXT"],
    ]),
    table("order_items", 610 + Math.floor(n * 1.9), [
      ["id", "INTEGER"],
      ["order_id", "INTEGER"],
      ["product_id", "INTEGER"],
      ["quantity", "INTEGER"],
      ["price", "REAL"],
    ]),
    table("customers", 88 + Math.floor(n * 0.11), [
      ["id", "INTEGER"],
      ["name", "TEXT"],
      ["town", "TEXT"],
      ["email", "TEXT"],
      ["photo", "BLOB"],
    ]),
    table("products", 64, [
      ["id", "INTEGER"],
      ["name", "TEXT"],
      ["price", "REAL"],
      ["stock", "INTEGER"],
    ]),
    {
      ...table("open_orders", 0, [
        ["id", "INTEGER"],
        ["state", "TEXT"],
      ]),
      kind: "view",
      rows: undefined,
      sql: "CREATE VIEW open_orders AS SELECT id, state FROM orders WHERE state != 'sent'",
    },
    table(
      "_litestream_seq",
      1,
      [
        ["id", "INTEGER"],
        ["seq", "INTEGER"],
      ],
      true,
    ),
    table(
      "sqlite_sequence",
      3,
      [
        ["name", ""],
        ["seq", ""],
      ],
      true,
    ),
  ];
}

function pick<T>(from: readonly T[], n: number): T {
  return from[Math.abs(Math.imul(n, 2654435761) >>> 7) % from.length]!;
}

function rowOf(table: string, id: number): Cell[] {
  const placed = new Date(Date.UTC(2026, 9, 21, 7) + id * 1_043_000).toISOString().slice(0, 19);
  const person = `${pick(GIVEN, id)} ${pick(FAMILY, id * 7)}`;
  switch (table) {
    case "orders":
      return [
        id,
        ((id * 31) % 88) + 1,
        pick(STATES, id),
        (Math.round(id * 317.7) % 20000) / 100,
        placed,
        id % 5 ? null : "Leave it with the neighbours, please",
      ];
    case "order_items":
      return [id, (id >> 1) + 1, (id * 13) % 64, (id % 4) + 1, (Math.round(id * 137.3) % 9000) / 100];
    case "customers":
      return [
        id,
        person,
        pick(TOWNS, id),
        `${person.toLowerCase().replace(" ", ".")}@example.org`,
        id % 3 ? { blob: 18_422 + id * 91, head: "ffd8ffe000104a46" } : null,
      ];
    case "products":
      return [id, pick(GOODS, id), (Math.round(id * 733.1) % 12000) / 100, (id * 17) % 240];
    case "open_orders":
      return [id * 3, pick(STATES.slice(0, 3), id)];
    default:
      return [1, id];
  }
}

const COUNTED = { uncounted: false, rowsBefore: undefined, rowsAfter: undefined };

function changesAt(moment: MomentId, n: number): ChangesView {
  const nothing = { added: [], removed: [], changed: [] };
  const base = { moment, pages: 3 + (n % 5), pageCount: 600 + (n >> 2), schema: nothing, isOwn: false };
  if (n % 13 === 12) return { ...base, pages: 1, tables: [], isOwn: true };
  const order = 240 + Math.floor(n * 0.7);
  const added = rowOf("orders", order);
  const before = rowOf("orders", order - 3);
  const after = before.with(2, "sent").with(5, "Leave it with the neighbours, please");
  const stock = rowOf("products", 12);
  return {
    ...base,
    tables: [
      {
        table: "orders",
        added: 1,
        removed: 1,
        changed: 1,
        samples: [
          { kind: "added", before: undefined, after: added },
          { kind: "changed", before: before.with(2, "packed"), after },
          { kind: "removed", before: rowOf("orders", order - 40), after: undefined },
        ],
        columns: ["id", "customer_id", "state", "total", "placed_at", "note"],
        ...COUNTED,
      },
      {
        table: "order_items",
        added: 12,
        removed: 0,
        changed: 0,
        samples: [1, 2, 3].map((i) => ({
          kind: "added" as const,
          before: undefined,
          after: rowOf("order_items", 610 + n * 2 + i),
        })),
        columns: ["id", "order_id", "product_id", "quantity", "price"],
        ...COUNTED,
      },
      {
        table: "products",
        added: 0,
        removed: 0,
        changed: 1,
        samples: [{ kind: "changed", before: stock, after: stock.with(3, (stock[3] as number) - 2) }],
        columns: ["id", "name", "price", "stock"],
        ...COUNTED,
      },
    ],
  };
}
