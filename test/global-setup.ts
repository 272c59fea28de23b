import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/**
 * Builds dist/ (incrementally) before any test: examples and child processes run what users install. A type
 * error does not stop the run, since the compiler writes the files anyway and `npm run types` reports it.
 */
export function setup(): void {
  const project = fileURLToPath(new URL("../tsconfig.build.json", import.meta.url));
  const compiler = fileURLToPath(new URL("../node_modules/typescript/bin/tsc", import.meta.url));
  const { status, stdout, error } = spawnSync(process.execPath, [compiler, "-p", project], {
    encoding: "utf8",
  });
  if (error !== undefined) throw error;
  if (status !== 0) console.error(`dist/ was built with type errors (npm run types):\n${stdout}`);
}
