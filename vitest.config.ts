import { configDefaults, defineConfig } from "vitest/config";

const ALL = ["test/**/*.test.ts"];

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

/** What wants modules that no other test has used, or puts others in place of them. */
const FRESH = [
  "test/layouts/{litefs,litestream}.test.ts",
  "test/storage/members.test.ts",
  "test/timeline/files.test.ts",
  "test/verify/temporary.test.ts",
];

const OPTIONS = {
  setupFiles: ["test/support/seed.ts"],
  exclude: configDefaults.exclude,
  testTimeout: 120_000,
  hookTimeout: 120_000,
};

/** All but {@link FRESH} share modules from file to file: 33 s in place of 87. */
const FAST = [
  { test: { ...OPTIONS, name: "fresh", include: FRESH } },
  { test: { ...OPTIONS, name: "shared", include: ALL, exclude: [...SLOW, ...FRESH], isolate: false } },
];

export default defineConfig(({ mode }) => ({
  test: {
    globalSetup: ["test/support/temporary.ts"],
    // By itself vitest leaves one of two cores idle.
    maxWorkers: 2,
    ...(mode === "fast" ? { projects: FAST } : { ...OPTIONS, include: ALL }),
  },
}));
