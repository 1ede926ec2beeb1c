/** Makes the changes of transactions up. */

import type { ChangesView, MomentId } from "../app/protocol/protocol.ts";
import { rowOf } from "./database.ts";

const COUNTED = { uncounted: false, rowsBefore: undefined, rowsAfter: undefined };

export function changesAt(moment: MomentId, n: number): ChangesView {
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
