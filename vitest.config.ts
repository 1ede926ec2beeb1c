import { defineConfig } from "vitest/config";

export default defineConfig({
  // By itself vitest leaves one of two cores idle.
  test: { include: ["test/**/*.test.ts"], testTimeout: 120_000, hookTimeout: 120_000, maxWorkers: 2 },
});
