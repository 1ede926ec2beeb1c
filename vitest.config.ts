import { configDefaults, defineConfig } from "vitest/config";

/** What takes longer than 4 s, or starts processes and browsers: left out by `npm run test:fast`. */
const SLOW = [
  "test/{agreement,campaign,cases,cli,interop,kernel,web}/**",
  "test/diff/diff.test.ts",
  "test/layouts/generations/continuity.test.ts",
  "test/layouts/ltx/{damage,field,model}.test.ts",
  "test/ltx/{merge,reader}.test.ts",
  "test/lz4/{block,cross,damage,frame}.test.ts",
  "test/moments/{moments,position}.test.ts",
  "test/replay/page-map.test.ts",
  "test/restore/{damaged,memory,model,page-store,salvage,sound}.test.ts",
  "test/sqlite/{btree,integrity,litestream}.test.ts",
  "test/storage/{archive,attacked-archives,attacked-web,browser,damaged-tar,http,picked}.test.ts",
  "test/timeline/{content/infer,restore-points}.test.ts",
  "test/timeline/target/{resolve,through}.test.ts",
  "test/wal/{damage,real-sqlite}.test.ts",
];

export default defineConfig(({ mode }) => ({
  test: {
    include: ["test/**/*.test.ts"],
    setupFiles: ["test/support/seed.ts"],
    exclude: [...configDefaults.exclude, ...(mode === "fast" ? SLOW : [])],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // By itself vitest leaves one of two cores idle.
    maxWorkers: 2,
  },
}));
