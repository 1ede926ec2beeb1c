import { spawn } from "node:child_process";
import { once } from "node:events";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { refuseInUse } from "../../src/restore/in-use.ts";
import { folderOf } from "./folders.ts";

it("a database is not in use that nobody has open, also with a WAL that nobody has", () => {
  expect(() => refuseInUse(join(folderOf({ "a.db": "", "a.db-wal": "" }), "a.db"))).not.toThrow();
  // Without a database what is left of its memory says nothing.
  expect(() => refuseInUse(join(folderOf({ "a.db-shm": "" }), "a.db"))).not.toThrow();
});

it("a -shm beside it says that it is", () => {
  const output = join(folderOf({ "a.db": "", "a.db-shm": "" }), "a.db");
  expect(() => refuseInUse(output)).toThrow(
    expect.objectContaining({ code: "output/in-use", path: `${output}-shm` }),
  );
});

it.skipIf(process.platform !== "linux").each(["a.db", "a.db-wal"])(
  "a process that has %s open says so, also where the output is a link",
  async (name) => {
    const folder = folderOf({ "a.db": "", "a.db-wal": "" });
    symlinkSync("a.db", join(folder, "link.db"));
    const script = `require("fs").openSync(${JSON.stringify(join(folder, name))}, "r"); console.log("open"); setInterval(() => {}, 1000)`;
    const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
    try {
      await once(child.stdout, "data");
      for (const output of [join(folder, "a.db"), join(folder, "link.db")])
        expect(() => refuseInUse(output)).toThrow(`process ${child.pid} `);
    } finally {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    expect(() => refuseInUse(join(folder, "a.db"))).not.toThrow();
  },
);
