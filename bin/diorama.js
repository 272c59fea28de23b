#!/usr/bin/env node
// Plain JavaScript that an old Node can read: it says what to do there. In a checkout it builds first.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));
const main = new URL("../dist/cli/main.js", import.meta.url);

/** @param {string} text */
function stop(text) {
  process.stderr.write(`diorama: ${text}\n`);
  process.exit(1);
}

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 13)) {
  stop(
    existsSync(join(root, "src"))
      ? `this is Node ${process.version}, and 22.13 or newer is needed: run \`npm install\` here, then \`npx diorama\`.`
      : `this is Node ${process.version}, and 22.13 or newer is needed: install a newer Node, then run it again.`,
  );
}
// Only a checkout has sources.
if (existsSync(join(root, "src"))) build();
await import(main.href);

/** The compiler is started only where something has changed since it was started last. */
function build() {
  const stamp = join(root, "dist/.tsbuildinfo");
  const builtAt = existsSync(stamp) ? statSync(stamp).mtimeMs : 0;
  if (builtAt > 0 && existsSync(main) && newestIn(join(root, "src")) <= builtAt) return;
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  if (!existsSync(compiler)) stop("the compiler is not installed: run `npm install` with dev dependencies.");
  const begun = new Date();
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [compiler, "-p", join(root, "tsconfig.build.json")],
    { encoding: "utf8" },
  );
  if (status !== 0) stop(`the build failed:\n${stdout}${stderr}`);
  // What changes from here on is newer, and what was only touched is known.
  utimesSync(stamp, begun, begun);
}

/**
 * When something in the folder changed last, files that came and went included.
 *
 * @param {string} folder
 * @returns {number}
 */
function newestIn(folder) {
  let newest = statSync(folder).mtimeMs;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    newest = Math.max(newest, entry.isDirectory() ? newestIn(path) : statSync(path).mtimeMs);
  }
  return newest;
}
