import { generations } from "../../src/layouts/generations/layout.ts";
import { ltx } from "../../src/layouts/ltx/layout.ts";
import { LtxHistory, type Placed } from "../support/ltx-history.ts";
import { naiveGenerations, naiveStates } from "../support/naive.ts";
import { SqliteReplica } from "../support/sqlite-replica.ts";
import { toy, writeToy } from "../support/toy-layout.ts";
import { conformance } from "./conformance.ts";

/** Rows that come and go, over three WALs, with a snapshot before the last. */
function workload(): SqliteReplica {
  const replica = new SqliteReplica({ generation: "0123456789abcdef", clock: 1_700_000_000_000_000_000n });
  replica.exec("CREATE TABLE t (id INTEGER PRIMARY KEY, a BLOB)");
  for (let wal = 0; wal < 3; wal++) {
    if (wal === 2) replica.snapshot();
    for (let segment = 0; segment < 2; segment++) {
      for (let commit = 0; commit < 2; commit++) {
        replica.exec(
          `INSERT INTO t (a) VALUES (zeroblob(${700 * (wal + 1)})), (x'${`${wal}${segment}${commit}`.repeat(20)}')`,
        );
        replica.exec(`DELETE FROM t WHERE id % 7 = ${segment}`);
      }
      replica.segment();
    }
    replica.checkpoint();
  }
  replica.segment();
  return replica;
}

const replica = workload();
const [branch] = naiveGenerations(replica.storage);
const states = naiveStates(branch!);
replica.close();

conformance("generations", () => ({
  ...{ layout: generations, prefix: "generations/", storage: replica.storage },
  states: states.map(({ index, end, sha256 }) => ({ end: { index, offset: end }, sha256 })),
}));

conformance("of a few lines", () => ({
  ...{ layout: toy, prefix: "toy/", storage: writeToy(branch!.snapshots[0]!.bytes, states, 5) },
  states: states.map(({ sha256 }, n) => ({ end: { index: n, offset: 1 }, sha256 })),
}));

/** The same as LTX files: a snapshot, a file for each transaction behind it, and another snapshot behind some. */
function transactions(): LtxHistory {
  const { bytes } = branch!.snapshots[0]!;
  const pageSize = (bytes[16]! << 8) | bytes[17]!;
  const history = new LtxHistory({ pageSize });
  const count = bytes.length / pageSize;
  const pageOf = (page: number) => bytes.slice((page - 1) * pageSize, page * pageSize);
  history.record(count, new Map(Array.from({ length: count }, (_, i) => [i + 1, pageOf(i + 1)])));
  for (const { size, pages } of states) history.record(size, new Map(pages));
  return history;
}

const history = transactions();
const files = states.map((_, i): Placed => [0, i + 2, i + 2]);

conformance("ltx", () => ({
  ...{ layout: ltx, prefix: "", storage: history.storage([...files, [9, 1, 1], [9, 1, 5]]) },
  states: states.map(({ sha256 }, i) => ({ end: { txid: i + 2 }, sha256 })),
}));
