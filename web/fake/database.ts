/** Makes a shop's database up: its tables, and plausible rows. */

import type { Cell, TableView } from "../app/protocol/protocol.ts";

export const TOWNS = ["Leeds", "Ghent", "Turin", "Malmö", "Porto", "Graz", "Brno", "Nantes"];
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

/** Many tables, among them a virtual table whose module SQLite lacks. */
export function crowd(): TableView[] {
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

export function tablesAt(n: number): TableView[] {
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

export function rowOf(table: string, id: number): Cell[] {
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
