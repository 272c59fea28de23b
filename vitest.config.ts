import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

const src = (path: string): string => fileURLToPath(new URL(`./src/${path}`, import.meta.url));

/** The longest: none of them is left alone at the end. Before them those that look at the clock, beside each other. */
const first: readonly string[] = [
  "csv.fuzz",
  "promises/model",
  "crash",
  "tour",
  "own-file",
  "crash-points",
  "examples",
  "cache-damage",
  "bad-source",
  "tour.failures",
  "cli/queue",
  "rest.contract",
  "live-local",
  "live-api",
  "cli/program",
  "json-server",
];

/** Vitest knows how long a file took only where it has run before. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const place = first.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`));
      return place === -1 ? first.length : place;
    };
    return (await super.sort(files)).toSorted((one, other) => rank(one) - rank(other));
  }
}

export default defineConfig({
  resolve: {
    alias: [
      { find: /^vantage-diorama$/, replacement: src("index.ts") },
      { find: /^vantage-diorama\/sources\/csv$/, replacement: src("sources/csv/index.ts") },
      { find: /^vantage-diorama\/sources\/rest$/, replacement: src("sources/rest/index.ts") },
      { find: /^vantage-diorama\/live$/, replacement: src("live/index.ts") },
      { find: /^vantage-diorama\/testing$/, replacement: src("testing/index.ts") },
      { find: /^vantage-diorama\/testing\/node$/, replacement: src("testing/node/index.ts") },
      { find: /^#durable$/, replacement: src("durable/index.ts") },
      { find: /^#tracing$/, replacement: src("tracing/node/index.ts") },
    ],
  },
  test: {
    globalSetup: ["test/global-setup.ts"],
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 5_000,
    dangerouslyIgnoreUnhandledErrors: false,
    restoreMocks: true,
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    // Of concurrent tests in one file: they start programs that wait as much as they work.
    maxConcurrency: 2,
    // Threads and programs that tests start begin with what Node has compiled before, and take half the time.
    env: { NODE_COMPILE_CACHE: fileURLToPath(new URL("./node_modules/.cache/compiled", import.meta.url)) },
    // Where processors have these keys, V8 of Node 24 may end a process that starts many threads
    // ("Check failed: jit_page.has_value()"); hundreds are started here.
    execArgv: ["--no-memory-protection-keys"],
    coverage: {
      provider: "v8",
      include: ["src/**/*.ts"],
      exclude: ["src/**/*.test.ts"],
      reporter: ["text-summary", "json-summary"],
    },
  },
});
