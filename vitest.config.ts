import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

// One project per kind of test, so that `npm test -- --project unit` runs one kind.
const project = (name: string, more: object = {}): object => ({
  extends: true,
  test: { name, include: [`test/${name}/**/*.test.ts`], ...more },
});

export default defineConfig({
  // Examples import the package by its name; in tests that is the source, not what was built last.
  resolve: { alias: { "pouw-node": fileURLToPath(new URL("./src/index.ts", import.meta.url)) } },
  test: {
    setupFiles: ["./src/polyfill.ts"],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 60_000,
    projects: [
      project("unit"),
      project("property"),
      project("vectors", { testTimeout: 300_000 }),
      project("contract", { testTimeout: 60_000 }),
      project("sim", { testTimeout: 120_000 }),
      project("attacks", { testTimeout: 60_000 }),
      project("arch"),
      project("e2e", { testTimeout: 240_000, hookTimeout: 120_000 }),
    ],
    coverage: { provider: "v8", include: ["src/**/*.ts"], reporter: ["text-summary", "json-summary"] },
  },
});
