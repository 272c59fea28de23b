// Plain JavaScript that an old Node can read: it says what to do there, and builds and runs the tour here.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";

const build = fileURLToPath(new URL("../../tsconfig.build.json", import.meta.url));
const compiler = fileURLToPath(new URL("../../node_modules/typescript/bin/tsc", import.meta.url));
const tour = fileURLToPath(new URL("main.ts", import.meta.url));

/** @param {string} line */
function stop(line) {
  console.error(line);
  process.exit(1);
}

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 13)) {
  stop(
    `Diorama needs Node 22.13 or newer and this is ${process.version}: ` +
      "run `npm install` (with install scripts and dev dependencies), then `npm start`.",
  );
}
if (!existsSync(compiler))
  stop("The compiler is not installed: run `npm install` with dev dependencies, then `npm start`.");

/**
 * Runs Node with these arguments and ends with it where it fails. Signals are passed on and waited for, so that
 * the tour closes what it has open.
 *
 * @param {string[]} args
 */
async function run(args) {
  const child = spawn(process.execPath, args, { stdio: "inherit" });
  /** @param {NodeJS.Signals} signal */
  const passOn = (signal) => child.kill(signal);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, passOn);
  const code = await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (status, signal) => resolve(status ?? 128 + constants.signals[signal]));
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.off(signal, passOn);
  if (code !== 0) process.exit(code);
}

await run([compiler, "-p", build]);
// Node 22 reads TypeScript behind a flag and warns about it; later ones accept both options.
await run([
  "--experimental-strip-types",
  "--disable-warning=ExperimentalWarning",
  tour,
  ...process.argv.slice(2),
]);
